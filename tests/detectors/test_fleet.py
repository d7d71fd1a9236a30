"""One household's watch in two forms, and a slow twin: the same alerts at the same times, the same scores."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from math import nan
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.episodes import Change, Raised
from detectors.fleet.memory import memory
from detectors.fleet.watch import FleetWatch
from detectors.habit import HOURS
from detectors.household import HouseholdWatch
from detectors.household_state import HouseholdState
from detectors.low_use import LowUseParameters
from detectors.parameters import WatchParameters
from detectors.planner import Planner
from detectors.population import POPULATION
from domain.finding import AlertKind
from tests import naive
from tests.detectors.homes import ordinary_life, registers
from tests.naive_notices import ChangeInUse, NoData

Reading = tuple[float, float]
PARAMETERS = LowUseParameters()
ZONES = ("Asia/Shanghai", "Europe/Madrid", "Asia/Kathmandu", "Australia/Lord_Howe")
SPRING, AUTUMN = (
    datetime(2025, 3, 12, tzinfo=UTC),
    datetime(2025, 10, 10, tzinfo=UTC),
)  # weeks around both clock changes


def life(seed: int, days: int, every_min: int, begins_at: datetime) -> list[Reading]:
    """(at [s], register [L]): habits, drips that come and go, days away, taps, leaks, outages, meters changed, timers,
    registers of all steps, meters read once long before."""
    rng = np.random.default_rng(seed)
    step_s, per_hour = 60.0 * every_min, 60 / every_min
    drip_lph = float(rng.choice([0.0, 0.0, 0.4, 3.0])) or 0.06 * (seed % 4 == 0)
    wander_s = int(rng.choice([0, 0, 100]))
    uses = rng.random(24) ** 2 * 0.6 * (np.arange(24) > rng.integers(4, 9))
    timer_h, timer_l = rng.choice([1, 6, 20], 2), float(rng.choice([0, 0, 40, 200]))
    step_l = float(rng.choice([1, 1, 1, 10, 100]))
    register_l, dripped, missing, silent, flowing, flow_l = float(rng.integers(0, 90_000)), 0.0, 0, 0, 0, 0.0
    readings = [(begins_at.timestamp() - 25 * 86400.0, register_l // step_l * step_l)] * (seed % 6 == 2)
    for slot in range(int(days * 24 * per_hour)):
        at_s = begins_at.timestamp() + slot * step_s + int(rng.integers(0, wander_s + 1))
        hour = int(at_s // 3600 + 8) % 24
        dripped += drip_lph / per_hour
        register_l, dripped = register_l + int(dripped), dripped % 1.0
        silent = (
            silent - 1 if silent else int(rng.random() < 0.02 / per_hour / 4) * int(rng.integers(12, 60) * per_hour)
        )
        if not silent and rng.random() < uses[hour] / per_hour:
            register_l += int(rng.integers(1, 60))
        if flowing == 0 and rng.random() < 0.01 / per_hour:
            flowing, flow_l = int(rng.integers(1, 20) * per_hour), float(rng.choice([8, 60, 300, 2000])) / per_hour
        if flowing:
            flowing, register_l = flowing - 1, register_l + round(flow_l)
        if hour in timer_h and int(at_s % 3600.0 // step_s) == 0:
            register_l += timer_l + float(rng.integers(0, 3)) * (timer_l > 0.0)
        odd = rng.random()
        if odd < 0.0004:
            register_l = float(rng.integers(0, 2_000_000))
        missing = missing - 1 if missing else int(rng.random() < 0.01) * int(rng.integers(1, 30))
        if not missing:
            readings.append((at_s, -1.0 if 0.0004 < odd < 0.0008 else register_l // step_l * step_l))
            if odd > 0.9995:
                readings.append((at_s - float(rng.choice([0.0, 3 * step_s])), register_l))
    return readings


def watched(watch: HouseholdWatch, readings: Iterable[Reading]) -> tuple[HouseholdState, list[Change]]:
    state = watch.start()
    changes = [
        change
        for at_s, litres in readings
        for change in watch.observe(state, datetime.fromtimestamp(at_s, UTC), litres)
    ]
    return state, changes


def as_arrays(readings: list[Reading], slots: int) -> tuple[list[float], list[float]]:
    """Readings in so many slots; those left over hold nothing."""
    filled = [*readings, *[(readings[-1][0], nan)] * (slots - len(readings))]
    at_s, register_l = zip(*filled, strict=True)
    return list(at_s), list(register_l)


class Listening(Planner):
    """Writes down every plan's scores."""

    def __init__(self) -> None:
        super().__init__(POPULATION)
        self.heard: list[list[float]] = []

    def scores(self, silences, rate, past):  # type: ignore[no-untyped-def]  # as its parent's
        scores = super().scores(silences, rate, past)
        self.heard.append(scores.tolist())
        return scores


