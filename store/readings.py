"""The readings file: one SQLite row a reading, clustered on meter and time; durable when a commit returns."""

import sqlite3
from collections import ChainMap
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any

import numpy as np
from orjson import loads

from domain.reading import DeviceEvent
from store import erased, journal, kept, private, traces
from store.contracts import BandScan, Batch, JournalEntry, Kept, StoreError, StoreUnavailableError, Traces
from store.journal import from_ms, to_ms
from store.lock import hold
from store.readings_schema import METER_SPAN, NEWEST, REGISTERS, SCHEMA, VERSION
from store.registers import Registers
from store.write import write

BUSY_TIMEOUT_S = 2.0
METERS_FORGOTTEN_AT_ONCE = 500  # some ten milliseconds each, as retention drops a day at a time


class Readings:
    """One writer connection, which alone checkpoints; readers that never wait for it. One process at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held = hold(path)
        self._lock = Lock()
        self._idle: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        try:
            private.touch(path)
            self._writer: sqlite3.Connection | None = open_file(path, "rwc")
            _bring_up(self._writer, path)
            self._meters = _meters(self._writer)
            self._inode = path.stat().st_ino
        except BaseException as e:
            self._held.close()
            if isinstance(e, sqlite3.DatabaseError):
                raise StoreUnavailableError(f"{path}: {e}") from e
            raise

    def commit(self, batch: Batch) -> None:
        with self._lock:
            with self._transaction() as db:
                batch = erased.without(batch, erased.read(db))
                numbered = self._numbered(db, {a.meter_id for a in batch.arrivals})
                write(db, batch, ChainMap(numbered, self._meters) if numbered else self._meters)
            self._meters |= numbered

    def follow(self, after: int, limit: int = 100) -> Sequence[JournalEntry]:
        sql = "SELECT position, body FROM journal WHERE position > ? ORDER BY position LIMIT ?"
        with self._reader() as db:
            return [journal.read(position, body) for position, body in db.execute(sql, (after, limit))]

    def position(self) -> int:
        with self._reader() as db:
            row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'journal'").fetchone()
        return row[0] if row else 0

    def trim(self, up_to: int) -> None:
        with self._lock, self._transaction() as db:
            db.execute("DELETE FROM journal WHERE position <= ?", (up_to,))

    def registers(self, meter_id: str, since: datetime, until: datetime) -> Registers:
        """In two columns of one row: SQLite's driver fights other threads for the interpreter at every row."""
        bounds = meter_id, max(0, to_ms(since)), min(to_ms(until), METER_SPAN)
        with self._reader() as db:
            at, ml = db.execute(REGISTERS, bounds).fetchone()
        return Registers(np.array(loads(at), np.int64), np.array(loads(ml), np.int64))

    def device_events(self, device_id: str, since: datetime, until: datetime) -> Sequence[DeviceEvent]:
        sql = "SELECT body FROM device_events WHERE device_id = ? AND at >= ? AND at < ? ORDER BY at, kind"
        return self._events(sql, device_id, to_ms(since), to_ms(until))

    def last_words(
        self, device_id: str, kind: str, since: datetime, until: datetime, *, at_most: int
    ) -> Sequence[DeviceEvent]:
        sql = "SELECT body FROM device_events WHERE device_id = ? AND kind = ? AND at >= ? AND at < ?"
        sql += " ORDER BY at DESC LIMIT ?"
        return self._events(sql, device_id, kind, to_ms(since), to_ms(until), at_most)[::-1]

    def _events(self, sql: str, *values: str | int) -> list[DeviceEvent]:
        with self._reader() as db:
            bodies = [body for (body,) in db.execute(sql, values)]
        return [event for body in bodies for event in journal.read(0, body).events]

    def band_scans(self, since: datetime, until: datetime, band_nos: Collection[int]) -> Sequence[BandScan]:
        ours = ", ".join(str(int(no)) for no in band_nos)
        sql = f"SELECT band_no, at, stage, source FROM band_scans WHERE at >= ? AND at < ? AND band_no IN ({ours})"
        with self._reader() as db:
            rows = db.execute(f"{sql} ORDER BY at, band_no", (to_ms(since), to_ms(until))).fetchall()
        return [BandScan(band_no=no, at=from_ms(at), stage=stage, source=source) for no, at, stage, source in rows]

    def learned(self) -> Mapping[str, str]:
        with self._reader() as db:
            return dict(db.execute("SELECT name, value FROM learned"))

    def kept(self, kind: str, limit: int = 100, *, after: int | None = None) -> Sequence[Kept]:
        with self._reader() as db:
            return kept.read(db, kind, limit, after)

    def newest_at(self) -> datetime | None:
        """The time of the newest reading of all meters; some tenths of a second for 100,000 of them."""
        with self._reader() as db:
            (ms,) = db.execute(NEWEST).fetchone()
        return None if ms is None else from_ms(ms)

    def traces(self, of: Traces) -> dict[str, Any]:
        with self._reader() as db:
            return traces.read(db, of)

    def erase(self, of: Traces) -> None:
        with self._lock, self._transaction() as db:
            traces.erase(db, of)

    def erased(self) -> Collection[str]:
        with self._reader() as db:
            return erased.read(db)

    def lift(self, device_ids: Collection[str]) -> None:
        with self._lock, self._transaction() as db:
            erased.lift(db, device_ids)

    def forget(self, before: datetime) -> None:
        """In short transactions, so that the service goes on meanwhile."""
        ms = to_ms(before)
        with self._reader() as db:
            numbers = [no for (no,) in db.execute("SELECT no FROM meters")]
        sql = "DELETE FROM readings WHERE meter_at >= ? AND meter_at < ?"
        for start in range(0, len(numbers), METERS_FORGOTTEN_AT_ONCE):
            some = numbers[start : start + METERS_FORGOTTEN_AT_ONCE]
            with self._lock, self._transaction() as db:
                db.executemany(sql, [(no * METER_SPAN, no * METER_SPAN + ms) for no in some])
        with self._lock, self._transaction() as db:
            db.execute("DELETE FROM device_events WHERE at < ?", (ms,))
            db.execute("DELETE FROM band_scans WHERE at < ?", (ms,))
            db.execute("DELETE FROM kept WHERE received_at < ?", (ms,))

    def empty_log(self) -> bool:
        """As `Records.empty_log`."""
        with self._lock, unavailable_named(self.path):
            return not self._open_writer().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]

    def close(self) -> None:
        """Readers first: the writer, as the last, checkpoints."""
        self._close_readers()
        with self._lock:
            self._shut()
        self._held.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """BEGIN to COMMIT, or nothing stored."""
        with unavailable_named(self.path):
            db = self._open_writer()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def _open_writer(self) -> sqlite3.Connection:
        """The writer; a file that was taken away or replaced is opened again, never made anew."""
        if self._writer is None or self.path.stat().st_ino != self._inode:
            self._shut()
            self._close_readers()
            self._writer = open_file(self.path, "rw")
            self._meters = _meters(self._writer)
            self._inode = self.path.stat().st_ino
        return self._writer

    def _close_readers(self) -> None:
        idle, self._idle = self._idle, SimpleQueue()
        with suppress(Empty):
            while True:
                idle.get_nowait().close()

    def _shut(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _numbered(self, db: sqlite3.Connection, meter_ids: set[str]) -> dict[str, int]:
        """Numbers of meters not met since the start; theirs only when the transaction is committed."""
        numbered = {}
        for meter_id in meter_ids.difference(self._meters):
            db.execute("INSERT INTO meters(meter_id) VALUES (?) ON CONFLICT DO NOTHING", (meter_id,))
            numbered[meter_id] = db.execute("SELECT no FROM meters WHERE meter_id = ?", (meter_id,)).fetchone()[0]
        return numbered

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        with unavailable_named(self.path):
            idle = self._idle
            try:
                db = idle.get_nowait()
            except Empty:
                db = open_file(self.path, "ro")
            try:
                yield db
            except BaseException:
                db.close()
                raise
            if idle is self._idle:
                idle.put(db)
            else:
                db.close()  # another file lies there now


@contextmanager
def unavailable_named(path: Path) -> Iterator[None]:
    """Whatever SQLite can't do is a `StoreUnavailableError`; also a damaged page, which must not pass for none."""
    try:
        yield
    except (sqlite3.OperationalError, OSError) as e:
        raise StoreUnavailableError(f"{path}: {e}") from e
    except sqlite3.DatabaseError as e:
        if type(e) is not sqlite3.DatabaseError:  # the subclasses are faults of the program
            raise
        raise StoreUnavailableError(f"{path}: {e}") from e


def require_version(db: sqlite3.Connection, path: Path) -> None:
    found = db.execute("PRAGMA user_version").fetchone()[0]
    if found > VERSION:
        raise StoreError(f"{path} has schema {found}, newer than this version's {VERSION}; upgrade anju")


def _bring_up(db: sqlite3.Connection, path: Path) -> None:
    require_version(db, path)
    db.executescript(SCHEMA)
    db.execute(f"PRAGMA user_version = {VERSION}")


def _meters(db: sqlite3.Connection) -> dict[str, int]:
    """All of them at once: to ask for each costs as much as to store its reading."""
    return dict(db.execute("SELECT meter_id, no FROM meters"))


def open_file(path: Path, mode: str) -> sqlite3.Connection:
    """A connection in autocommit, where BEGIN is ours; read-only ones neither write nor checkpoint."""
    uri = f"{path.absolute().as_uri()}?mode={'rw' if mode == 'ro' else mode}"
    db = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA secure_delete=ON")
        if mode == "ro":
            db.execute("PRAGMA wal_autocheckpoint=0")
            db.execute("PRAGMA query_only=ON")
    except BaseException:
        db.close()
        raise
    return db
