"""The household's own record: when it draws water, how long its silences last, what would have been told in vain."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from math import floor, inf

from detectors import record
from detectors.coarse import COARSE_MORE, TOO_COARSE_L, is_coarse
from detectors.habit import BEGINS, HOURS, LADDER, LONGEST_H, PARTS, Before, Population, before
from detectors.localtime import LocalClock
from detectors.low_use_state import RATE_STEPS, LowUseState
from detectors.safety_net import ASKED_BEFORE_H

SLACK_H = 0.15  # an hourly meter's hour wanders by minutes
RATE_DAYS = 30.0
SPENT = 1.7  # times the budget, as not all that the record counts is told: at night others are told later
MORNING = 4  # use in the small hours is no getting up
EIGHTHS = 8  # of an alert that would have been raised
_BITS = (1 << 64) - 1


class OwnRecord:
    """Learns from every use and every hour that is over, and sets how much a false alert may cost here.

    `calibrated` false: the step of the ladder that keeps to the budget in other homes.
    """

    def __init__(self, population: Population, clock: LocalClock, *, calibrated: bool) -> None:
        self._clock, self._calibrated = clock, calibrated
        self._others_back = {
            coarse: _eighths_back(COARSE_MORE if coarse else 1.0, population) for coarse in (False, True)
        }  # a day

    def turn_hours(self, state: LowUseState, hours: Sequence[int]) -> None:
        """Each hour that is over joins the own rate and the bits; at midnight the longest silences move on.

        `hours`: those that begin, one after the other.
        """
        last, used, rate, first_day = state.hour, state.hour_used, state.rate, state.first_s / 86400.0
        state.used = (state.used | used) << min(max(hours[-1] - last, 0), 64) & _BITS
        for hour in hours:
            if last:
                place, days = last % 24, hour / 24.0 - first_day + 5.0
                step = 1.0 / days if 0.0 < days < RATE_DAYS else 1.0 / RATE_DAYS
                share = rate[place]
                rate[place] = floor((share + step * (used - share)) * RATE_STEPS + 0.5) / RATE_STEPS
            if hour // 24 != last // 24:
                self._turn_day(state, last, hour)
            last, used = hour, False
        state.hour, state.hour_used = last, used

    def _turn_day(self, state: LowUseState, last: int, hour: int) -> None:
        state.longest = state.longest[1:] + b"\0"
        period = hour // (24 * record.FADE_DAYS)
        if period == last // (24 * record.FADE_DAYS):
            return
        state.silences = record.fade(state.silences, period)
        state.would_raise = record.fade(state.would_raise, period)
        state.known_s = record.faded(state.known_s)

    def learn(self, state: LowUseState, begin_s: float, end_s: float, hour: int) -> None:
        """Use: it ends the silence, and makes the hour one with use, perhaps the morning's first.

        The water ran in the middle of the interval, for all that is known: what is read at 4:00:14 was drawn before.
        """
        state.hour_used = True
        if hour % 24 >= MORNING and self._clock.hour(state.up_s - 1.0) // 24 != hour // 24:
            drawn = self._clock.hour((begin_s + end_s) / 2.0)
            if drawn % 24 >= MORNING and drawn // 24 == hour // 24:
                state.up_s = end_s
        begun = self._clock.hour(state.silent_from_s)
        if begun != hour or state.silent_s >= 3600.0:  # a second use within the hour begins no other silence
            self._learn_silence(state, begun, state.silent_s / 3600.0)

    def _learn_silence(self, state: LowUseState, begun: int, hours: float) -> None:
        """How long it was, and which steps of the ladder would have raised a false alert."""
        lasted = min(int(hours + SLACK_H), HOURS)
        cell = begun % 24 * BEGINS // 24 * (HOURS + 1) + lasted
        state.silences[cell] = min(state.silences[cell] + PARTS[lasted], record.MOST)
        state.longest[-1] = max(state.longest[-1], min(int(hours * 2.0), 255))
        if state.plan and hours <= HOURS and (steps := bisect_right(state.plan, told_after_h(hours))):
            self._would_have_raised(state, steps)

    def false_alarm(self, state: LowUseState, budget: float) -> None:
        """What was told counts once more, at every step as patient as now."""
        self._would_have_raised(state, self._steps_now(state, budget))

    def no_false_alarm(self, state: LowUseState, budget: float) -> None:
        """What `false_alarm` counted is gone: from the step of now on, which it made as patient or more so."""
        left = EIGHTHS
        for steps in range(self._steps_now(state, budget), 0, -1):
            gone = min(left, state.would_raise[steps])
            state.would_raise[steps] -= gone
            left -= gone

    def _steps_now(self, state: LowUseState, budget: float) -> int:
        return min(self.step(state, self.own(state), budget), len(LADDER) - 1) + 1

    def _would_have_raised(self, state: LowUseState, steps: int) -> None:
        state.would_raise[steps] = min(state.would_raise[steps] + EIGHTHS, record.MOST)

    def before(self, state: LowUseState) -> Before:
        begun = self._clock.hour(state.silent_from_s)
        used = (state.used | state.hour_used) >> max(state.hour - begun, 0)
        return before(begun % 24, used, state.rate)

    def own(self, state: LowUseState) -> list[float]:
        """Eighths of false alerts on the own record, at each step from the most patient to the least."""
        if not self._calibrated:
            return [0.0] * len(LADDER)
        would_raise: list[float] = list(state.would_raise[:0:-1])
        if is_coarse(state.step_l):
            as_long = sum(state.silences[HOURS :: HOURS + 1]) / PARTS[HOURS]  # the register's doing, not absences
            would_raise[0] += EIGHTHS * as_long
        return list(accumulate(would_raise))

    def step(self, state: LowUseState, own: list[float], budget: float) -> int:
        """The least patient step within the budget [false alerts in 30 days].

        Other households' false alerts count, too: those of as many days as the budget has one for.
        """
        if TOO_COARSE_L <= state.step_l < inf:
            return len(LADDER)
        prior_days = 30.0 / budget
        others = self._others_back[is_coarse(state.step_l)]
        spent = [alerts + prior_days * daily for alerts, daily in zip(own, others, strict=True)]
        days = state.known_s / 86400.0 * self._calibrated
        return len(spent) - bisect_right(spent, EIGHTHS * (SPENT * budget / 30.0 * (days + prior_days)))


def told_after_h(hours: float) -> float:
    """Of which plans others are told in a silence of so many hours: an hour after the question, but at the latest's."""
    known_h = hours + SLACK_H
    return known_h if known_h >= LONGEST_H else known_h - ASKED_BEFORE_H


def _eighths_back(times: float, population: Population) -> list[float]:
    """Of so many times other households' daily false alerts, from the most patient step to the least."""
    eighths: list[float] = (EIGHTHS * (times * population.false_alerts))[::-1].tolist()
    return eighths