LIVES = {
    "seed": st.integers(0, 2**32 - 1),
    "zone": st.sampled_from(ZONES),
    "every_min": st.sampled_from([15, 60]),
    "begins_at": st.sampled_from([SPRING, AUTUMN]),
}


@settings(max_examples=12, deadline=None)
@given(days=st.integers(1, 45), **LIVES)
@example(seed=5, zone="Europe/Madrid", every_min=60, begins_at=SPRING, days=90)
@example(seed=7, zone="Europe/Madrid", every_min=5, begins_at=SPRING, days=12)
@example(seed=2, zone="Asia/Shanghai", every_min=60, begins_at=AUTUMN, days=40)
def test_a_fleet_s_changes_are_those_of_one_reading_after_the_other(
    seed: int, zone: str, every_min: int, begins_at: datetime, days: int
) -> None:
    homes = [life(seed + home, days, every_min, begins_at) for home in range(3)]
    slots = max(map(len, homes))
    columns = [as_arrays(readings, slots) for readings in homes]
    found = FleetWatch(WatchParameters(), ZoneInfo(zone)).watch(
        np.array([at_s for at_s, _ in columns]), np.array([register_l for _, register_l in columns])
    )
    watch = HouseholdWatch(WatchParameters(), ZoneInfo(zone))
    for home, readings in enumerate(homes):
        _, changes = watched(watch, readings)
        assert list(found.changes(home)) == changes


@settings(max_examples=6, deadline=None)
@given(days=st.integers(1, 25), **LIVES)
@example(seed=5, zone="Europe/Madrid", every_min=60, begins_at=SPRING, days=60)
@example(seed=7, zone="Europe/Madrid", every_min=5, begins_at=SPRING, days=9)
@example(seed=17, zone="Europe/Madrid", every_min=60, begins_at=SPRING, days=25)
@example(seed=24, zone="Europe/Madrid", every_min=60, begins_at=SPRING, days=60)  # with a change in use
@example(seed=833230, zone="Asia/Shanghai", every_min=15, begins_at=SPRING, days=4)
@example(seed=340, zone="Europe/Madrid", every_min=60, begins_at=SPRING, days=50)
@example(seed=108, zone="Asia/Shanghai", every_min=60, begins_at=AUTUMN, days=25)
@example(seed=8, zone="Asia/Shanghai", every_min=60, begins_at=AUTUMN, days=30)
@example(seed=638, zone="Asia/Shanghai", every_min=60, begins_at=AUTUMN, days=25)  # 10 L, and nothing but a drip
@example(seed=191012, zone="Asia/Shanghai", every_min=15, begins_at=SPRING, days=16)
def test_both_forms_say_what_the_slow_twin_says_and_score_alike_to_nine_digits(
    seed: int, zone: str, every_min: int, begins_at: datetime, days: int
) -> None:
    all_forms_say_the_same(life(seed, days, every_min, begins_at), zone)


@pytest.mark.parametrize("every_h", [6, 12, 24])
def test_a_meter_that_is_read_less_often_for_a_while_is_the_same_in_all_forms(every_h: int) -> None:
    readings = life(4, 60, 60, SPRING)
    seldom = [one for one in readings[480:960] if one[0] % (3600 * every_h) < 3600]
    all_forms_say_the_same([*readings[:480], *seldom, *readings[960:]], "Europe/Madrid")


def test_a_cistern_that_fills_over_two_readings_is_the_same_in_all_forms() -> None:
    filled = registers(ordinary_life(30) + [0.0, 8.0, 8.0, *[0.0] * 7] * 8)
    all_forms_say_the_same([(at.timestamp(), register_l) for at, register_l in filled], "Asia/Shanghai")


