"""What detectors remember may be lost, with the readings or without: an alert for missing water ends with water."""

from datetime import timedelta
from pathlib import Path

import pytest

from domain.alert import State
from domain.finding import AlertKind
from store.memory import MemoryReadings
from tests.notifier.world import METER, World
from tests.scenarios.test_readings_become_texts import live, of_another_version, still

LAST_L = 1000.0 + 3 * 6 * 8.0


@pytest.fixture(params=["the state", "the state and the readings"])
def world(tmp_path: Path, request: pytest.FixtureRequest) -> World:
    """An alert is told to others; then this is lost."""
    world = World(tmp_path)
    live(world, days=3)
    still(world, 40, LAST_L)
    assert world.state(1) is State.NOTIFIED
    if "readings" in request.param:
        world.readings = MemoryReadings()
    of_another_version(world)
    return world


def drawn(world: World, register_l: float) -> None:
    world.now += timedelta(hours=1)
    world.arrives((METER, world.now, register_l))
    world.turn()


def test_water_ends_it_and_those_who_were_told_hear_so(world: World) -> None:
    drawn(world, LAST_L)
    drawn(world, LAST_L + 9.0)
    assert world.state(1) is State.EASED
    assert {"王丽", "李敏"} <= {who for _, who in world.texts("eased")}


def test_water_in_the_very_first_reading_ends_it_where_the_one_before_is_known(
    world: World, request: pytest.FixtureRequest
) -> None:
    drawn(world, LAST_L + 9.0)
    assert (world.state(1) is State.EASED) is ("readings" not in request.node.name)


def test_while_no_water_runs_it_goes_on_as_one(world: World) -> None:
    still(world, 60, LAST_L)
    assert world.state(1) is State.NOTIFIED
    assert world.texts("eased") == []
    assert len(world.alerts(AlertKind.LOW_USE)) == 1
