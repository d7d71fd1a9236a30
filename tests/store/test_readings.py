"""What only the file of readings can show: faults of the disk, a second process, its size."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from store.contracts import Arrival, Batch, StoreUnavailableError
from store.lock import InUseError
from store.readings import Readings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVER = (NOON - timedelta(days=400), NOON + timedelta(days=400))


@pytest.fixture
def readings(tmp_path: Path) -> Iterator[Readings]:
    readings = Readings(tmp_path / "readings.db")
    yield readings
    readings.close()


def batch(minute: int, meter_id: str = "m1") -> Batch:
    at = NOON + timedelta(minutes=minute)
    return Batch(
        arrivals=[Arrival(meter_id=meter_id, at=at, register_l=1000 + minute, late=False, received_at=at)],
    )


def test_what_was_committed_is_there_after_the_process_is_gone(tmp_path: Path) -> None:
    first = Readings(tmp_path / "readings.db")
    first.commit(batch(0))
    first.close()
    second = Readings(tmp_path / "readings.db")
    second.commit(batch(1))
    assert [register_l for _, register_l in second.registers("m1", *EVER)] == [1000, 1001]
    assert [entry.position for entry in second.follow(0)] == [1, 2]
    second.close()


def test_a_second_process_on_the_same_file_says_so_and_ends(readings: Readings) -> None:
    code = f"from pathlib import Path; from store.readings import Readings; Readings(Path({str(readings.path)!r}))"
    second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert second.returncode != 0
    assert "is in use by another anju (process" in second.stderr
    with pytest.raises(InUseError):
        Readings(readings.path)
    readings.commit(batch(0))


def test_a_locked_file_stores_nothing_and_works_again_afterwards(readings: Readings) -> None:
    readings.commit(batch(0))
    other = sqlite3.connect(readings.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailableError, match="locked"):
        readings.commit(batch(1, "m2"))
    other.execute("ROLLBACK")
    other.close()
    readings.commit(batch(1, "m2"))
    assert len(readings.registers("m2", *EVER)) == 1
    assert len(readings.follow(0)) == 2


def test_a_file_taken_away_is_missed_at_once_and_used_again_when_it_is_back(readings: Readings, tmp_path: Path) -> None:
    readings.commit(batch(0))
    names = [path for path in tmp_path.iterdir() if path.name.startswith("readings.db") and path.suffix != ".lock"]
    (tmp_path / "away").mkdir()
    for path in names:
        path.rename(tmp_path / "away" / path.name)
    for minute in (1, 2):
        with pytest.raises(StoreUnavailableError):
            readings.commit(batch(minute))
    for path in names:
        shutil.move(tmp_path / "away" / path.name, path)
    readings.commit(batch(1))
    assert [register_l for _, register_l in readings.registers("m1", *EVER)] == [1000, 1001]


def test_who_reads_while_another_file_is_put_there_reads_that_one_next(readings: Readings, tmp_path: Path) -> None:
    readings.commit(batch(0))
    other = Readings(tmp_path / "other.db")
    other.commit(batch(5))
    other.close()
    with readings._reader():
        for path in tmp_path.glob("readings.db-*"):
            path.unlink()
        (tmp_path / "other.db").rename(readings.path)
        readings.commit(batch(6))
    for _ in range(2):
        assert [register_l for _, register_l in readings.registers("m1", *EVER)] == [1005, 1006]


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "readings.db").write_bytes(b"a letter to the daughter" * 100)
    with pytest.raises(StoreUnavailableError, match=r"readings\.db: file is not a database"):
        Readings(tmp_path / "readings.db")


def test_a_reading_takes_at_most_22_bytes(readings: Readings) -> None:
    """100 meters over ten days at 15 minutes, as they come: all meters in turn."""
    for step in range(960):
        at = NOON + timedelta(minutes=15 * step)
        readings.commit(
            Batch(
                arrivals=[
                    Arrival(meter_id=f"m{no}", at=at, register_l=1_000_000 + no + step, late=False, received_at=at)
                    for no in range(100)
                ]
            )
        )
    readings.trim(readings.position())
    with sqlite3.connect(readings.path) as db:
        assert db.execute("SELECT sum(pgsize) FROM dbstat WHERE name = 'readings'").fetchone()[0] <= 22 * 96_000