@pytest.mark.parametrize("lost", [(), (5, 6, 7, 8), tuple(range(1, 30))])
def test_a_drip_s_single_litres_are_the_same_in_all_forms(lost: tuple[int, ...]) -> None:
    traces = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0] * 8
    dripped = list(registers(ordinary_life(30) + traces))
    heard = [one for count, one in enumerate(dripped) if count <= 720 or count % 36 not in lost]
    all_forms_say_the_same([(at.timestamp(), register_l) for at, register_l in heard], "Asia/Shanghai")


def test_a_meter_mounted_backwards_and_turned_round_is_the_same_in_all_forms() -> None:
    readings = life(4, 40, 60, SPRING)
    most_l = max(register_l for _, register_l in readings)
    backwards = [(at_s, most_l + 500.0 - register_l) for at_s, register_l in readings[:480]]
    all_forms_say_the_same([*backwards, *readings[480:]], "Asia/Shanghai")


def all_forms_say_the_same(
    readings: list[Reading], zone: str, absences: Sequence[tuple[float, float]] = ()
) -> list[tuple[datetime, str, str]]:
    online, planner = HouseholdWatch(WatchParameters(), ZoneInfo(zone)), Listening()
    online._low_use._planner = planner
    state = online.start()
    online.absences_are(state, [(utc(begins_s), utc(ends_s)) for begins_s, ends_s in absences])
    changes = [change for at_s, litres in readings for change in online.observe(state, utc(at_s), litres)]
    low_use, flow = (
        naive.LowUse(ZoneInfo(zone), POPULATION, PARAMETERS.budget, PARAMETERS.ask_budget, absences),
        naive.ConstantFlow(),
    )
    assert naive.edges(readings, low_use, flow, ChangeInUse(), NoData()) == [edge(change) for change in changes]

    at_s, register_l = as_arrays(readings, len(readings))
    scores = np.zeros((len(readings), 1 + HOURS))
    fleet = FleetWatch(WatchParameters(), ZoneInfo(zone))
    found = fleet.watch_in(memory(len(readings)), scores, at_s, np.array([register_l]), [absences], 0.0)
    assert list(found.changes(0)) == changes
    planned = scores[scores[:, 0] > 0.0, 1:].tolist()
    assert len(planned) == len(planner.heard) == len(low_use.scores)
    for from_fleet, from_online, slow in zip(planned, planner.heard, low_use.scores, strict=True):
        assert from_fleet == pytest.approx(from_online, abs=1e-9)
        assert from_online == pytest.approx(slow, abs=1e-9)
    return [edge(change) for change in changes]


@settings(max_examples=6, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    zone=st.sampled_from(ZONES),
    begins_h=st.integers(10 * 24, 30 * 24),
    lasts_h=st.integers(1, 200),
    litres=st.sampled_from([0.0, 1.0, 9.0]),
)
@example(seed=11, zone="Europe/Madrid", begins_h=20 * 24, lasts_h=90, litres=1.0)
@example(seed=2183675157, zone="Europe/Madrid", begins_h=506, lasts_h=101, litres=1.0)  # an alert runs as it begins
def test_announced_absences_are_the_same_in_all_forms(
    seed: int, zone: str, begins_h: int, lasts_h: int, litres: float
) -> None:
    all_forms_say_the_same(*left_empty(seed, begins_h, lasts_h, litres, zone))


def test_water_of_an_empty_home_is_told_in_all_forms() -> None:
    said = all_forms_say_the_same(*left_empty(11, 20 * 24, 90, 9.0, "Europe/Madrid"))
    assert [what for _, kind, what in said if kind == "use_while_absent"] == ["alert", "ended"] * 2


def left_empty(
    seed: int, begins_h: int, lasts_h: int, litres: float, zone: str
) -> tuple[list[Reading], str, list[tuple[float, float]]]:
    """Two absences, one after the other: in the first the home is empty but for so much every thirteen hours."""
    begins_s = SPRING.timestamp() + 3600.0 * begins_h
    ends_s = begins_s + 3600.0 * lasts_h
    lived, register_l, slots = list[Reading](), 0.0, 0
    for (_, before_l), (at_s, now_l) in pairwise(life(seed, 40, 60, SPRING)):
        away = begins_s < at_s <= ends_s
        slots += away
        register_l += litres * (slots % 13 == 0) if away else max(now_l - before_l, 0.0)
        lived.append((at_s, register_l))
    return lived, zone, [(begins_s, ends_s), (ends_s - 7200.0, ends_s + 86400.0)]


