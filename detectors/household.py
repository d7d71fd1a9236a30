"""One meter's whole watch: its register, its detectors, and where their episodes begin and end."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import isnan, nan
from zoneinfo import ZoneInfo

from detectors.change_in_use import ChangeInUse, ChangeInUseParameters, ChangeInUseState
from detectors.constant_flow import ConstantFlow, ConstantFlowParameters, ConstantFlowState
from detectors.localtime import LocalClock
from detectors.low_use import LowUse, LowUseParameters
from detectors.low_use_state import LowUseState
from detectors.no_data import NoData, NoDataParameters, NoDataState
from detectors.packing import ago, pack_counts, pack_numbers, take, then, unpack_counts, unpack_numbers
from detectors.parts import Part
from domain.finding import CLEAR, AlertKind, CannotTell, Finding, Level, Reason, Verdict
from domain.interval import Interval
from domain.register import GAP_AT_LEAST_S, LENGTHS_KEPT, Case, RegisterState, advance

_VERSION = 7
_UNKNOWN = CannotTell(Reason(key="gap"))
_REPEATS = (Case.DUPLICATE, Case.CONFLICT, Case.OLDER)
KINDS = (
    AlertKind.LOW_USE,
    AlertKind.CONSTANT_FLOW,
    AlertKind.NO_DATA,
    AlertKind.CHANGE_IN_USE,
    AlertKind.USE_WHILE_ABSENT,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """An episode began, or its level rose from ask to alert (each level is raised once an episode)."""

    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An episode is over, at all its levels."""

    kind: AlertKind
    level: Level
    at: datetime


Change = Raised | Ended


