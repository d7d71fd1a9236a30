"""A laptop is opened again, a machine goes on that was suspended: what was sent meanwhile waits at the broker."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from anju_service.service import Service
from config.settings import Settings
from domain.finding import AlertKind
from notifier.channels.log import LogChannel
from store import tables as t
from store.contracts import Arrival, Batch, StoreUnavailableError
from tests.notifier.world import METER, World

START = datetime(2026, 3, 10, 6, tzinfo=UTC)
NIGHT = timedelta(hours=11)


class Machine:
    """The service's watch, which takes its turn each second while the machine is awake, here each minute or so."""

    def __init__(self, folder: Path) -> None:
        World(folder)
        self.now = START
        self.service = Service(
            folder, Settings(), [LogChannel(lambda text: None)], lambda: self.now, steady_s=lambda: 0.0
        )

    def runs(self, minutes: int) -> None:
        for _ in range(minutes * 2):
            self.now += timedelta(seconds=30)
            self.service._watch()

    def sleeps(self) -> None:
        """And its first turn afterwards."""
        self.now += NIGHT
        self.service._watch()

    def hears(self, *hours: int) -> None:
        """Readings of so many hours ago."""
        arrivals = [
            Arrival(meter_id=METER, at=at, register_l=at.timestamp() / 360, late=False, received_at=at)
            for at in (self.now - timedelta(hours=ago) for ago in hours)
        ]
        self.service.readings.commit(Batch(arrivals=arrivals))

    def missed(self) -> list[str]:
        """What the operator was told of."""
        with self.service.records.read() as tx:
            kinds = tx.execute(select(t.alerts.c.kind).order_by(t.alerts.c.alert_id)).scalars()
        return [kind for kind in kinds if AlertKind(kind).for_operator]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """Awake for ten minutes, with a meter that was heard each hour until now."""
    machine = Machine(tmp_path)
    with closing(machine.service):
        machine.hears(*range(72, -1, -1))
        machine.runs(minutes=10)
        yield machine


def test_readings_that_wait_at_the_broker_are_taken_before_anything_is_missed(machine: Machine) -> None:
    machine.sleeps()
    machine.runs(minutes=2)
    machine.hears(*range(10, -1, -1))
    machine.runs(minutes=10)
    assert machine.missed() == []


def test_a_gateway_that_sent_nothing_meanwhile_is_missed_minutes_later(machine: Machine) -> None:
    machine.sleeps()
    machine.runs(minutes=6)
    assert machine.missed() == ["gateway_silent"]


def test_a_machine_that_sleeps_again_and_again_misses_it_all_the_same(machine: Machine) -> None:
    for _ in range(2):
        machine.sleeps()
        machine.runs(minutes=1)
    assert machine.missed() == ["gateway_silent"]


def test_while_the_watch_fails_turn_after_turn_the_log_tells_of_no_sleep_each_time(
    machine: Machine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(now: datetime) -> bool:
        raise StoreUnavailableError("the disk is full")

    monkeypatch.setattr(machine.service.notifier, "watch_some", fails)
    for _ in range(10):
        with pytest.raises(StoreUnavailableError):
            machine.runs(minutes=1)
    assert len([one for one in caplog.messages if one.startswith("nothing ran since")]) == 1
