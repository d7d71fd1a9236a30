"""Simulated homes are measured as real ones are, and lie near them."""

from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from domain.recording import Recording
from simulator.likeness import realism
from simulator.metering import Meter, read
from simulator.realism import measure
from simulator.towns import SHANGHAI, town
from tests.simulator.test_judge import FIRST, a_life

UTC_ZONE = ZoneInfo("UTC")


def recorded(volumes: list[float]) -> Recording:
    at_s = int(FIRST.timestamp()) + 3600 * np.arange(len(volumes) + 1)
    return Recording(meter_id="m", at_s=at_s, register_l=np.concatenate(([0.0], np.cumsum(volumes))))


def test_the_measures_are_what_they_say() -> None:
    measured = measure(recorded(a_life(60, {10: 17, 20: 25})), UTC_ZONE)
    assert measured.litres_a_day == pytest.approx(5.0 * (60 * 24 - 42) / 60)
    assert measured.silences_over_16_h_per_30_days == pytest.approx(1.0)
    assert measured.silences_over_24_h_per_30_days == pytest.approx(0.5)
    assert measured.longest_silence_median_h == 1.0
    assert measured.nights_with_use == pytest.approx(58 / 60, abs=0.02)
    assert measured.alarms_of_less_than_10_l_in_12_h_per_30_days == pytest.approx(1.0)


def test_people_who_live_alone_are_silent_as_long_as_real_ones() -> None:
    """Two to three silences over 16 h in 30 days were seen in real homes of one person."""
    lives = town(21, homes=60, days=200, first_day=FIRST.date(), share_alone=1.0)
    measured = [measure(read(life, Meter()), SHANGHAI) for life in lives]
    assert 1.4 < np.mean([home.silences_over_16_h_per_30_days for home in measured]) < 3.3
    assert 0.35 < np.median([home.days_with_less_than_10_l_in_12_h for home in measured]) < 0.75
    assert 60 < np.median([home.litres_a_day for home in measured]) < 120


def test_simulated_and_real_homes_stand_in_columns_of_their_own(tmp_path: Path) -> None:
    lines = [f"{at:%Y-%m-%dT%H:%M:%SZ},{litres:g}" for at, litres in recorded(a_life(50, {})).readings()]
    (tmp_path / "one.csv").write_text("\n".join(["ts,register_l", *lines]))
    (tmp_path / "households.csv").write_text("id,persons\none,1.0\n")
    origin, *table = realism(tmp_path, tz=UTC_ZONE, homes=2, seed=1, command="anju realism", report=lambda _: None)
    assert "`anju realism`" in origin
    assert "seed 1" in origin
    assert "SIM, one person (2 homes)" in table[0]
    assert "REAL, one person (1 homes)" in table[0]
    assert any(line.startswith("| litres a day |") and "120.00 (120.00)" in line for line in table)