class StateError(Exception):
    """The bytes are no state of ours; the household must be learned anew from its readings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchParameters:
    """What each detector goes by."""

    low_use: LowUseParameters = field(default_factory=LowUseParameters)
    constant_flow: ConstantFlowParameters = field(default_factory=ConstantFlowParameters)
    change_in_use: ChangeInUseParameters = field(default_factory=ChangeInUseParameters)
    no_data: NoDataParameters = field(default_factory=NoDataParameters)

    def without(self, parts: frozenset[Part]) -> "WatchParameters":
        """The same with parts of the design left out."""
        flow = self.constant_flow
        if Part.FLOW_RECORD in parts:
            flow = replace(flow, scales=tuple(replace(scale, beyond=1e-9) for scale in flow.scales))
        return replace(self, low_use=replace(self.low_use, without=parts), constant_flow=flow)


@dataclass(slots=True)
class HouseholdState:
    """All that is remembered of one meter. `running`: each kind's running episode, its level and since when [s].

    `still_until_s`: up to then a register that stands still moves the clocks and no more; not written down.
    """

    register: RegisterState
    low_use: LowUseState
    constant_flow: ConstantFlowState
    change_in_use: ChangeInUseState
    no_data: NoDataState
    running: dict[AlertKind, tuple[Level, float]] = field(default_factory=dict)
    still_until_s: float = 0.0


class HouseholdWatch:
    """Moves one household's state on; many households of one time zone may share a watch. Pure."""

    def __init__(self, parameters: WatchParameters, zone: ZoneInfo) -> None:
        clock = LocalClock(zone)
        self._low_use = LowUse(parameters.low_use, clock)
        self._change_in_use = ChangeInUse(parameters.change_in_use, clock)
        self._constant_flow = ConstantFlow(parameters.constant_flow)
        self._no_data = NoData(parameters.no_data)
        self._clock = clock
        self._ordinary_s = min(GAP_AT_LEAST_S, self._no_data.soonest_s)

    def start(self, known_since: datetime | None = None) -> HouseholdState:
        """A household never seen. `known_since`: when its meter was put into the ledger."""
        return HouseholdState(
            register=RegisterState(),
            low_use=self._low_use.start(),
            constant_flow=self._constant_flow.start(),
            change_in_use=self._change_in_use.start(),
            no_data=self._no_data.start(known_since),
        )

    def observe(
        self,
        state: HouseholdState,
        at: datetime,
        register_l: float,
        late: bool = False,
        received_at: datetime | None = None,
    ) -> list[Change]:
        """Takes one register value [L]; `late` marks backfill. Values that aren't newer change nothing.

        `received_at`: when it came, where that is known; else as soon as it was read.
        """
        at_s = at.timestamp()
        received_s = received_at.timestamp() if received_at else at_s
        if at_s < state.still_until_s and not late and self._stands_still(state, at, at_s, register_l, received_s):
            return []
        changes: list[Change] = []
        if not late and at_s - state.no_data.last_s >= self._no_data.soonest_s:
            changes += self._tick(state, at_s)
        self._no_data.heard(state.no_data, at_s, received_s)
        interval, case = advance(state.register, at, register_l, late=late)
        usable = case is Case.FIRST if interval is None else interval.known
        if not usable or state.no_data.unusable_s or state.running:
            changes += self._usable(state, at, case, usable=usable, late=late)
        if interval is None:
            state.still_until_s = 0.0
            return changes
        goes_on = not usable and AlertKind.LOW_USE in state.running  # a silence that is told doesn't begin anew
        low_use = _UNKNOWN if goes_on else self._low_use.observe(state.low_use, interval)
        if low_use is not CLEAR or state.running:
            changes += self._follow(state, AlertKind.LOW_USE, low_use, at)
        flow = self._constant_flow.observe(state.constant_flow, interval)
        if flow is not CLEAR or state.running:
            changes += self._follow(state, AlertKind.CONSTANT_FLOW, flow, at)
        used = state.low_use.last_use_s == at_s
        change = self._change_in_use.observe(state.change_in_use, interval, used=used)
        if change is not None:
            changes += self._follow(state, AlertKind.CHANGE_IN_USE, change, at)
        if state.low_use.absences or AlertKind.USE_WHILE_ABSENT in state.running:
            changes += self._follow(
                state, AlertKind.USE_WHILE_ABSENT, self._use_while_absent(state, interval, used), at
            )
        state.still_until_s = 0.0 if late or interval.gap else self._still_until_s(state, at_s)
        return changes

    def _stands_still(
        self, state: HouseholdState, at: datetime, at_s: float, register_l: float, received_s: float
    ) -> bool:
        """The ordinary reading, taken quickly: no water, nothing running, the next look at anything yet to come."""
        register, low_use = state.register, state.low_use
        step_s = at_s - state.no_data.last_s
        if register_l != register.mark_l or not 0.0 < step_s < self._ordinary_s or state.running:
            return False
        hour = self._clock.hour(at_s - 1.0)
        if hour != low_use.hour:
            if hour < low_use.hour or self._change_in_use.is_due(state.change_in_use, hour):
                return False
            self._change_in_use.turn_hour(state.change_in_use, hour)
        self._low_use.stands_still(low_use, at_s, step_s, hour)
        self._constant_flow.stands_still(state.constant_flow)
        self._no_data.heard(state.no_data, at_s, received_s)
        register.last_at = register.marked_at = at
        register.lengths_s = (*register.lengths_s[1 - LENGTHS_KEPT :], step_s)
        return True

    def _still_until_s(self, state: HouseholdState, at_s: float) -> float:
        """See `HouseholdState`: the first moment at which something could have to be said, or 0 where it may be now."""
        register = state.register
        if state.running or state.no_data.unusable_s or state.low_use.absences or state.low_use.schedule.held_l:
            return 0.0
        if (
            register.marked_at != register.last_at
            or register.aside_l == register.aside_l
            or state.no_data.last_s != at_s
        ):
            return 0.0
        return min(state.constant_flow.day_s, at_s + self._low_use.still_for_s(state.low_use))

    def tick(self, state: HouseholdState, now: datetime) -> list[Change]:
        """Time passes without readings. May say something from `deadline` on; raises at the moment it fell due."""
        return self._tick(state, now.timestamp())

    def deadline(self, state: HouseholdState) -> datetime | None:
        """When `tick` could next say something; none while it has nothing (more) to say."""
        if AlertKind.NO_DATA in state.running:
            return None
        due_s = self._no_data.deadline_s(state.no_data)
        return None if due_s is None else datetime.fromtimestamp(due_s, UTC)

    def presence(self, state: HouseholdState, at: datetime) -> list[Change]:
        """A sensor (door, motion) says that somebody is there: the habit's clock starts anew, the net's does not."""
        state.still_until_s = 0.0
        believed = self._low_use.presence(state.low_use, at.timestamp())
        if not believed or AlertKind.LOW_USE not in state.running:
            return []
        return [_ended(state, AlertKind.LOW_USE, at)]

    def seen(self, state: HouseholdState, at: datetime) -> list[Change]:
        """Staff have been there (a scan of the band): every clock starts anew, the net's too."""
        self.answered(state, at)
        return [_ended(state, AlertKind.LOW_USE, at)] if AlertKind.LOW_USE in state.running else []

    def answered(self, state: HouseholdState, at: datetime) -> None:
        """Somebody says that all is well (a reply, an alert settled as safe): as `seen`, but what was told runs on.

        It ends with water, or with the next silence that is told: until then whoever settled it is not gainsaid.
        """
        state.still_until_s = 0.0
        self._low_use.seen(state.low_use, at.timestamp())

    def absent(self, state: HouseholdState, begins_at: datetime, ends_at: datetime) -> None:
        """The household is known to be empty from, until; expires by itself."""
        state.still_until_s = 0.0
        self._low_use.absent(state.low_use, begins_at.timestamp(), ends_at.timestamp())

    def absences_are(self, state: HouseholdState, absences: Iterable[tuple[datetime, datetime]]) -> None:
        """These announced absences and no others: one that was taken back or ended early is forgotten."""
        state.still_until_s = 0.0
        state.low_use.absences = [(begins_at.timestamp(), ends_at.timestamp()) for begins_at, ends_at in absences]

    def false_alarm(self, state: HouseholdState) -> None:
        """Staff settled an alert for missing use as a false alarm: be more patient here, within the net's limits."""
        self._low_use.false_alarm(state.low_use)

    def only_the_net(self, state: HouseholdState) -> bool:
        """Whether the register is too coarse for hours to tell anything: shorter silences are told to nobody."""
        return self._low_use.only_the_net(state.low_use)

    def up_at(self, state: HouseholdState, now: datetime) -> datetime | None:
        """The positive sign: when water was first drawn this morning (from 4 o'clock, local time); none yet."""
        up_s = self._low_use.up_s(state.low_use, now.timestamp())
        return None if up_s is None else datetime.fromtimestamp(up_s, UTC)

    def _usable(self, state: HouseholdState, at: datetime, case: Case, *, usable: bool, late: bool) -> list[Change]:
        """Only a reading that tells a volume ends `no_data`; too long without one begins it, backfill never."""
        running = AlertKind.NO_DATA in state.running
        if usable:
            state.no_data.unusable_s = 0.0
            return [_ended(state, AlertKind.NO_DATA, at)] if running else []
        if case in _REPEATS:
            return []
        verdict = self._no_data.unusable(state.no_data, at.timestamp(), case)
        return [] if late or running else self._follow(state, AlertKind.NO_DATA, verdict, at)

    def _use_while_absent(self, state: HouseholdState, interval: Interval, used: bool) -> Verdict:
        """Somebody draws water where nobody should be; said once an absence."""
        left_s = self._low_use.left_s(state.low_use, interval.start_at.timestamp())
        running = state.running.get(AlertKind.USE_WHILE_ABSENT)
        if left_s is None or (running is None and not used) or interval.late:
            return CLEAR
        return used_while_absent(interval.end_at.timestamp(), left_s)

    def _tick(self, state: HouseholdState, now_s: float) -> list[Change]:
        if AlertKind.NO_DATA in state.running:
            return []
        due_s = self._no_data.deadline_s(state.no_data)
        if due_s is None or now_s < due_s:
            return []
        verdict = self._no_data.tick(state.no_data, due_s)
        return self._follow(state, AlertKind.NO_DATA, verdict, datetime.fromtimestamp(due_s, UTC))

    def _follow(self, state: HouseholdState, kind: AlertKind, verdict: Verdict, at: datetime) -> list[Change]:
        """Edges only: what is true now against what was already said. Not being able to tell ends nothing.

        A finding with another beginning is another episode: a leak that runs must not hide the tap left on.
        """
        before = state.running.get(kind)
        if isinstance(verdict, CannotTell) or (before is None and not isinstance(verdict, Finding)):
            return []
        if not isinstance(verdict, Finding):
            return [_ended(state, kind, at)]
        since_s = verdict.since.timestamp()
        if before is None:
            return [_raised(state, verdict, since_s)]
        if since_s != before[1]:
            return [_ended(state, kind, at), _raised(state, verdict, since_s)]
        if before[0] is Level.ASK and verdict.level is Level.ALERT:
            return [_raised(state, verdict, since_s)]
        return []

    def dump(self, state: HouseholdState) -> bytes:
        """The state as bytes: version, numbers, counts. Times are written as seconds before the last reading."""
        now_s = state.register.last_at.timestamp() if state.register.last_at else 0.0
        running = [
            part
            for kind, (level, since_s) in sorted(state.running.items())
            for part in (KINDS.index(kind), level is Level.ALERT, ago(since_s, now_s))
        ]
        numbers = [
            now_s,
            *_register_numbers(state.register, now_s),
            *state.no_data.numbers(now_s),
            *state.change_in_use.numbers(now_s),
            *state.constant_flow.numbers(now_s),
            *(len(state.running), *running),
            *state.low_use.numbers(now_s),
        ]
        counts = state.change_in_use.counts() + state.low_use.counts()
        return bytes([_VERSION]) + pack_numbers(numbers) + pack_counts(counts)

    def load(self, packed: bytes) -> HouseholdState:
        """The state that `dump` wrote; raises `StateError` for anything else."""
        if packed[:1] != bytes([_VERSION]):
            raise StateError(f"version {packed[:1].hex()} of a household's state, expected {_VERSION:02x}")
        try:
            return _unpack(packed[1:])
        except Exception as error:  # damaged bytes fail in any way, as infinite counts or years beyond the calendar
            raise StateError(f"{len(packed)} bytes are no household's state: {error}") from error


