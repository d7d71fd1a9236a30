"""Populations: a seed and a number give a town of households and their meters."""

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np

from domain.recording import Recording
from simulator.habits import Habits, draw_habits
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
    """A few households of people who live alone and stay at home, as their 1-L meters report them: for the demo."""
    recordings = []
    for number in range(1, homes + 1):
        rng = np.random.default_rng([seed, number])
        home = household(
            f"meter-{number:02d}",
            rng=rng,
            days=weeks * 7,
            first_day=start,
            tz=SHANGHAI,
            habits=settled(draw_habits(rng)),
        )
        start_l = float(rng.integers(10_000, 900_000))
        recordings.append(read(home, Meter(every_s=every_s, phase_s=int(rng.integers(60)), start_l=start_l)))
    return recordings


def settled(habits: Habits) -> Habits:
    """The same people in weeks without nights away, hospital, or whole days spent elsewhere."""
    return replace(
        habits,
        persons=tuple(replace(person, routine_away=0.0, mood=min(person.mood, 0.25)) for person in habits.persons),
        day_trips_per_month=min(habits.day_trips_per_month, 1.0),
        nights_away_per_month=0.0,
        second_home_weekly=0.0,
        holidays_per_year=0.0,
        hospital_per_year=0.0,
        drips_per_year=0.0,
    )
