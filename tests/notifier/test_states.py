"""States kept in memory: never another than the records hold, and what a failed commit moved is forgotten."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from store import tables as t
from store.contracts import StoreUnavailableError
from store.records import Records
from tests.notifier.world import METER, World

D = t.detector_states.c


@dataclass
class Unreliable:
    """The records, where a commit fails when told to."""

    records: Records
    fails: bool = False

    def read(self) -> AbstractContextManager[Connection]:
        return self.records.read()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self.records.write() as tx:
            yield tx
            if self.fails:
                raise StoreUnavailableError("the disk is full")


def folder_in(path: Path, name: object) -> Path:
    (path / str(name)).mkdir()
    return path / str(name)


def body(world: World) -> bytes:
    with world.records.read() as tx:
        return bytes(tx.execute(select(D.body).where(D.meter_id == METER)).scalar_one())


def hour(world: World, litres: float) -> None:
    world.now += timedelta(hours=1)
    world.arrives((METER, world.now, litres))


def test_after_a_commit_that_failed_each_reading_counts_once(tmp_path: Path) -> None:
    bodies = []
    for every in (31, 3):
        world = World(folder_in(tmp_path, every), wrap=Unreliable)
        assert isinstance(world.records, Unreliable)
        for n in range(1, 30):
            hour(world, 10.0 * n)
            world.records.fails = n % every == 0
            if world.records.fails:
                with pytest.raises(StoreUnavailableError):
                    world.turn()
            world.records.fails = False
            world.turn()
        bodies.append(body(world))
    assert bodies[0] == bodies[1]


def test_what_the_records_say_counts_where_another_wrote_it_there(tmp_path: Path) -> None:
    """As a service would read it that has just started."""
    bodies = []
    for starts_again in (False, True):
        world, earlier = World(folder_in(tmp_path, starts_again)), b""
        for n in range(8):
            hour(world, 10.0 * n)
            world.turn()
            if n == 4:
                earlier = body(world)
        with world.records.write() as tx:
            tx.execute(t.detector_states.update().values(body=earlier))
        if starts_again:
            world.start()
        hour(world, 80.0)
        world.turn()
        bodies.append(body(world))
    assert bodies[0] == bodies[1]
