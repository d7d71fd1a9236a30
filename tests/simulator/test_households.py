"""A simulated household is the same for the same seed, and lives like a pensioner."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from simulator.draws import Draws
from simulator.households import add_steady, register_l, to_utc_s
from simulator.incidents import drip_l_per_h, leak, step_l, tap_left_on, up_at_night, use_falls, use_stops
from simulator.metering import Meter, read
from simulator.towns import small_town, town

ONSET = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)


def test_the_same_seed_gives_the_same_town() -> None:
    for one, other in zip(small_town(7), small_town(7), strict=True):
        assert np.array_equal(one.register_l, other.register_l)
    assert not np.array_equal(small_town(7)[0].register_l, small_town(8)[0].register_l)


def test_a_household_does_not_change_with_the_size_of_its_town() -> None:
    few = town(3, homes=2, days=10, first_day=date(2026, 3, 2))
    many = town(3, homes=5, days=10, first_day=date(2026, 3, 2))
    assert np.array_equal(few[1].draws.volume, many[1].draws.volume)


def test_a_register_never_falls_and_adds_up_to_the_draws() -> None:
    for home in town(5, homes=5, days=30, first_day=date(2026, 3, 2)):
        recording = read(home, Meter(every_s=900))
        assert (np.diff(recording.register_l) >= 0).all()
        drawn = home.draws.volume.sum() + home.drips.volume.sum()
        assert recording.register_l[-1] == pytest.approx(drawn, rel=0.02, abs=20.0)


def test_a_register_is_the_sum_of_its_draws() -> None:
    """The slow, obvious twin."""
    (home,) = town(5, homes=1, days=3, first_day=date(2026, 3, 2))
    draws: Draws = home.draws
    starts_s, each_minute = draws.start * 60.0, np.arange(0, 3 * 86400, 60)
    uneven = np.unique(np.random.default_rng(0).integers(7200, 3 * 86400, 999))
    for at_s in (each_minute, uneven, each_minute[:1]):
        expected, seen = np.zeros(len(at_s)), np.zeros(len(at_s))
        for start_s, length, volume in zip(starts_s, draws.length, draws.volume, strict=True):
            expected += volume * np.clip((at_s - start_s) / max(length * 60.0, 1.0), 0.0, 1.0)
        expected -= expected[0]
        add_steady(seen, draws, starts_s, at_s)
        assert np.allclose(seen, expected, atol=1e-5)
        assert np.allclose(register_l(draws, starts_s, at_s), expected, atol=1e-5)


def test_people_use_between_fifteen_and_four_hundred_litres_a_day() -> None:
    litres = [home.draws.volume.sum() / 60 for home in town(11, homes=60, days=60, first_day=date(2026, 3, 2))]
    assert 15 < np.median(litres) < 160
    assert min(litres) > 8
    assert max(litres) < 400


def test_the_hazard_foretells_how_many_visible_uses_there_are() -> None:
    """Integrated along a life, a true hazard counts the events: the compensator of a counting process."""
    expected = seen = 0.0
    for home in town(13, homes=8, days=60, first_day=date(2026, 3, 2), share_alone=1.0):
        minutes = np.arange(0.5, 60 * 1440.0)
        expected += home.hazard(minutes).sum()
        seen += sum(len(clock.strikes) * clock.seen for clock in home.clocks)
    assert expected == pytest.approx(seen, rel=0.05)


def test_local_habits_follow_the_clock_through_both_changes() -> None:
    madrid = ZoneInfo("Europe/Madrid")
    noon = 12 * 60.0
    for day in (date(2026, 3, 28), date(2026, 10, 24)):
        utc = to_utc_s(np.array([noon, noon + 1440.0]), first_day=day, tz=madrid)
        local = [datetime.fromtimestamp(moment, madrid).hour for moment in utc.tolist()]
        assert local == [12, 12]
        assert (np.diff(to_utc_s(np.arange(0.0, 2880.0), first_day=day, tz=madrid)) >= 0).all()


def test_after_use_stops_the_readings_go_on_and_show_nothing_but_the_drip() -> None:
    for recording in small_town(1):
        stopped = use_stops(recording, ONSET)
        before = recording.at_s <= ONSET.timestamp()
        assert np.array_equal(stopped.at_s, recording.at_s)
        assert np.array_equal(stopped.register_l[before], recording.register_l[before])
        hours = (recording.at_s[-1] - ONSET.timestamp()) / 3600
        left = stopped.register_l[-1] - recording.register_l[before][-1]
        assert left == pytest.approx(drip_l_per_h(recording, ONSET) * hours, abs=1.0)


def test_a_tap_left_on_adds_its_flow_and_nothing_before_it() -> None:
    recording = small_town(1)[0]
    flowing = tap_left_on(recording, ONSET, 4.0)
    added = flowing.register_l - recording.register_l
    assert (added[recording.at_s <= ONSET.timestamp()] == 0).all()
    hour_later = np.searchsorted(recording.at_s, (ONSET + timedelta(hours=1)).timestamp())
    seconds = recording.at_s[hour_later] - ONSET.timestamp()
    assert added[hour_later] == pytest.approx(4.0 * seconds / 60, abs=1.0)


def test_an_illness_leaves_a_share_of_the_draws() -> None:
    recording = small_town(1)[0]
    ill = use_falls(recording, ONSET, 0.3, np.random.default_rng(1))
    after = recording.at_s > ONSET.timestamp()
    left, before = (np.diff(series.register_l[after]) for series in (ill, recording))
    assert (left >= 0).all()
    assert (left <= before + 1.0).all()
    assert left.sum() / before.sum() == pytest.approx(0.3, abs=0.12)


def test_a_restless_sleeper_flushes_at_night_and_lives_as_ever_by_day() -> None:
    recording = small_town(1)[0]
    zone = ZoneInfo("Asia/Shanghai")
    restless = up_at_night(recording, ONSET, zone, np.random.default_rng(1), per_night=6.0)
    more = np.diff(restless.register_l) - np.diff(recording.register_l)
    hour = np.array([datetime.fromtimestamp(at_s, zone).hour for at_s in recording.at_s[1:].tolist()])
    days = (recording.at_s[-1] - ONSET.timestamp()) / 86400
    assert more.sum() == pytest.approx(6 * 6 * days, rel=0.25)
    assert set(hour[more > 0].tolist()) <= set(range(7))


def test_a_ten_litre_register_stays_one_through_a_leak() -> None:
    home = town(2, homes=1, days=40, first_day=date(2026, 3, 2))[0]
    recording = read(home, Meter(step_l=10.0))
    assert step_l(leak(recording, ONSET, 7.0)) == 10.0
