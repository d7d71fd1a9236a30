"""What time alone brings: silent meters, due steps of alerts, expired acknowledgements."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifier.contract import Records
from notifier.devices import bound
from notifier.findings import Findings
from notifier.life import Life
from notifier.set_back import SetBack
from notifier.states import States, forget, overdue, put_off
from notifier.turn import Turn
from notifier.unwatched import Unwatched

TRY_AGAIN = timedelta(hours=1)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRules:
    """`quiet_start`: after a start or a sleep, readings may still be on their way; no clock runs out so long."""

    timers_at_once: int = 200
    quiet_start: timedelta = timedelta(minutes=5)
    look_for_new_meters: timedelta = timedelta(minutes=5)


class Rounds:
    """One round after another; each alert and each meter alone, so that a fault of one stops no other."""

    def __init__(
        self,
        *,
        records: Records,
        life: Life,
        unwatched: Unwatched,
        states: States,
        findings: Findings,
        set_back: SetBack,
        rules: RoundRules,
    ) -> None:
        self._records = records
        self._life = life
        self._unwatched = unwatched
        self._states = states
        self._findings = findings
        self._set_back = set_back
        self._rules = rules
        self._ticks_from: datetime | None = None
        self._has_ticked = False
        self._looked_at: datetime | None = None

    def after_a_sleep(self, since: datetime) -> None:
        """As after a start; but a machine that falls asleep again before any clock ran out waits no second time."""
        if self._has_ticked:
            log.warning("nothing ran since %s; what the broker holds comes first", since)
            self._ticks_from, self._has_ticked = None, False

    def round(self, now: datetime, *, caught_up: bool) -> int:
        """Returns how many things; behind a journal that can't be read no meter is missed, alerts go on."""
        if self._set_back.mind(now) and self._ticks_from is not None:
            self._ticks_from = min(self._ticks_from, now + self._rules.quiet_start)
        if not caught_up:
            return self._advance_due(now)
        if self._ticks_from is None:
            self._ticks_from = now + self._rules.quiet_start
        if self._looked_at is None or abs(now - self._looked_at) >= self._rules.look_for_new_meters:
            self._looked_at = now
            self._states.start_unheard(now)
        done = self._miss_due(now) if now >= self._ticks_from else 0
        return done + self._advance_due(now)

    def _miss_due(self, now: datetime) -> int:
        """Meters of which nothing is heard, and those of whom that has been so for long."""
        self._has_ticked = True
        done = self._tick_due(now)
        with self._records.read() as tx:
            waiting = self._unwatched.anything_due(tx, now)
        if waiting:
            with self._records.write() as tx:
                done += self._unwatched.round(tx, now)
        return done

    def _tick_due(self, now: datetime) -> int:
        with self._records.read() as tx:
            meter_ids = overdue(tx, now, self._rules.timers_at_once)
        if not meter_ids:
            return 0
        self._states.learn_lost(dict.fromkeys(meter_ids, ()), now)
        with self._records.write() as tx:
            turn = Turn(tx, now, self._life, bound(tx, set(meter_ids)))
            self._states.load(turn, [m for m in meter_ids if m in turn.bound])
            for meter_id in list(turn.states):
                self._findings.tick(turn, meter_id)
            self._states.save(turn)
            put_off(tx, set(turn.bound) - set(turn.states), now + TRY_AGAIN)
            forget(tx, set(meter_ids) - set(turn.bound))
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
