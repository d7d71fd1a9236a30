"""One writer at a time, readers that never wait, and a commit that is either whole or not there."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from store.contracts import StoreUnavailableError
from store.migrations import migrate
from store.records import Records
from store.tables import cursors, grids


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    migrate(tmp_path / "records.db")
    records = Records(tmp_path / "records.db")
    yield records
    records.close()


def positions(records: Records) -> list[int]:
    with records.read() as tx:
        return list(tx.scalars(select(cursors.c.position).order_by(cursors.c.position)))


def test_what_is_written_is_read(records: Records) -> None:
    with records.write() as tx:
        tx.execute(insert(cursors).values(name="detectors", position=7))
    assert positions(records) == [7]


def test_an_error_leaves_nothing_of_the_transaction(records: Records) -> None:
    def fail() -> None:
        with records.write() as tx:
            tx.execute(insert(cursors).values(name="detectors", position=7))
            raise ValueError("the daughter's number is wrong")

    with pytest.raises(ValueError, match="daughter"):
        fail()
    assert positions(records) == []


def test_a_reader_sees_one_moment_while_the_writer_goes_on(records: Records) -> None:
    with records.read() as reading:
        reading.execute(select(cursors)).all()
        with records.write() as tx:
            tx.execute(insert(cursors).values(name="detectors", position=7))
        assert reading.execute(select(cursors)).all() == []


def test_a_reader_can_not_write(records: Records) -> None:
    with pytest.raises(StoreUnavailableError, match="readonly"), records.read() as tx:
        tx.execute(insert(cursors).values(name="detectors", position=7))


def test_a_row_that_refers_to_nothing_is_refused(records: Records) -> None:
    with pytest.raises(IntegrityError), records.write() as tx:
        tx.execute(insert(grids).values(grid_id="g1", community_id="nowhere", name="1"))


def test_commits_are_on_the_disk_and_readers_never_checkpoint(records: Records) -> None:
    with records.write() as tx:
        assert tx.scalar(text("PRAGMA synchronous")) == 2
        assert tx.scalar(text("PRAGMA journal_mode")) == "wal"
        assert tx.scalar(text("PRAGMA wal_autocheckpoint")) > 0
    with records.read() as tx:
        assert tx.scalar(text("PRAGMA query_only")) == 1
        assert tx.scalar(text("PRAGMA wal_autocheckpoint")) == 0


def test_threads_that_count_lose_no_step(records: Records) -> None:
    with records.write() as tx:
        tx.execute(insert(cursors).values(name="detectors", position=0))

    def count() -> None:
        for _ in range(20):
            with records.write() as tx:
                now = tx.scalars(select(cursors.c.position)).one()
                tx.execute(cursors.update().values(position=now + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert positions(records) == [80]


def test_an_error_names_no_person(records: Records) -> None:
    grid = insert(grids).values(grid_id="g1", community_id="nowhere", name="王丽 +8613800000001")
    with pytest.raises(IntegrityError) as raised, records.write() as tx:
        tx.execute(grid)
    assert "王丽" not in str(raised.value)


def test_a_damaged_file_is_said_to_be_unavailable(records: Records) -> None:
    records.path.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreUnavailableError, match="file is not a database"):
        positions(records)
