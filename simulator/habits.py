"""One household's habits: who they are at the tap, drawn once and kept for life."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Use = Literal["toilet", "basin", "kitchen", "shower", "bath", "laundry", "garden"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One resident's day. Hours are local clock hours, scatters standard deviations [h], rates per day.

    Toilet visits (7.2 a day), showers (0.69 a day of 6.5 min) and the getting-up hour are centred on the senior
    column of the Dutch end-use statistics (E.J.M. Blokker, "Stochastic water demand modelling", 2010, as
    published with pysimdeum by KWR); the spread between people is ours.
    """

    wake_h: float
    wake_scatter_h: float
    bed_h: float
    bed_scatter_h: float
    toilet_per_day: float
    bladder_shape: float
    night_share: float
    shower_per_day: float
    shower_h: float
    bathes: bool
    errands_per_day: float
    errand_h: float
    club_weekday: int
    club_weekly: float
    routine_away: float
    bad_days_per_month: float
    mood: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """A household: its people, what they share, and its plumbing. Volumes in litres."""

    persons: tuple[Person, ...]
    kitchen_per_day: float
    lunch_h: float
    dinner_h: float
    laundry_per_week: float
    laundry_weekday: int
    garden: bool
    flush_l: float
    flush_seen: float
    tap_l: float
    shower_lpm: float
    laundry_fill_l: float
    drips_per_year: float
    sticking_per_flush: float
    day_trips_per_month: float
    nights_away_per_month: float
    second_home_weekly: float
    second_home_weekday: int
    holidays_per_year: float
    hospital_per_year: float
    visits_per_month: float


def draw_person(rng: np.random.Generator) -> Person:
    """A resident of a pensioner's age."""
    wake_h = float(np.clip(rng.normal(7.0, 1.0), 4.5, 10.0))
    return Person(
        wake_h=wake_h,
        wake_scatter_h=float(rng.uniform(0.25, 0.9)),
        bed_h=float(np.clip(wake_h + rng.normal(15.2, 0.9), 19.5, 25.5)),
        bed_scatter_h=float(rng.uniform(0.3, 0.9)),
        toilet_per_day=float(np.clip(rng.normal(7.2, 1.6), 3.5, 12.0)),
        bladder_shape=float(rng.uniform(2.0, 6.0)),
        night_share=float(rng.beta(2.2, 3.6)),  # most people over 65 get up once or twice a night
        shower_per_day=float(np.clip(rng.normal(0.55, 0.25), 0.1, 1.0)),
        shower_h=float(rng.choice([wake_h + 0.7, 10.5, 17.0, 20.5])),
        bathes=bool(rng.random() < 0.07),
        errands_per_day=float(rng.uniform(0.3, 1.3)),
        errand_h=float(rng.lognormal(np.log(1.4), 0.35)),
        club_weekday=int(rng.integers(7)),
        club_weekly=float(rng.choice([0.0, 0.8], p=[0.5, 0.5])),
        routine_away=float(rng.choice([0.0, rng.uniform(0.2, 0.8)], p=[0.75, 0.25])),
        bad_days_per_month=float(rng.gamma(1.0, 0.8)),
        mood=float(rng.uniform(0.1, 0.7)),
    )


def draw_habits(rng: np.random.Generator, *, persons: int = 1) -> Habits:
    """A household of `persons` people; one in five is a low user (15-40 L a day and person)."""
    saver = rng.random() < 0.2
    level = float(rng.lognormal(0.0, 0.25))
    return Habits(
        persons=tuple(draw_person(rng) for _ in range(persons)),
        kitchen_per_day=float(np.clip(rng.normal(5.5, 1.5), 2.0, 10.0)) * (1.0 + 0.3 * (persons - 1)),
        lunch_h=float(rng.normal(12.3, 0.6)),
        dinner_h=float(rng.normal(18.0, 0.8)),
        laundry_per_week=float(rng.choice([0.0, rng.uniform(0.7, 3.0)], p=[0.1, 0.9])),
        laundry_weekday=int(rng.integers(7)),
        garden=bool(rng.random() < 0.2),
        flush_l=float(rng.choice([3.0, 4.5, 6.0, 9.0], p=[0.2, 0.3, 0.35, 0.15])) if not saver else 3.0,
        flush_seen=float(rng.uniform(0.35, 0.7)) if saver else 1.0,
        tap_l=(0.9 if saver else 2.2) * level,
        shower_lpm=(2.5 if saver else 7.5) * float(rng.uniform(0.8, 1.2)),
        laundry_fill_l=5.0 if saver else float(rng.uniform(9.0, 16.0)),
        drips_per_year=float(rng.gamma(0.6, 0.9)),
        sticking_per_flush=float(rng.choice([0.0, rng.uniform(0.001, 0.01)], p=[0.85, 0.15])),
        day_trips_per_month=float(rng.gamma(1.3, 2.0)),
        nights_away_per_month=float(rng.gamma(0.8, 1.9)),
        second_home_weekly=float(rng.choice([0.0, rng.uniform(0.2, 0.9)], p=[0.78, 0.22])),
        second_home_weekday=int(rng.integers(7)),
        holidays_per_year=float(rng.gamma(1.0, 1.2)),
        hospital_per_year=float(rng.gamma(0.7, 0.5)),
        visits_per_month=float(rng.gamma(1.2, 1.5)),
    )
