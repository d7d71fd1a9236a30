"""Water that nobody draws is no sign of life: a drip, however lately it began."""

from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detectors import drip
from detectors.episodes import Raised
from detectors.household import HouseholdWatch
from detectors.parameters import WatchParameters
from detectors.wording import explain
from domain.finding import AlertKind, Level
from tests.detectors.homes import HOUR, MONDAY, ordinary_life, registers

STOPPED = MONDAY + timedelta(days=60)


@pytest.mark.parametrize("missing", [(), (6, 7, 8, 9), (3, 5, 7, 9, 11)])
def test_a_drip_that_begins_only_now_hides_nobody(missing: tuple[int, ...]) -> None:
    dripped = np.diff(np.floor(np.arange(73) * 1.4)).tolist()
    watch = HouseholdWatch(WatchParameters(), ZoneInfo("Asia/Shanghai"))
    state = watch.start()
    found = [
        change.finding
        for at, register_l in registers(ordinary_life(60) + dripped)
        if (at - STOPPED) / HOUR not in missing
        for change in watch.observe(state, at, register_l)
        if isinstance(change, Raised)
    ]
    alerts = [finding.at for finding in found if (finding.kind, finding.level) == (AlertKind.LOW_USE, Level.ALERT)]
    assert STOPPED < alerts[-1] <= STOPPED + 24 * HOUR


@pytest.mark.parametrize(("drip_lph", "said"), [(3.3, True), (0.0, False)])
def test_who_reads_of_a_silence_beside_a_drip_reads_that_the_drip_is_not_counted(drip_lph: float, said: bool) -> None:
    dripped = np.diff(np.floor(np.arange(49) * drip_lph)).tolist()
    watch = HouseholdWatch(WatchParameters(), ZoneInfo("Asia/Shanghai"))
    state = watch.start()
    found = [
        change.finding.reason
        for at, register_l in registers(ordinary_life(30, drip_lph=drip_lph) + dripped)
        for change in watch.observe(state, at, register_l)
        if isinstance(change, Raised) and change.finding.kind is AlertKind.LOW_USE
    ]
    assert ("What always runs here (3.2 L/h, like a drip) is not counted." in explain(found[-1], "en", UTC)) is said
    assert ("每小时约3.2升，像滴漏" in explain(found[-1], "zh", UTC)) is said


@pytest.mark.parametrize("every_h", [12, 24])
def test_who_draws_water_every_day_is_not_told_of_once_the_meter_is_read_less_often(every_h: int) -> None:
    watch = HouseholdWatch(WatchParameters(), ZoneInfo("Asia/Shanghai"))
    state = watch.start()
    told = [
        (change.finding.at, change.finding.reason)
        for hour, (at, register_l) in enumerate(registers(ordinary_life(150, drip_lph=2.0)))
        if hour < 40 * 24 or hour % every_h == 0
        for change in watch.observe(state, at, register_l)
        if isinstance(change, Raised) and change.finding.kind is AlertKind.LOW_USE
    ]
    assert [reason for at, reason in told if at > MONDAY + timedelta(days=50)] == []


@pytest.mark.parametrize(
    ("step_l", "litres", "drawn_l"),
    [
        (1.0, (2, 1, 1, 2, 1, 2), 0.0),
        (1.0, (20, 20, 20, 21, 20, 20), 0.0),
        (1.0, (4, 0, 0, 0, 2, 2), 2.0),
        (1.0, (0, 0, 1, 0, 1, 1), 1.0),  # so little may be anybody's
        (5.0, (5, 5, 5, 5, 5, 5), 5.0),  # a flush an hour
    ],
)
def test_water_that_runs_as_evenly_as_nobody_draws_it_is_no_use(
    step_l: float, litres: tuple[int, ...], drawn_l: float
) -> None:
    state = drip.DripState()
    for hour, volume_l in enumerate([9, *litres[:-1]]):
        drip.follow(state, 3600.0 * hour, volume_l, 0, step_l)
    assert drip.drawn_l(state, 5 * 3600.0, 6 * 3600.0, litres[-1], step_l) == drawn_l
