"""A backup taken while everything is written is whole, fits together, and comes back as it was."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import insert, select, update

from store.backup import BackupError, backup, restore
from store.contracts import Arrival, Batch, StoreError
from store.lock import InUseError
from store.migrations import migrate
from store.readings import Readings
from store.records import Records
from store.tables import cursors

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVER = (NOW - timedelta(days=400), NOW + timedelta(days=400))


def opened(folder: Path) -> tuple[Records, Readings]:
    folder.mkdir(exist_ok=True)
    migrate(folder / "records.db")
    return Records(folder / "records.db"), Readings(folder / "readings.db")


@pytest.fixture
def any_umask() -> Iterator[None]:
    """As in most shells: what is made is for everybody to read."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def commit(readings: Readings, n: int) -> None:
    at = NOW + timedelta(minutes=n)
    readings.commit(Batch(arrivals=[Arrival(meter_id="m1", at=at, register_l=n, late=False, received_at=at)]))


def follow(records: Records, readings: Readings) -> None:
    """As the detectors do: take what is new, move the cursor, cut the journal."""
    with records.write() as tx:
        tx.execute(update(cursors).values(position=readings.position()))
    with records.read() as tx:
        readings.trim(tx.scalar(select(cursors.c.position)) or 0)


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: db.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchall() for name in names}


def test_a_backup_comes_back_into_an_empty_folder_as_it_was(tmp_path: Path) -> None:
    records, readings = opened(tmp_path / "var")
    for n in range(500):
        commit(readings, n)
    contents = backup(tmp_path / "var", tmp_path / "monday")
    assert contents.rows["readings"] == 500
    records.close()
    readings.close()
    assert restore(tmp_path / "monday", tmp_path / "new") == contents
    for name in ("records.db", "readings.db"):
        assert rows(tmp_path / "new" / name) == rows(tmp_path / "var" / name)
    records, readings = opened(tmp_path / "new")
    assert len(readings.registers("m1", *EVER)) == 500
    commit(readings, 500)
    assert readings.position() == 501
    records.close()
    readings.close()


def test_a_backup_under_way_meanwhile_fits_together(tmp_path: Path) -> None:
    """Whatever moment it catches, no journal entry that the detectors have not seen is missing from it."""
    records, readings = opened(tmp_path / "var")
    with records.write() as tx:
        tx.execute(insert(cursors).values(name="watch", position=0))
    stopping = Event()

    def work() -> None:
        n = 0
        while not stopping.is_set():
            commit(readings, n)
            follow(records, readings)
            n += 1

    worker = Thread(target=work)
    worker.start()
    for n in range(10):
        backup(tmp_path / "var", tmp_path / f"copy{n}")
    stopping.set()
    worker.join()
    records.close()
    readings.close()
    for n in range(10):
        restore(tmp_path / f"copy{n}", tmp_path / f"back{n}")
        found_records, found = opened(tmp_path / f"back{n}")
        with found_records.read() as tx:
            cursor = tx.scalar(select(cursors.c.position)) or 0
        assert cursor <= found.position()
        assert [entry.position for entry in found.follow(cursor)] == list(range(cursor + 1, found.position() + 1))
        found_records.close()
        found.close()


def modes(folder: Path) -> dict[str, str]:
    return {path.name: oct(path.stat().st_mode & 0o777) for path in (folder, *folder.iterdir())}


def test_what_a_backup_and_a_restore_make_is_for_their_account_alone(tmp_path: Path, any_umask: None) -> None:
    records, readings = opened(tmp_path / "var")
    with records.write() as tx:
        tx.execute(insert(cursors).values(name="other", position=0))
    commit(readings, 1)
    (tmp_path / "kept").mkdir()
    backup(tmp_path / "var", tmp_path / "monday")
    beside = {f"{name}{end}" for name in ("records.db", "readings.db") for end in ("", "-wal", "-shm")}
    assert set(modes(tmp_path / "var")) >= beside
    records.close()
    readings.close()
    restore(tmp_path / "monday", tmp_path / "new")
    restore(tmp_path / "monday", tmp_path / "kept")
    for folder in ("monday", "new", "kept", "var"):
        folder_mode = "0o755" if folder in ("kept", "var") else "0o700"  # of those that were there nothing changes
        assert modes(tmp_path / folder) == dict.fromkeys(modes(tmp_path / folder), "0o600") | {folder: folder_mode}


def test_a_restore_overwrites_nothing(tmp_path: Path) -> None:
    records, readings = opened(tmp_path / "var")
    backup(tmp_path / "var", tmp_path / "monday")
    with pytest.raises(BackupError, match=r"records\.db is there already; a restore overwrites nothing"):
        restore(tmp_path / "monday", tmp_path / "var")
    with pytest.raises(BackupError, match="monday is there already; name a new folder"):
        backup(tmp_path / "var", tmp_path / "monday")
    records.close()
    readings.close()


def test_a_damaged_backup_is_not_restored(tmp_path: Path) -> None:
    records, readings = opened(tmp_path / "var")
    for n in range(300):
        commit(readings, n)
    backup(tmp_path / "var", tmp_path / "monday")
    records.close()
    readings.close()
    file = tmp_path / "monday" / "readings.db"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(BackupError, match=r"readings\.db is damaged"):
        restore(tmp_path / "monday", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_restore_onto_a_full_disk_restores_nothing_and_can_be_tried_again(tmp_path: Path, small_disk: Path) -> None:
    records, readings = opened(tmp_path / "var")
    backup(tmp_path / "var", tmp_path / "monday")
    records.close()
    readings.close()
    filler = small_disk / "filler"
    filler.write_bytes(bytes(2 * 1024 * 1024 - (tmp_path / "monday" / "records.db").stat().st_size - 16 * 1024))
    with pytest.raises(BackupError, match=r"nothing is restored, .*: No space left on device"):
        restore(tmp_path / "monday", small_disk)
    filler.unlink()
    restore(tmp_path / "monday", small_disk)


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "readings.db.lock").mkdir()
    with pytest.raises(StoreError, match="can't be written: Is a directory"):
        Readings(tmp_path / "readings.db")


def test_nothing_is_restored_under_a_running_service(tmp_path: Path) -> None:
    records, readings = opened(tmp_path / "var")
    backup(tmp_path / "var", tmp_path / "monday")
    for name in ("records.db", "readings.db"):
        (tmp_path / "var" / name).unlink()
    with pytest.raises(InUseError):
        restore(tmp_path / "monday", tmp_path / "var")
    records.close()
    readings.close()


def test_readings_of_a_newer_version_stop_the_start(tmp_path: Path) -> None:
    Readings(tmp_path / "readings.db").close()
    with closing(sqlite3.connect(tmp_path / "readings.db")) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="has schema 99, newer than this version's 1; upgrade anju"):
        Readings(tmp_path / "readings.db")
