"""What is learned from other households, and how it is written down."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detectors.habit import LADDER, TERMS, Population
from domain.recording import Recording
from simulator.fit import as_module, fit
from simulator.homes import simulated_homes
from simulator.metering import seen_through
from tests.detectors.homes import ordinary_life, registers


def recording(seed: int) -> Recording:
    at, register_l = zip(*registers(ordinary_life(70, seed=seed)), strict=True)
    times = np.array([moment.timestamp() for moment in at], np.int64)
    return Recording(meter_id=f"home{seed}", at_s=times, register_l=np.array(register_l))


@pytest.fixture(scope="module")
def learned() -> Population:
    return fit([recording(1), recording(2)], ZoneInfo("Asia/Shanghai"))


def test_longer_silences_are_rarer_and_costlier_false_alerts_fewer(learned: Population) -> None:
    assert (np.diff(learned.survival, axis=1) <= 1e-12).all()
    assert learned.weights.shape == (TERMS,)
    assert learned.false_alerts.shape == LADDER.shape
    assert (np.diff(learned.false_alerts) <= 1e-12).all()


def test_the_numbers_written_down_are_those_learned(learned: Population) -> None:
    written: dict[str, Population] = {}
    exec(as_module(learned, "two made-up homes"), written)  # noqa: S102  # the module that is written
    read = written["POPULATION"]
    assert read.survival == pytest.approx(learned.survival, rel=1e-2)
    assert read.weights == pytest.approx(learned.weights, rel=1e-3)
    assert read.intercept == pytest.approx(learned.intercept, rel=1e-3)


def test_a_simulated_home_teaches_how_silences_end_by_a_share_of_a_recorded_one() -> None:
    zone, (lone,) = ZoneInfo("Asia/Shanghai"), simulated_homes(3, number=1, days=70, outages=False)
    hourly = seen_through(lone.pipe, every_s=3600, step_l=1.0)
    recorded, simulated = fit([recording(1)], zone).survival, fit([hourly], zone).survival
    both = fit([recording(1)], zone, simulated=[lone]).survival
    assert both == pytest.approx((recorded + 0.3 * simulated) / 1.3, abs=1e-4)
    assert np.abs(both - recorded).max() > 0.01
