"""What a water meter reports of a household's draws: a register of coarse steps, read at intervals."""

from dataclasses import dataclass

import numpy as np

from domain.recording import Recording
from simulator.households import Household, register_l, to_utc_s
from simulator.life import DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """How a meter reads: register step [L], time between readings [s], offset of its clock's grid [s]."""

    step_l: float = 1.0
    every_s: int = 3600
    phase_s: int = 0
    start_l: float = 0.0


def read(home: Household, meter: Meter, *, meter_id: str | None = None) -> Recording:
    """The meter's readings over the household's whole life."""
    days = home.life.days
    start_s, end_s = to_utc_s(np.array([0.0, days * DAY]), first_day=home.first_day, tz=home.tz)
    at_s = np.arange(start_s + meter.phase_s, end_s, meter.every_s)
    starts = to_utc_s(home.draws.start, first_day=home.first_day, tz=home.tz)
    exact = meter.start_l + register_l(home.draws, starts, at_s, drip_l_per_h=home.habits.drip_l_per_h)
    return Recording(
        meter_id=meter_id or home.household_id,
        at_s=at_s.astype(np.int64),
        register_l=np.floor(exact / meter.step_l + 1e-9) * meter.step_l,
    )
