"""Follows the journal: readings move the detectors' states; states, cursor, alerts and texts are one commit."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import OperationalError

from detectors.household import Change, HouseholdState, HouseholdWatch, Raised, StateError
from domain.finding import AlertKind, Finding, Reason
from domain.reading import DeviceEvent
from notifier.changes import FLAGS_HOLD, Said, changes, is_fresh, left_at, others_in_danger, remember_dangers, wearers
from notifier.contract import Records
from notifier.devices import METER_ALARMS, Bound, bound, concerns, gateway_goes, meter_concern, operator_concern
from notifier.life import ANJU, Concern, Life
from notifier.mornings import wanted_for
from notifier.policy import Why
from notifier.unwatched import Unwatched
from store import tables as t
from store.contracts import Arrival, BandScan, Journal, JournalEntry, RegisterReader

CURSOR = "watch"
MANY = 50  # alerts in one commit: others must not wait long for theirs
CLOCK_SET_BACK = timedelta(minutes=2)
TRY_AGAIN = timedelta(hours=1)
LONGEST_BACKLOG = timedelta(days=7)
D = t.detector_states.c
log = logging.getLogger(__name__)


class Readings(Journal, RegisterReader, Protocol):
    """New readings in the order in which they came, and a meter's old ones to learn from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRules:
    """How the journal is followed.

    `entries_at_once`, `readings_at_once`: at most so many group commits, and about so many readings, behind one
    commit of ours; more is quicker in a backlog, and keeps other writers waiting longer.
    `quiet_start`: after a start, missing readings may still be on their way; no clock runs out so long.
    `learn_anew_from`: a state that can't be read is made again from so long a past; habits fade within it.
    """

    entries_at_once: int = 50
    readings_at_once: int = 5000
    timers_at_once: int = 200
    quiet_start: timedelta = timedelta(minutes=5)
    look_for_new_meters: timedelta = timedelta(minutes=5)
    learn_anew_from: timedelta = timedelta(days=60)


@dataclass(slots=True)
class _Turn:
    """What one transaction has loaded. `anew`: meters whose state could not be read."""

    tx: Connection
    now: datetime
    bound: dict[str, Bound]
    arrivals: dict[str, list[Arrival | datetime]] = field(default_factory=dict)
    states: dict[str, HouseholdState] = field(default_factory=dict)
    anew: set[str] = field(default_factory=set)
    told: int = 0
    mornings: set[str] = field(default_factory=set)


