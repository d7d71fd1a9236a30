"""The quick forms against the slow, obvious ones."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.constant_flow import ConstantFlow
from detectors.constant_flow_rules import ConstantFlowParameters
from detectors.habit import BEGINS, HOURS, LADDER, Population, before, terms
from detectors.localtime import LocalClock
from detectors.planner import Planner
from detectors.population import POPULATION
from domain.interval import Interval
from tests import naive
from tests.detectors.homes import HOUR, MONDAY

PLANNER = Planner(POPULATION)
SHARES = st.floats(0.0, 1.0)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    begun=st.integers(0, 23),
    used=st.integers(0, 2**64 - 1),
    rate=st.lists(SHARES, min_size=24, max_size=24),
)
def test_the_alarm_hours_are_those_of_the_slow_twin(seed: int, begun: int, used: int, rate: list[float]) -> None:
    silences = np.random.default_rng(seed).poisson(0.5, (BEGINS, HOURS + 1)).astype(np.uint8)
    past = before(begun, used, rate)
    quick = list(PLANNER.alarm_hours(PLANNER.scores(bytearray(silences.tobytes()), rate, past)))
    chances = naive.hazard(silences.tolist(), rate, past, POPULATION)
    for step in range(len(LADDER)):
        costs = naive.alarm_costs(chances, step)
        assert costs[quick[step]] == pytest.approx(min(costs.values()), rel=1e-9)  # so a dearer step is never sooner
    assert quick == sorted(quick)


def test_the_hazard_is_that_of_the_slow_twin_to_nine_digits() -> None:
    rate = [0.1 + 0.03 * hour for hour in range(24)]
    silences = np.random.default_rng(3).poisson(2.0, (BEGINS, HOURS + 1)).astype(np.uint8)
    past = before(7, 0b1011, rate)
    record = bytearray(silences.tobytes())
    learned = terms(record, rate, past, POPULATION.survival) @ POPULATION.weights + POPULATION.intercept
    for scores in (learned, PLANNER.scores(record, rate, past)):
        quick = 1.0 / (1.0 + np.exp(-np.array(scores)))
        assert quick.tolist() == pytest.approx(naive.hazard(silences.tolist(), rate, past, POPULATION), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(flows=st.lists(st.sampled_from([0.0, 1.0, 3.0, 8.0, 40.0, 300.0]), min_size=1, max_size=60))
def test_the_steady_flow_on_every_scale_is_that_of_the_slow_twin(flows: list[float]) -> None:
    detector = ConstantFlow(ConstantFlowParameters())
    state = detector.start()
    for hour, flow in enumerate(flows):
        detector.observe(state, Interval(MONDAY + hour * HOUR, MONDAY + (hour + 1) * HOUR, flow))
    end_s = (MONDAY + len(flows) * HOUR).timestamp()
    for hours in (1, 2, 3, 6, 9, 12, 24, 48):
        from_s = end_s - timedelta(hours=hours).total_seconds() + 360.0
        reaching = [flow for since_s, flow, _, _ in state.falling if since_s <= from_s]
        assert (reaching[-1] if reaching else 0.0) == naive.least_flow(flows, hours)


def test_a_household_of_which_nothing_is_known_gets_the_population_s_plan() -> None:
    nothing = bytearray(BEGINS * (HOURS + 1))
    plan = PLANNER.alarm_hours(PLANNER.scores(nothing, [0.3] * 24, before(8, 1, [0.3] * 24)))
    assert isinstance(POPULATION, Population)
    assert 4 <= plan[0] <= plan[-1] <= 23


@settings(max_examples=60, deadline=None)
@given(
    moments=st.lists(st.integers(0, 2**31), min_size=1, max_size=8),
    zone=st.sampled_from(["Asia/Kolkata", "Europe/Madrid"]),
)
def test_the_wall_clock_s_hour_is_that_of_the_calendar(moments: list[int], zone: str) -> None:
    clock = LocalClock(ZoneInfo(zone))
    for at_s in [moment for moment in moments for _ in range(2)]:
        wall = datetime.fromtimestamp(at_s, UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)
        assert clock.hour(at_s) == wall.timestamp() // 3600
