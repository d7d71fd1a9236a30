"""Meters and radio: what they change of a life's water, and what never."""

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.recording import Recording
from simulator.metering import Meter, read, replaced, rolled_over, seen_through
from simulator.radio import NO_OUTAGES, Outages, draw_outages, sent, twice
from simulator.towns import town

FIRST = date(2026, 3, 2)
(HOME,) = town(9, homes=1, days=21, first_day=FIRST, share_alone=1.0)
FINE = read(HOME, Meter(every_s=900, step_l=0.1))


def outage(start_h: float, hours: float, *, kept: bool) -> Outages:
    start_s = float(FINE.at_s[0]) + start_h * 3600
    return Outages(start_s=np.array([start_s]), end_s=np.array([start_s + hours * 3600]), kept=np.array([kept]))


@given(st.sampled_from([900, 3600, 86400]), st.sampled_from([1.0, 10.0, 100.0]))
def test_a_coarse_meter_shows_the_same_water_less_finely(every_s: int, step_l: float) -> None:
    coarse = seen_through(FINE, every_s=every_s, step_l=step_l)
    assert (np.diff(coarse.at_s)[1:] == every_s).all()
    at_the_same_time = np.interp(coarse.at_s, FINE.at_s, FINE.register_l)
    assert (coarse.register_l <= at_the_same_time + 1e-6).all()
    assert (coarse.register_l > at_the_same_time - step_l - 1e-6).all()


def test_a_meter_that_reports_each_draw_also_gives_a_heartbeat() -> None:
    by_draw = read(HOME, Meter(every_s=0))
    assert np.diff(by_draw.at_s).max() <= 6 * 3600
    assert (np.diff(by_draw.at_s) > 0).all()
    assert len(by_draw) > 21 * 10


def test_a_clock_that_gains_dates_its_readings_later_and_later() -> None:
    drifting = read(HOME, Meter(drift_s_per_day=5.0))
    punctual = read(HOME, Meter())
    assert (drifting.at_s - punctual.at_s)[-1] == pytest.approx(21 * 5, abs=6)
    assert np.array_equal(drifting.register_l, punctual.register_l)


def test_a_new_meter_counts_on_from_its_own_start() -> None:
    change_s = float(FINE.at_s[1000])
    new = replaced(FINE, change_s, start_l=3.0)
    assert np.array_equal(new.register_l[:1001], FINE.register_l[:1001])
    assert np.allclose(np.diff(new.register_l[1001:]), np.diff(FINE.register_l[1001:]))
    assert new.register_l[1001] == pytest.approx(3.0 + FINE.register_l[1001] - FINE.register_l[1000])


def test_a_register_rolls_over_once_it_is_full() -> None:
    rolled = rolled_over(FINE, 1000.0)
    assert rolled.register_l.max() < 1000.0
    assert (np.diff(rolled.register_l) < 0).sum() == FINE.register_l[-1] // 1000.0


def test_what_an_outage_loses_never_comes_and_what_is_kept_comes_late() -> None:
    lost, kept = sent(FINE, outage(100, 10, kept=False)), sent(FINE, outage(100, 10, kept=True))
    assert len(lost) == len(FINE) - 40
    assert np.array_equal(kept.at_s, FINE.at_s)
    late = kept.sent_s > kept.at_s
    assert late.sum() == 40
    assert len(np.unique(kept.sent_s[late])) == 1
    assert (sent(FINE, NO_OUTAGES).sent_s == FINE.at_s).all()


def test_a_repeated_message_says_the_same() -> None:
    repeated = twice(sent(FINE, NO_OUTAGES), np.random.default_rng(1), share=0.1)
    assert len(repeated) == pytest.approx(1.1 * len(FINE), rel=0.05)
    assert (repeated.sent_s >= repeated.at_s).all()
    assert set(zip(repeated.at_s.tolist(), repeated.register_l.tolist(), strict=True)) == set(
        zip(FINE.at_s.tolist(), FINE.register_l.tolist(), strict=True)
    )


def test_random_outages_are_ordered_and_of_all_lengths() -> None:
    many = draw_outages(np.random.default_rng(1), 0.0, 86400.0 * 3000)
    hours = (many.end_s - many.start_s) / 3600
    assert (np.diff(many.start_s) >= 0).all()
    assert hours.min() < 1.0
    assert hours.max() > 24.0


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_day_of_twenty_three_or_twenty_five_hours_has_as_many_readings(day: date) -> None:
    (home,) = town(9, homes=1, days=1, first_day=day, tz=ZoneInfo("Europe/Madrid"))
    recording: Recording = read(home, Meter())
    assert len(recording) == (23 if day.month == 3 else 25)
    assert (np.diff(recording.at_s) == 3600).all()
