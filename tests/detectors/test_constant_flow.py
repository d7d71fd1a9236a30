"""Water that doesn't stop: taps, leaks, bursts, and what is none of them."""

from datetime import datetime, timedelta

import pytest

from detectors.episodes import Ended, Raised
from domain.finding import AlertKind
from tests.detectors.homes import HOUR, MONDAY, ordinary_life, registers
from tests.detectors.test_household_watch import STOPPED, after, raised, watched

LIFE = ordinary_life(60)


def flow_alerts(volumes: list[float], step: timedelta = HOUR, known_days: int = 60) -> list[tuple[datetime, str]]:
    _, changes = watched(registers(volumes, step=step))
    known_at = MONDAY + timedelta(days=known_days)
    return [
        (change.finding.at, change.finding.reason.key.removeprefix("constant_flow_"))
        for change in changes
        if isinstance(change, Raised)
        and change.finding.kind is AlertKind.CONSTANT_FLOW
        and change.finding.at > known_at
    ]


@pytest.mark.parametrize(
    ("flow_lph", "within_hours", "grade"),
    [(2000.0, 1, "burst"), (240.0, 1, "tap"), (60.0, 6, "leak"), (12.0, 12, "leak"), (6.0, 24, "leak")],
)
def test_the_stronger_the_flow_the_sooner_it_is_told_and_its_grade_is_named(
    flow_lph: float, within_hours: int, grade: str
) -> None:
    running = [volume + flow_lph for volume in ordinary_life(3, seed=2)]
    alert_at, said = flow_alerts(LIFE + running)[0]
    assert (alert_at - STOPPED <= within_hours * HOUR, said) == (True, grade)


def test_a_tap_is_told_within_half_an_hour_by_a_meter_that_reports_every_quarter() -> None:
    quarter = timedelta(minutes=15)
    life = ordinary_life(60, step=quarter)
    alerts = flow_alerts(life + [60.0] * 8, step=quarter)
    assert alerts[0][0] - STOPPED <= timedelta(minutes=30)


def test_water_of_a_shower_is_told_at_an_hour_at_which_nobody_showers_and_not_at_the_usual_one() -> None:
    quarter = timedelta(minutes=15)
    showers = [42.0 * (slot % 96 in (74, 75)) for slot in range(60 * 96)]
    life = [a + b for a, b in zip(ordinary_life(60, step=quarter), showers, strict=True)]
    usual, night = ([45.0 * (slot in first) for slot in range(96)] for first in ((74, 75), (8, 9)))
    assert flow_alerts(life + usual, step=quarter) == []
    assert flow_alerts(life + night, step=quarter) == [(STOPPED + 10 * quarter, "tap")]


def test_a_flow_told_by_its_last_reading_is_said_as_that_ran_and_not_as_the_usual_water_before_it() -> None:
    quarter = timedelta(minutes=15)
    life = ordinary_life(60, step=quarter)
    _, changes = watched(registers([*life, 7.0, 90.0, 90.0], step=quarter))
    (found,) = [change.finding for change in changes if isinstance(change, Raised) and change.finding.at > STOPPED]
    assert found.at == STOPPED + 2 * quarter
    assert found.since == STOPPED
    assert found.reason.values["since_at"] == (STOPPED + quarter).isoformat()
    assert found.reason.values["flow_lph"] == 360.0
    assert float(found.reason.values["record_lph"]) > 28.0


def test_a_shower_that_ebbs_away_in_the_second_quarter_is_not_told() -> None:
    quarter = timedelta(minutes=15)
    assert flow_alerts([*ordinary_life(60, step=quarter), 0.0, 80.0, 40.0, *[0.0] * 9], step=quarter) == []


