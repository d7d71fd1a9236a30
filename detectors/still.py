"""Readings that say nothing new, taken together: the clocks are moved when somebody looks at them, or water runs.

Most readings only tell that the register stands where it stood, in an hour in which nothing could be said. They are
kept, and the hours, the drip's samples and the meter's rhythm follow later, with the outcome of one after the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from detectors.change_in_use import ChangeInUse
from detectors.constant_flow import HELD_S, ConstantFlow
from detectors.household_state import Heard, HouseholdState
from detectors.localtime import LocalClock
from detectors.low_use import LowUse
from detectors.no_data import NoData
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
        still, state.still = state.still, []
        last_s = state.no_data.last_s
        regular = self._follow_rhythm(state, still)
        _follow_register(state.register, still, state.no_data.learned_s if regular else 0.0)
        self._follow_hours(state, still, last_s)
        often = not regular or state.no_data.learned_s < HELD_S or state.constant_flow.held_from_s
        ends_s = [at_s for _, at_s, _ in still] if often else [still[0][1]]
        self.constant_flow.stands_still(state.constant_flow, last_s, ends_s)

    def until_s(self, state: HouseholdState, at_s: float) -> float:
        """The first moment at which something could have to be said or learned, or nought where it may be now."""
        register, low = state.register, state.low_use
        if state.running or state.no_data.unusable_s or low.absences or low.schedule.held_l:
            return 0.0
        if register.marked_at != register.last_at or state.no_data.last_s != at_s:
            return 0.0
        if state.constant_flow.held_l or register.last_l != register.mark_l or register.aside_l == register.aside_l:
            return 0.0
        state.still_l, state.heard_s = register.mark_l, at_s
        if at_s >= state.judged_s:
            state.judged_s = self.change_in_use.due_s(state.change_in_use, at_s)
        return min(state.constant_flow.day_s, at_s + self.low_use.still_for_s(low), state.judged_s)

    def _follow_rhythm(self, state: HouseholdState, still: Sequence[Heard]) -> bool:
        """As `NoData.heard` for each; whether all came at a step that teaches nothing any more."""
        heard = state.no_data
        last_s, last_received_s, learned_s, regular = heard.last_s, heard.received_s, heard.learned_s, True
        for _, at_s, received_s in still:
            if at_s - last_s != learned_s or received_s - last_received_s != learned_s:
                heard.last_s, heard.received_s = last_s, last_received_s
                self.no_data.heard(heard, at_s, received_s)
                learned_s, regular = heard.learned_s, False
            last_s, last_received_s = at_s, received_s
        heard.last_s, heard.received_s = last_s, last_received_s
        return regular

    def _follow_hours(self, state: HouseholdState, still: Sequence[Heard], last_s: float) -> None:
        """As both detectors' `observe` for each: hours and days turn, flows of nought are sampled, silence grows."""
        low, change = state.low_use, state.change_in_use
        shift_s = self.clock.offset_s(int((last_s - 1.0) // 3600)) - 1.0
        hour_ends_s = sample_s = 0.0
        begin_s = known_from_s = last_s
        hour = low.hour
        for _, at_s, _ in still:
            if at_s >= hour_ends_s:
                hour = int(at_s + shift_s) // 3600
                hour_ends_s = 3600.0 * (hour + 1) - shift_s
                if hour != low.hour:
                    if hour // 24 != low.hour // 24:  # what is known fades at midnight
                        low.known_s += last_s - known_from_s
                        known_from_s, sample_s = last_s, 0.0
                    self.low_use.turn_hour(low, hour)
                if hour > change.hour:
                    self.change_in_use.turn_hour(change, hour)
            if at_s >= sample_s:
                sample_s = self.low_use.follow_drip(low, at_s, 0.0, hour)
            last_s = at_s
        low.known_s += last_s - known_from_s
        low.silent_s += last_s - begin_s
        low.dry_s += last_s - begin_s


def _follow_register(state: RegisterState, still: Sequence[Heard], step_s: float) -> None:
    """As `domain.register.advance`, for a register that has not moved; `step_s`: of all of them, or nought."""
    lengths_s = [step_s] * min(len(still), LENGTHS_KEPT)
    if not step_s:
        times = [state.last_at or still[0][0], *[at for at, _, _ in still]][-LENGTHS_KEPT - 1 :]
        lengths_s = [(end_at - begin_at).total_seconds() for begin_at, end_at in pairwise(times)]
    state.last_at = state.marked_at = still[-1][0]
    state.lengths_s = (*state.lengths_s, *lengths_s)[-LENGTHS_KEPT:]
