"""Elderly households at the tap: a seed gives habits, a life, and every draw of water at minute resolution."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from simulator.draws import Clock, Draws, clocks
from simulator.habits import Habits, draw_habits
from simulator.life import DAY, Life, Minutes, live
from simulator.volumes import draws_of, drips_of

STILL_LPS = 1e-9  # what sums of flows leave of one that is over; drips are a thousand times as strong


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """A simulated household: its habits, its life, its end uses, all its draws, and what drips."""

    household_id: str
    first_day: date
    tz: ZoneInfo
    habits: Habits
    life: Life
    clocks: list[Clock]
    draws: Draws
    drips: Draws

    def hazard(self, at: Minutes) -> Minutes:
        """True rate of the next visible use [per minute] at each moment [wall minutes]."""
        total: Minutes = np.sum([clock.hazard(at) for clock in self.clocks], axis=0)
        return total

    def register_l(self, at_s: NDArray[np.int64]) -> NDArray[np.float64]:
        """Water through the meter since the first of these moments, exact [L], at each [UTC s]."""
        litres = register_l(self.draws, self._starts_s(self.draws), at_s)
        add_steady(litres, self.drips, self._starts_s(self.drips), at_s)
        return litres

    def dripped_l(self, at_s: NDArray[np.int64]) -> NDArray[np.float64]:
        """How much of it only dripped."""
        litres = np.zeros(len(at_s))
        add_steady(litres, self.drips, self._starts_s(self.drips), at_s)
        return litres

    def _starts_s(self, draws: Draws) -> NDArray[np.float64]:
        return to_utc_s(draws.start, first_day=self.first_day, tz=self.tz)


def household(
    household_id: str,
    *,
    rng: np.random.Generator,
    days: int,
    first_day: date,
    tz: ZoneInfo,
    persons: int = 1,
    habits: Habits | None = None,
) -> Household:
    """Draws a household and lets it live for `days` local days from `first_day` on."""
    known = habits or draw_habits(rng, persons=persons)
    life = live(known, days=days, first_day=first_day, rng=rng)
    running = clocks(known, life, rng)
    return Household(
        household_id=household_id,
        first_day=first_day,
        tz=tz,
        habits=known,
        life=life,
        clocks=running,
        draws=draws_of(known, running, rng),
        drips=drips_of(known, days, rng),
    )


@lru_cache(maxsize=64)
def _clock_hours(first_day: date, tz: ZoneInfo, days: int) -> NDArray[np.float64]:
    """UTC seconds of every local clock hour of `days` days; hour by hour on days on which the clocks are changed."""
    midnight = datetime.combine(first_day, time(), tzinfo=tz)
    midnights_s = [(midnight + timedelta(days=day)).timestamp() for day in range(days + 1)]
    hours = np.add.outer(midnights_s, np.arange(24) * 3600.0)
    for day in np.flatnonzero(np.diff(midnights_s) != 24 * 3600).tolist():
        hours[day] = [(midnight + timedelta(days=day, hours=hour)).timestamp() for hour in range(24)]
    risen: NDArray[np.float64] = np.maximum.accumulate(hours.ravel()[: days * 24 + 1])
    return risen


def to_utc_s(wall: Minutes, *, first_day: date, tz: ZoneInfo) -> NDArray[np.float64]:
    """Wall minutes as UTC seconds.

    In spring the hour that the clocks skip has no length, so what would happen in it happens at its end; in
    autumn the repeated hour runs at half speed.
    """
    days = int(np.max(wall, initial=0.0) // DAY) + 2
    hours = _clock_hours(first_day, tz, days)
    return np.interp(wall, np.arange(len(hours)) * 60.0, hours)


def register_l(draws: Draws, start_s: Minutes, at_s: NDArray[np.int64]) -> NDArray[np.float64]:
    """Water through the meter since `at_s[0]`, exact [L], at each of `at_s`; the draws begin at `start_s` [UTC s]."""
    length_s = np.maximum(draws.length * 60.0, 1.0)
    flow = draws.volume / length_s
    turns_s = np.concatenate((at_s[:1], start_s, start_s + length_s, at_s[-1:]))
    change = np.concatenate(([0.0], flow, -flow, [0.0]))
    order = np.argsort(turns_s, kind="stable")
    turns_s = turns_s[order]
    rate = np.maximum(np.cumsum(change[order]), 0.0)
    passed = np.concatenate(([0.0], np.cumsum(rate[:-1] * np.diff(turns_s))))
    passed -= np.interp(at_s[0], turns_s, passed)
    first = _first_at(at_s, turns_s)
    each = np.diff(first, append=len(at_s))  # moments from each turn to the next
    register = np.repeat(passed, each)
    runs = np.flatnonzero(rate > STILL_LPS)
    place, many = np.repeat(runs, each[runs]), each[runs]
    moment = np.arange(len(place)) + np.repeat(first[runs] - np.cumsum(many) + many, many)
    register[moment] += rate[place] * (at_s[moment] - turns_s[place])
    return register


def add_steady(litres: NDArray[np.float64], draws: Draws, start_s: Minutes, at_s: NDArray[np.int64]) -> None:
    """Adds to a register draws that last for many of its moments; there are few of them."""
    for begins_s, length_s, volume in zip(start_s, draws.length * 60.0, draws.volume, strict=True):
        from_s, until_s = np.maximum((begins_s, begins_s + length_s), at_s[0])
        begin, end = _first_at(at_s, np.array((from_s, until_s)))
        flow = volume / max(length_s, 1.0)
        litres[begin:end] += flow * (at_s[begin:end] - from_s)
        litres[end:] += flow * (until_s - from_s)


def _first_at(at_s: NDArray[np.int64], turns_s: Minutes) -> NDArray[np.int64]:
    """The place of the first moment at or after each; calculated where moments follow in equal steps, as most do."""
    wanted_s = np.ceil(turns_s).astype(np.int64)
    step_s = int(at_s[1] - at_s[0]) if len(at_s) > 1 else 1
    place = np.clip(-((at_s[0] - wanted_s) // step_s), 0, len(at_s))
    is_there = (at_s[np.minimum(place, len(at_s) - 1)] >= wanted_s) | (place == len(at_s))
    is_first = (at_s[np.maximum(place - 1, 0)] < wanted_s) | (place == 0)
    return place if np.all(is_there & is_first) else np.searchsorted(at_s, wanted_s)
