"""Elderly households at the tap: a seed gives habits, a life, and every draw of water at minute resolution."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from simulator.draws import Clock, Draws, clocks, in_order
from simulator.habits import Habits, draw_habits
from simulator.life import DAY, Life, Minutes, live
from simulator.volumes import draws_of, drips_of

Seconds = NDArray[np.floating[Any]] | NDArray[np.int64]


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

    def register_l(self, at_s: Seconds) -> NDArray[np.float64]:
        """Water through the meter since the first of these moments, exact [L], at each [UTC s]."""
        return self._through(in_order([self.draws, self.drips]), at_s)

    def dripped_l(self, at_s: Seconds) -> NDArray[np.float64]:
        """How much of it only dripped."""
        return self._through(self.drips, at_s)

    def _through(self, draws: Draws, at_s: Seconds) -> NDArray[np.float64]:
        return register_l(draws, to_utc_s(draws.start, first_day=self.first_day, tz=self.tz), at_s)


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
    """UTC seconds of every local clock hour of `days` days."""
    midnight = datetime.combine(first_day, time(), tzinfo=tz)
    clock = [midnight + timedelta(hours=hour) for hour in range(days * 24 + 1)]
    hours: NDArray[np.float64] = np.maximum.accumulate(np.array([moment.timestamp() for moment in clock]))
    return hours


def to_utc_s(wall: Minutes, *, first_day: date, tz: ZoneInfo) -> NDArray[np.float64]:
    """Wall minutes as UTC seconds.

    In spring the hour that the clocks skip has no length, so what would happen in it happens at its end; in
    autumn the repeated hour runs at half speed.
    """
    days = int(np.max(wall, initial=0.0) // DAY) + 2
    hours = _clock_hours(first_day, tz, days)
    return np.interp(wall, np.arange(len(hours)) * 60.0, hours)


def register_l(draws: Draws, start_s: Seconds, at_s: Seconds) -> NDArray[np.float64]:
    """Water through the meter since `at_s[0]`, exact [L], at each of `at_s`; the draws begin at `start_s` [UTC s]."""
    length_s = np.maximum(draws.length * 60.0, 1.0)
    flow = draws.volume / length_s
    turns_s = np.concatenate((at_s[:1], start_s, start_s + length_s, at_s[-1:]))
    change = np.concatenate(([0.0], flow, -flow, [0.0]))
    order = np.argsort(turns_s, kind="stable")
    turns_s = turns_s[order] - at_s[0]
    rate = np.maximum(np.cumsum(change[order]), 0.0)
    passed = np.concatenate(([0.0], np.cumsum(rate[:-1] * np.diff(turns_s))))
    passed -= np.interp(0.0, turns_s, passed)
    since_s: NDArray[np.float64] = (at_s - at_s[0]).astype(np.float64)
    each = np.diff(np.searchsorted(since_s, turns_s), append=len(since_s))  # moments from each turn to the next
    since_s *= np.repeat(rate, each)
    since_s += np.repeat(passed - rate * turns_s, each)
    return since_s
