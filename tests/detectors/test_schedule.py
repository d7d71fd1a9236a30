"""What a timer draws is no sign of life; what people draw by the clock is."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detectors import schedule
from detectors.episodes import Change, Ended, Raised
from detectors.household import HouseholdWatch
from detectors.household_state import HouseholdState
from detectors.parameters import WatchParameters
from detectors.wording import explain
from domain.finding import AlertKind, Level
from tests.detectors.homes import HOUR, MONDAY, ordinary_life, registers

SHANGHAI = ZoneInfo("Asia/Shanghai")
WATCH = HouseholdWatch(WatchParameters(), SHANGHAI)
DAYS = 60


def with_timer(days: int, at_utc: tuple[int, ...], litres: float = 80.0, *, lived: int = DAYS) -> list[float]:
    """Hourly volumes: an ordinary life of so many days, a weekend away a month, and a timer that goes on."""
    life = ordinary_life(lived) + [0.0] * (24 * (days - lived))
    life[5] = 1.0  # the register's step
    rng = np.random.default_rng(4)
    for day in range(days):
        away = day % 30 in {26, 27}
        for hour in range(24):
            life[day * 24 + hour] *= not away
        for hour in at_utc:
            life[day * 24 + hour] += round(litres * rng.normal(1.0, 0.008))
    return life


def lived(volumes: list[float]) -> tuple[HouseholdState, list[Change]]:
    state = WATCH.start()
    return state, [change for at, litres in registers(volumes) for change in WATCH.observe(state, at, litres)]


@pytest.mark.parametrize("at_utc", [(22,), (22, 2)])
def test_a_person_who_draws_no_more_is_found_though_the_timer_goes_on(
    at_utc: tuple[int, ...],
) -> None:
    _, changes = lived(with_timer(DAYS + 3, at_utc))
    stopped = MONDAY + DAYS * 24 * HOUR
    found = [c.finding for c in changes if isinstance(c, Raised) and c.finding.kind is AlertKind.LOW_USE]
    alert, *_ = [f for f in found if f.level is Level.ALERT and f.at > stopped]
    assert alert.at - stopped < timedelta(hours=24)
    assert "06:00" in explain(alert.reason, "en", SHANGHAI)
    assert "06:00" in explain(alert.reason, "zh", SHANGHAI)


@pytest.mark.parametrize("every_h", [7, 8, 13])
def test_neither_a_slow_drip_beside_a_timer_nor_the_timer_after_a_drip_s_litre_holds_back_the_net(every_h: int) -> None:
    volumes = with_timer(DAYS + 4, (22,))
    for hour in range(3, len(volumes), every_h):
        volumes[hour] += 1.0
    _, changes = lived(volumes)
    stopped = MONDAY + DAYS * 24 * HOUR
    alerts = [c.finding.at for c in changes if isinstance(c, Raised) and c.finding.level is Level.ALERT]
    assert min(at for at in alerts if at > stopped) - stopped <= timedelta(hours=44)
    assert not [c for c in changes if isinstance(c, Ended) and c.level is Level.ALERT and c.at > stopped + 48 * HOUR]


def test_a_timer_s_first_litre_in_the_reading_before_is_its_own_and_no_drip_s() -> None:
    volumes = with_timer(DAYS + 1, (22,))
    volumes[DAYS * 24 + 21] = 1.0
    state, _ = lived(volumes)
    assert state.low_use.silent_s > 20 * 3600.0


def test_what_people_drew_in_a_timer_s_hour_breaks_the_row_of_a_leaking_cistern() -> None:
    """The cistern alone is told of after a day and a half; with a shower in the timer's hour it isn't."""
    volumes = with_timer(DAYS + 4, (22,))
    for hour in range(DAYS * 24, len(volumes), 5):
        volumes[hour] += 6.0 * (hour % 24 not in {21, 22})
    for shower_l in (0.0, 22.0):
        for day in range(DAYS, DAYS + 4):
            volumes[day * 24 + 21] = shower_l
        _, changes = lived(volumes)
        keys = {c.finding.reason.key for c in changes if isinstance(c, Raised) and c.finding.level is Level.ALERT}
        assert ("low_use_row" in keys) is (shower_l == 0.0)


def test_who_draws_water_in_the_timer_s_hour_is_noticed() -> None:
    state, _ = lived(with_timer(DAYS, (22,)))
    at, register_l = MONDAY + DAYS * 24 * HOUR, state.register.last_l
    for hour in range(1, 24):
        register_l += 95.0 if hour == 23 else 0.0
        WATCH.observe(state, at + hour * HOUR, register_l)
    assert state.low_use.silent_s == 0.0


def test_the_timer_is_no_use_while_the_home_is_away() -> None:
    state, _ = lived(with_timer(DAYS, (22,)))
    left, register_l = MONDAY + DAYS * 24 * HOUR, state.register.last_l
    WATCH.absent(state, left, left + timedelta(days=5))
    changes: list[Change] = []
    for hour in range(1, 96):
        register_l += 80.0 if hour % 24 == 23 else 0.0
        changes += WATCH.observe(state, left + hour * HOUR, register_l)
    assert changes == []
    changes += WATCH.observe(state, left + 96 * HOUR, register_l + 7.0)
    assert [c.finding.kind for c in changes if isinstance(c, Raised)] == [AlertKind.USE_WHILE_ABSENT]


@pytest.mark.parametrize("litres", [(6.0, 0.0), (45.0, 0.12), (150.0, 0.06), (30.0, 0.1)])
def test_an_old_person_of_regular_habits_is_no_machine(litres: tuple[float, float]) -> None:
    """A flush at six, a shower, a bath, a washing-up: each day at the same hour, and little else that day."""
    rng = np.random.default_rng(7)
    volumes = ordinary_life(200)
    volumes[5] = 1.0
    for day in range(200):
        for hour in (20, 21, 22, 23):
            volumes[day * 24 + hour] = 0.0
        volumes[day * 24 + 22] = float(round(litres[0] * rng.normal(1.0, litres[1])))
    state, _ = lived(volumes)
    assert schedule.timers(state.low_use.schedule) == []


def test_a_timer_that_was_taken_away_is_forgotten_when_people_draw_less_in_its_hour() -> None:
    state, _ = lived(with_timer(DAYS, (22,)))
    assert schedule.timers(state.low_use.schedule) == [6]
    volumes = ordinary_life(8)
    for day in range(8):
        volumes[day * 24 + 22] = 9.0
    register_l = state.register.last_l
    for at, litres in list(registers(volumes, begins_at=MONDAY + DAYS * 24 * HOUR))[1:]:
        WATCH.observe(state, at, register_l + litres - 1000.0)
    assert schedule.timers(state.low_use.schedule) == []
