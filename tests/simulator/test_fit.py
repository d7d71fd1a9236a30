"""What is learned from other households, and how it is written down."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detectors.habit import LADDER, TERMS, Population
from domain.recording import Recording
from simulator.fit import as_module, fit
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
