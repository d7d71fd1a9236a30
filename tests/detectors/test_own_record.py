"""What a household's own false alerts count for beside those of others."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detectors.habit import LADDER
from detectors.localtime import LocalClock
from detectors.low_use_state import LowUseState
from detectors.own_record import EIGHTHS, SPENT, OwnRecord
from detectors.population import POPULATION

OTHERS = replace(POPULATION, false_alerts=np.geomspace(1.0, 1e-4, len(LADDER)))
RECORD = OwnRecord(OTHERS, LocalClock(ZoneInfo("Asia/Shanghai")), calibrated=True)


@pytest.mark.parametrize("budget", [0.05, 0.5, 2.0])
def test_an_own_false_alert_weighs_as_much_however_few_are_wished_for(budget: float) -> None:
    """In as many days as the budget has one for, at every step: others' may come to what is left of the budget."""
    state = LowUseState(known_s=30.0 / budget * 86400.0)
    step = RECORD.step(state, [float(EIGHTHS)] * len(LADDER), budget)
    left = (2.0 * SPENT - 1.0) * budget / 30.0
    assert OTHERS.false_alerts[step] <= left < OTHERS.false_alerts[step - 1]


@pytest.mark.parametrize("budget", [0.05, 0.5, 2.0])
def test_without_a_record_others_set_the_step(budget: float) -> None:
    step = RECORD.step(LowUseState(), [0.0] * len(LADDER), budget)
    assert OTHERS.false_alerts[step] <= SPENT * budget / 30.0 < OTHERS.false_alerts[step - 1]
