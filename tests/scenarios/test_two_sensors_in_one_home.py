"""A danger that several sensors of one home tell of is one alert, and over when each of them says so."""

from datetime import UTC, timedelta
from pathlib import Path

import pytest

from domain.finding import AlertKind
from domain.reading import DeviceEvent
from tests.notifier.world import HOME, World, add_household, put

FLAGS = {
    "gas": (AlertKind.GAS, "gas_detector"),
    "smoke": (AlertKind.SMOKE, "smoke_detector"),
    "leak": (AlertKind.FLOOD, "leak_sensor"),
}


@pytest.fixture(params=sorted(FLAGS))
def flag(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def world(tmp_path: Path, flag: str) -> World:
    world = World(tmp_path)
    with world.records.write() as tx:
        add_household(tx, "202", "刘大爷")
        for device_id, home in (("one", HOME), ("two", HOME), ("next_door", "h202")):
            kind = FLAGS[flag][1]
            put(tx, "sensors", {"device_id": device_id, "household_id": home, "gateway_id": "gw1", "kind": kind})
    return world


def says(world: World, device_id: str, flag: str, value: bool) -> None:
    world.now += timedelta(minutes=1)
    at = world.now.astimezone(UTC)
    world.happens(DeviceEvent(device_id=device_id, at=at, kind=FLAGS[flag][1], flags={flag: value}))
    world.turn()


def over(world: World, flag: str) -> bool:
    (alert,) = world.alerts(FLAGS[flag][0])
    return alert["ended_at"] is not None


def test_it_is_over_when_both_have_said_so(world: World, flag: str) -> None:
    says(world, "one", flag, True)
    says(world, "two", flag, True)
    says(world, "one", flag, False)
    assert not over(world, flag)
    says(world, "two", flag, False)
    assert over(world, flag)


def test_one_that_never_said_it_does_not_end_it(world: World, flag: str) -> None:
    says(world, "one", flag, True)
    says(world, "two", flag, False)
    assert not over(world, flag)
    says(world, "one", flag, False)
    assert over(world, flag)


def test_nobody_is_told_again_while_one_of_them_still_says_it(world: World, flag: str) -> None:
    says(world, "one", flag, True)
    says(world, "two", flag, True)
    told = len(world.texts())
    says(world, "two", flag, False)
    says(world, "one", flag, True)
    says(world, "two", flag, False)
    says(world, "one", flag, True)
    assert len(world.texts()) == told


def test_a_neighbours_alarm_keeps_no_other_homes_open(world: World, flag: str) -> None:
    says(world, "next_door", flag, True)
    says(world, "one", flag, True)
    says(world, "one", flag, False)
    assert [a["ended_at"] is not None for a in world.alerts(FLAGS[flag][0])] == [False, True]


def test_what_a_sensor_said_in_an_alarm_of_last_week_keeps_this_weeks_not_open(world: World, flag: str) -> None:
    says(world, "two", flag, True)
    with world.records.write() as tx:
        tx.exec_driver_sql("UPDATE alerts SET ended_at = raised_at, state = 'resolved', next_at = NULL")
    world.now += timedelta(days=7)
    says(world, "one", flag, True)
    says(world, "one", flag, False)
    assert [a["ended_at"] is not None for a in world.alerts(FLAGS[flag][0])] == [True, True]
