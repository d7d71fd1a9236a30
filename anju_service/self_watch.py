"""Who watches the watch: what ails the service, for whoever asks, the log, the operator and outside."""

import logging
from collections.abc import Callable, Collection, Iterable

from ingest.counters import Counters, Instant
from notifier.audit import Audit, audit
from notifier.contract import Records
from notifier.life import Life
from notifier.selftest import Heartbeat
from store.contracts import StoreUnavailableError
from store.patience import Patience
from web.health import Health

log = logging.getLogger("anju")

NO_TURN = ": no turn finished since "
FILES_ANSWER_S = 2.0  # a question of health or of numbers; a disk that hangs gives no answer and no error


class SelfWatch:
    def __init__(
        self,
        records: Records,
        life: Life,
        problems: Callable[[Instant], Iterable[str]],
        counters: Counters,
        *,
        instant: Callable[[], Instant],
        heartbeat_url: str,
        told_elsewhere: Collection[str],
    ) -> None:
        """`problems`: what is wrong with the parts now, as 'name: what' or 'what since when'.

        `told_elsewhere`: names whose trouble others tell of and end, as channels' is.
        """
        self._records = records
        self._life = life
        self._problems = problems
        self._counters = counters
        self._instant = instant
        self._heartbeat = Heartbeat(records, heartbeat_url, is_well=lambda: not self.health().problems)
        self._audit = Patience(self._audited, FILES_ANSWER_S)
        self._said: set[str] = set()  # the problems that the log tells of
        self._waited: set[str] = set()  # the parts that were late when files could be used again
        self._could_write = True
        with records.read() as tx:
            self._ill = life.services_down(tx) - set(told_elsewhere)
        self._told_elsewhere = frozenset(told_elsewhere)

    def health(self) -> Health:
        """What every part says, and whether what is due was done."""
        now, counters = self._instant(), self._counters
        problems = list(self._problems(now))
        facts: dict[str, float | int | str | None] = {
            "received": counters.received,
            "readings": counters.readings,
            "quarantined": counters.quarantined,
        }
        try:
            found = self._audit()
        except StoreUnavailableError as e:
            return Health(problems=(*problems, f"records can't be read: {e}"), facts=facts)
        facts |= {
            "texts_waiting": found.waiting_texts,
            "texts_uncertain": found.uncertain_texts,
            "oldest_unsent_s": found.oldest_unsent.total_seconds() if found.oldest_unsent else None,
        }
        return Health(problems=(*problems, *found.problems), facts=facts)

    def look(self) -> None:
        """The operator hears of each part that is ill, and the watch outside only that all is well.

        Where files can be used again the others need some seconds: what is late then is told if it stays so.
        """
        ill = {name_of(problem): problem for problem in self.health().problems}
        now = self._instant().at
        self._say(ill)
        told = ill.keys() - self._told_elsewhere
        late = {name for name in told if NO_TURN in ill[name]}
        waits = set() if self._could_write else late - self._ill - self._waited
        told -= waits
        self._could_write = False
        with self._records.write() as tx:
            for name in told:
                self._life.service_down(tx, name, ill[name], now)
            for name in self._ill - ill.keys():
                self._life.service_up(tx, name, now)
        self._ill, self._waited, self._could_write = told, waits, True
        self._heartbeat.beat(now)

    def close(self) -> None:
        self._audit.close()

    def _say(self, ill: dict[str, str]) -> None:
        """Once into the log when something begins to be wrong, once when it is well again."""
        for name in ill.keys() - self._said:
            log.error("not well: %s", ill[name])
        for name in self._said - ill.keys():
            log.warning("well again: %s", name)
        self._said = set(ill)

    def _audited(self) -> Audit:
        with self._records.read() as tx:
            return audit(tx, self._instant().at, channels=self._told_elsewhere)


def name_of(problem: str) -> str:
    """What it is known by for as long as it lasts: without when it began, and how much there is of it."""
    return problem.partition(":")[0].partition(" since ")[0]
