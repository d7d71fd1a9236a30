"""One meter's whole watch: its register, its detectors, and where their episodes begin and end."""

import struct
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

from detectors.change_in_use import ChangeInUse, ChangeInUseParameters, ChangeInUseState
from detectors.constant_flow import ConstantFlow, ConstantFlowParameters, ConstantFlowState
from detectors.localtime import LocalClock
from detectors.low_use import LowUse, LowUseParameters, LowUseState
from detectors.no_data import NoData, NoDataParameters, NoDataState
from detectors.parts import Part
from domain.finding import CLEAR, AlertKind, CannotTell, Finding, Level, Reason, Verdict
from domain.interval import Interval
from domain.register import Case, RegisterState, advance

_VERSION = 4
_HEAD = struct.Struct("<BBHHHHH")
_EPISODE = struct.Struct("<B?d")
_REGISTER = struct.Struct("<ddddd")
_UNKNOWN = CannotTell(Reason(key="gap"))
_REPEATS = (Case.DUPLICATE, Case.CONFLICT, Case.OLDER)
_KINDS = (
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
    """All that is remembered of one meter. `running`: each kind's running episode, its level and since when [s]."""

    register: RegisterState
    low_use: LowUseState
    constant_flow: ConstantFlowState
    change_in_use: ChangeInUseState
    no_data: NoDataState
    running: dict[AlertKind, tuple[Level, float]] = field(default_factory=dict)


class HouseholdWatch:
    """Moves one household's state on; many households of one time zone may share a watch. Pure."""

    def __init__(self, parameters: WatchParameters, zone: ZoneInfo) -> None:
        clock = LocalClock(zone)
        self._low_use = LowUse(parameters.low_use, clock)
        self._change_in_use = ChangeInUse(parameters.change_in_use, clock)
        self._constant_flow = ConstantFlow(parameters.constant_flow)
        self._no_data = NoData(parameters.no_data)

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
        changes: list[Change] = []
        at_s = at.timestamp()
        if not late and at_s - state.no_data.last_s >= self._no_data.soonest_s:
            changes += self._tick(state, at_s)
        self._no_data.heard(state.no_data, at_s, received_at.timestamp() if received_at else at_s)
        interval, case = advance(state.register, at, register_l, late=late)
        usable = case is Case.FIRST if interval is None else interval.known
        if not usable or state.no_data.unusable_s or state.running:
            changes += self._usable(state, at, case, usable=usable, late=late)
        if interval is None:
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
        return changes

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
        """Somebody is there (door, motion, a scan, a reply): the silence clock starts anew."""
        self._low_use.presence(state.low_use, at.timestamp())
        if AlertKind.LOW_USE not in state.running:
            return []
        return [_ended(state, AlertKind.LOW_USE, at)]

    def absent(self, state: HouseholdState, begins_at: datetime, ends_at: datetime) -> None:
        """The household is known to be empty from, until; expires by itself."""
        self._low_use.absent(state.low_use, begins_at.timestamp(), ends_at.timestamp())

    def absences_are(self, state: HouseholdState, absences: Iterable[tuple[datetime, datetime]]) -> None:
        """These announced absences and no others: one that was taken back or ended early is forgotten."""
        state.low_use.absences = [(begins_at.timestamp(), ends_at.timestamp()) for begins_at, ends_at in absences]

    def home_again(self, state: HouseholdState, at: datetime) -> None:
        """They came back before the announced end."""
        self._low_use.home_again(state.low_use, at.timestamp())

    def false_alarm(self, state: HouseholdState) -> None:
        """Staff settled the running silence's alert as a false alarm: be more patient here, within the net's limits."""
        self._low_use.false_alarm(state.low_use)

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
        left_at = datetime.fromtimestamp(left_s, UTC)
        return Finding(
            kind=AlertKind.USE_WHILE_ABSENT,
            level=Level.ALERT,
            at=interval.end_at,
            since=left_at,
            reason=Reason(
                key="use_while_absent",
                values={"left_at": left_at.isoformat(), "used_at": interval.end_at.isoformat()},
            ),
        )

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
        """The state as bytes: one byte of version, then each part in its own fixed layout."""
        parts = (
            _pack_register(state.register),
            state.low_use.pack(),
            state.constant_flow.pack(),
            state.change_in_use.pack(),
            state.no_data.pack(),
        )
        running = b"".join(
            _EPISODE.pack(_KINDS.index(kind), level is Level.ALERT, since_s)
            for kind, (level, since_s) in state.running.items()
        )
        return _HEAD.pack(_VERSION, len(running), *map(len, parts)) + running + b"".join(parts)

    def load(self, packed: bytes) -> HouseholdState:
        """The state that `dump` wrote; raises `StateError` for anything else."""
        try:
            version, *sizes = _HEAD.unpack_from(packed)
            if version != _VERSION:
                raise StateError(f"version {version} of a household's state, expected {_VERSION}")
            ends = list(accumulate(sizes, initial=_HEAD.size))
            running, register, low_use, flow, change, no_data = (packed[begin:end] for begin, end in pairwise(ends))
            return HouseholdState(
                register=_unpack_register(register),
                low_use=LowUseState.unpack(low_use),
                constant_flow=ConstantFlowState.unpack(flow),
                change_in_use=ChangeInUseState.unpack(change),
                no_data=NoDataState.unpack(no_data),
                running={
                    _KINDS[kind]: (Level.ALERT if alert else Level.ASK, since_s)
                    for kind, alert, since_s in _EPISODE.iter_unpack(running)
                },
            )
        except (struct.error, ValueError, IndexError) as error:
            raise StateError(f"{len(packed)} bytes are no household's state: {error}") from error


def _raised(state: HouseholdState, finding: Finding, since_s: float) -> Raised:
    state.running[finding.kind] = (finding.level, since_s)
    return Raised(finding=finding)


def _ended(state: HouseholdState, kind: AlertKind, at: datetime) -> Ended:
    level, _ = state.running.pop(kind)
    return Ended(kind=kind, level=level, at=at)


def _pack_register(state: RegisterState) -> bytes:
    times = (at.timestamp() if at else 0.0 for at in (state.last_at, state.marked_at))
    lengths = array("f", state.lengths_s)
    return _REGISTER.pack(*times, state.last_l, state.mark_l, state.aside_l) + lengths.tobytes()


def _unpack_register(packed: bytes) -> RegisterState:
    last_s, marked_s, last_l, mark_l, aside_l = _REGISTER.unpack_from(packed)
    last_at, marked_at = (datetime.fromtimestamp(at_s, UTC) if at_s else None for at_s in (last_s, marked_s))
    lengths = array("f", packed[_REGISTER.size :])
    return RegisterState(last_at, last_l, marked_at, mark_l, aside_l, tuple(lengths))
