"""Nothing grows with time but what retention keeps."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from store.contracts import Arrival, Batch, Kept
from store.kept import QUARANTINED_IN_ALL, QUARANTINED_KEPT, REFUSED_KEPT
from store.memory import MemoryReadings
from store.readings import Readings
from store.upkeep import Upkeep

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVER = (NOW - timedelta(days=4000), NOW + timedelta(days=4000))


def batch(at: datetime) -> Batch:
    return Batch(arrivals=[Arrival(meter_id="m1", at=at, register_l=at.day, late=False, received_at=at)])


def test_the_journal_is_cut_behind_the_slowest_follower() -> None:
    readings = MemoryReadings()
    for minute in range(5):
        readings.commit(batch(NOW + timedelta(minutes=minute)))
    upkeep = Upkeep(readings, keep=timedelta(days=400))
    upkeep.round(NOW, [])
    assert [entry.position for entry in readings.follow(0)] == [1, 2, 3, 4, 5]
    upkeep.round(NOW, [4, 2])
    assert [entry.position for entry in readings.follow(0)] == [3, 4, 5]


def test_nothing_is_cut_that_a_follower_of_another_file_has_not_seen() -> None:
    readings = MemoryReadings()
    readings.commit(batch(NOW))
    Upkeep(readings, keep=timedelta(days=400)).round(NOW, [20])
    assert [entry.position for entry in readings.follow(0)] == [1]


def test_readings_go_after_their_time_and_not_before() -> None:
    readings = MemoryReadings()
    for day in range(3):
        readings.commit(batch(NOW + timedelta(days=day)))
    upkeep = Upkeep(readings, keep=timedelta(days=10))
    upkeep.round(NOW + timedelta(days=11), [])
    assert [register_l for _, register_l in readings.registers("m1", *EVER)] == [2, 3]


def test_a_clock_that_jumps_years_ahead_deletes_nothing_that_is_young(caplog: pytest.LogCaptureFixture) -> None:
    readings = MemoryReadings()
    for day in range(5):
        readings.commit(batch(NOW - timedelta(days=100 * day)))
    upkeep = Upkeep(readings, keep=timedelta(days=400))
    upkeep.round(NOW + timedelta(days=14 * 365), [])
    assert len(readings.registers("m1", *EVER)) == 4
    assert "no reading since 2026-03-01" in caplog.text
    upkeep.round(NOW + timedelta(days=14 * 365 + 1), [])
    assert len(readings.registers("m1", *EVER)) == 4


def test_retention_goes_on_after_a_clock_was_ahead_for_a_while() -> None:
    readings = MemoryReadings()
    for day in range(3):
        readings.commit(batch(NOW + timedelta(days=day)))
    upkeep = Upkeep(readings, keep=timedelta(days=60))
    upkeep.round(NOW + timedelta(days=365), [])
    readings.commit(batch(NOW - timedelta(days=100)))
    upkeep.round(NOW + timedelta(days=3), [])
    assert len(readings.registers("m1", *EVER)) == 3


@pytest.mark.parametrize(("kind", "most"), [("refused", REFUSED_KEPT), ("quarantined", QUARANTINED_KEPT)])
def test_a_flood_of_messages_that_are_kept_does_not_fill_the_disk(tmp_path: Path, kind: str, most: int) -> None:
    readings = Readings(tmp_path / "readings.db")
    for start in range(0, most + 2000, 1000):
        numbers = range(start, start + 1000)
        kept = [Kept(kind=kind, received_at=NOW, topic="t", payload=b"", reason=f"{n}", device_id="x") for n in numbers]
        readings.commit(Batch(kept=kept))
    newest = readings.kept(kind, 2 * most)
    assert [int(kept.reason) for kept in newest] == list(range(most + 1999, 1999, -1))
    readings.close()


def test_a_radio_that_makes_up_ids_does_not_fill_the_disk(tmp_path: Path) -> None:
    def stranger(device_id: str) -> Batch:
        return Batch(
            kept=[Kept(kind="quarantined", received_at=NOW, topic="t", payload=b"", reason="x", device_id=device_id)]
        )

    readings = Readings(tmp_path / "readings.db")
    readings.commit(stranger("first"))
    with closing(sqlite3.connect(tmp_path / "readings.db")) as db, db:
        db.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'kept'", (QUARANTINED_IN_ALL - 1,))
    readings.commit(stranger("last but one"))
    assert len(readings.kept("quarantined")) == 2
    readings.commit(stranger("last"))
    assert [kept.device_id for kept in readings.kept("quarantined")] == ["last", "last but one"]
    readings.close()


@pytest.mark.soak
def test_thirty_days_of_a_thousand_meters_leave_the_file_as_large_as_three(tmp_path: Path) -> None:
    """A reading every 15 minutes, kept for three days: after the fourth day the file stays as large as it is."""
    readings = Readings(tmp_path / "readings.db")
    upkeep = Upkeep(readings, keep=timedelta(days=3))
    sizes = []
    for step in range(30 * 96):
        at = NOW + timedelta(minutes=15 * step)
        readings.commit(
            Batch(
                arrivals=[
                    Arrival(meter_id=f"m{n}", at=at, register_l=step, late=False, received_at=at) for n in range(1000)
                ]
            )
        )
        upkeep.round(at, [readings.position()])
        if step % 96 == 95:
            sizes.append((tmp_path / "readings.db").stat().st_size)
    readings.close()
    assert sizes[-1] <= 1.05 * sizes[4]
