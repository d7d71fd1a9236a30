"""Populations: a seed and a number give a town of households and their meters."""

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np

from domain.recording import Recording
from simulator.households import Household, household
from simulator.metering import Meter, read

SHANGHAI = ZoneInfo("Asia/Shanghai")


def town(
    seed: int, *, homes: int, days: int, first_day: date, tz: ZoneInfo = SHANGHAI, share_alone: float = 0.7
) -> list[Household]:
    """`homes` households; the same seed and number give the same household whatever the town's size."""
    return [
        _nth(seed, number, days=days, first_day=first_day, tz=tz, share_alone=share_alone) for number in range(homes)
    ]


def _nth(seed: int, number: int, *, days: int, first_day: date, tz: ZoneInfo, share_alone: float) -> Household:
    rng = np.random.default_rng([seed, number])
    persons = 1 if rng.random() < share_alone else 2
    return household(f"home-{seed}-{number:05d}", rng=rng, days=days, first_day=first_day, tz=tz, persons=persons)


def small_town(
    seed: int, *, homes: int = 6, weeks: int = 7, start: date = date(2026, 3, 2), every_s: int = 3600
) -> list[Recording]:
    """A few households of people living alone, as their 1-L meters report them: for the demo and for tests."""
    lives = town(seed, homes=homes, days=weeks * 7, first_day=start, share_alone=1.0)
    rng = np.random.default_rng([seed, homes, weeks])
    return [
        read(
            home,
            Meter(every_s=every_s, phase_s=int(rng.integers(60)), start_l=float(rng.integers(10_000, 900_000))),
            meter_id=f"meter-{number:02d}",
        )
        for number, home in enumerate(lives, 1)
    ]
