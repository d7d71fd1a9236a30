"""Most readings say that nothing happened; they are taken quickly, with the same outcome as the long way."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.episodes import Change, Raised
from detectors.household import HouseholdWatch
from detectors.household_state import HouseholdState
from detectors.parameters import WatchParameters
from domain.finding import Level
from tests.detectors.homes import MONDAY

Arrivals = list[tuple[datetime, float, bool]]


@st.composite
def lives(draw: st.DrawFn) -> Arrivals:
    """Weeks of a meter with uses, drips, silences of days, outages, backfill and registers that fall."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    step = timedelta(minutes=draw(st.sampled_from([5, 15, 20, 60])))
    wander_s, drip_lph = draw(st.sampled_from([0, 90])), draw(st.sampled_from([0.0, 0.5, 4.0]))
    register_l, dripped, missing, silent, arrivals = 1000.0, 0.0, 0, 0, list[tuple[datetime, float, bool]]()
    begins_at = MONDAY + draw(st.sampled_from([timedelta(0), timedelta(days=27), timedelta(days=230)]))
    for slot in range(int(timedelta(days=draw(st.integers(4, 30))) / step)):
        at = begins_at + slot * step + timedelta(seconds=int(rng.integers(0, wander_s + 1)))
        dripped += drip_lph * step.total_seconds() / 3600.0
        register_l, dripped = register_l + int(dripped), dripped % 1.0
        silent = max(silent - 1, 0) or int(rng.random() < 0.003) * int(rng.integers(10, 150))
        if not silent and rng.random() < 0.2 and 5 < at.hour < 22:
            register_l += int(rng.integers(1, 90))
        if rng.random() < 0.0005:
            register_l = 5.0
        told = -1.0 if rng.random() < 0.0005 else register_l
        missing = max(missing - 1, 0) or int(rng.random() < 0.01) * int(rng.integers(1, 40))
        if not missing:
            arrivals.append((at, told, bool(rng.random() < 0.01)))
    return arrivals


def without_the_short_way(state: HouseholdState) -> HouseholdState:
    state.still_until_s = 0.0
    return state


@settings(max_examples=25, deadline=None)
@given(
    arrivals=lives(), zone=st.sampled_from(["Asia/Shanghai", "Europe/Madrid", "Asia/Kathmandu", "Australia/Lord_Howe"])
)
def test_the_short_way_of_an_ordinary_reading_ends_where_the_long_way_does(arrivals: Arrivals, zone: str) -> None:
    watch = HouseholdWatch(WatchParameters(), ZoneInfo(zone))
    short, long = watch.start(), watch.start()
    for at, register_l, late in arrivals:
        said = watch.observe(short, at, register_l, late)
        assert said == watch.observe(without_the_short_way(long), at, register_l, late)
    assert watch.dump(short) == watch.dump(long)


def test_a_coarse_register_s_net_that_comes_nearer_at_midnight_is_looked_at_then_and_not_the_next_morning() -> None:
    """A hundred litres every 20 hours, but for one silence of 60, which is forgotten after 28 days."""
    watch = HouseholdWatch(WatchParameters(), ZoneInfo("Asia/Shanghai"))
    short, long, told = watch.start(), watch.start(), list[Change]()
    begins_at = MONDAY - timedelta(hours=8)
    moves_at = {2, *range(62, 28 * 24, 20)}
    register_l = 1000.0
    for hour in range(31 * 24):
        at, register_l = begins_at + timedelta(hours=hour), register_l + 100.0 * (hour in moves_at)
        said = watch.observe(short, at, register_l)
        assert said == watch.observe(without_the_short_way(long), at, register_l)
        told += said
    (alert,) = [c.finding for c in told if isinstance(c, Raised) and c.finding.level is Level.ALERT]
    assert alert.at == begins_at + timedelta(days=30, hours=1)


def test_an_absence_told_in_a_silence_holds_from_the_next_reading_on() -> None:
    watch = HouseholdWatch(WatchParameters(), ZoneInfo("Asia/Shanghai"))
    state = watch.start()
    quarter = timedelta(minutes=15)
    for slot in range(20):
        watch.observe(state, MONDAY + slot * quarter, 1000.0 + 5.0 * (slot < 10))
    watch.absent(state, MONDAY, MONDAY + timedelta(days=2))
    watch.observe(state, MONDAY + 20 * quarter, 1000.0)
    assert state.low_use.silent_s == 0.0


@settings(max_examples=8, deadline=None)
@given(arrivals=lives(), off_ms=st.integers(0, 999))
def test_a_state_written_and_read_after_every_reading_says_the_same(arrivals: Arrivals, off_ms: int) -> None:
    watch = HouseholdWatch(WatchParameters(), ZoneInfo("Asia/Shanghai"))
    kept, written = watch.start(), watch.start()
    for read_at, register_l, late in arrivals:
        at, litres = read_at + timedelta(milliseconds=off_ms), register_l + off_ms / 1000
        said = watch.observe(kept, at, litres, late)
        written = watch.load(watch.dump(written))
        assert said == watch.observe(written, at, litres, late)
    assert watch.dump(kept) == watch.dump(written)
