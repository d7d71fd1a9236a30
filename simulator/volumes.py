"""How much water each use takes, and how fast it runs."""

import numpy as np

from simulator.draws import Clock, Draws, in_order
from simulator.habits import Habits
from simulator.life import DAY

FILL_LPM = 2.5
FILLS_PER_WASH = 4
FILL_EVERY_MIN = 18.0
BATH_L = 110.0
DRIP_WEEKS = 10.0
YEAR_DAYS = 365.0
DRIP_L_PER_H = (0.2, 0.7, 8.0)  # least, typical, most


def draws_of(habits: Habits, found: list[Clock], rng: np.random.Generator) -> Draws:
    """The draws of all clocks, in order."""
    return in_order([_BY_USE[clock.use](habits, clock, rng) for clock in found])


def _toilet(habits: Habits, clock: Clock, rng: np.random.Generator) -> Draws:
    """A flush, half of it where the button is used; hands are washed after it; now and then the cistern sticks."""
    at = clock.at[rng.random(len(clock.strikes)) < habits.flush_seen]
    volume = habits.flush_l * np.where(rng.random(len(at)) < 0.45, 0.5, 1.0)
    length = volume / FILL_LPM
    stuck = rng.random(len(at)) < habits.sticking_per_flush
    length = np.where(stuck, rng.uniform(20.0, 240.0, len(at)), length)
    volume = np.where(stuck, volume + length * rng.uniform(0.5, 2.0), volume)
    hands = at[rng.random(len(at)) < 0.8]
    washed = rng.lognormal(np.log(0.25 * habits.tap_l), 0.5, len(hands))
    return in_order(
        [
            Draws(start=at, length=length, volume=volume),
            Draws(start=hands + rng.uniform(0.5, 2.0, len(hands)), length=washed / 4.0, volume=washed),
        ]
    )


def _tap(habits: Habits, clock: Clock, rng: np.random.Generator) -> Draws:
    """Kitchen and basin: one to a few runs within some minutes."""
    more = rng.poisson(0.8 if clock.use == "kitchen" else 0.2, len(clock.strikes))
    at = np.repeat(clock.at, more + 1)
    first = np.concatenate(([True], at[1:] != at[:-1])) if len(at) else np.empty(0, dtype=np.bool_)
    at = at + np.where(first, 0.0, rng.exponential(5.0, len(at)))
    typical = habits.tap_l * (1.0 if clock.use == "kitchen" else 0.6)
    volume = rng.lognormal(np.log(typical), 0.7, len(at))
    return Draws(start=at, length=volume / rng.uniform(2.0, 8.0, len(at)), volume=volume)


def _shower(habits: Habits, clock: Clock, rng: np.random.Generator) -> Draws:
    length = np.clip(rng.chisquare(6.5, len(clock.strikes)), 1.5, 25.0)
    return Draws(start=clock.at, length=length, volume=length * habits.shower_lpm)


def _bath(_: Habits, clock: Clock, rng: np.random.Generator) -> Draws:
    volume = BATH_L * rng.uniform(0.6, 1.2, len(clock.strikes))
    return Draws(start=clock.at, length=volume / 10.0, volume=volume)


def _laundry(habits: Habits, clock: Clock, rng: np.random.Generator) -> Draws:
    at = np.repeat(clock.at, FILLS_PER_WASH)
    at = at + np.tile(np.arange(FILLS_PER_WASH) * FILL_EVERY_MIN, len(clock.strikes))
    volume = habits.laundry_fill_l * rng.uniform(0.8, 1.2, len(at))
    return Draws(start=at, length=volume / 8.0, volume=volume)


def _garden(_: Habits, clock: Clock, rng: np.random.Generator) -> Draws:
    length = rng.uniform(3.0, 15.0, len(clock.strikes))
    return Draws(start=clock.at, length=length, volume=length * 8.0)


_BY_USE = {
    "toilet": _toilet,
    "basin": _tap,
    "kitchen": _tap,
    "shower": _shower,
    "bath": _bath,
    "laundry": _laundry,
    "garden": _garden,
}


def drips_of(habits: Habits, days: int, rng: np.random.Generator) -> Draws:
    """Taps that begin to drip and are mended some weeks later: draws of weeks; some began before the first day."""
    number = rng.poisson(habits.drips_per_year * (days + YEAR_DAYS) / YEAR_DAYS)
    start = rng.uniform(-YEAR_DAYS, days, number)
    end = np.clip(start + rng.exponential(DRIP_WEEKS * 7.0, number), 0.0, days)
    least, typical, most = DRIP_L_PER_H
    flow = np.clip(typical * rng.lognormal(0.0, 0.9, number), least, most)
    start, hours = np.maximum(start, 0.0), (end - np.maximum(start, 0.0)) * 24.0
    return in_order([Draws(start=start * DAY, length=hours * 60.0, volume=flow * hours)])
