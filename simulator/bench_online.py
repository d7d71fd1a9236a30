"""How long the watch takes for one reading, and how many bytes a household's state has."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

import numpy as np

from detectors.household import HouseholdWatch, WatchParameters

DAYS = 56
ROUNDS = 3  # the best is told: the rest is what else the machine did
_BEGINS_AT = datetime(2025, 3, 3, tzinfo=UTC)
_USES_AT = (6, 7, 9, 12, 13, 17, 19, 21)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlineSpeed:
    """One reporting step: the processor's time for a reading, household-days a second, bytes of state.

    `ordinary_microseconds`: for one that says nothing new, as most do.
    """

    every_min: int
    microseconds: float
    ordinary_microseconds: float
    household_days_per_second: float
    state_bytes: int
    dump_microseconds: float


def bench_online(clock: Callable[[], float], *, every_min: int, seed: int = 7) -> OnlineSpeed:
    """One household's ordinary weeks, reading by reading; `clock` is the processor's time [s]."""
    readings = readings_of(every_min, seed)
    watch = HouseholdWatch(WatchParameters(), ZoneInfo("Asia/Shanghai"))
    best_s = float("inf")
    for _ in range(ROUNDS):
        state = watch.start()
        begun = clock()
        for at, register_l in readings:
            watch.observe(state, at, register_l)
        best_s = min(best_s, clock() - begun)
    ordinary_s = _ordinary_s(clock, watch, readings)
    begun = clock()
    for _ in range(1000):
        packed = watch.dump(state)
    return OnlineSpeed(
        every_min=every_min,
        microseconds=best_s / len(readings) * 1e6,
        ordinary_microseconds=ordinary_s * 1e6,
        household_days_per_second=DAYS / best_s,
        state_bytes=len(packed),
        dump_microseconds=(clock() - begun) * 1e3,
    )


def _ordinary_s(clock: Callable[[], float], watch: HouseholdWatch, readings: list[tuple[datetime, float]]) -> float:
    """The median of those taken the short way, without the time that reading the clock takes."""
    state, took = watch.start(), []
    for at, register_l in readings:
        is_short = at.timestamp() < state.still_until_s and register_l == state.register.mark_l
        begun = clock()
        watch.observe(state, at, register_l)
        spent_s = clock() - begun
        if is_short:
            took.append(spent_s)
    nothing = []
    for _ in range(1000):
        begun = clock()
        nothing.append(clock() - begun)
    return median(took) - median(nothing)


def readings_of(every_min: int, seed: int, days: int = DAYS) -> list[tuple[datetime, float]]:
    """(at, register [L]) of somebody who lives alone and keeps much the same hours."""
    rng = np.random.default_rng(seed)
    per_hour = 60 // every_min
    volumes = np.zeros(days * 24 * per_hour)
    for day in range(days):
        for hour in _USES_AT:
            slot = int((day * 24 + hour + rng.normal(0.0, 0.5)) * per_hour)
            volumes[min(slot, len(volumes) - 1)] += rng.integers(3, 30)
    registers = 1000.0 + np.cumsum(volumes)
    step = timedelta(minutes=every_min)
    return [(_BEGINS_AT + (count + 1) * step, litres) for count, litres in enumerate(registers.tolist())]