def test_a_leak_of_a_litre_every_few_minutes_is_no_pause_to_a_meter_read_every_minute() -> None:
    minute = timedelta(minutes=1)
    life = ordinary_life(60, step=timedelta(minutes=15))
    once_a_quarter = [0.0 if slot % 15 else life[slot // 15] for slot in range(len(life) * 15)]
    leaking = [float(slot % 4 == 0) for slot in range(12 * 60)]
    alerts = flow_alerts(once_a_quarter[-20 * 24 * 60 :] + leaking, step=minute, known_days=20)
    assert [grade for _, grade in alerts] == ["leak"]


def test_a_leak_that_runs_does_not_hide_a_tap_left_on() -> None:
    leak = [volume + 15.0 for volume in ordinary_life(4, seed=2)]
    tap = [volume + 300.0 for volume in ordinary_life(1, seed=3)]
    said = [grade for _, grade in flow_alerts(LIFE + leak + tap)]
    assert said == ["leak", "tap"]


def test_one_flow_is_told_once_and_ends_when_it_stops() -> None:
    state, changes = watched(registers(LIFE + [250.0] * 10 + ordinary_life(5, seed=2)))
    assert len(after(raised(changes, AlertKind.CONSTANT_FLOW), STOPPED)) == 1
    ended = [change.at for change in changes if isinstance(change, Ended) and change.kind is AlertKind.CONSTANT_FLOW]
    assert ended[-1] == STOPPED + 11 * HOUR
    assert AlertKind.CONSTANT_FLOW not in state.running


def test_a_forgotten_tap_does_not_deafen_the_watch_for_the_next() -> None:
    once = [250.0] * 3
    again = flow_alerts(LIFE + once + ordinary_life(4, seed=2) + [260.0] * 4)
    assert len(again) == 2


def test_a_garden_watered_every_evening_is_learned() -> None:
    watered = [volume + 400.0 * (hour % 24 == 18) for hour, volume in enumerate(ordinary_life(60))]
    later = [at for at, _ in flow_alerts(watered + watered[: 24 * 20])]
    assert later == []


def test_five_hours_that_hardly_differ_are_a_leak_and_five_that_differ_are_people() -> None:
    morning = [0.0] * 8
    assert flow_alerts([*LIFE, *morning, 18.0, 19.0, 18.0, 18.0, 18.0]) == [(STOPPED + 13 * HOUR, "leak")]
    assert flow_alerts([*LIFE, *morning, 18.0, 29.0, 12.0, 20.0, 15.0]) == []


def test_what_people_draw_on_top_of_a_leak_hides_none_of_its_hours() -> None:
    busy = [18.0, 19.0, 60.0, 18.0, 95.0, 18.0, 31.0, 18.0]
    assert flow_alerts([*LIFE, *([0.0] * 8), *busy]) == [(STOPPED + 16 * HOUR, "leak")]


def test_a_busy_day_without_a_pause_is_no_leak_but_one_with_like_hours_is() -> None:
    busy = [20.0, 45.0, 26.0, 60.0, 33.0, 51.0, 105.0, 98.0, 42.0, 37.0, 29.0, 71.0]
    assert flow_alerts([*LIFE, *([0.0] * 8), *busy]) == []
    leaking = [20.0, 45.0, 21.0, 60.0, 33.0, 20.0, 105.0, 98.0, 42.0]
    assert flow_alerts([*LIFE, *([0.0] * 8), *leaking]) == [(STOPPED + 17 * HOUR, "leak")]


def test_a_tap_at_three_at_night_is_told_at_a_flow_that_is_usual_in_the_evening() -> None:
    life = [volume + 150.0 * (hour % 24 == 18) for hour, volume in enumerate(ordinary_life(60))]
    evening, night = ([210.0 * (hour == at) for hour in range(24)] for at in (18, 3))
    assert flow_alerts(life + evening) == []
    assert flow_alerts(life + night) == [(STOPPED + 4 * HOUR, "tap")]


def test_outages_in_a_row_hide_pauses_and_are_no_rhythm_of_the_meter() -> None:
    readings = list(registers([*LIFE, *[0.0] * 40, *ordinary_life(2)]))
    lost = [(0, 12), (13, 26)]
    seen = [
        (at, register_l + 300.0 * (at > STOPPED + 20 * HOUR))
        for at, register_l in readings
        if not any(STOPPED + first * HOUR < at < STOPPED + last * HOUR for first, last in lost)
    ]
    _, changes = watched(seen)
    assert after(raised(changes, AlertKind.CONSTANT_FLOW), STOPPED) == []


def test_outages_after_days_without_water_are_no_rhythm_of_the_meter_either() -> None:
    away = [0.0] * 24 * 4
    readings = list(registers([*LIFE, *away, *ordinary_life(2)]))
    back_at = STOPPED + len(away) * HOUR
    seen = [
        (at, register_l + 300.0 * (at > back_at))
        for at, register_l in readings
        if not any(back_at - late * HOUR < at < back_at - (late - 13) * HOUR for late in (37, 24, 11))
    ]
    _, changes = watched(seen)
    assert after(raised(changes, AlertKind.CONSTANT_FLOW), STOPPED) == []


def test_water_that_ran_unseen_in_a_gap_is_no_steady_flow() -> None:
    readings = list(registers([*LIFE, *([20.0] * 24), *ordinary_life(2)]))
    seen = [reading for reading in readings if not STOPPED < reading[0] < STOPPED + 24 * HOUR]
    _, changes = watched(seen)
    assert after(raised(changes, AlertKind.CONSTANT_FLOW), STOPPED) == []
