"""Illness and restless nights: hours with use over three days against the four weeks before. A notice for staff."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from math import sqrt

from detectors.localtime import LocalClock
from detectors.packing import ago, day_then, days_ago, hour_then, hours_ago, take, then
from domain.finding import CLEAR, AlertKind, CannotTell, Finding, Level, Reason, Verdict

_USED, _AT_NIGHT = 31, 5  # bits of a day's hours with use, place of those at night: at most five
BY_ITSELF_S = 12 * 3600.0  # water that has run for so long without a pause is nobody's restless night
_LEARNING = CannotTell(Reason(key="learning"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeInUseParameters:
    """How far out of the ordinary three days must be; tuned on the 27 hourly homes to 0.3 notices in 30 days.

    `asked_hour`: judged once a day at this local hour, so that no notice falls into the night.
    """

    recent_days: int = 3
    baseline_days: int = 28
    enough_days: int = 14
    enough_hours: int = 18
    deviations: float = 3.0
    calmed: float = 1.5
    fewer: float = 0.65
    more_night_hours: float = 2.0
    night_ends: int = 5
    asked_hour: int = 9


@dataclass(slots=True)
class ChangeInUseState:
    """`days`: a byte for each day known well, oldest first: hours with use, and above their five bits those at night;
    then the running day.

    `grade`: 0 nothing, 1 fewer uses, 2 more at night; `since_s`: when it was first seen.
    """

    hour: int = 0
    judged_day: int = 0
    since_s: float = 0.0
    grade: int = 0
    used: int = 0
    at_night: int = 0
    known: int = 0
    hour_used: bool = False
    days: bytearray = field(default_factory=bytearray)

    def numbers(self, now_s: float) -> list[float]:
        since = (hours_ago(self.hour, now_s), days_ago(self.judged_day, now_s), ago(self.since_s, now_s))
        return [*since, self.grade, self.used, self.at_night, self.known, self.hour_used, len(self.days)]

    def counts(self) -> bytes:
        return bytes(self.days)

    @classmethod
    def of(cls, numbers: Iterator[float], counts: Iterator[int], now_s: float) -> "ChangeInUseState":
        hour, judged_day, age_s, grade, used, at_night, known, hour_used, count = take(numbers, 9)
        days = bytearray(islice(counts, int(count)))
        grade, used, at_night, known = map(int, (grade, used, at_night, known))
        since_s = then(age_s, now_s)
        return cls(
            hour_then(hour, now_s),
            day_then(judged_day, now_s),
            since_s,
            grade,
            used,
            at_night,
            known,
            bool(hour_used),
            days,
        )


class ChangeInUse:
    """z of the last three days' hours with use; a day without any is taken for an absence, and left out."""

    kind = AlertKind.CHANGE_IN_USE

    def __init__(self, parameters: ChangeInUseParameters, clock: LocalClock) -> None:
        self._p = parameters
        self._clock = clock

    def start(self) -> ChangeInUseState:
        return ChangeInUseState()

    def observe(
        self, state: ChangeInUseState, end_s: float, hour: int, *, used: bool, late: bool = False
    ) -> Verdict | None:
        """As other detectors, once a day; in between nothing is said. `used`: somebody drew water in the interval.

        `hour`: of the wall clock, in which the interval ends.
        """
        if hour > state.hour:
            self.turn_hour(state, hour)
        if used:
            state.hour_used = True
        if late or state.judged_day == hour // 24 or hour % 24 < self._p.asked_hour:
            return None
        state.judged_day = hour // 24
        return self._judge(state, end_s)

    def due_s(self, state: ChangeInUseState, at_s: float) -> float:
        """From when on the day is to be judged; nought where that may be now, or the wall clock is moved meanwhile."""
        offset_s = self._clock.offset_at(at_s - 1.0)
        if offset_s != self._clock.offset_at(at_s + 27 * 3600.0):
            return 0.0
        day = int(at_s - 1.0 + offset_s) // 86400
        return 86400.0 * (day + (state.judged_day == day)) + 3600.0 * self._p.asked_hour - offset_s + 1.0

    def turn_hour(self, state: ChangeInUseState, hour: int, turned: int = 1) -> None:
        """`turned`: of so many hours one after the other, of which only the first may have seen use."""
        if state.hour:
            state.known += turned if turned > 1 or hour - state.hour <= 2 else 0
            state.used += state.hour_used
            state.at_night += state.hour_used and state.hour % 24 < self._p.night_ends
        if hour // 24 != state.hour // 24:
            if state.known >= self._p.enough_hours and state.used:
                state.days.append(state.used | state.at_night << _AT_NIGHT)
                del state.days[: -self._p.recent_days - self._p.baseline_days]
            state.used = state.at_night = state.known = 0
        state.hour, state.hour_used = hour, False

    def forget_day(self, state: ChangeInUseState) -> None:
        """The running one: whether somebody draws water beside a leak can't be told."""
        state.used = state.at_night = state.known = 0
        state.hour_used = False

    def _judge(self, state: ChangeInUseState, end_s: float) -> Verdict:
        p = self._p
        if len(state.days) < p.recent_days + p.enough_days:
            return _LEARNING
        used, at_night = [day & _USED for day in state.days], [day >> _AT_NIGHT for day in state.days]
        use, usual, use_z = _deviation(used[-p.recent_days :], used[: -p.recent_days])
        night, usual_night, night_z = _deviation(at_night[-p.recent_days :], at_night[: -p.recent_days])
        grade = 0
        if use_z <= (-p.calmed if state.grade == 1 else -p.deviations) and use <= p.fewer * usual:
            grade = 1
        elif night_z >= (p.calmed if state.grade == 2 else p.deviations) and night >= usual_night + p.more_night_hours:
            grade = 2
        if grade != state.grade:
            state.grade, state.since_s = grade, end_s
        if not grade:
            return CLEAR
        shown, ordinary = (use, usual) if grade == 1 else (night, usual_night)
        return finding(end_s, state.since_s, grade, shown, ordinary)


def finding(at_s: float, since_s: float, grade: int, shown: float, ordinary: float) -> Finding:
    """In the words of its reason."""
    return Finding(
        kind=ChangeInUse.kind,
        level=Level.ALERT,
        at=datetime.fromtimestamp(at_s, UTC),
        since=datetime.fromtimestamp(since_s, UTC),
        reason=Reason(
            key="change_in_use_less" if grade == 1 else "change_in_use_night",
            values={"uses_a_day": round(shown, 1), "usual_a_day": round(ordinary, 1)},
        ),
    )


def _deviation(recent: list[int], baseline: list[int]) -> tuple[float, float, float]:
    """Mean of the recent days, mean of the baseline, and how many standard errors they are apart."""
    mean = sum(baseline) / len(baseline)
    variance = sum([(apart := day - mean) * apart for day in baseline]) / (len(baseline) - 1)
    now = sum(recent) / len(recent)
    return now, mean, (now - mean) / sqrt((variance + 0.5) / len(recent))
