"""Signs for staff: drips seen through, mornings, illness, somebody in an empty home."""

from datetime import timedelta

import pytest

from detectors.episodes import Raised
from domain.finding import AlertKind, Level
from tests.detectors.homes import HOUR, MONDAY, ordinary_life, registers
from tests.detectors.test_household_watch import STOPPED, WATCH, after, raised, watched


@pytest.mark.parametrize("drip_lph", [0.4, 1.0, 2.5, 12.4, 60.5])
def test_a_drip_does_not_hide_that_nobody_draws_water(drip_lph: float) -> None:
    """Nor does a cistern that runs from the first day on pass for a register of so coarse steps."""
    life = ordinary_life(60, drip_lph=drip_lph)
    drops = ordinary_life(0, drip_lph=drip_lph) + [
        float(int((hour + 1) * drip_lph) - int(hour * drip_lph)) for hour in range(40)
    ]
    _, changes = watched(registers(life + drops))
    (alert,) = after(raised(changes, AlertKind.LOW_USE), STOPPED)
    assert alert - STOPPED <= timedelta(hours=24)


@pytest.mark.parametrize(("litres", "every_h"), [(1.0, 8), (2.0, 5), (4.0, 3), (6.0, 9)])
@pytest.mark.parametrize("since_h", [0, 60 * 24])
def test_what_comes_of_itself_does_not_hold_back_the_net(litres: float, every_h: int, since_h: int) -> None:
    """A slow drip, or a cistern that leaks and fills up: for as long as it is known, or just since somebody fell."""
    volumes = [*ordinary_life(60), *[0.0] * 72]
    for hour in range(since_h, len(volumes), every_h):
        volumes[hour] += litres
    _, changes = watched(registers(volumes))
    told = after(raised(changes, AlertKind.LOW_USE), STOPPED)
    assert told
    assert told[0] - STOPPED <= timedelta(hours=36 + 2 * every_h)


def test_the_reason_says_how_much_comes_of_itself_and_how_often() -> None:
    volumes = [*ordinary_life(60), *[0.0] * 60]
    volumes[60 * 24 :: 5] = [4.0] * 12
    _, changes = watched(registers(volumes))
    *_, alert = [c.finding for c in changes if isinstance(c, Raised) and c.finding.reason.key == "low_use_row"]
    assert (alert.reason.values["litres"], alert.reason.values["every_hours"]) == (4, 5.0)
    assert alert.since - STOPPED <= timedelta(hours=5)


def test_the_resident_is_asked_at_least_an_hour_before_anybody_is_told() -> None:
    _, changes = watched(registers(ordinary_life(60) + [0.0] * 48))
    (asked,) = after(raised(changes, AlertKind.LOW_USE, Level.ASK), STOPPED)
    (alert,) = after(raised(changes, AlertKind.LOW_USE), STOPPED)
    assert alert - asked >= HOUR


def test_the_first_use_of_the_morning_is_known_and_not_that_of_the_night() -> None:
    volumes = [0.0] * 48
    night, morning = 18, 24  # 02:00 and 08:00 in Shanghai on Tuesday
    volumes[night], volumes[morning], volumes[30] = 5.0, 5.0, 5.0
    state, _ = watched(list(registers(volumes))[: night + 3])
    assert WATCH.up_at(state, MONDAY + 20 * HOUR) is None
    state, _ = watched(registers(volumes[:32]))
    assert WATCH.up_at(state, MONDAY + 32 * HOUR) == MONDAY + (morning + 1) * HOUR
    assert WATCH.up_at(state, MONDAY + 45 * HOUR) is None


def test_water_of_the_small_hours_that_is_read_after_four_is_no_getting_up() -> None:
    volumes = [0.0] * 26
    volumes[19] = 5.0  # from 03:00:14 to 04:00:14 in Shanghai on Tuesday
    readings = [(at + timedelta(seconds=14), register_l) for at, register_l in registers(volumes)]
    state, _ = watched(readings)
    assert WATCH.up_at(state, MONDAY + 26 * HOUR) is None


