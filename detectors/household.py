"""One meter's whole watch: its register and its detectors."""

from collections.abc import Iterable
from datetime import UTC, datetime
from math import inf, isnan
from zoneinfo import ZoneInfo

from detectors import household_state, two_clocks, use_while_absent
from detectors.change_in_use import BY_ITSELF_S, ChangeInUse
from detectors.constant_flow import ConstantFlow
from detectors.episodes import Change, end, follow
from detectors.household_state import HouseholdState
from detectors.localtime import LocalClock
from detectors.low_use import LowUse
from detectors.no_data import NoData
from detectors.parameters import WatchParameters
from detectors.still import MOST_KEPT, Stillness
from domain.finding import CLEAR, AlertKind, CannotTell, Level, Reason, Verdict
from domain.interval import Interval
from domain.register import GAP_AT_LEAST_S, Case, RegisterState, advance

_UNKNOWN = CannotTell(Reason(key="gap"))
_BY_ITSELF = CannotTell(Reason(key="by_itself"))
_REPEATS = (Case.DUPLICATE, Case.CONFLICT, Case.OLDER)


class HouseholdWatch:
    """Moves one household's state on; many households of one time zone may share a watch. Pure."""

    def __init__(self, parameters: WatchParameters, zone: ZoneInfo) -> None:
        clock = LocalClock(zone)
        self._low_use = LowUse(parameters.low_use, clock)
        self._change_in_use = ChangeInUse(parameters.change_in_use, clock)
        self._constant_flow = ConstantFlow(parameters.constant_flow)
        self._no_data = NoData(parameters.no_data)
        self._clock = clock
        self._stillness = Stillness(
            low_use=self._low_use,
            change_in_use=self._change_in_use,
            constant_flow=self._constant_flow,
            no_data=self._no_data,
            clock=clock,
        )
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
        if at.microsecond:
            at = at.replace(microsecond=0)  # finer than any habit, and twice as many bytes to remember
        at_s = at.timestamp()
        received_s = received_at.timestamp() if received_at else at_s
        still_s, heard_s = state.still_s, state.heard_s
        if (
            register_l == state.still_l
            and heard_s < state.still_until_s
            and 0.0 < at_s - heard_s < self._ordinary_s
            and not late
        ):
            state.heard_at, state.heard_s = at, at_s
            still_s.append(at_s)
            state.came_s.append(received_s)
            if at_s < state.still_until_s and len(still_s) < MOST_KEPT:
                return []
            return self._look(state, at, at_s)
        if still_s:
            self._stillness.settle(state)
        changes: list[Change] = []
        if not late and at_s - state.no_data.last_s >= self._no_data.soonest_s:
            changes += self._tick(state, at_s)
        self._no_data.heard(state.no_data, at_s, received_s)
        interval, case = advance(state.register, at, register_l, late=late)
        usable = case is Case.FIRST if interval is None else not isnan(interval.volume)
        if late and received_s - at_s >= GAP_AT_LEAST_S:
            changes += self._stale(state, at, case, received_s)
        elif not usable or state.no_data.unusable_s or state.running:
            changes += self._usable(state, at, case, usable=usable, late=late)
        if interval is None:
            state.still_until_s = 0.0
            return changes
        self._judge(state, interval, at_s, changes, usable=usable)
        state.still_until_s = 0.0 if late or case is not Case.ORDINARY else self._stillness.until_s(state, at_s)
        return changes

    def _look(self, state: HouseholdState, at: datetime, at_s: float) -> list[Change]:
        """No water still, at a time at which something may have to be said of it, or the day is to be judged."""
        self._stillness.settle(state)
        changes: list[Change] = []
        low_use = self._low_use.silent(state.low_use, at_s)
        if low_use is not CLEAR:
            changes += follow(state, AlertKind.LOW_USE, low_use, at)
        change = self._change_in_use.observe(state.change_in_use, at_s, state.low_use.hour, used=False)
        if change is not None:
            changes += follow(state, AlertKind.CHANGE_IN_USE, change, at)
        state.still_until_s = self._stillness.until_s(state, at_s)
        return changes

    def _judge(
        self, state: HouseholdState, interval: Interval, at_s: float, changes: list[Change], *, usable: bool
    ) -> None:
        """One interval through the detectors."""
        at, begin_s, hour = interval.end_at, interval.start_at.timestamp(), self._clock.hour(at_s - 1.0)
        running = state.running
        goes_on = not usable and AlertKind.LOW_USE in running  # a silence that is told doesn't begin anew
        low_use = _UNKNOWN if goes_on else self._low_use.judge(state.low_use, interval, begin_s, at_s, hour)
        if low_use is not CLEAR or running:
            if low_use is CLEAR and _is_told_to_others(state) and two_clocks.is_held_back(state.low_use):
                low_use = _BY_ITSELF
            changes += follow(state, AlertKind.LOW_USE, low_use, at)
        flow = self._constant_flow.judge(state.constant_flow, interval, begin_s, at_s)
        if flow is not CLEAR or running:
            changes += follow(state, AlertKind.CONSTANT_FLOW, flow, at)
        used = state.low_use.last_use_s == at_s
        _, flows_s = running.get(AlertKind.CONSTANT_FLOW, (None, inf))
        if at_s - flows_s >= BY_ITSELF_S:
            self._change_in_use.forget_day(state.change_in_use)
        elif usable and self._low_use.left_s(state.low_use, begin_s) is None:
            change = self._change_in_use.observe(state.change_in_use, at_s, hour, used=used, late=interval.late)
            if change is not None:
                changes += follow(state, AlertKind.CHANGE_IN_USE, change, at)
        if state.low_use.absences or (running and AlertKind.USE_WHILE_ABSENT in running):
            changes += follow(state, AlertKind.USE_WHILE_ABSENT, self._use_while_absent(state, interval, used), at)

    def settle(self, state: HouseholdState) -> None:
        """Before anybody looks at what the state holds: see `detectors.still`."""
        if state.still_s:
            self._stillness.settle(state)

    def _stir(self, state: HouseholdState) -> None:
        """What comes from outside may change what has to be said next."""
        self.settle(state)
        state.still_until_s = 0.0

    def tick(self, state: HouseholdState, now: datetime) -> list[Change]:
        """Time passes without readings. May say something from `deadline` on; raises at the moment it fell due."""
        self.settle(state)
        return self._tick(state, now.timestamp())

    def deadline(self, state: HouseholdState) -> datetime | None:
        """When `tick` could next say something; none while it has nothing (more) to say."""
        if AlertKind.NO_DATA in state.running:
            return None
        self.settle(state)
        due_s = self._no_data.deadline_s(state.no_data)
        return None if due_s is None else datetime.fromtimestamp(due_s, UTC)

    def presence(self, state: HouseholdState, at: datetime) -> list[Change]:
        """A sensor (door, motion) says that somebody is there: the habit's clock starts anew, the net's does not."""
        self._stir(state)
        believed = two_clocks.presence(state.low_use, at.timestamp())
        if not believed or AlertKind.LOW_USE not in state.running:
            return []
        return [end(state, AlertKind.LOW_USE, at)]

    def seen(self, state: HouseholdState, at: datetime) -> list[Change]:
        """Staff have been there (a scan of the band): every clock starts anew, the net's too."""
        self.answered(state, at)
        return [end(state, AlertKind.LOW_USE, at)] if AlertKind.LOW_USE in state.running else []

    def answered(self, state: HouseholdState, at: datetime) -> None:
        """Somebody says that all is well (a reply, an alert settled as safe): as `seen`, but what was told runs on.

        It ends with water, or with the next silence that is told: until then whoever settled it is not gainsaid.
        """
        self._stir(state)
        two_clocks.seen(state.low_use, at.timestamp())

    def goes_on(self, state: HouseholdState, level: Level, since: datetime, now: datetime) -> None:
        """An alert for missing use runs there of which the state knows nothing, for it was lost: it ends as any other.

        Not before water runs: that a home without a past is not silent for long is no sign of life.
        """
        self._stir(state)
        state.running[AlertKind.LOW_USE] = (level, since.timestamp())
        two_clocks.told(state.low_use, now.timestamp())

    def absent(self, state: HouseholdState, begins_at: datetime, ends_at: datetime) -> None:
        """The household is known to be empty from, until; expires by itself."""
        self._stir(state)
        self._low_use.absent(state.low_use, begins_at.timestamp(), ends_at.timestamp())

    def absences_are(self, state: HouseholdState, absences: Iterable[tuple[datetime, datetime]]) -> None:
        """These announced absences and no others: one that was taken back or ended early is forgotten."""
        self._stir(state)
        state.low_use.absences = [(begins_at.timestamp(), ends_at.timestamp()) for begins_at, ends_at in absences]

    def false_alarm(self, state: HouseholdState) -> None:
        """Staff settled an alert for missing use as a false alarm: be more patient here, within the net's limits."""
        self.settle(state)
        self._low_use.false_alarm(state.low_use)

    def no_false_alarm(self, state: HouseholdState) -> None:
        """What staff settled as a false alarm was none: as patient again as before."""
        self.settle(state)
        self._low_use.no_false_alarm(state.low_use)

    def only_the_net(self, state: HouseholdState) -> bool:
        """Whether the register is too coarse for hours to tell anything: shorter silences are told to nobody."""
        return self._low_use.only_the_net(state.low_use)

    def tells_use(self, state: HouseholdState) -> bool:
        """Whether readings say when water is drawn: not before the first, nor while none tells a volume, nor where
        the register has never moved, so that it may be stuck."""
        return state.no_data.heard_s > 0.0 and not state.no_data.unusable_s and state.low_use.step_l < inf

    def up_at(self, state: HouseholdState, now: datetime) -> datetime | None:
        """The positive sign: when water was first drawn this morning (from 4 o'clock, local time); none yet."""
        self.settle(state)
        up_s = self._low_use.up_s(state.low_use, now.timestamp())
        return None if up_s is None else datetime.fromtimestamp(up_s, UTC)

    def _usable(self, state: HouseholdState, at: datetime, case: Case, *, usable: bool, late: bool) -> list[Change]:
        """Only a reading that tells a volume ends `no_data`; too long without one begins it, backfill never."""
        running = AlertKind.NO_DATA in state.running
        if usable:
            state.no_data.unusable_s = 0.0
            return [end(state, AlertKind.NO_DATA, at)] if running else []
        if case in _REPEATS:
            return []
        verdict = self._no_data.unusable(state.no_data, at.timestamp(), case)
        return [] if late or running else follow(state, AlertKind.NO_DATA, verdict, at)

    def _stale(self, state: HouseholdState, at: datetime, case: Case, received_s: float) -> list[Change]:
        """Of what came hours after its time: where nothing else comes for too long, nobody is watched here now.

        After an outage, what is not overdue by the meter's own rhythm ends `no_data`.
        """
        if case in _REPEATS:
            return []
        verdict = self._no_data.stale(state.no_data, received_s)
        if AlertKind.NO_DATA not in state.running:
            return follow(state, AlertKind.NO_DATA, verdict, at)
        back = verdict is CLEAR and (self._no_data.deadline_s(state.no_data) or 0.0) > received_s
        return [end(state, AlertKind.NO_DATA, at)] if back else []

    def _use_while_absent(self, state: HouseholdState, interval: Interval, used: bool) -> Verdict:
        """Somebody draws water where nobody should be; said once an absence."""
        left_s = self._low_use.left_s(state.low_use, interval.start_at.timestamp())
        running = state.running.get(AlertKind.USE_WHILE_ABSENT)
        if left_s is None or (running is None and not used) or interval.late:
            return CLEAR
        return use_while_absent.finding(interval.end_at.timestamp(), left_s)

    def _tick(self, state: HouseholdState, now_s: float) -> list[Change]:
        if AlertKind.NO_DATA in state.running:
            return []
        due_s = self._no_data.deadline_s(state.no_data)
        if due_s is None or now_s < due_s:
            return []
        verdict = self._no_data.tick(state.no_data, due_s)
        return follow(state, AlertKind.NO_DATA, verdict, datetime.fromtimestamp(due_s, UTC))

    def dump(self, state: HouseholdState) -> bytes:
        """The state as bytes."""
        self.settle(state)
        return household_state.dump(state)

    def load(self, packed: bytes) -> HouseholdState:
        """The state that `dump` wrote; raises `StateError` for anything else."""
        return household_state.load(packed)


def _is_told_to_others(state: HouseholdState) -> bool:
    """Of missing use; the resident alone may still answer with a litre."""
    level, _ = state.running.get(AlertKind.LOW_USE, (None, 0.0))
    return level is Level.ALERT