class Watch:
    """One follower: `Watch(records=..., journal=readings, life=..., unwatched=..., watch_in=...)`.

    `watch_in(zone)` gives the HouseholdWatch for a time zone (make it once a zone: functools.cache). The service
    calls, in one thread: `watch.catch_up(now())`, then `watch.round(now())`, and waits for more readings or a second.
    `now` must not run ahead of the readings on their way: a demo's clock is that of its recording.
    """

    def __init__(
        self,
        *,
        records: Records,
        journal: Readings,
        life: Life,
        unwatched: Unwatched,
        watch_in: Callable[[ZoneInfo], HouseholdWatch],
        rules: WatchRules | None = None,
    ) -> None:
        self._records = records
        self._journal = journal
        self._life = life
        self._unwatched = unwatched
        self._watch_in = watch_in
        self._rules = rules or WatchRules()
        self._ticks_from: datetime | None = None
        self._looked_at: datetime | None = None
        self._last_now: datetime | None = None
        self._at_once = self._rules.entries_at_once
        self._sound: set[str] = set()  # meters whose state this process has read or written

    def position(self) -> int:
        """The last journal entry whose consequences are committed; entries up to here may be trimmed."""
        with self._records.read() as tx:
            return _cursor(tx)

    def newest(self) -> int:
        """The journal's last entry so far."""
        return self._journal.position()

    def catch_up(self, now: datetime) -> int:
        """Takes the next entries of the journal, wholly or not at all; returns how many."""
        entries = self._up_to_limit(self._journal.follow(self.position(), self._at_once))
        if not entries:
            return self.catch_up(now) if self.mind_the_file(now) else 0
        self._learn_lost(_by_meter(entries), now)
        with self._records.write() as tx:
            told = self._take(tx, entries, now)
            _set_cursor(tx, entries[-1].position)
        self._at_once = 1 if told > MANY else min(self._rules.entries_at_once, self._at_once * 2)
        return len(entries)

    def mind_the_file(self, now: datetime) -> bool:
        """Another file of readings than the one followed so far is followed from its start; True where it is so."""
        if self.position() <= self._journal.position():
            return False
        log.error("the file of readings was lost, replaced or restored; it is followed from its start")
        with self._records.write() as tx:
            _set_cursor(tx, 0)
            self._life.tell_operator(tx, "readings.db", Reason(key="readings_lost", values={}), now)
        return True

    def round(self, now: datetime, *, caught_up: bool = True) -> int:
        """What time alone brings: silent meters, due steps, expired acknowledgements. Returns how many things.

        Behind a journal that can't be read no meter is missed; what was raised before goes on.
        """
        self._mind_the_clock(now)
        if not caught_up:
            return self._advance_due(now)
        if self._ticks_from is None:
            self._ticks_from = now + self._rules.quiet_start
        if self._looked_at is None or abs(now - self._looked_at) >= self._rules.look_for_new_meters:
            self._looked_at = now
            self._start_unheard(now)
        done = self._tick_due(now) if now >= self._ticks_from else 0
        with self._records.read() as tx:
            waiting = self._unwatched.anything_due(tx, now)
        if waiting:
            with self._records.write() as tx:
                done += self._unwatched.round(tx, now)
        return done + self._advance_due(now)

    def _mind_the_clock(self, now: datetime) -> None:
        """A clock set back by an hour must not hold up what is due within minutes."""
        back = (self._last_now or now) - now
        self._last_now = now
        if back < CLOCK_SET_BACK:
            return
        log.warning("the clock went back by %s; what is due moves with it", back)
        if self._ticks_from is not None:
            self._ticks_from = min(self._ticks_from, now + self._rules.quiet_start)
        with self._records.write() as tx:
            for table, key in ((t.alerts, t.alerts.c.alert_id), (t.messages, t.messages.c.message_id)):
                for row in tx.execute(select(key.label("id"), table.c.next_at).where(table.c.next_at > now)).all():
                    sooner = max(now, row.next_at - back)
                    tx.execute(table.update().where(key == row.id).values(next_at=sooner))

    # Readings and events

    def _up_to_limit(self, entries: Sequence[JournalEntry]) -> Sequence[JournalEntry]:
        total = list(accumulate((len(e.arrivals) for e in entries), initial=0))
        return [e for e, before in zip(entries, total, strict=False) if before < self._rules.readings_at_once]

    def _take(self, tx: Connection, entries: Sequence[JournalEntry], now: datetime) -> int:
        """Returns how many changes it told: where there are many, the next commit is a small one."""
        arrivals: dict[str, list[Arrival | datetime]] = defaultdict(list)
        events = [e for entry in entries for e in entry.events]
        ids = {a.meter_id for entry in entries for a in entry.arrivals}
        turn = _Turn(tx, now, bound(tx, ids | {e.device_id for e in events}), arrivals)
        self._heard(turn, ids, events)
        said: list[Said] = []
        for entry in entries:
            for arrival in entry.arrivals:
                arrivals[arrival.meter_id].append(arrival)
            fresh: list[Said] = []
            for event in entry.events:
                if event.device_id in turn.bound:
                    with self._alone(turn, event.device_id):
                        fresh += changes(tx, event)
            said += fresh
            for meter_id, at in self._signs_of_life(turn, fresh, entry.scans):
                arrivals[meter_id].append(at)
        turn.states = self._load(turn, [m for m in arrivals if m in turn.bound])
        turn.mornings = wanted_for(tx, {turn.bound[m].household_id for m in turn.states})
        for meter_id in list(turn.states):
            self._observe(turn, meter_id, arrivals[meter_id])
        for event in events:
            with self._alone(turn, event.device_id):
                self._report(turn, event)
        for one in said:
            with self._alone(turn, one.device_id):
                self._meter_says(turn, one)
        self._save(turn)
        return turn.told

    def _signs_of_life(
        self, turn: _Turn, said: Iterable[Said], scans: Iterable[BandScan]
    ) -> list[tuple[str, datetime]]:
        """The meters of homes where somebody was just seen or heard, and when."""
        seen: list[tuple[str, datetime]] = []
        for one in said:
            if one.is_life and is_fresh(one.at, turn.now):
                with self._alone(turn, one.device_id):
                    seen += self._meters_of(turn, turn.bound[one.device_id].household_id, one.at)
        for scan in scans:
            if is_fresh(scan.at, turn.now):
                with self._alone(turn, f"wristband {scan.band_no}"):
                    for home, at in wearers(turn.tx, [scan]):
                        seen += self._meters_of(turn, home, at)
        return seen

    def _meters_of(self, turn: _Turn, home: str, at: datetime) -> list[tuple[str, datetime]]:
        query = select(t.meters.c.meter_id).where(t.meters.c.household_id == home)
        meter_ids = set(turn.tx.execute(query).scalars())
        turn.bound |= bound(turn.tx, meter_ids - set(turn.bound))
        return [(meter_id, at) for meter_id in sorted(meter_ids)]

    def _meter_says(self, turn: _Turn, said: Said) -> None:
        """The meter's own alarm begins or ends; a detector's alert of running water ends by the detector alone."""
        home, kind = turn.bound[said.device_id].household_id, AlertKind.CONSTANT_FLOW
        if said.flag not in METER_ALARMS or not is_fresh(said.at, turn.now, FLAGS_HOLD):
            return
        if said.value:
            turn.told += 1
            self._life.raise_or_join(turn.tx, meter_concern(said.device_id, home, said.flag, said.at), turn.now)
        elif self._life.runs_for(turn.tx, home, kind, METER_ALARMS[said.flag]):
            self._life.ease(turn.tx, home, kind, said.at, turn.now)

    def _observe(self, turn: _Turn, meter_id: str, arrivals: Sequence[Arrival | datetime]) -> None:
        """Registers, and the times at which somebody was seen there, in the order in which they came."""
        watch, state = self._watch_in(turn.bound[meter_id].zone), turn.states[meter_id]
        found: list[Change] = []
        try:
            for a in arrivals:
                if isinstance(a, Arrival):
                    found += watch.observe(state, a.at, a.register_l, a.late, a.received_at)
                else:
                    found += watch.presence(state, a)
        except Exception:  # one meter must not stop all others
            log.exception("meter %s can't be watched", meter_id)
            self._fault(turn, meter_id)
        if found:
            with self._alone(turn, meter_id):
                self._tell(turn, meter_id, found)
        if turn.bound[meter_id].household_id in turn.mornings:
            with self._alone(turn, meter_id):
                self._greet(turn, meter_id, state)
        if AlertKind.USE_WHILE_ABSENT in state.running:
            with self._alone(turn, meter_id):
                self._back_by_use(turn, meter_id, state)
        heard = any(isinstance(a, Arrival) for a in arrivals)
        if heard and meter_id in turn.anew and AlertKind.NO_DATA not in state.running:
            self._unwatched.ends(turn.tx, meter_id, turn.now, turn.now)  # the lost state may have missed it

    def _greet(self, turn: _Turn, meter_id: str, state: HouseholdState) -> None:
        """Family who chose it hear that somebody is up; of several meters and readings the first, once a morning."""
        home = turn.bound[meter_id].household_id
        up_at = self._watch_in(turn.bound[meter_id].zone).up_at(state, turn.now)
        if up_at is not None:
            self._life.greet(turn.tx, home, up_at, turn.now)

    def _tell(self, turn: _Turn, meter_id: str, changes: Iterable[Change]) -> None:
        place = turn.bound[meter_id]
        for change in changes:
            turn.told += 1
            if isinstance(change, Raised):
                if change.finding.kind is AlertKind.NO_DATA:
                    self._unwatched.begins(turn.tx, meter_id, place, change.finding, turn.now)
                else:
                    self._life.raise_or_join(turn.tx, self._concern(turn, change.finding, place), turn.now)
            elif change.kind is AlertKind.NO_DATA:
                self._unwatched.ends(turn.tx, meter_id, change.at, turn.now)
            elif change.kind is not AlertKind.CONSTANT_FLOW or not self._flows_elsewhere(turn, meter_id):
                self._life.ease(turn.tx, place.household_id, change.kind, change.at, turn.now)

    def _concern(self, turn: _Turn, finding: Finding, place: Bound) -> Concern:
        """A silence that began when the door went may be an outing; people hear of that, and the resident first."""
        concern = Concern.of(finding, place.household_id)
        if finding.kind is not AlertKind.LOW_USE or finding.reason.key != "low_use":
            return concern
        left = left_at(turn.tx, place.household_id, finding.since)
        if left is None:
            return concern
        values = {**finding.reason.values, "left_at": left.isoformat()}
        return replace(concern, reason=Reason(key="low_use_left", values=values))

    def _flows_elsewhere(self, turn: _Turn, meter_id: str) -> bool:
        """Whether another meter of this home has a flow that does not end: the end of one leak is not that of both."""
        place, m = turn.bound[meter_id], t.meters.c
        here = (m.household_id == place.household_id, m.meter_id != meter_id)
        rows = turn.tx.execute(select(D.meter_id, D.body).join(t.meters, m.meter_id == D.meter_id).where(*here)).all()
        watch = self._watch_in(place.zone)
        states = [turn.states.get(row.meter_id) or _loaded(watch, row.body) for row in rows]
        return any(state is not None and AlertKind.CONSTANT_FLOW in state.running for state in states)

    def _back_by_use(self, turn: _Turn, meter_id: str, state: HouseholdState) -> None:
        """Who draws water on a second day is not away: the announced absence ends, and the home is watched again."""
        place, a = turn.bound[meter_id], t.alerts.c
        said = (a.household_id == place.household_id, a.kind == AlertKind.USE_WHILE_ABSENT)
        reason = turn.tx.execute(select(a.reason).where(*said).order_by(a.alert_id.desc()).limit(1)).scalar()
        if reason is None or "used_at" not in reason["values"]:
            return
        first_at = datetime.fromisoformat(reason["values"]["used_at"]).astimezone(place.zone)
        if datetime.fromtimestamp(state.low_use.last_use_s, place.zone).date() > first_at.date():
            self._life.back(turn.tx, place.household_id, by=ANJU, now=turn.now, why=Why.USE_ON_TWO_DAYS)

    def _report(self, turn: _Turn, event: DeviceEvent) -> None:
        """What a device says at once: help is needed, or the danger is over; or that a gateway comes or goes."""
        if (online := gateway_goes(event)) is not None:
            gateway_id = event.gateway_id or event.device_id
            if online:
                self._unwatched.gateway_heard(turn.tx, gateway_id, turn.now)
            else:
                self._unwatched.gateway_silent(turn.tx, gateway_id, event.at, turn.now)
        place = turn.bound.get(event.device_id)
        if place is None:
            return
        raised, over = concerns(event, place.household_id)
        turn.told += len(raised)
        for concern in raised:
            self._life.raise_or_join(turn.tx, concern, turn.now)
        for kind in over:
            self._is_over(turn, event, place.household_id, kind)
        with self._alone(turn, event.device_id):
            remember_dangers(turn.tx, event, {concern.kind for concern in raised}, over)

    def _is_over(self, turn: _Turn, event: DeviceEvent, home: str, kind: AlertKind) -> None:
        """A danger that two sensors of a home tell of is over when both say so."""
        since = self._life.runs_since(turn.tx, home, kind)
        if since and not others_in_danger(turn.tx, event, kind, since - FLAGS_HOLD):
            self._life.ease(turn.tx, home, kind, event.at, turn.now)

    def _heard(self, turn: _Turn, arrivals: Iterable[str], events: Iterable[DeviceEvent]) -> None:
        """Every gateway behind these messages is there."""
        heard = {turn.bound[m].gateway_id for m in arrivals if m in turn.bound}
        heard |= {turn.bound[e.device_id].gateway_id for e in events if e.device_id in turn.bound}
        for gateway_id in sorted(g for g in heard if g):
            with self._alone(turn, gateway_id):
                self._unwatched.gateway_heard(turn.tx, gateway_id, turn.now)

    # States

    def _load(self, turn: _Turn, meter_ids: Sequence[str]) -> dict[str, HouseholdState]:
        rows = turn.tx.execute(select(D.meter_id, D.body).where(D.meter_id.in_(meter_ids))).all()
        packed = {row.meter_id: row.body for row in rows}
        states = {}
        for meter_id in meter_ids:
            with self._alone(turn, meter_id, writes=False):
                states[meter_id] = self._unpack(turn, meter_id, packed.get(meter_id))
        self._announce_absences(turn, states)
        return states

    def _unpack(self, turn: _Turn, meter_id: str, body: bytes | None) -> HouseholdState:
        watch = self._watch_in(turn.bound[meter_id].zone)
        if body is None:
            return watch.start()
        try:
            return watch.load(body)
        except StateError:
            self._say_lost(turn, meter_id)
            turn.anew.add(meter_id)
            return self._learn_anew(meter_id, watch, turn.arrivals.get(meter_id, ()), turn.now)

    def _say_lost(self, turn: _Turn, meter_id: str) -> None:
        log.warning("the state of meter %s can't be read; it is learned anew", meter_id)
        reason = Reason(key="state_lost", values={"device_id": meter_id})
        self._life.tell_operator(turn.tx, "states", reason, turn.now, AlertKind.QUARANTINE)

    def _learn_anew(
        self, meter_id: str, watch: HouseholdWatch, arrivals: Iterable[Arrival | datetime], now: datetime
    ) -> HouseholdState:
        """From the readings before those at hand; without any, the meter is missed as a new one would be."""
        state = watch.start(now)
        until = min((a.at for a in arrivals if isinstance(a, Arrival) and not a.late), default=now)
        for at, register_l in self._journal.registers(meter_id, until - self._rules.learn_anew_from, until):
            watch.observe(state, at, register_l, late=True)
        return state

    def _learn_lost(self, arrivals: Mapping[str, Sequence[Arrival]], now: datetime) -> None:
        """After an upgrade all states may be lost: each is learned before its readings are taken, and kept at once.

        A tenth of a second and more for each, during which everybody else can write.
        """
        for meter_id, watch in self._lost(arrivals.keys() - self._sound):
            try:
                state = self._learn_anew(meter_id, watch, arrivals[meter_id], now)
            except (ArithmeticError, LookupError, TypeError, ValueError):
                continue  # with its readings, where a fault of one meter is told
            with self._records.write() as tx:
                turn = _Turn(tx, now, bound(tx, {meter_id}), states={meter_id: state})
                self._say_lost(turn, meter_id)
                if arrivals[meter_id] and AlertKind.NO_DATA not in state.running:
                    self._unwatched.ends(tx, meter_id, now, now)  # the lost state may have missed it
                self._save(turn)
        self._sound |= arrivals.keys()

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
            (row.meter_id, watches[row.meter_id]) for row in known if _loaded(watches[row.meter_id], row.body) is None
        ]

    def _announce_absences(self, turn: _Turn, states: dict[str, HouseholdState]) -> None:
        """Every meter of a home knows its absences as they are now; those over are kept for readings on their way."""
        c = t.absences.c
        homes = {turn.bound[m].household_id for m in states}
        recent = (c.household_id.in_(homes), c.until_at > turn.now - LONGEST_BACKLOG)
        absences: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
        for row in turn.tx.execute(select(c.household_id, c.from_at, c.until_at).where(*recent).order_by(c.from_at)):
            absences[row.household_id].append((row.from_at, row.until_at))
        for meter_id, state in states.items():
            heard_at = state.register.last_at or turn.now
            ahead = [a for a in absences[turn.bound[meter_id].household_id] if a[1] > heard_at]
            self._watch_in(turn.bound[meter_id].zone).absences_are(state, ahead)

    def _save(self, turn: _Turn) -> None:
        if not turn.states:
            return
        rows = []
        for meter_id, state in list(turn.states.items()):
            watch = self._watch_in(turn.bound[meter_id].zone)
            with self._alone(turn, meter_id, writes=False):
                rows.append({"meter_id": meter_id, "body": watch.dump(state), "deadline_at": watch.deadline(state)})
        if not rows:
            return
        put = insert(t.detector_states)
        put = put.on_conflict_do_update(
            index_elements=["meter_id"], set_={"body": put.excluded.body, "deadline_at": put.excluded.deadline_at}
        )
        turn.tx.execute(put, rows)

    @contextmanager
    def _alone(self, turn: _Turn, device_id: str, *, writes: bool = True) -> Iterator[None]:
        """A fault here undoes what was begun here, is told to the operator, and stops nobody else.

        The device's state stays as it was, so that the same is found again. A store that fails stops all, and is
        tried again.
        """
        try:
            with turn.tx.begin_nested() if writes else nullcontext():
                yield
        except OperationalError:
            raise
        except Exception:
            log.exception("device %s can't be watched", device_id)
            self._fault(turn, device_id)

    def _fault(self, turn: _Turn, device_id: str) -> None:
        turn.states.pop(device_id, None)
        place = turn.bound.get(device_id)
        concern = operator_concern(device_id, place.household_id if place else None, "engine_fault", turn.now)
        self._life.raise_or_join(turn.tx, concern, turn.now)

    # Time

    def _start_unheard(self, now: datetime) -> None:
        """A meter in the ledger that never reports is missed, too: its clock runs from when it was first seen."""
        unheard = select(t.meters.c.meter_id).where(t.meters.c.meter_id.not_in(select(D.meter_id)))
        with self._records.read() as tx:
            meter_ids = list(tx.execute(unheard).scalars())
        if not meter_ids:
            return
        with self._records.write() as tx:
            turn = _Turn(tx, now, bound(tx, set(meter_ids)))
            known = set(tx.execute(select(D.meter_id).where(D.meter_id.in_(meter_ids))).scalars())
            turn.states = {m: self._watch_in(p.zone).start(now) for m, p in turn.bound.items() if m not in known}
            self._save(turn)

    def _tick_due(self, now: datetime) -> int:
        due = select(D.meter_id).where(D.deadline_at <= now).order_by(D.deadline_at).limit(self._rules.timers_at_once)
        with self._records.read() as tx:
            meter_ids = list(tx.execute(due).scalars())
        if not meter_ids:
            return 0
        self._learn_lost(dict.fromkeys(meter_ids, ()), now)
        with self._records.write() as tx:
            turn = _Turn(tx, now, bound(tx, set(meter_ids)))
            turn.states = self._load(turn, [m for m in meter_ids if m in turn.bound])
            for meter_id, state in list(turn.states.items()):
                with self._alone(turn, meter_id):
                    self._tell(turn, meter_id, self._watch_in(turn.bound[meter_id].zone).tick(state, now))
            self._save(turn)
            _put_off(tx, set(turn.bound) - set(turn.states), now + TRY_AGAIN)
            _forget(tx, set(meter_ids) - set(turn.bound))
        return len(meter_ids)

    def _advance_due(self, now: datetime) -> int:
        with self._records.read() as tx:
            due = self._life.due(tx, now, self._rules.timers_at_once)
        for alert_id in due:
            try:
                with self._records.write() as tx:
                    self._life.advance_if_due(tx, alert_id, now)
            except Exception:  # one alert must not stop all others
                log.exception("alert %s can't go on", alert_id)
        return len(due)


