"""Every draw of water in a household's life, and the true hazard of the next one.

Each end use is a clock that runs at the rate of the moment (who is up, at home, well; the hour of the day) and
strikes after gamma-distributed amounts of its own time: a renewal process in operational time. So a draw costs
one random number, and the hazard at any minute is known exactly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc, gammaln

from simulator.habits import Habits, Person, Use
from simulator.life import DAY, Life, Minutes, PersonLife, stepped

GRID_MIN = 15.0
AFTER_WAKING_MIN = 25.0
BEFORE_BED_MIN = 25.0
AFTER_RETURN_MIN = 15.0
BASIN_PER_DAY = 4.1  # besides the hands after the toilet; Blokker 2010


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """One end use: operational time at `edges`, and the operational times at which it struck."""

    use: Use
    shape: float
    seen: float
    edges: Minutes
    elapsed: Minutes
    strikes: Minutes

    @property
    def at(self) -> Minutes:
        """When it struck [wall minutes]."""
        return np.interp(self.strikes, self.elapsed, self.edges)

    def hazard(self, at: Minutes) -> Minutes:
        """Rate of the next draw that a 1-L meter sees [per minute] at each moment, given all strikes before."""
        now = np.interp(at, self.edges, self.elapsed)
        piece = np.clip(np.searchsorted(self.edges, at, side="right") - 1, 0, len(self.edges) - 2)
        rate = np.diff(self.elapsed)[piece] / np.diff(self.edges)[piece]
        before = np.concatenate(([0.0], self.strikes))
        since = now - before[np.searchsorted(self.strikes, now, side="right")]
        return rate * gamma_hazard(since, self.shape) * self.seen


def gamma_hazard(since: Minutes, shape: float) -> Minutes:
    """Hazard of a gamma distribution with mean 1."""
    x = shape * np.maximum(since, 1e-9)
    density = np.exp((shape - 1.0) * np.log(x) - x - gammaln(shape)) * shape
    survival = gammaincc(shape, x)
    return np.where(survival > 1e-12, density / np.maximum(survival, 1e-12), shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Runs of water in order of their start: wall minutes, length [min], volume [L]."""

    start: Minutes
    length: Minutes
    volume: Minutes

    def __len__(self) -> int:
        return len(self.start)


def in_order(parts: list[Draws]) -> Draws:
    """Several lists of draws as one, ordered by start."""
    start = np.concatenate([part.start for part in parts])
    order = np.argsort(start, kind="stable")
    return Draws(
        start=start[order],
        length=np.concatenate([part.length for part in parts])[order],
        volume=np.concatenate([part.volume for part in parts])[order],
    )


def clocks(habits: Habits, life: Life, rng: np.random.Generator) -> list[Clock]:
    """Lets every end use of the household run through its life."""
    edges = _edges(life)
    middle = (edges[:-1] + edges[1:]) / 2.0
    day = stepped(np.arange(life.days), np.arange(1, life.days) * DAY, middle)
    minute = (middle - day * DAY).astype(np.int64)
    weekday = (day + life.first_weekday) % 7
    warmth = life.warmth[day]
    guests = 1.0 + 0.8 * life.visitors.covers(middle)
    states = [_State(person, middle, day) for person in life.persons]
    found: list[Clock] = []
    for person, state in zip(habits.persons, states, strict=True):
        toilet, basin, shower = (
            _toilet(person, state) * guests,
            _basin(state),
            _shower(person, state, minute) * (1.0 + 0.15 * warmth),
        )
        found.append(_run("toilet", edges, toilet, rng, shape=person.bladder_shape, seen=habits.flush_seen))
        found.append(_run("basin", edges, basin, rng, shape=1.5, seen=0.55))
        found.append(_run("bath" if person.bathes else "shower", edges, shower, rng, shape=6.0, seen=1.0))
    active = np.maximum.reduce([state.active for state in states])
    edge = np.maximum.reduce([state.edge for state in states])
    found.append(_run("kitchen", edges, _kitchen(habits, minute, active, edge) * guests, rng, shape=1.5, seen=0.8))
    found.append(_run("laundry", edges, _laundry(habits, minute, weekday, active), rng, shape=8.0, seen=1.0))
    if habits.garden:
        found.append(
            _run(
                "garden",
                edges,
                active * _bump(minute, 18.5, 1.0) * 0.6 * np.maximum(warmth, 0.0),
                rng,
                shape=2.0,
                seen=1.0,
            )
        )
    return found


