"""Where people are and whether they are up: nights, errands, trips, hospital, bad days, visitors.

Times are wall minutes: minutes of local clock time since the first local midnight, 1440 a day.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator.habits import Habits, Person

DAY = 1440.0
COLDEST_YEARDAY = 15
Minutes = NDArray[np.floating[Any]]
Value = TypeVar("Value", bound=np.generic)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """Stretches of time that don't overlap, in order [wall minutes]."""

    start: Minutes
    end: Minutes

    def covers(self, at: Minutes) -> NDArray[np.bool_]:
        """Whether each moment lies in one of the spans; the moments in order of time."""
        turns = np.ravel((self.start, self.end), order="F")
        return stepped(np.arange(len(turns) + 1) % 2 == 1, turns, at)


def passed(events: Minutes, at: Minutes) -> NDArray[np.int64]:
    """How many events lie at or before each moment; both in order of time (few events, many moments)."""
    return stepped(np.arange(len(events) + 1), events, at)


def stepped(values: NDArray[Value], events: Minutes, at: Minutes) -> NDArray[Value]:
    """At each moment the value that counts since the last event at or before it; `values[0]` before all of them."""
    return np.repeat(values, np.diff(np.searchsorted(at, events, side="left"), prepend=0, append=len(at)))


def merged(start: Minutes, end: Minutes) -> Spans:
    """Spans that may overlap, as spans that don't."""
    order = np.argsort(start, kind="stable")
    start, reach = start[order], np.maximum.accumulate(np.maximum(start, end)[order])
    if not len(start):
        return Spans(start=start, end=reach)
    fresh = np.concatenate(([True], start[1:] > reach[:-1]))
    last = np.concatenate((fresh[1:], [True]))
    return Spans(start=start[fresh], end=reach[last])


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLife:
    """One resident's weeks: when up, when out, when ill in bed, and how lively each day is (1 on average)."""

    up: Spans
    out: Spans
    bad: Spans
    spirits: Minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A household's weeks; `warmth` is the season of each day, 1 in July, -1 in January."""

    days: int
    first_weekday: int
    warmth: Minutes
    persons: tuple[PersonLife, ...]
    visitors: Spans


def live(habits: Habits, *, days: int, first_day: date, rng: np.random.Generator) -> Life:
    """Draws a household's life for `days` local days."""
    first_weekday = first_day.weekday()
    together = _journeys(habits, days, first_weekday, rng)
    return Life(
        days=days,
        first_weekday=first_weekday,
        warmth=-np.cos(2.0 * np.pi * (np.arange(days) + first_day.timetuple().tm_yday - COLDEST_YEARDAY) / 365.0),
        persons=tuple(_person(person, together, days, first_weekday, rng) for person in habits.persons),
        visitors=_visitors(habits, days, rng),
    )


def _person(
    person: Person, together: list[tuple[Minutes, Minutes]], days: int, first_weekday: int, rng: np.random.Generator
) -> PersonLife:
    day = np.arange(days, dtype=np.float64)
    up = rng.normal(person.wake_h, person.wake_scatter_h, days) * 60.0
    bed = np.maximum(rng.normal(person.bed_h, person.bed_scatter_h, days) * 60.0, up + 240.0)
    out = [*together, *_outings(person, days, first_weekday, rng)]
    bad_start = _days_struck(person.bad_days_per_month / 30.0, days, rng)
    return PersonLife(
        up=merged(day * DAY + up, day * DAY + bed),
        out=merged(np.concatenate([start for start, _ in out]), np.concatenate([end for _, end in out])),
        bad=merged(bad_start, bad_start + DAY * rng.choice([1.0, 2.0, 3.0], len(bad_start), p=[0.6, 0.3, 0.1])),
        spirits=rng.lognormal(-0.5 * person.mood**2, person.mood, days),
    )


def _days_struck(per_day: float, days: int, rng: np.random.Generator) -> Minutes:
    """Midnights of the days on which something with this rate happens."""
    return np.flatnonzero(rng.random(days) < per_day) * DAY


