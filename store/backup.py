"""Both files copied while the service runs, as they were at one moment; and brought back into an empty folder."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from store import migrations, private
from store.contracts import StoreError
from store.lock import hold
from store.readings_schema import VERSION

FILES = ("records.db", "readings.db")
ATTEMPTS = 5


class BackupError(StoreError):
    """Says what is wrong with source or target; the target is as before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a backup holds: rows by table."""

    rows: dict[str, int]

    def __str__(self) -> str:
        shown = ("readings", "device_events", "households", "contacts", "alerts", "messages")
        return ", ".join(f"{self.rows.get(name, 0)} {name}" for name in shown)


def backup(folder: Path, target: Path) -> Contents:
    """Copies `folder`'s two files to `target`, a folder that must not be there yet."""
    if target.exists():
        raise BackupError(f"{target} is there already; name a new folder")
    missing = [name for name in FILES if not (folder / name).exists()]
    if missing:
        raise BackupError(f"{folder / missing[0]} doesn't exist")
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(private.FOLDER, parents=True)
    try:
        with _at_one_moment(folder) as (records, readings):
            _copy(records, partial / "records.db")
            _copy(readings, partial / "readings.db")
        contents = check(partial)
        partial.rename(target)
    except (sqlite3.Error, OSError) as e:
        shutil.rmtree(partial, ignore_errors=True)
        raise BackupError(f"{target} can't be written: {e}") from e
    return contents


def restore(source: Path, folder: Path) -> Contents:
    """Copies a backup into `folder`, which must hold neither file yet."""
    contents = check(source)
    there = [name for name in FILES if (folder / name).exists()]
    if there:
        raise BackupError(f"{folder / there[0]} is there already; a restore overwrites nothing")
    partials = {name: folder / f"{name}.partial" for name in FILES}
    try:
        folder.mkdir(private.FOLDER, parents=True, exist_ok=True)
        with hold(folder / "readings.db"):
            for name, partial in partials.items():
                partial.unlink(missing_ok=True)
                private.touch(partial)
                shutil.copyfile(source / name, partial)
                _sync(partial)
            for name, partial in partials.items():
                partial.rename(folder / name)
    except OSError as e:
        for partial in partials.values():
            partial.unlink(missing_ok=True)
        raise BackupError(f"nothing is restored, {folder} can't be written: {e.strerror}") from e
    return contents


def check(folder: Path) -> Contents:
    """Raises where the files are damaged, are not there, or are of a newer version."""
    rows: dict[str, int] = {}
    for name in FILES:
        path = folder / name
        if not path.exists():
            raise BackupError(f"{path} doesn't exist")
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as db:
                (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
                if verdict != "ok":
                    raise BackupError(f"{path} is damaged: {verdict}")
                rows |= _counts(db)
                _check_version(db, path)
        except sqlite3.Error as e:
            raise BackupError(f"{path} is damaged: {e}") from e
    return Contents(rows=rows)


def _check_version(db: sqlite3.Connection, path: Path) -> None:
    if path.name == "readings.db":
        found = db.execute("PRAGMA user_version").fetchone()[0]
        known = found <= VERSION
    else:
        found = db.execute("SELECT version_num FROM alembic_version").fetchone()[0]
        known = migrations.knows(found)
    if not known:
        raise BackupError(f"{path} has schema {found}, which this version doesn't know; upgrade anju")


@contextmanager
def _at_one_moment(folder: Path) -> Iterator[tuple[sqlite3.Connection, sqlite3.Connection]]:
    """Two open read transactions, between whose starts the journal was not cut ahead of the detectors' cursor."""
    for _ in range(ATTEMPTS):
        with ExitStack() as stack:
            records, readings = (stack.enter_context(closing(_reader(folder / name))) for name in FILES)
            if _fit(records, readings):
                yield records, readings
                return
    raise BackupError(f"{folder} never stood still long enough; try again")


def _reader(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
    db.execute("PRAGMA wal_autocheckpoint=0")
    db.execute("PRAGMA query_only=ON")
    db.execute("BEGIN")
    db.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the moment is that of the first read
    return db


def _fit(records: sqlite3.Connection, readings: sqlite3.Connection) -> bool:
    """The first journal entry that is still there is one that the detectors know, or their next."""
    row = records.execute("SELECT position FROM cursors WHERE name = 'watch'").fetchone()
    seen = row[0] if row else 0
    first = readings.execute("SELECT min(position) FROM journal").fetchone()[0]
    if first is None:
        row = readings.execute("SELECT seq FROM sqlite_sequence WHERE name = 'journal'").fetchone()
        first = row[0] + 1 if row else 1
    return bool(first <= seen + 1)


def _copy(source: sqlite3.Connection, target: Path) -> None:
    private.touch(target)
    with closing(sqlite3.connect(target)) as db:
        source.backup(db)
        db.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
    _sync(target)


def _counts(db: sqlite3.Connection) -> dict[str, int]:
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
