"""Machines that draw by themselves, behind a household's meter, beside the life that is lived there."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from simulator.draws import Draws, in_order
from simulator.households import Household
from simulator.life import DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Begins at these hours of the day every so many days, lasts so long [min], draws so much [L], within `spread`."""

    at_h: tuple[float, ...]
    every_days: int
    length_min: float
    litres: tuple[float, float]
    spread: float = 0.01


class Machine(StrEnum):
    """What is put in."""

    IRRIGATION = "irrigation"
    IRRIGATION_OFTEN = "irrigation_often"
    SOFTENER = "softener"


SCHEDULES = {
    Machine.IRRIGATION: Schedule(at_h=(6.0,), every_days=1, length_min=20.0, litres=(40.0, 250.0)),
    Machine.IRRIGATION_OFTEN: Schedule(at_h=(6.0, 13.0, 20.0), every_days=1, length_min=10.0, litres=(20.0, 100.0)),
    Machine.SOFTENER: Schedule(at_h=(2.0,), every_days=3, length_min=70.0, litres=(100.0, 200.0)),
}


def with_machine(household: Household, machine: Machine, rng: np.random.Generator) -> Household:
    """The same life; what the machine draws counts among what drips: nobody does it, and it goes on."""
    schedule = SCHEDULES[machine]
    days = np.arange(int(rng.integers(schedule.every_days)), household.life.days, schedule.every_days) * DAY
    start = np.sort(np.add.outer(days, 60.0 * np.array(schedule.at_h)).ravel())
    litres = rng.uniform(*schedule.litres) * rng.normal(1.0, schedule.spread, len(start))
    drawn = Draws(start=start, length=np.full(len(start), schedule.length_min), volume=litres)
    return replace(household, drips=in_order([household.drips, drawn]))
