"""The readings file for a command beside the service, which goes on writing."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from store import kept, traces
from store.contracts import Kept, StoreError, Traces
from store.readings import open_file, require_version, unavailable_named


def check_readings(path: Path) -> None:
    """Raises `StoreError` where a service could not go on with the file; one that isn't there yet will be made."""
    if path.exists():
        with beside(path, "ro") as db:
            require_version(db, path)


def read_kept(path: Path, kind: str, limit: int) -> list[Kept]:
    """The newest first."""
    with beside(path, "ro") as db:
        return kept.read(db, kind, limit)


def meters_heard(path: Path) -> frozenset[str]:
    """All that ever had a reading."""
    with beside(path, "ro") as db:
        return frozenset(meter_id for (meter_id,) in db.execute("SELECT meter_id FROM meters"))


def read_traces(path: Path, of: Traces) -> dict[str, Any]:
    """All of one home."""
    with beside(path, "ro") as db:
        return traces.read(db, of)


def erase_traces(path: Path, of: Traces) -> None:
    """Gone when it returns; see `Readings.erase`."""
    with beside(path, "rw") as db:
        db.execute("PRAGMA wal_autocheckpoint=0")
        db.execute("BEGIN IMMEDIATE")
        traces.erase(db, of)
        db.execute("COMMIT")


@contextmanager
def beside(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """A connection of one's own; no reader holds a view for long, lest the service can't checkpoint."""
    if not path.exists():
        raise StoreError(f"{path} isn't there yet: anju run makes it")
    with unavailable_named(path), closing(open_file(path, mode)) as db:
        yield db
