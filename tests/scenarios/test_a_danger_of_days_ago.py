"""A gateway that was cut off tells of a danger days later: who is told of one that is over, and who is woken."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.alert import State
from domain.finding import AlertKind
from domain.reading import DeviceEvent
from tests.notifier.world import HOME, World, at, put

KINDS = {
    "gas": (AlertKind.GAS, "gas_detector", "燃气报警"),
    "smoke": (AlertKind.SMOKE, "smoke_detector", "烟雾报警"),
    "leak": (AlertKind.FLOOD, "leak_sensor", "浸水报警"),
}
EVERYBODY = ["值班室", "李敏", "王丽", "王强", "陈主任"]
BEGAN, OVER, HEARD = at("14:05"), at("14:20"), at("09:00", day=3)


@pytest.fixture(params=sorted(KINDS))
def flag(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def world(tmp_path: Path, flag: str) -> World:
    world = World(tmp_path, now=HEARD)
    with world.records.write() as tx:
        for device_id in ("one", "two"):
            row = {"device_id": device_id, "household_id": HOME, "gateway_id": "gw1", "kind": KINDS[flag][1]}
            put(tx, "sensors", row)
    return world


def says(flag: str, value: bool, when: datetime, device_id: str = "one") -> DeviceEvent:
    return DeviceEvent(device_id=device_id, at=when.astimezone(UTC), kind=KINDS[flag][1], flags={flag: value})


def test_of_a_danger_that_is_over_for_days_everybody_reads_once_and_no_siren_follows(world: World, flag: str) -> None:
    world.happens(says(flag, True, BEGAN), says(flag, False, OVER))
    world.until(at("20:00", day=3), every=timedelta(minutes=10))
    assert sorted(who for _, who in world.texts()) == EVERYBODY
    assert world.texts("eased") == world.texts()
    expected = f"3月9日14:05{KINDS[flag][2]}，已结束，消息晚到。仍请确认老人平安"
    assert all(expected in r.body for r in world.received)
    assert world.state(1) is State.EASED


def test_it_stays_until_a_person_settles_it_and_who_looks_after_the_home_is_reminded(world: World, flag: str) -> None:
    world.happens(says(flag, True, BEGAN), says(flag, False, OVER))
    world.turn()
    world.until(at("09:30", day=4), every=timedelta(minutes=30))
    assert world.texts("unsettled") == [("21:00", "李敏"), ("09:00", "李敏")]


def test_where_the_end_comes_a_minute_behind_the_alarm_the_siren_stops_with_it(world: World, flag: str) -> None:
    world.happens(says(flag, True, BEGAN))
    world.turn()
    assert sorted(who for _, who in world.texts("alert")) == EVERYBODY
    world.now += timedelta(minutes=1)
    world.happens(says(flag, False, OVER))
    world.turn()
    world.until(HEARD + timedelta(hours=3), every=timedelta(minutes=10))
    assert len(world.texts("alert")) == len(EVERYBODY)
    assert sorted(who for _, who in world.texts("eased")) == EVERYBODY


def nagged_after(world: World, *events: DeviceEvent) -> bool:
    """Whether the texts go on after these."""
    world.happens(*events)
    world.turn()
    before = len(world.texts("alert"))
    world.until(world.now + timedelta(minutes=30), every=timedelta(minutes=10))
    return len(world.texts("alert")) > before


def test_one_that_was_never_said_to_be_over_is_told_as_now(world: World, flag: str) -> None:
    assert nagged_after(world, says(flag, True, BEGAN))


def test_one_of_the_same_day_is_told_as_now_though_it_is_over(world: World, flag: str) -> None:
    assert nagged_after(world, says(flag, True, at("10:00", day=2)), says(flag, False, at("10:20", day=2)))


def test_one_that_another_sensor_still_tells_of_is_told_as_now(world: World, flag: str) -> None:
    other = says(flag, True, BEGAN + timedelta(minutes=2), "two")
    assert nagged_after(world, says(flag, True, BEGAN), other, says(flag, False, OVER))


def test_the_end_of_an_old_one_does_not_stop_the_siren_of_another_sensor_whose_clock_is_days_behind(
    world: World, flag: str
) -> None:
    rings_now = says(flag, True, BEGAN - timedelta(days=10), "two")
    assert nagged_after(world, says(flag, True, BEGAN), rings_now, says(flag, False, OVER))
    (alert,) = world.alerts()
    assert alert["ended_at"] is None


@pytest.mark.parametrize("with_its_alarm", [False, True])
def test_the_end_of_an_old_one_behind_todays_alarm_calls_nobody_again_when_todays_goes_on(
    world: World, flag: str, with_its_alarm: bool
) -> None:
    world.happens(says(flag, True, HEARD))
    world.turn()
    world.happens(*[says(flag, True, BEGAN)] * with_its_alarm, says(flag, False, OVER))
    world.turn()
    (alert,) = world.alerts()
    assert alert["ended_at"] is None
    told = len(world.received)
    world.now += timedelta(minutes=1)
    world.happens(says(flag, True, world.now))
    world.turn()
    assert len(world.received) == told


def test_the_end_of_an_old_one_does_not_end_todays_of_the_same_sensor_when_another_ends(
    world: World, flag: str
) -> None:
    world.happens(says(flag, True, HEARD), says(flag, True, HEARD, "two"), says(flag, False, OVER))
    world.happens(says(flag, False, HEARD + timedelta(minutes=1), "two"))
    world.turn()
    (alert,) = world.alerts()
    assert alert["ended_at"] is None


def test_an_end_that_a_slow_clock_puts_before_the_beginning_is_of_now(world: World, flag: str) -> None:
    world.happens(says(flag, True, HEARD), says(flag, True, BEGAN, "two"), says(flag, False, HEARD))
    world.turn()
    world.now += timedelta(minutes=5)
    world.happens(says(flag, False, OVER, "two"))
    world.turn()
    (alert,) = world.alerts()
    assert alert["ended_at"] == world.now


def test_a_sensor_whose_clock_is_days_behind_is_told_as_now_also_when_it_says_that_it_is_over(
    world: World, flag: str
) -> None:
    world.happens(says(flag, True, BEGAN))
    world.until(HEARD + (OVER - BEGAN))
    assert nagged_after(world, says(flag, False, OVER))


def test_so_is_one_whose_clock_stands_still(world: World, flag: str) -> None:
    assert nagged_after(world, says(flag, True, BEGAN), says(flag, False, BEGAN))


def test_a_new_danger_behind_one_of_days_ago_tells_everybody_at_once(world: World, flag: str) -> None:
    world.happens(says(flag, True, BEGAN), says(flag, False, OVER))
    world.turn()
    world.now += timedelta(hours=1)
    assert nagged_after(world, says(flag, True, world.now))


def test_the_end_of_the_old_one_ends_none_of_today_that_came_between(world: World, flag: str) -> None:
    assert nagged_after(world, says(flag, True, BEGAN), says(flag, True, HEARD), says(flag, False, OVER))


def test_a_danger_told_of_a_second_time_in_the_same_backlog_is_told_once(world: World, flag: str) -> None:
    again = BEGAN + timedelta(days=1)
    later = again + timedelta(minutes=10)
    world.happens(says(flag, True, BEGAN), says(flag, False, OVER), says(flag, True, again), says(flag, False, later))
    world.until(HEARD + timedelta(hours=2), every=timedelta(minutes=10))
    assert sorted(who for _, who in world.texts()) == EVERYBODY
    assert all("3月10日14:05" in r.body for r in world.received)