def _unpack(packed: bytes) -> HouseholdState:
    values, size = unpack_numbers(packed)
    numbers, counts = iter(values), unpack_counts(packed[size:])
    now_s = next(numbers)
    register = _register_of(numbers, now_s)
    no_data = NoDataState.of(numbers, now_s)
    change_in_use = ChangeInUseState.of(numbers, iter(counts.tolist()), now_s)
    constant_flow = ConstantFlowState.of(numbers, now_s)
    running = {}
    for _ in range(int(next(numbers))):
        kind, alert, since_s = take(numbers, 3)
        running[KINDS[int(kind)]] = (Level.ALERT if alert else Level.ASK, then(since_s, now_s))
    low_use = LowUseState.of(numbers, counts[len(change_in_use.days) :], now_s)
    return HouseholdState(register, low_use, constant_flow, change_in_use, no_data, running)


def _raised(state: HouseholdState, finding: Finding, since_s: float) -> Raised:
    state.running[finding.kind] = (finding.level, since_s)
    return Raised(finding=finding)


def _ended(state: HouseholdState, kind: AlertKind, at: datetime) -> Ended:
    level, _ = state.running.pop(kind)
    return Ended(kind=kind, level=level, at=at)


def _register_numbers(state: RegisterState, now_s: float) -> list[float]:
    """A register never seen is written as -1, which none can be."""
    marked_s = state.marked_at.timestamp() if state.marked_at else 0.0
    last_l, mark_l, aside_l = (
        -1.0 if isnan(litres) else litres for litres in (state.last_l, state.mark_l, state.aside_l)
    )
    mark = (0.0,) if mark_l == last_l else (1.0, mark_l)
    return [last_l, ago(marked_s, now_s), *mark, aside_l, len(state.lengths_s), *state.lengths_s]


def _register_of(numbers: Iterator[float], now_s: float) -> RegisterState:
    last_l, marked_ago_s = take(numbers, 2)
    mark_l = next(numbers) if next(numbers) else last_l
    aside_l = next(numbers)
    marked_s = then(marked_ago_s, now_s)
    last_at, marked_at = (datetime.fromtimestamp(at_s, UTC) if at_s else None for at_s in (now_s, marked_s))
    last_l, mark_l, aside_l = (nan if litres == -1.0 else litres for litres in (last_l, mark_l, aside_l))
    return RegisterState(last_at, last_l, marked_at, mark_l, aside_l, tuple(take(numbers, int(next(numbers)))))


def used_while_absent(at_s: float, left_s: float) -> Finding:
    """Somebody draws water where nobody should be."""
    at, left_at = datetime.fromtimestamp(at_s, UTC), datetime.fromtimestamp(left_s, UTC)
    return Finding(
        kind=AlertKind.USE_WHILE_ABSENT,
        level=Level.ALERT,
        at=at,
        since=left_at,
        reason=Reason(key="use_while_absent", values={"left_at": left_at.isoformat(), "used_at": at.isoformat()}),
    )
