"""The detectors' states, one a meter, kept in the records; one that can't be read is learned anew from its readings."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from detectors.household import HouseholdWatch
from detectors.household_state import HouseholdState
from domain.finding import AlertKind, Reason
from notifier.contract import Records
from notifier.devices import bound
from notifier.life import Life
from notifier.turn import Seen, Turn
from notifier.unwatched import Unwatched
from notifier.watches import WatchIn, loaded
from store import tables as t
from store.contracts import Arrival, RegisterReader

LONGEST_BACKLOG = timedelta(days=7)
KEPT_AT_MOST = 10_000  # states in memory, of 8 kB each: to read one from its bytes takes longer than to judge a reading
D = t.detector_states.c
log = logging.getLogger(__name__)


class States:
    """Loads and saves the states of a turn's meters. `learn_from`: how long a past a lost one is made from."""

    def __init__(
        self,
        *,
        records: Records,
        registers: RegisterReader,
        life: Life,
        unwatched: Unwatched,
        watch_in: WatchIn,
        learn_from: timedelta,
    ) -> None:
        self._records = records
        self._registers = registers
        self._life = life
        self._unwatched = unwatched
        self._watch_in = watch_in
        self._learn_from = learn_from
        self._sound: set[str] = set()  # meters whose state this process has read or written
        self._kept: dict[str, tuple[bytes, HouseholdState]] = {}  # as written, and what it says

    def load(self, turn: Turn, meter_ids: Sequence[str]) -> None:
        """Into `turn.states`, with the absences of their homes as they are now."""
        rows = turn.tx.execute(select(D.meter_id, D.body, D.household_id).where(D.meter_id.in_(meter_ids))).all()
        packed = {row.meter_id: row.body for row in rows}
        moved = {row.meter_id for row in rows if row.household_id not in (None, turn.home_of(row.meter_id))}
        states = {}
        for meter_id in meter_ids:
            with turn.alone(meter_id, writes=False):
                states[meter_id] = self._unpack(turn, meter_id, packed.get(meter_id))
        for meter_id in moved & states.keys():
            _begin_elsewhere(states[meter_id])
        self._announce_absences(turn, states)
        turn.states = states

    def save(self, turn: Turn) -> None:
        rows = []
        for meter_id, state in list(turn.states.items()):
            watch = self._watch_in(turn.bound[meter_id].zone)
            with turn.alone(meter_id, writes=False):
                body = watch.dump(state)
                row = {"meter_id": meter_id, "body": body, "deadline_at": watch.deadline(state)}
                rows.append({**row, "household_id": turn.home_of(meter_id)})
                if len(self._kept) < KEPT_AT_MOST:
                    self._kept[meter_id] = body, state
        if not rows:
            return
        put = insert(t.detector_states)
        new = {name: put.excluded[name] for name in ("body", "deadline_at", "household_id")}
        put = put.on_conflict_do_update(index_elements=["meter_id"], set_=new)
        turn.tx.execute(put, rows)

    def start_unheard(self, now: datetime) -> None:
        """A meter in the ledger that never reports is missed, too: its clock runs from when it was first seen."""
        unheard = select(t.meters.c.meter_id).where(t.meters.c.meter_id.not_in(select(D.meter_id)))
        with self._records.read() as tx:
            meter_ids = list(tx.execute(unheard).scalars())
        if not meter_ids:
            return
        with self._records.write() as tx:
            turn = Turn(tx, now, self._life, bound(tx, set(meter_ids)))
            known = set(tx.execute(select(D.meter_id).where(D.meter_id.in_(meter_ids))).scalars())
            turn.states = {m: self._watch_in(p.zone).start(now) for m, p in turn.bound.items() if m not in known}
            self.save(turn)

    def learn_lost(self, arrivals: Mapping[str, Sequence[Arrival]], now: datetime) -> None:
        """After an upgrade all states may be lost: each is learned before its readings are taken, and kept at once.

        A tenth of a second and more for each, during which everybody else can write.
        """
        for meter_id, watch in self._lost(arrivals.keys() - self._sound):
            try:
                state = self._learn_anew(meter_id, watch, arrivals[meter_id], now)
            except (ArithmeticError, LookupError, TypeError, ValueError):
                continue  # with its readings, where a fault of one meter is told
            with self._records.write() as tx:
                turn = Turn(tx, now, self._life, bound(tx, {meter_id}), states={meter_id: state})
                self._say_lost(turn, meter_id)
                self._resume(turn, meter_id, state)
                if arrivals[meter_id] and AlertKind.NO_DATA not in state.running:
                    self._unwatched.ends(tx, meter_id, now, now)  # the lost state may have missed it
                self.save(turn)
        self._sound |= arrivals.keys()

    def _unpack(self, turn: Turn, meter_id: str, body: bytes | None) -> HouseholdState:
        """The one kept in memory if the records still say the same; it is kept again when it is saved."""
        written, kept = self._kept.pop(meter_id, (None, None))
        if kept is not None and written == body:
            return kept
        watch = self._watch_in(turn.bound[meter_id].zone)
        if body is None:
            return watch.start()
        state = loaded(watch, body)
        if state is None:
            self._say_lost(turn, meter_id)
            turn.anew.add(meter_id)
            state = self._learn_anew(meter_id, watch, turn.arrivals.get(meter_id, ()), turn.now)
            self._resume(turn, meter_id, state)
        return state

    def _say_lost(self, turn: Turn, meter_id: str) -> None:
        log.warning("the state of meter %s can't be read; it is learned anew", meter_id)
        reason = Reason(key="state_lost", values={"device_id": meter_id})
        self._life.tell_operator(turn.tx, "states", reason, turn.now, AlertKind.QUARANTINE)

    def _resume(self, turn: Turn, meter_id: str, state: HouseholdState) -> None:
        """What people were told of the home goes on, and ends with its water."""
        if told := self._life.goes_on(turn.tx, turn.home_of(meter_id), AlertKind.LOW_USE):
            self._watch_in(turn.bound[meter_id].zone).goes_on(state, *told, turn.now)

    def _learn_anew(
        self, meter_id: str, watch: HouseholdWatch, arrivals: Iterable[Arrival | Seen], now: datetime
    ) -> HouseholdState:
        """From the readings before those at hand; without any, the meter is missed as a new one would be."""
        state = watch.start(now)
        until = min((a.at for a in arrivals if isinstance(a, Arrival) and not a.late), default=now)
        for at, register_l in self._registers.registers(meter_id, until - self._learn_from, until):
            watch.observe(state, at, register_l, late=True)
        return state

    def _lost(self, meter_ids: Iterable[str]) -> list[tuple[str, HouseholdWatch]]:
        wanted = set(meter_ids)
        if not wanted:
            return []
        with self._records.read() as tx:
            bodies = tx.execute(select(D.meter_id, D.body).where(D.meter_id.in_(wanted))).all()
            places = bound(tx, wanted)
        watches = {meter_id: self._watch_in(place.zone) for meter_id, place in places.items()}
        known = [row for row in bodies if row.meter_id in watches]
        return [
            (row.meter_id, watches[row.meter_id]) for row in known if loaded(watches[row.meter_id], row.body) is None
        ]

    def _announce_absences(self, turn: Turn, states: Mapping[str, HouseholdState]) -> None:
        """Every meter of a home knows its absences as they are now; those over are kept for readings on their way."""
        c = t.absences.c
        homes = {turn.home_of(m) for m in states}
        recent = (c.household_id.in_(homes), c.until_at > turn.now - LONGEST_BACKLOG)
        absences: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
        for row in turn.tx.execute(select(c.household_id, c.from_at, c.until_at).where(*recent).order_by(c.from_at)):
            absences[row.household_id].append((row.from_at, row.until_at))
        for meter_id, state in states.items():
            heard_at = state.register.last_at or turn.now
            ahead = [a for a in absences[turn.home_of(meter_id)] if a[1] > heard_at]
            if ahead or state.low_use.absences:
                self._watch_in(turn.bound[meter_id].zone).absences_are(state, ahead)


def _begin_elsewhere(state: HouseholdState) -> None:
    """The ledger moved the meter: what was found and goes on is told of the home that it belongs to now.

    That nothing is heard of it is told of the meter itself.
    """
    for kind in state.running.keys() - {AlertKind.NO_DATA}:
        del state.running[kind]
    state.still_until_s = 0.0


def overdue(tx: Connection, now: datetime, limit: int) -> list[str]:
    """Meters whose clock has run out, the longest overdue first."""
    rows = select(D.meter_id).where(D.deadline_at <= now).order_by(D.deadline_at).limit(limit)
    return list(tx.execute(rows).scalars())


def put_off(tx: Connection, meter_ids: set[str], until: datetime) -> None:
    """Meters whose clock could not be read don't stand before the others at every turn."""
    if meter_ids:
        tx.execute(t.detector_states.update().where(D.meter_id.in_(meter_ids)).values(deadline_at=until))


def forget(tx: Connection, meter_ids: set[str]) -> None:
    """Meters that left the ledger have no clock."""
    tx.execute(t.detector_states.delete().where(D.meter_id.in_(meter_ids)))
