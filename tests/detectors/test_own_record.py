"""What a household's own false alerts count for beside those of others."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.habit import LADDER
from detectors.localtime import LocalClock
from detectors.low_use_state import LowUseState
from detectors.own_record import EIGHTHS, SPENT, OwnRecord
from detectors.population import POPULATION
from detectors.record import MOST

OTHERS = replace(POPULATION, false_alerts=np.geomspace(1.0, 1e-4, len(LADDER)))
RECORD = OwnRecord(OTHERS, LocalClock(ZoneInfo("Asia/Shanghai")), calibrated=True)


@pytest.mark.parametrize("budget", [0.05, 0.5, 2.0])
def test_an_own_false_alert_weighs_as_much_however_few_are_wished_for(budget: float) -> None:
    """In as many days as the budget has one for, at every step: others' may come to what is left of the budget."""
    state = LowUseState(known_s=30.0 / budget * 86400.0)
    step = RECORD.step(state, [float(EIGHTHS)] * len(LADDER), budget)
    left = (2.0 * SPENT - 1.0) * budget / 30.0
    assert OTHERS.false_alerts[step] <= left < OTHERS.false_alerts[step - 1]


@given(rooms=st.binary(min_size=len(LADDER), max_size=len(LADDER)), days=st.integers(0, 400))
def test_what_was_no_false_alarm_after_all_leaves_the_home_as_patient_as_before(rooms: bytes, days: int) -> None:
    """The record is as long, and the step is the same."""
    counts = bytearray([0]) + bytearray(min(count, MOST - EIGHTHS) for count in rooms)
    state = LowUseState(known_s=days * 86400.0, would_raise=bytearray(counts))
    before = RECORD.step(state, RECORD.own(state), 0.5)
    RECORD.false_alarm(state, 0.5)
    assert sum(state.would_raise) == sum(counts) + EIGHTHS
    RECORD.no_false_alarm(state, 0.5)
    assert sum(state.would_raise) == sum(counts)
    assert RECORD.step(state, RECORD.own(state), 0.5) == before


@pytest.mark.parametrize("budget", [0.05, 0.5, 2.0])
def test_without_a_record_others_set_the_step(budget: float) -> None:
    step = RECORD.step(LowUseState(), [0.0] * len(LADDER), budget)
    assert OTHERS.false_alerts[step] <= SPENT * budget / 30.0 < OTHERS.false_alerts[step - 1]
