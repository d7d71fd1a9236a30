"""How long the watch takes for one reading, and how many bytes a household's state has."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from detectors.household import HouseholdWatch
from detectors.parameters import WatchParameters

DAYS = 56
ROUNDS = 3  # the best is told: the rest is what else the machine did
_BEGINS_AT = datetime(2025, 3, 3, tzinfo=UTC)
_USES_AT = (6, 7, 9, 12, 13, 17, 19, 21)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlineSpeed:
    """One reporting step: the processor's time for a reading, household-days a second, bytes of state.

    `ordinary_microseconds`: for one that says nothing new, as `ordinary_share` of them do; `p99_microseconds`: all but
    one in a hundred take less. `dump_microseconds`: to write the state down after each, with what was put off.
    """

    every_min: int
    microseconds: float
    ordinary_microseconds: float
    ordinary_share: float
    p99_microseconds: float
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
    ordinary, took_s = _each_s(clock, watch, readings)
    dump_s, state_bytes = _dump_s(clock, watch, readings)
    return OnlineSpeed(
        every_min=every_min,
        microseconds=best_s / len(readings) * 1e6,
        ordinary_microseconds=float(np.median(took_s[ordinary])) * 1e6,
        ordinary_share=float(ordinary.mean()),
        p99_microseconds=float(np.quantile(took_s, 0.99)) * 1e6,
        household_days_per_second=DAYS / best_s,
        state_bytes=state_bytes,
        dump_microseconds=dump_s * 1e6,
    )


def _each_s(
    clock: Callable[[], float], watch: HouseholdWatch, readings: list[tuple[datetime, float]]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which readings were only kept, and what each took at best, without the time that reading the clock takes."""
    took_s, kept = np.empty((ROUNDS, len(readings))), np.zeros(len(readings), np.bool_)
    for took in took_s:
        state = watch.start()
        for place, (at, register_l) in enumerate(readings):
            begun = clock()
            watch.observe(state, at, register_l)
            took[place] = clock() - begun
            kept[place] = bool(state.still_s)
    nothing = []
    for _ in range(1000):
        begun = clock()
        nothing.append(clock() - begun)
    return kept, took_s.min(axis=0) - median(nothing)


def _dump_s(
    clock: Callable[[], float], watch: HouseholdWatch, readings: list[tuple[datetime, float]]
) -> tuple[float, int]:
    """How long it takes to write a state down, after each reading as the service does; and the last one's bytes."""
    state, took_s, packed = watch.start(), 0.0, b""
    for at, register_l in readings:
        watch.observe(state, at, register_l)
        begun = clock()
        packed = watch.dump(state)
        took_s += clock() - begun
    return took_s / len(readings), len(packed)


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