def _by_meter(entries: Iterable[JournalEntry]) -> dict[str, list[Arrival]]:
    arrivals: dict[str, list[Arrival]] = defaultdict(list)
    for entry in entries:
        for arrival in entry.arrivals:
            arrivals[arrival.meter_id].append(arrival)
    return arrivals


def _cursor(tx: Connection) -> int:
    c = t.cursors.c
    return int(tx.execute(select(c.position).where(c.name == CURSOR)).scalar() or 0)


def _set_cursor(tx: Connection, position: int) -> None:
    put = insert(t.cursors).values(name=CURSOR, position=position)
    tx.execute(put.on_conflict_do_update(index_elements=["name"], set_={"position": put.excluded.position}))


def _loaded(watch: HouseholdWatch, body: bytes) -> HouseholdState | None:
    try:
        return watch.load(body)
    except StateError:
        return None  # learned anew when its own readings come


def _put_off(tx: Connection, meter_ids: set[str], until: datetime) -> None:
    """Meters whose clock could not be read don't stand before the others at every turn."""
    if meter_ids:
        tx.execute(t.detector_states.update().where(D.meter_id.in_(meter_ids)).values(deadline_at=until))


def _forget(tx: Connection, meter_ids: set[str]) -> None:
    """Meters that left the ledger have no clock."""
    tx.execute(t.detector_states.delete().where(D.meter_id.in_(meter_ids)))
