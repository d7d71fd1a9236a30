"""Nothing usable from a meter: silent for longer than its own rhythm explains, or a register that tells nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from detectors.packing import SIXTEENTHS, ago, sixteenths, take, then
from domain.finding import CLEAR, AlertKind, Finding, Level, Reason, Verdict
from domain.register import Case

SMOOTHING = 1 / 16  # about a day of hourly readings
NO_RHYTHM_S = 2.5 * 86400.0  # so long passed once, between being put in and the first upload, is none yet
WOBBLE_CAP = 4.0  # one outage [rhythms] must not blunt the watch for weeks
ALIKE = 2  # two longer steps in a row, neither over twice the other, are no outages


@dataclass(frozen=True, slots=True, kw_only=True)
class NoDataParameters:
    """When a meter counts as silent: rhythm times `missed`, and never sooner than rhythm + `patience`.

    Chosen by reasoning, not tuned: an hourly meter is named after 6 h, a daily one after 3 days.
    `unusable`: readings come, but for so long no volume can be told, or none of now.
    """

    missed: float = 3.0
    patience: timedelta = timedelta(hours=5)
    never_heard: timedelta = timedelta(hours=72)
    first_rhythm: timedelta = timedelta(hours=24)
    unusable: timedelta = timedelta(hours=24)


@dataclass(slots=True)
class NoDataState:
    """When the meter was last heard (or, before its first reading, put in) and how often it reports [s].

    `received_s`: when the last of them came, which for a meter that uploads once a day is not when it was read.
    `unusable_s`: when the run of readings began that tell no volume, or come hours after their time; 0 without.
    `longer_s`: the last step [s], where it was far over the rhythm; else 0.
    `learned_s`: a step that teaches nothing any more; not written down.
    """

    last_s: float = 0.0
    heard_s: float = 0.0
    rhythm_s: float = 0.0
    wobble_s: float = 0.0
    unusable_s: float = 0.0
    received_s: float = 0.0
    longer_s: float = 0.0
    learned_s: float = 0.0

    def numbers(self, now_s: float) -> list[float]:
        """Of when it was first heard only whether it was."""
        times = (ago(at_s, now_s) for at_s in (self.last_s, self.unusable_s, self.received_s))
        steps = (step_s * SIXTEENTHS for step_s in (self.rhythm_s, self.wobble_s, self.longer_s))
        return [*times, *steps, bool(self.heard_s)]

    @classmethod
    def of(cls, numbers: Iterator[float], now_s: float) -> "NoDataState":
        last_s, unusable_s, received_s = (then(age_s, now_s) for age_s in take(numbers, 3))
        rhythm_s, wobble_s, longer_s = (step / SIXTEENTHS for step in take(numbers, 3))
        return cls(last_s, last_s * next(numbers), rhythm_s, wobble_s, unusable_s, received_s, longer_s)


class NoData:
    """Unlike the other detectors it is moved on by time: `tick` may raise what no reading ever would."""

    kind = AlertKind.NO_DATA

    def __init__(self, parameters: NoDataParameters) -> None:
        self._missed = parameters.missed
        self._patience_s = parameters.patience.total_seconds()
        self._never_heard_s = parameters.never_heard.total_seconds()
        self.soonest_s = min(self._patience_s, self._never_heard_s)  # no meter is missed sooner
        self._unusable_s = parameters.unusable.total_seconds()
        self._first_rhythm_s = parameters.first_rhythm.total_seconds()

    def start(self, known_since: datetime | None = None) -> NoDataState:
        """`known_since`: when the meter entered the ledger; without it, one never heard is never missed."""
        return NoDataState(last_s=known_since.timestamp() if known_since else 0.0)

    def heard(self, state: NoDataState, at_s: float, received_s: float) -> None:
        """A reading of this time [s] came then; older ones (backfill) tell nothing about now.

        The rhythm is that of uploads: a reading that came along with the one before it says nothing about the next.
        """
        if at_s <= state.last_s and state.heard_s:
            return
        if state.heard_s:
            step_s, waited_s = at_s - state.last_s, received_s - state.received_s
            if waited_s >= step_s / 2.0:
                self._learn(state, max(step_s, waited_s))
        else:
            state.heard_s = at_s
        state.last_s = at_s
        state.received_s = received_s

    def unusable(self, state: NoDataState, at_s: float, case: Case) -> Verdict:
        """A reading came that tells no volume, for this reason; long enough, and nobody is watched here."""
        state.unusable_s = state.unusable_s or at_s
        if at_s - state.unusable_s < self._unusable_s:
            return CLEAR
        return unusable(at_s, state.unusable_s, case)

    def stale(self, state: NoDataState, received_s: float) -> Verdict:
        """A reading came hours after its time, then: nothing is said of now while no other comes."""
        state.unusable_s = state.unusable_s or received_s
        if received_s - state.unusable_s < self._unusable_s:
            return CLEAR
        return stale(received_s, state.unusable_s, state.last_s, received_s)

    def deadline_s(self, state: NoDataState) -> float | None:
        """When `tick` will say something if no reading comes before."""
        if not state.last_s:
            return None
        return state.last_s + self._allowed_s(state)

    def tick(self, state: NoDataState, now_s: float) -> Verdict:
        due_s = self.deadline_s(state)
        if due_s is None or now_s < due_s:
            return CLEAR
        if state.unusable_s and state.received_s >= due_s:  # overdue already as it came
            return stale(state.received_s, state.unusable_s, state.last_s, state.received_s)
        rhythm_s = state.rhythm_s or self._first_rhythm_s
        return silent(now_s, state.last_s, rhythm_s, self._allowed_s(state), ever_heard=bool(state.heard_s))

    def _learn(self, state: NoDataState, step_s: float) -> None:
        """A step far over the rhythm may be an outage and hardly counts; two alike in a row are the new rhythm."""
        if step_s == state.learned_s:
            return
        rhythm_s, wobble_s, before_s = state.rhythm_s, state.wobble_s, state.longer_s
        none_yet = not wobble_s and rhythm_s > NO_RHYTHM_S and WOBBLE_CAP * step_s < rhythm_s
        state.learned_s = state.longer_s = 0.0
        if not rhythm_s or none_yet or step_s / ALIKE <= before_s <= step_s * ALIKE:
            state.rhythm_s, state.wobble_s = step_s, 0.0
            return
        if step_s == rhythm_s and not wobble_s:
            state.learned_s = step_s
            return
        capped_s = min(step_s, WOBBLE_CAP * rhythm_s)
        if capped_s < step_s:
            state.longer_s = step_s
        state.wobble_s = sixteenths(wobble_s + SMOOTHING * (abs(capped_s - rhythm_s) - wobble_s))
        state.rhythm_s = sixteenths(rhythm_s + SMOOTHING * (capped_s - rhythm_s))
        state.learned_s = step_s if (state.rhythm_s, state.wobble_s) == (rhythm_s, wobble_s) else 0.0

    def _allowed_s(self, state: NoDataState) -> float:
        if not state.heard_s:
            return self._never_heard_s
        rhythm_s = state.rhythm_s or self._first_rhythm_s
        return max(self._missed * rhythm_s, rhythm_s + self._patience_s, rhythm_s + 6.0 * state.wobble_s)


def silent(at_s: float, last_s: float, rhythm_s: float, allowed_s: float, *, ever_heard: bool) -> Finding:
    """Nothing came for longer than is allowed."""
    last_at = datetime.fromtimestamp(last_s, UTC)
    values: dict[str, float | int | str] = {
        "last_at": last_at.isoformat(),
        "rhythm_minutes": round(rhythm_s / 60, 1),
        "allowed_hours": round(allowed_s / 3600, 1),
    }
    return Finding(
        kind=NoData.kind,
        level=Level.ALERT,
        at=datetime.fromtimestamp(at_s, UTC),
        since=last_at,
        reason=Reason(key="no_data" if ever_heard else "no_data_never", values=values),
    )


def stale(at_s: float, since_s: float, last_s: float, received_s: float) -> Finding:
    """What comes was read hours before."""
    values: dict[str, float | int | str] = {
        "last_at": datetime.fromtimestamp(last_s, UTC).isoformat(),
        "at": datetime.fromtimestamp(received_s, UTC).isoformat(),
        "late_hours": round((received_s - last_s) / 3600.0, 1),
    }
    return Finding(
        kind=NoData.kind,
        level=Level.ALERT,
        at=datetime.fromtimestamp(at_s, UTC),
        since=datetime.fromtimestamp(since_s, UTC),
        reason=Reason(key="no_data_late", values=values),
    )


def unusable(at_s: float, since_s: float, case: Case) -> Finding:
    """What comes tells no volume."""
    since = datetime.fromtimestamp(since_s, UTC)
    values = {"since_at": since.isoformat(), "case": case.value.replace("_", " ")}
    return Finding(
        kind=NoData.kind,
        level=Level.ALERT,
        at=datetime.fromtimestamp(at_s, UTC),
        since=since,
        reason=Reason(key="no_data_falling" if case is Case.FALLING else "no_data_unusable", values=values),
    )
