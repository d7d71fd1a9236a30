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

    def draws(self, days: int, rng: np.random.Generator) -> Draws:
        first = np.arange(int(rng.integers(self.every_days)), days, self.every_days) * DAY
        start = np.sort(np.add.outer(first, 60.0 * np.array(self.at_h)).ravel())
        litres = rng.uniform(*self.litres) * rng.normal(1.0, self.spread, len(start))
        return Draws(start=start, length=np.full(len(start), self.length_min), volume=litres)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticks:
    """Draws so much [L], within `spread`, whenever so long has gone by [h], which wanders with the pressure."""

    every_h: tuple[float, float]
    litres: tuple[float, float]
    spread: float = 0.05
    length_min: float = 1.0

    def draws(self, days: int, rng: np.random.Generator) -> Draws:
        every_min = 60.0 * np.exp(rng.uniform(*np.log(self.every_h)))
        start = np.cumsum(every_min * rng.normal(1.0, self.spread, int(days * DAY / every_min) + 1))
        start = start[start < days * DAY]
        litres = np.exp(rng.uniform(*np.log(self.litres))) * rng.normal(1.0, self.spread, len(start))
        return Draws(start=start, length=np.full(len(start), self.length_min), volume=litres)


class Machine(StrEnum):
    """What is put in."""

    IRRIGATION = "irrigation"
    IRRIGATION_OFTEN = "irrigation_often"
    SOFTENER = "softener"
    FOUNTAIN = "fountain"
    CISTERN = "cistern"
    SLOW_DRIP = "slow_drip"


MACHINES: dict[Machine, Schedule | Ticks] = {
    Machine.IRRIGATION: Schedule(at_h=(6.0,), every_days=1, length_min=20.0, litres=(40.0, 250.0)),
    Machine.IRRIGATION_OFTEN: Schedule(at_h=(6.0, 13.0, 20.0), every_days=1, length_min=10.0, litres=(20.0, 100.0)),
    Machine.SOFTENER: Schedule(at_h=(2.0,), every_days=3, length_min=70.0, litres=(100.0, 200.0)),
    Machine.FOUNTAIN: Schedule(at_h=(5.0,), every_days=1, length_min=3.0, litres=(3.0, 14.0)),
    Machine.CISTERN: Ticks(every_h=(2.0, 10.0), litres=(1.5, 6.0)),  # it leaks, and fills up now and then
    Machine.SLOW_DRIP: Ticks(every_h=(0.7, 3.0), litres=(0.1, 0.1)),  # 1 L in 7 to 30 h
}


def with_machine(household: Household, machine: Machine, rng: np.random.Generator) -> Household:
    """The same life; what the machine draws counts among what drips: nobody does it, and it goes on."""
    drawn = MACHINES[machine].draws(household.life.days, rng)
    return replace(household, drips=in_order([household.drips, drawn]))
