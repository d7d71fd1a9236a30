"""A call for help or a danger reaches people whatever was said, settled or believed of the one before."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detectors.wording import explain, wall_clock
from domain.alert import Outcome, State
from domain.finding import AlertKind, Level, Reason
from domain.people import Language
from domain.reading import DeviceEvent
from notifier.replies import Inbound, Replies
from notifier.set_back import bring_forward
from tests.notifier.world import HOME, ZONE, World, at, put, silence

DAUGHTER = "+8613800000001"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    sensors = (("sos2", "sos_button"), ("gas1", "gas_detector"), ("gas2", "gas_detector"))
    with world.records.write() as tx:
        for device_id, kind in sensors:
            put(tx, "sensors", {"device_id": device_id, "household_id": HOME, "gateway_id": "gw1", "kind": kind})
    return world


def press(world: World, device_id: str = "sos1", clock: datetime | None = None) -> int:
    """Returns how many were told at once."""
    return report(
        world,
        DeviceEvent(
            device_id=device_id, at=(clock or world.now).astimezone(UTC), kind="sos_button", flags={"sos": True}
        ),
    )


def gas(world: World, device_id: str = "gas1", clock: datetime | None = None) -> int:
    flags = {"gas": True}
    return report(
        world,
        DeviceEvent(device_id=device_id, at=(clock or world.now).astimezone(UTC), kind="gas_detector", flags=flags),
    )


def report(world: World, event: DeviceEvent) -> int:
    before = len(world.received)
    world.happens(event)
    world.turn()
    return len(world.received) - before


def settle(world: World) -> None:
    with world.records.write() as tx:
        newest = world.alerts()[-1]["alert_id"]
        assert isinstance(newest, int)
        world.life.resolve(tx, newest, by="grid_worker", outcome=Outcome.SAFE, now=world.now)
    world.turn()


def leave(world: World) -> None:
    with world.records.write() as tx:
        world.life.leave(tx, 1, by="duty_desk", until=world.now + timedelta(days=5), now=world.now)


def test_nobody_is_away_who_calls_for_help(world: World) -> None:
    press(world)
    with world.records.write() as tx:
        replies = Replies(world.life, world.notifier.letters)
        replies.take(tx, Inbound(key="1", phone=DAUGHTER, body="外出 5"), world.now)
    world.turn()
    assert world.state(1) is State.NOTIFIED
    assert ("07:00", "王丽") in world.texts("reply_help")


def test_a_button_pressed_in_a_home_said_to_be_away_tells_everybody_anew(world: World) -> None:
    press(world)
    leave(world)
    world.now = at("07:03")
    assert press(world) == 5
    leave(world)
    world.now = at("03:00", day=1)
    assert press(world) == 5
    assert world.state(1) is State.NOTIFIED


def test_gas_in_a_home_said_to_be_away_tells_everybody_anew(world: World) -> None:
    gas(world)
    leave(world)
    world.now = at("12:00")
    assert gas(world) == 5


def test_a_silence_found_again_in_an_absence_is_still_left_in_peace(world: World) -> None:
    with world.records.write() as tx:
        row = {"household_id": HOME, "from_at": at("06:00"), "until_at": at("20:00"), "announced_by": "daughter"}
        put(tx, "absences", row)
    alert = world.raise_alert(silence(Level.ALERT, at("07:00")))
    with world.records.write() as tx:
        tx.exec_driver_sql("UPDATE alerts SET ended_at = '2026-03-08 23:30:00'")
    world.now = at("12:00")
    assert world.raise_alert(silence(Level.ALERT, at("12:00"))) == alert
    assert world.state(alert) is State.ABSENT
    assert world.received == []


@pytest.mark.parametrize("behind", [timedelta(minutes=20), timedelta(days=40)])
def test_of_a_danger_that_comes_long_after_its_own_time_people_read_so_and_whose_clock_may_be_wrong(
    world: World, behind: timedelta
) -> None:
    assert gas(world, clock=world.now - behind) == 5
    assert all("燃气报警，消息晚到。请立即上门" in told.body for told in world.received)
    (alert,) = world.alerts()
    reason = Reason(**alert["reason"])  # type: ignore[arg-type]  # as it was written down
    english, chinese = (explain(reason, language, ZONE) for language in ("en", "zh"))
    assert f"only at {wall_clock(world.now, Language.EN, ZONE)}: act as if it were of now" in english
    assert "the clock of gas1 is wrong; then please have it set" in english
    assert "设备gas1的时钟不准，请校准" in chinese


def test_of_a_danger_that_comes_at_its_time_nothing_is_said_of_clocks(world: World) -> None:
    at_utc = (world.now - timedelta(minutes=5)).astimezone(UTC)
    gas(world, clock=at_utc)
    (alert,) = world.alerts()
    assert alert["reason"] == {"key": "gas", "values": {"at": at_utc.isoformat(), "device_id": "gas1"}}
    assert "晚到" not in world.received[-1].body


def test_a_slow_clock_does_not_hide_a_press_after_another_button_was_settled(world: World) -> None:
    press(world)
    world.now = at("07:05")
    settle(world)
    world.now = at("07:35")
    assert press(world, "sos2", clock=at("06:35")) == 5
    assert [a["state"] for a in world.alerts()] == ["resolved", "notified"]


def test_a_clock_that_was_set_back_does_not_hide_a_press_of_the_same_button(world: World) -> None:
    press(world)
    settle(world)
    world.now = at("07:30")
    assert press(world, clock=at("06:30")) == 5


def test_a_press_handed_over_again_after_it_was_settled_is_no_second_one(world: World) -> None:
    press(world)
    world.now = at("07:05")
    settle(world)
    assert press(world, clock=at("07:00")) == 0
    assert len(world.alerts(AlertKind.SOS)) == 1


def test_a_press_of_the_other_button_behind_an_acknowledged_one_is_not_hidden_by_its_slow_clock(world: World) -> None:
    press(world)
    with world.records.write() as tx:
        world.life.acknowledge(tx, 1, by="grid_worker", now=world.now)
    world.now = at("07:20")
    assert press(world, "sos2", clock=at("06:20")) == 5
    assert world.state(1) is State.NOTIFIED


def test_gas_an_hour_after_it_was_settled_is_another_alarm_though_no_end_of_it_was_heard(world: World) -> None:
    gas(world)
    world.now = at("07:10")
    settle(world)
    world.now = at("08:10")
    assert gas(world) == 5


def test_gas_that_goes_on_every_few_minutes_after_it_was_settled_is_the_same_alarm(world: World) -> None:
    gas(world)
    world.now = at("07:10")
    settle(world)
    for clock in ("07:12", "07:20", "07:30"):
        world.now = at(clock)
        assert gas(world) == 0
    assert len(world.alerts(AlertKind.GAS)) == 1


@pytest.mark.parametrize("ended", [True, False])
def test_gas_by_a_clock_that_fell_back_is_told_behind_a_settled_alarm_of_a_later_time(
    world: World, ended: bool
) -> None:
    gas(world)
    world.now = at("07:10")
    if ended:
        over = DeviceEvent(device_id="gas1", at=world.now.astimezone(UTC), kind="gas_detector", flags={"gas": False})
        report(world, over)
    settle(world)
    world.now = at("07:10", day=1)
    assert gas(world, clock=at("00:00", day=-60)) == 5


def test_gas_by_a_clock_days_behind_is_told_again_behind_one_that_another_detector_told_of_too(world: World) -> None:
    behind = timedelta(days=3)
    gas(world, "gas2", clock=world.now - behind)
    gas(world)
    for device_id, slow in (("gas2", behind), ("gas1", timedelta(0))):
        world.now += timedelta(minutes=1)
        at_its_clock = (world.now - slow).astimezone(UTC)
        report(world, DeviceEvent(device_id=device_id, at=at_its_clock, kind="gas_detector", flags={"gas": False}))
    world.now += timedelta(minutes=20)
    assert gas(world, "gas2", clock=world.now - behind) == 5


def test_two_detectors_that_go_on_after_it_was_settled_are_the_same_alarm_whatever_their_clocks(world: World) -> None:
    gas(world)
    gas(world, "gas2", clock=world.now - timedelta(days=3))
    world.now = at("07:05")
    settle(world)
    for clock in ("07:10", "07:20", "07:30"):
        world.now = at(clock)
        assert gas(world) + gas(world, "gas2", clock=world.now - timedelta(days=3)) == 0


def test_a_second_gas_detector_with_a_slow_clock_is_heard_after_the_first_was_settled(world: World) -> None:
    gas(world)
    world.now = at("07:10")
    settle(world)
    world.now = at("07:40")
    assert gas(world, "gas2", clock=at("06:40")) == 5


def test_gas_long_after_it_was_settled_is_another_alarm_though_our_clock_was_set_back_meanwhile(world: World) -> None:
    gas(world)
    world.now = at("07:10")
    settle(world)
    back = timedelta(hours=2)
    world.now -= back
    with world.records.write() as tx:
        bring_forward(tx, world.now, back)
    world.now += timedelta(hours=1)
    assert gas(world, clock=world.now + back) == 5
