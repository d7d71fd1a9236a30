"""Follows the journal into InfluxDB: the cursor moves only past what was taken, however long that lasts."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from store import cursors
from store.contracts import Batch, BatchSink, Journal, JournalEntry, Kept
from store.influx import MOST_LINES, InfluxAwayError, InfluxMisconfiguredError, Lines, LinesRefusedError, write_good
from store.influx_lines import lines_of
from store.records import Records

log = logging.getLogger("anju.influx")

CURSOR = "influx"
PAGE = 10  # journal entries read at once: one may hold 15,000 readings
RETRY_MIN, RETRY_MAX = timedelta(seconds=1), timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)  # what is longer is a clock that was set back
RETRY_MISCONFIGURED = timedelta(minutes=5)  # a person must act first


class Forwarder:
    """`while forwarder.turn(now()): pass` every second or so, in one thread."""

    def __init__(self, *, journal: Journal, refused: BatchSink, records: Records, influx: Lines) -> None:
        self._journal = journal
        self._refused = refused
        self._records = records
        self._influx = influx
        self._wait = RETRY_MIN
        self._not_before: datetime | None = None
        self.problem: str | None = None
        self.written = 0
        self.refused_lines = 0

    def turn(self, now: datetime) -> bool:
        """Writes what comes next; True where there may be more."""
        if self._not_before is not None and now < self._not_before <= now + LONGEST_WAIT:
            return False
        taken = self._next_entries()
        if not taken:
            return self.mind_the_file()
        try:
            self._write([line for entry in taken for line in lines_of(entry)], now)
        except InfluxAwayError as e:
            self._away(str(e), max(self._wait, timedelta(seconds=e.after_s)), now)
            self._wait = min(2 * self._wait, RETRY_MAX)
            return False
        except InfluxMisconfiguredError as e:
            self._away(str(e), RETRY_MISCONFIGURED, now)
            return False
        self._move(taken[-1].position)
        self._back()
        return True

    def position(self) -> int:
        """The last journal entry that InfluxDB has; entries up to here may be trimmed."""
        with self._records.read() as tx:
            return cursors.position(tx, CURSOR)

    def mind_the_file(self) -> bool:
        """Another file of readings than the one followed so far is followed from its start; True where it is so."""
        position = self.position()
        if position <= self._journal.position():
            self._mind_the_gap(position)
            return False
        log.error("the file of readings is another one; all of it goes to InfluxDB")
        self._move(0)
        return True

    def _mind_the_gap(self, position: int) -> None:
        for first in self._journal.follow(position, 1):
            if first.position > position + 1:
                missing = first.position - position - 1
                said = "InfluxDB gets nothing of %d commits from before or while it was not set up: anju influx copy"
                log.warning(said, missing)

    def behind(self) -> int:
        """How many commits InfluxDB has not seen yet."""
        return max(0, self._journal.position() - self.position())

    def _next_entries(self) -> list[JournalEntry]:
        """As many as one write may hold, at least one where there is any."""
        taken: list[JournalEntry] = []
        lines, after = 0, self.position()
        while page := self._journal.follow(after, PAGE):
            for entry in page:
                lines += len(entry.arrivals) + len(entry.events) + len(entry.scans)
                if taken and lines > MOST_LINES:
                    return taken
                taken.append(entry)
            after = page[-1].position
        return taken

    def _write(self, lines: Sequence[str], now: datetime) -> None:
        """A line that is refused is kept with its reason."""

        def keep(line: str, error: LinesRefusedError) -> None:
            reason = f"influx: {error}"
            kept = Kept(kind="refused", received_at=now, topic="influx", payload=line.encode(), reason=reason)
            self._refused.commit(Batch(kept=[kept]))
            self.refused_lines += 1

        self.written += write_good(self._influx, lines, keep)

    def _away(self, reason: str, wait: timedelta, now: datetime) -> None:
        if self.problem is None:
            log.error("readings wait for InfluxDB: %s", reason)
        self.problem = reason
        self._not_before = now + min(wait, LONGEST_WAIT)

    def _back(self) -> None:
        if self.problem is not None:
            log.warning("InfluxDB takes readings again")
        self.problem, self._not_before, self._wait = None, None, RETRY_MIN

    def _move(self, position: int) -> None:
        with self._records.write() as tx:
            cursors.move(tx, CURSOR, position)