def edge(change: Change) -> tuple[datetime, str, str]:
    if not isinstance(change, Raised):
        return change.at, change.kind.value, "ended"
    kind, key = change.finding.kind.value, change.finding.reason.key
    what = key.removeprefix("constant_flow_") if kind == "constant_flow" else change.finding.level.value
    return change.finding.at, kind, what


def test_announced_absences_and_meters_that_fall_silent_are_the_same_in_both_forms() -> None:
    readings = life(11, 60, 60, SPRING)[: 40 * 24]
    begins, last_s = SPRING.timestamp(), readings[-1][0]
    absences = [(begins + 20 * 86400.0, begins + 24 * 86400.0), (begins + 30 * 86400.0, begins + 31 * 86400.0)]
    watch = HouseholdWatch(WatchParameters(), ZoneInfo("Asia/Shanghai"))
    state = watch.start()
    watch.absences_are(state, [(utc(begin), utc(end)) for begin, end in absences])
    changes = [change for at_s, litres in readings for change in watch.observe(state, utc(at_s), litres)]
    changes += watch.tick(state, utc(last_s + 5 * 86400.0))
    at_s, register_l = as_arrays(readings, len(readings))
    found = FleetWatch(WatchParameters(), ZoneInfo("Asia/Shanghai")).watch(
        at_s, np.array([register_l]), absences=[absences], until_s=last_s + 5 * 86400.0
    )
    assert list(found.changes(0)) == changes
    kinds = {change.finding.kind for change in changes if isinstance(change, Raised)}
    assert {AlertKind.USE_WHILE_ABSENT, AlertKind.NO_DATA} <= kinds


def test_homes_on_one_clock_need_only_one_row_of_times_and_may_be_many() -> None:
    at_s = SPRING.timestamp() + 3600.0 * np.arange(24 * 40)
    one = np.cumsum((np.arange(24 * 40) % 24 > 6) * 3.0)
    still = np.where(np.arange(24 * 40) < 24 * 30, one, one[24 * 30])
    homes = np.where((np.arange(500) % 2 == 0)[:, None], one, still).astype(np.float32)
    found = FleetWatch(WatchParameters(), ZoneInfo("Asia/Shanghai")).watch(at_s, homes)
    alerted = set(found.home[found.raised(AlertKind.LOW_USE) & (found.at_s > at_s[24 * 30])].tolist())
    assert alerted == set(range(1, 500, 2))
    assert list(found.changes(1)) == list(found.changes(499))


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), zone=st.sampled_from(ZONES), every_min=st.sampled_from([5, 15, 60]))
@example(seed=1, zone="Europe/Madrid", every_min=15)
@example(seed=3, zone="Australia/Lord_Howe", every_min=5)
def test_homes_on_one_clock_that_is_moved_may_miss_readings_whose_times_repeat_or_run_backwards(
    seed: int, zone: str, every_min: int
) -> None:
    rng = np.random.default_rng(seed)
    days, per_day = 8 + 4 * every_min // 15, 24 * 60 // every_min
    at_s = datetime(2025, 3, 27, tzinfo=UTC).timestamp() + 60.0 * every_min * np.arange(days * per_day)
    odd = rng.integers(0, len(at_s), 6)
    at_s[odd] = at_s[odd - 1] - rng.choice([0.0, 120.0 * every_min], 6)
    uses = rng.random((4, len(at_s))) < np.array([[0.0], [0.2], [2.0], [9.0]]) / per_day
    register_l = np.cumsum(uses * 9.0 + (rng.random(uses.shape) < 0.2) * np.array([[0.0], [0.0], [0.0], [1.0]]), axis=1)
    register_l[rng.random(uses.shape) < 0.05] = nan
    register_l[2, per_day : 2 * per_day] = nan
    found = FleetWatch(WatchParameters(), ZoneInfo(zone)).watch(at_s, register_l)
    watch = HouseholdWatch(WatchParameters(), ZoneInfo(zone))
    for home, litres in enumerate(register_l):
        came = ~np.isnan(litres)
        _, changes = watched(watch, zip(at_s[came].tolist(), litres[came].tolist(), strict=True))
        assert list(found.changes(home)) == changes


def utc(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