def _outings(person: Person, days: int, first_weekday: int, rng: np.random.Generator) -> list[tuple[Minutes, Minutes]]:
    """Errands, the weekly club, and whole days spent elsewhere as a matter of routine."""
    errands = rng.poisson(person.errands_per_day, days)
    day = np.repeat(np.arange(days, dtype=np.float64), errands) * DAY
    errand_at = day + 60.0 * rng.choice([10.0, 15.5], len(day), p=[0.6, 0.4]) + rng.normal(0.0, 60.0, len(day))
    errand_min = 60.0 * person.errand_h * rng.lognormal(0.0, 0.5, len(day))
    weekday = (np.arange(days) + first_weekday) % 7
    club = np.flatnonzero((weekday == person.club_weekday) & (rng.random(days) < person.club_weekly)) * DAY
    club_at = club + 60.0 * 14.0 + rng.normal(0.0, 15.0, len(club))
    routine = np.flatnonzero((weekday < 5) & (rng.random(days) < person.routine_away)) * DAY
    routine_at = routine + 60.0 * 9.0 + rng.normal(0.0, 30.0, len(routine))
    return [
        (errand_at, errand_at + np.minimum(errand_min, 480.0)),
        (club_at, club_at + rng.normal(180.0, 30.0, len(club))),
        (routine_at, routine_at + rng.normal(500.0, 60.0, len(routine))),
    ]


def _journeys(habits: Habits, days: int, first_weekday: int, rng: np.random.Generator) -> list[tuple[Minutes, Minutes]]:
    """Day trips, nights away, holidays and hospital: the whole household is out."""
    trips = _days_struck(habits.day_trips_per_month / 30.0, days, rng)
    trip_at = trips + rng.normal(9.0 * 60.0, 60.0, len(trips))
    nights = _days_struck(habits.nights_away_per_month / 30.0, days, rng)
    night_at = nights + rng.uniform(9.0, 20.0, len(nights)) * 60.0
    night_end = (
        nights
        + DAY * rng.choice([1.0, 2.0, 3.0], len(nights), p=[0.7, 0.2, 0.1])
        + rng.uniform(9.0, 20.0, len(nights)) * 60.0
    )
    holidays = _days_struck(habits.holidays_per_year / 365.0, days, rng)
    holiday_at = holidays + rng.uniform(7.0, 14.0, len(holidays)) * 60.0
    hospital = _days_struck(habits.hospital_per_year / 365.0, days, rng)
    hospital_at = hospital + rng.uniform(0.0, 24.0, len(hospital)) * 60.0
    weekday = (np.arange(days) + first_weekday) % 7
    second = (
        np.flatnonzero((weekday == habits.second_home_weekday) & (rng.random(days) < habits.second_home_weekly)) * DAY
    )
    second_at = second + rng.normal(16.0, 2.0, len(second)) * 60.0
    return [
        (trip_at, trip_at + rng.uniform(6.0, 13.0, len(trips)) * 60.0),
        (
            second_at,
            second
            + DAY * rng.choice([1.0, 2.0], len(second), p=[0.8, 0.2])
            + rng.normal(15.0, 2.5, len(second)) * 60.0,
        ),
        (night_at, night_end),
        (holiday_at, holiday_at + rng.uniform(7.0, 21.0, len(holidays)) * DAY),
        (hospital_at, hospital_at + rng.uniform(2.0, 10.0, len(hospital)) * DAY),
    ]


def _visitors(habits: Habits, days: int, rng: np.random.Generator) -> Spans:
    visits = _days_struck(habits.visits_per_month / 30.0, days, rng)
    start = visits + rng.normal(14.0, 2.0, len(visits)) * 60.0
    stay = np.where(rng.random(len(visits)) < 0.1, 2.0 * DAY, rng.uniform(120.0, 420.0, len(visits)))
    return merged(start, start + stay)
