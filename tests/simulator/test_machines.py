"""Machines draw beside a life by their own clock, and nothing of that life changes."""

from datetime import date

import numpy as np
import pytest

from simulator.life import DAY
from simulator.machines import MACHINES, Machine, Schedule, Ticks, with_machine
from simulator.towns import town

DAYS = 60


@pytest.mark.parametrize("machine", Machine)
def test_a_machine_draws_beside_a_life_that_stays_as_it_was(machine: Machine) -> None:
    (home,) = town(5, homes=1, days=DAYS, first_day=date(2026, 3, 2))
    one, other = (with_machine(home, machine, np.random.default_rng(11)) for _ in range(2))
    assert one.draws is home.draws
    assert np.array_equal(one.drips.start, other.drips.start)
    assert np.array_equal(one.drips.volume, other.drips.volume)
    assert len(one.drips) > len(home.drips)
    assert (np.diff(one.drips.start) >= 0.0).all()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("machine", Machine)
def test_it_draws_as_much_each_time_at_its_hours_until_the_end(machine: Machine, seed: int) -> None:
    drawn = MACHINES[machine].draws(DAYS, np.random.default_rng(seed))
    assert drawn.start[0] >= 0.0
    assert DAYS * DAY - 4 * DAY < drawn.start[-1] < DAYS * DAY
    assert drawn.volume == pytest.approx(np.full(len(drawn), drawn.volume.mean()), rel=0.3)
    least_l, most_l = MACHINES[machine].litres
    assert 0.9 * least_l <= drawn.volume.mean() <= 1.1 * most_l
    match MACHINES[machine]:
        case Schedule(at_h=at_h, every_days=every_days):
            assert {minute / 60.0 for minute in drawn.start % DAY} == set(at_h)
            assert DAYS // every_days <= len(drawn) / len(at_h) <= DAYS // every_days + 1
        case Ticks(every_h=(least_h, most_h)):
            every_h = np.diff(drawn.start) / 60.0
            assert every_h == pytest.approx(np.full(len(every_h), every_h.mean()), rel=0.3)
            assert 0.95 * least_h <= every_h.mean() <= 1.05 * most_h
