"""Incidents: nothing before the onset changes, and what follows is what was asked for."""

from datetime import UTC, datetime, timedelta

import numpy as np

from domain.recording import Recording
from simulator.incidents import tap_left_on, use_stops

START = datetime(2026, 1, 1, tzinfo=UTC)
ONSET = START + timedelta(days=10)


def home(*, drip_l_per_h: float = 0.0, draw_l: float = 5.0) -> Recording:
    """Two weeks, read hourly; a draw every third hour by day, none by night."""
    hours = np.arange(14 * 24 + 1)
    draws = np.cumsum((hours % 3 == 0) & (hours % 24 >= 8))
    register = 1000.0 + np.floor(drip_l_per_h * hours) + draw_l * draws
    return Recording(meter_id="m", at_s=int(START.timestamp()) + 3600 * hours.astype(np.int64), register_l=register)


def before(recording: Recording) -> list[float]:
    return list(recording.register_l[recording.at_s <= ONSET.timestamp()].tolist())


def test_a_stop_leaves_the_past_alone_and_the_register_where_it_stood() -> None:
    stopped = use_stops(home(), ONSET)
    assert before(stopped) == before(home())
    assert set(stopped.register_l[stopped.at_s > ONSET.timestamp()].tolist()) == {before(stopped)[-1]}


def test_a_drip_runs_on_when_use_stops() -> None:
    stopped = use_stops(home(drip_l_per_h=1.0, draw_l=4.0), ONSET)
    after = np.diff(stopped.register_l[stopped.at_s >= ONSET.timestamp()])
    assert np.all(after <= 2)
    assert after.sum() > 0


def test_a_tap_adds_its_flow_until_it_is_shut() -> None:
    shut_at = ONSET + timedelta(hours=4)
    added = tap_left_on(home(), ONSET, 5.0, shut_at).register_l - home().register_l
    at_s = home().at_s
    assert set(added[at_s <= ONSET.timestamp()].tolist()) == {0.0}
    assert added[at_s == (ONSET + timedelta(hours=2)).timestamp()].tolist() == [600.0]
    assert set(added[at_s >= shut_at.timestamp()].tolist()) == {1200.0}


def test_a_tap_that_nobody_shuts_runs_to_the_end() -> None:
    added = tap_left_on(home(), ONSET, 5.0).register_l - home().register_l
    assert added[-1] == 5.0 * 60 * 24 * 4