class _State:
    """What one resident does in each piece of time: `active` 0..1, asleep, and the edges of the waking day."""

    def __init__(self, person: PersonLife, middle: Minutes, day: NDArray[np.int64]) -> None:
        home = ~person.out.covers(middle)
        up = person.up.covers(middle)
        bad = person.bad.covers(middle)
        self.active = (home & up) * np.where(bad, 0.35, 1.0) * person.spirits[day]
        self.asleep = (home & ~up).astype(np.float64)
        about = home & up
        since_up = middle - stepped(np.concatenate(([-np.inf], person.up.start)), person.up.start, middle)
        until_bed = stepped(np.concatenate((person.up.end, [np.inf])), person.up.end, middle) - middle
        back = middle - stepped(np.concatenate(([-np.inf], person.out.end)), person.out.end, middle)
        self.waking = about & (since_up < AFTER_WAKING_MIN)
        self.back = about & (back < AFTER_RETURN_MIN)
        self.to_bed = about & (until_bed < BEFORE_BED_MIN)
        self.edge = self.to_bed | (about & (since_up < 60.0))


def _edges(life: Life) -> Minutes:
    """Moments at which any rate may change: a grid, and every getting up, going to bed, leaving and returning."""
    end = life.days * DAY
    parts = [np.arange(0.0, end + GRID_MIN, GRID_MIN), life.visitors.start, life.visitors.end]
    for person in life.persons:
        up, out = person.up, person.out
        parts += [up.start, up.start + AFTER_WAKING_MIN, up.end, up.end - BEFORE_BED_MIN]
        parts += [out.start, out.end, out.end + AFTER_RETURN_MIN]
    edges = np.unique(np.concatenate(parts))
    return edges[(edges >= 0.0) & (edges <= end)]


def _run(use: Use, edges: Minutes, rate: Minutes, rng: np.random.Generator, *, shape: float, seen: float) -> Clock:
    """Lets a clock run; `rate` is strikes a minute in each piece."""
    elapsed = np.empty(len(edges))
    elapsed[0] = 0.0
    np.cumsum(rate * np.diff(edges), out=elapsed[1:])
    total = float(elapsed[-1])
    enough = int(total + 8.0 * np.sqrt(total / shape + 1.0)) + 8
    steps = rng.gamma(shape, 1.0 / shape, enough)
    steps[0] *= rng.random()
    strikes = np.cumsum(steps)
    return Clock(use=use, shape=shape, seen=seen, edges=edges, elapsed=elapsed, strikes=strikes[strikes < total])


def _bump(minute: NDArray[np.int64], centre_h: float, width_h: float) -> Minutes:
    """A bell around an hour of the day, whose day's integral is one [1/min], at each minute of the day."""
    away = (np.arange(0.5, DAY) / 60.0 - centre_h + 12.0) % 24.0 - 12.0
    bell: Minutes = np.exp(-0.5 * (away / width_h) ** 2) / (width_h * np.sqrt(2.0 * np.pi) * 60.0)
    return bell[minute]


def _toilet(person: Person, state: _State) -> Minutes:
    by_day = person.toilet_per_day / (960.0 + 480.0 * person.night_share)
    boost = 1.0 + 5.0 * state.waking + 2.0 * state.back + 2.0 * state.to_bed
    rate: Minutes = by_day * (state.active * boost + person.night_share * state.asleep)
    return rate


def _basin(state: _State) -> Minutes:
    rate: Minutes = BASIN_PER_DAY / 960.0 * state.active * (1.0 + 3.0 * state.edge)
    return rate


def _shower(person: Person, state: _State, minute: NDArray[np.int64]) -> Minutes:
    well = (state.active > 0.4).astype(np.float64)
    return person.shower_per_day * 1.15 * well * _bump(minute, person.shower_h, 0.6)


def _kitchen(habits: Habits, minute: NDArray[np.int64], active: Minutes, edge: Minutes) -> Minutes:
    meals = _bump(minute, habits.lunch_h, 0.8) + _bump(minute, habits.dinner_h, 0.8)
    rest = habits.kitchen_per_day / 960.0
    return active * (0.45 * rest * (1.0 + 2.0 * edge) + 0.35 * habits.kitchen_per_day * meals)


def _laundry(habits: Habits, minute: NDArray[np.int64], weekday: NDArray[np.int64], active: Minutes) -> Minutes:
    favourite = np.where(weekday == habits.laundry_weekday, 3.0, 0.66)
    return habits.laundry_per_week / 7.0 * favourite * active * _bump(minute, 10.0, 1.5) * 1.2
