"""Follows the journal: readings move the detectors' states; states, cursor, alerts and texts are one commit."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Protocol

from sqlalchemy import Connection

from domain.finding import Reason
from notifier.changes import Said
from notifier.contract import Records
from notifier.devices import bound
from notifier.findings import Findings
from notifier.homes import together
from notifier.life import Life
from notifier.mornings import wanted_for
from notifier.reports import Reports
from notifier.rounds import RoundRules, Rounds
from notifier.set_back import SetBack
from notifier.states import States
from notifier.turn import Seen, Turn
from notifier.unwatched import Unwatched
from notifier.watches import WatchIn
from store import cursors
from store.contracts import Arrival, Journal, JournalEntry, RegisterReader

CURSOR = "watch"
FOUND = "watch found"  # the last entry of a file of readings when it was found in the place of another
MANY = 50  # alerts in one commit: others must not wait long for theirs
log = logging.getLogger(__name__)


class Readings(Journal, RegisterReader, Protocol):
    """New readings in the order in which they came, and a meter's old ones to learn from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRules:
    """How the journal is followed.

    `entries_at_once`, `readings_at_once`: at most so many group commits, and about so many readings, behind one
    commit of ours; more is quicker in a backlog, and keeps other writers waiting longer.
    `learn_anew_from`: a state that can't be read is made again from so long a past; habits fade within it.
    """

    entries_at_once: int = 50
    readings_at_once: int = 5000
    learn_anew_from: timedelta = timedelta(days=60)
    rounds: RoundRules = RoundRules()  # noqa: RUF009  frozen, without state


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
        watch_in: WatchIn,
        rules: WatchRules | None = None,
    ) -> None:
        self._records = records
        self._journal = journal
        self._life = life
        self._rules = rules or WatchRules()
        self._states = States(
            records=records,
            registers=journal,
            life=life,
            unwatched=unwatched,
            watch_in=watch_in,
            learn_from=self._rules.learn_anew_from,
        )
        self._findings = Findings(life=life, unwatched=unwatched, watch_in=watch_in)
        self._reports = Reports(life=life, unwatched=unwatched, flows=self._findings.flows)
        self.set_back = SetBack(records)
        self._rounds = Rounds(
            records=records,
            life=life,
            unwatched=unwatched,
            states=self._states,
            findings=self._findings,
            set_back=self.set_back,
            rules=self._rules.rounds,
        )
        self._at_once = self._rules.entries_at_once

    def position(self) -> int:
        """The last journal entry whose consequences are committed; entries up to here may be trimmed."""
        with self._records.read() as tx:
            return cursors.position(tx, CURSOR)

    def newest(self) -> int:
        """The journal's last entry so far."""
        return self._journal.position()

    def catch_up(self, now: datetime) -> int:
        """Takes the next entries of the journal, wholly or not at all; returns how many."""
        entries = self._up_to_limit(self._journal.follow(self.position(), self._at_once))
        if not entries:
            return self.catch_up(now) if self.mind_the_file(now) else 0
        self._states.learn_lost(_by_meter(entries), now)
        with self._records.write() as tx:
            told = self._take(tx, entries, now)
            cursors.move(tx, CURSOR, entries[-1].position)
        self._at_once = 1 if told > MANY else min(self._rules.entries_at_once, self._at_once * 2)
        return len(entries)

    def mind_the_file(self, now: datetime) -> bool:
        """Another file of readings than the one followed so far is followed from its start; True where it is so.

        Of what it holds already, and alerts were raised for, nobody is told anew.
        """
        if self.position() <= self._journal.position():
            return False
        log.error("the file of readings was lost, replaced or restored; it is followed from its start")
        with self._records.write() as tx:
            cursors.move(tx, CURSOR, 0)
            cursors.move(tx, FOUND, self._journal.position())
            self._life.tell_operator(tx, "readings.db", Reason(key="readings_lost", values={}), now)
        return True

    def after_a_sleep(self, since: datetime) -> None:
        """Nothing ran since then: readings of that time may still be on their way."""
        self._rounds.after_a_sleep(since)

    def round(self, now: datetime, *, caught_up: bool = True) -> int:
        """What time alone brings: silent meters, due steps, expired acknowledgements. Returns how many things.

        Behind a journal that can't be read no meter is missed; what was raised before goes on.
        """
        return self._rounds.round(now, caught_up=caught_up)

    def _up_to_limit(self, entries: Sequence[JournalEntry]) -> Sequence[JournalEntry]:
        total = list(accumulate((len(e.arrivals) for e in entries), initial=0))
        return [e for e, before in zip(entries, total, strict=False) if before < self._rules.readings_at_once]

    def _take(self, tx: Connection, entries: Sequence[JournalEntry], now: datetime) -> int:
        """Returns how many changes it told: where there are many, the next commit is a small one."""
        arrivals: dict[str, list[Arrival | Seen]] = defaultdict(list)
        events = [e for entry in entries for e in entry.events]
        ids = {a.meter_id for entry in entries for a in entry.arrivals}
        turn = Turn(tx, now, self._life, bound(tx, ids | {e.device_id for e in events}), arrivals)
        self._reports.gateways_heard(turn, ids, events)
        said: list[Said] = []
        for entry in entries:
            for arrival in entry.arrivals:
                arrivals[arrival.meter_id].append(arrival)
            fresh = self._reports.news(turn, entry.events)
            said += fresh
            for meter_id, seen in self._reports.signs_of_life(turn, fresh, entry.scans):
                arrivals[meter_id].append(seen)
        homes = together(turn, [m for m in arrivals if m in turn.bound])
        shared = {meter_id: None for home in homes for meter_id in home}
        self._states.load(turn, [m for m in dict(arrivals) | shared if m in turn.bound])
        turn.mornings = wanted_for(tx, {turn.home_of(m) for m in turn.states})
        for meter_id in [m for m in turn.states if m not in shared]:
            self._findings.observe(turn, meter_id, arrivals[meter_id])
        for home in homes:
            self._findings.observe_home(turn, {meter_id: arrivals.get(meter_id, ()) for meter_id in home})
        found = cursors.position(tx, FOUND)
        for entry in entries:
            for event in entry.events:
                self._reports.event(turn, event, may_be_known=entry.position <= found)
        for one in said:
            self._reports.meter_says(turn, one)
        self._states.save(turn)
        return turn.told


def _by_meter(entries: Iterable[JournalEntry]) -> dict[str, list[Arrival]]:
    arrivals: dict[str, list[Arrival]] = defaultdict(list)
    for entry in entries:
        for arrival in entry.arrivals:
            arrivals[arrival.meter_id].append(arrival)
    return arrivals