def test_three_days_with_half_the_uses_are_a_notice_by_day_and_not_an_alert() -> None:
    ill = [volume if 5 < hour % 24 < 10 else 0.0 for hour, volume in enumerate(ordinary_life(6, seed=4))]
    _, changes = watched(registers(ordinary_life(60) + ill))
    (notice,) = [
        change.finding
        for change in changes
        if isinstance(change, Raised) and change.finding.kind is AlertKind.CHANGE_IN_USE
    ]
    assert notice.reason.key == "change_in_use_less"
    assert timedelta(days=2) < notice.at - STOPPED < timedelta(days=5)
    assert 1 <= notice.at.hour <= 3  # nine to eleven in Shanghai


def test_who_is_known_to_have_left_is_not_taken_for_ill() -> None:
    state, _ = watched(registers(ordinary_life(60)))
    WATCH.absent(state, STOPPED + 9 * HOUR, STOPPED + timedelta(days=7))
    nothing = [(STOPPED + hour * HOUR, state.register.last_l) for hour in range(1, 160)]
    _, changes = watched(nothing, state)
    assert raised(changes, AlertKind.CHANGE_IN_USE) == []


def test_hours_of_which_no_volume_is_known_are_not_taken_for_fewer_uses() -> None:
    """The register goes on in another unit: its readings come, and tell nothing."""
    readings = list(registers(ordinary_life(66)))
    broken = [(at, register_l if at < STOPPED + 9 * HOUR else register_l / 1000.0) for at, register_l in readings]
    _, changes = watched(broken)
    assert after(raised(changes, AlertKind.CHANGE_IN_USE), STOPPED) == []


def test_use_in_a_home_announced_to_be_empty_is_told_once() -> None:
    state, _ = watched(registers(ordinary_life(60)))
    WATCH.absent(state, STOPPED, STOPPED + timedelta(days=4))
    volumes = [0.0] * 30 + [8.0, 0.0, 9.0] + [0.0] * 80
    total = state.register.last_l
    readings = []
    for hour, volume in enumerate(volumes, start=1):
        total += volume
        readings.append((STOPPED + hour * HOUR, total))
    state, changes = watched(readings, state)
    assert raised(changes, AlertKind.USE_WHILE_ABSENT) == [STOPPED + 31 * HOUR]
    assert AlertKind.USE_WHILE_ABSENT not in state.running


def test_a_slow_drip_in_a_home_announced_to_be_empty_is_nobodys_use() -> None:
    state, _ = watched(registers(ordinary_life(60)))
    WATCH.absent(state, STOPPED, STOPPED + timedelta(days=6))
    total, readings = state.register.last_l, []
    for hour in range(1, 6 * 24):
        total += float(hour % 11 == 5) + 4.0 * (hour == 5 * 24)
        if not 45 < hour < 62:  # lost, and two litres ran
            readings.append((STOPPED + hour * HOUR, total))
    _, changes = watched(readings, state)
    assert raised(changes, AlertKind.USE_WHILE_ABSENT) == [STOPPED + timedelta(days=5)]


def test_coming_home_early_starts_the_clock_again() -> None:
    state, _ = watched(registers(ordinary_life(60)))
    WATCH.absent(state, STOPPED, STOPPED + timedelta(days=30))
    WATCH.absences_are(state, [(STOPPED, STOPPED + timedelta(days=1))])
    nothing = [(STOPPED + hour * HOUR, state.register.last_l) for hour in range(1, 72)]
    _, changes = watched(nothing, state)
    assert len(raised(changes, AlertKind.LOW_USE)) == 1


@pytest.mark.parametrize("lph", [6.0, 20.0])
def test_a_leak_that_is_told_of_is_no_restless_night(lph: float) -> None:
    leaking = [own + lph for own in ordinary_life(4, seed=3)]
    _, changes = watched(registers(ordinary_life(60) + leaking))
    assert after(raised(changes, AlertKind.CONSTANT_FLOW), STOPPED)
    assert after(raised(changes, AlertKind.CHANGE_IN_USE), STOPPED) == []
