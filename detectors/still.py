"""Readings that say nothing new, taken together: the clocks are moved when somebody looks at them, or water runs.

Most readings only tell that the register stands where it stood, in an hour in which nothing could be said. They are
kept, and the hours, the drip's samples and the meter's rhythm follow later, with the outcome of one after the other.
"""

from dataclasses import dataclass
from datetime import datetime
from math import inf
from operator import sub

from detectors import drip
from detectors.change_in_use import ChangeInUse
from detectors.constant_flow import ConstantFlow
from detectors.constant_flow_rules import HELD_S
from detectors.household_state import HouseholdState
from detectors.localtime import LocalClock
from detectors.low_use import LowUse
from detectors.no_data import NoData, NoDataState
from domain.register import LENGTHS_KEPT, RegisterState

MOST_KEPT = 96  # a meter that reports each second must not fill the memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Stillness:
    """What of the detectors moves while the register does not."""

    low_use: LowUse
    change_in_use: ChangeInUse
    constant_flow: ConstantFlow
    no_data: NoData
    clock: LocalClock

    def settle(self, state: HouseholdState) -> None:
        """Moves the clocks past the readings that are kept."""
        still_s, came_s = state.still_s, state.came_s
        state.still_s, state.came_s = [], []
        flow, begin_s = state.constant_flow, state.no_data.last_s
        steps_s = list(map(sub, still_s, [begin_s, *still_s]))
        evenly = steps_s.count(steps_s[0]) == len(steps_s)
        self._follow_rhythm(state.no_data, steps_s, still_s, came_s, evenly=evenly)
        _follow_register(state.register, steps_s, state.heard_at, evenly=evenly)
        self._follow_hours(state, still_s, begin_s)
        self.constant_flow.stands_still(flow, begin_s, still_s, often=flow.held_from_s > 0.0 or min(steps_s) < HELD_S)

    def until_s(self, state: HouseholdState, at_s: float) -> float:
        """The first moment at which something could have to be said or learned, or nought where it may be now.

        After an ordinary reading, with all detectors level.
        """
        low, heard = state.low_use, state.no_data
        if state.running or heard.unusable_s or low.absences or low.schedule.held_l or heard.last_s != at_s:
            return 0.0
        if low.hour != state.change_in_use.hour:  # the wall clock went back
            return 0.0
        if state.constant_flow.held_l:
            return 0.0
        state.still_l, state.heard_s = state.register.mark_l, at_s
        if at_s >= state.judged_s:
            state.judged_s = self.change_in_use.due_s(state.change_in_use, at_s)
        return min(at_s + self.low_use.still_for_s(low), state.judged_s)

    def _follow_rhythm(
        self, state: NoDataState, steps_s: list[float], still_s: list[float], came_s: list[float], *, evenly: bool
    ) -> None:
        """As `NoData.heard` for each; a step that teaches nothing any more only moves the clock."""
        taught = evenly and steps_s[0] == state.learned_s
        if taught and list(map(sub, came_s, [state.received_s, *came_s])) == steps_s:
            state.last_s, state.received_s = still_s[-1], came_s[-1]
            return
        for at_s, received_s in zip(still_s, came_s, strict=True):
            self.no_data.heard(state, at_s, received_s)

    def _follow_hours(self, state: HouseholdState, still_s: list[float], last_s: float) -> None:
        """As both detectors' `observe` for each: hours and days turn, flows of nought are sampled, silence grows."""
        low, dripped = state.low_use, state.low_use.drip
        shift_s = self.clock.offset_at(last_s - 1.0) - 1.0
        known_from_s, hour, hours = last_s, low.hour, list[int]()
        hour_ends_s = 3600.0 * (hour + 1) - shift_s
        sample_s = drip.sample_s(dripped) if self.low_use.heeds_drips else inf
        next_s = hour_ends_s if hour_ends_s < sample_s else sample_s
        for at_s in still_s:
            if at_s < next_s:
                continue
            if at_s >= hour_ends_s:
                last, hour = hour, int(at_s + shift_s) // 3600
                hour_ends_s = 3600.0 * (hour + 1) - shift_s
                hours.append(hour)
                if hour // 24 != last // 24:
                    place = still_s.index(at_s)
                    before_s = still_s[place - 1] if place else last_s
                    low.known_s += before_s - known_from_s  # what is known fades at midnight
                    known_from_s = before_s
                    self._turn_hours(state, hours)
                    hours = []
                    drip.turn_day(dripped, hour // 24, low.step_l)
            if at_s >= sample_s:
                sample_s = drip.sample(dripped, at_s)
            next_s = hour_ends_s if hour_ends_s < sample_s else sample_s
        if hours:
            self._turn_hours(state, hours)
        low.known_s += still_s[-1] - known_from_s
        length_s = still_s[-1] - last_s
        low.silent_s += length_s
        low.dry_s += length_s

    def _turn_hours(self, state: HouseholdState, hours: list[int]) -> None:
        self.low_use.record.turn_hours(state.low_use, hours)
        self.change_in_use.turn_hour(state.change_in_use, hours[-1], len(hours))


def _follow_register(state: RegisterState, steps_s: list[float], last_at: datetime, *, evenly: bool) -> None:
    """As `domain.register.advance`, for a register that has not moved."""
    state.last_at = state.marked_at = last_at
    if not evenly or state.lengths_s.count(steps_s[0]) < LENGTHS_KEPT:
        lengths_s = [round(step_s, 6) for step_s in steps_s[-LENGTHS_KEPT:]]
        state.lengths_s = (*state.lengths_s, *lengths_s)[-LENGTHS_KEPT:]
