"""A danger that its sensor says is over is one until a person has looked; and one that comes and goes is one."""

from datetime import UTC, timedelta
from pathlib import Path

import pytest

from domain.alert import Outcome, State
from domain.reading import DeviceEvent
from tests.notifier.world import HOME, World, at, put


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    with world.records.write() as tx:
        put(tx, "sensors", {"device_id": "gas1", "household_id": HOME, "gateway_id": "gw1", "kind": "gas_detector"})
    return world


def gas(world: World, value: bool, after: timedelta = timedelta(0), slow: timedelta = timedelta(0)) -> int:
    """Returns how many were called. By a clock that is `slow`."""
    before = len(world.texts("alert"))
    world.now += after
    at_its_clock = (world.now - slow).astimezone(UTC)
    world.happens(DeviceEvent(device_id="gas1", at=at_its_clock, kind="gas_detector", flags={"gas": value}))
    world.turn()
    return len(world.texts("alert")) - before


def taken(world: World, *, arrives: bool = False) -> None:
    with world.records.write() as tx:
        world.life.acknowledge(tx, 1, by="grid_worker", now=world.now)
        if arrives:
            world.life.arrive(tx, 1, by="grid_worker", now=world.now)
    world.turn()


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("arrives", [False, True])
def test_where_whoever_had_it_did_not_settle_it_all_are_called_again(world: World, arrives: bool) -> None:
    gas(world, True)
    taken(world, arrives=arrives)
    gas(world, False, MINUTE)
    told = len(world.texts("alert"))
    world.until(at("09:10"))
    assert len(world.texts("alert")) > told
    assert world.state(1) is State.NOTIFIED


def test_where_whoever_had_it_can_not_go_all_are_called_again(world: World) -> None:
    gas(world, True)
    taken(world)
    gas(world, False, MINUTE)
    told = len(world.texts("alert"))
    with world.records.write() as tx:
        world.life.decline(tx, 1, by="grid_worker", now=world.now)
    world.turn()
    assert len(world.texts("alert")) > told


def test_in_a_home_said_to_be_away_nobody_is_called_for_it_at_its_return(world: World) -> None:
    gas(world, True)
    with world.records.write() as tx:
        world.life.leave(tx, 1, by="duty_desk", until=at("07:00", day=2), now=world.now)
    gas(world, False, MINUTE)
    told = len(world.texts("alert"))
    world.until(at("08:00", day=2), every=timedelta(minutes=30))
    assert len(world.texts("alert")) == told
    assert world.state(1) is State.EASED


@pytest.mark.parametrize("somebody_goes", [False, True])
def test_a_sensor_that_comes_and_goes_calls_nobody_each_time(world: World, somebody_goes: bool) -> None:
    gas(world, True)
    if somebody_goes:
        taken(world)
    assert [gas(world, value, MINUTE) for value in (False, True) * 4] == [0] * 8
    (alert,) = world.alerts()
    assert alert["ended_at"] is None
    assert world.state(1) is (State.ACKNOWLEDGED if somebody_goes else State.NOTIFIED)


def test_one_that_rings_again_after_a_quarter_of_an_hour_is_another(world: World) -> None:
    gas(world, True)
    taken(world)
    gas(world, False, MINUTE)
    assert gas(world, True, 16 * MINUTE) == 5


def test_so_is_one_whose_clock_began_anew_at_the_time_of_the_one_before(world: World) -> None:
    gas(world, True)
    taken(world, arrives=True)
    gas(world, False, MINUTE)
    assert gas(world, True, 50 * MINUTE, slow=48 * MINUTE) == 5


def test_one_that_rings_again_once_nobody_was_called_for_it_any_more_calls_all_though_somebody_has_it(
    world: World,
) -> None:
    gas(world, True)
    with world.records.write() as tx:
        world.life.leave(tx, 1, by="duty_desk", until=at("07:02"), now=world.now)
    gas(world, False, MINUTE)
    world.until(at("07:03"))
    assert world.state(1) is State.EASED
    taken(world)
    assert gas(world, True, MINUTE) == 5


def test_what_was_over_before_it_was_opened_again_is_called_for_where_nobody_comes(world: World) -> None:
    gas(world, True)
    with world.records.write() as tx:
        world.life.resolve(tx, 1, by="grid_worker", outcome=Outcome.SAFE, now=world.now)
    gas(world, False, MINUTE)
    with world.records.write() as tx:
        world.life.reopen(tx, 1, by="grid_worker", now=world.now)
    taken(world)
    gas(world, False, MINUTE)
    told = len(world.texts("alert"))
    world.until(at("09:10"))
    assert len(world.texts("alert")) > told
