"""How long the watch takes for whole fleets at once, beside one reading after the other; and to find who is due."""

import resource
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isnan
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from detectors.fleet.watch import FleetWatch
from detectors.household import HouseholdWatch
from detectors.parameters import WatchParameters
from simulator.bench_online import readings_of
from store import tables as t
from store.migrations import migrate
from store.records import Records

Registers = NDArray[np.float32]

EVERY_MIN = 15
_ZONE = ZoneInfo("Asia/Shanghai")
_LIVES = 500  # lives that differ; more homes live them again
_MISSING = 0.005
_STATE_BYTES = 400
_DUE = 200  # as many as one round of the service takes


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSpeed:
    """The processor's time of both forms for one reading, of all homes, and the memory at its most [bytes]."""

    homes: int
    days: int
    compiled_s: float
    fleet_s: float
    fleet_us: float
    online_us: float
    said: int
    memory_bytes: int


def bench_fleet(
    clock: Callable[[], float], *, homes: int, days: int, report: Callable[[str], None], seed: int = 7
) -> FleetSpeed:
    """`clock` is the processor's time [s]; for numba's code alone: `report` hears what is done at the moment."""
    report(f"simulating {min(homes, _LIVES)} lives")
    at_s, register_l = lives(homes, days, seed)
    fleet = FleetWatch(WatchParameters(), _ZONE)
    report("compiling")
    begun = clock()
    fleet.watch(at_s, register_l[:1])
    compiled_s = clock() - begun
    report(f"{register_l.size:,} readings at once")
    begun = clock()
    found = fleet.watch(at_s, register_l)
    fleet_s = clock() - begun
    report("one reading after the other")
    return FleetSpeed(
        homes=homes,
        days=days,
        compiled_s=compiled_s,
        fleet_s=fleet_s,
        fleet_us=fleet_s / register_l.size * 1e6,
        online_us=_online_us(clock, at_s, register_l[:5]),
        said=len(found),
        memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )


def lives(homes: int, days: int, seed: int) -> tuple[NDArray[np.float64], Registers]:
    """Times [s since 1970] and registers [L] of ordinary lives; a reading in two hundred is missing."""
    rng = np.random.default_rng(seed)
    register_l = np.empty((homes, days * 24 * 60 // EVERY_MIN), np.float32)
    different = min(homes, _LIVES)
    for home in range(different):
        readings = readings_of(EVERY_MIN, seed + home, days)
        register_l[home] = [litres for _, litres in readings]
        at_s = np.array([at.timestamp() for at, _ in readings])
    register_l[:different][rng.random((different, register_l.shape[1])) < _MISSING] = np.nan
    for first in range(different, homes, different):
        register_l[first : first + different] = register_l[: min(different, homes - first)]
    return at_s, register_l


def _online_us(clock: Callable[[], float], at_s: NDArray[np.float64], register_l: Registers) -> float:
    watch = HouseholdWatch(WatchParameters(), _ZONE)
    moments = [datetime.fromtimestamp(moment, UTC) for moment in at_s.tolist()]
    homes = [
        [(at, litres) for at, litres in zip(moments, of_home, strict=True) if not isnan(litres)]
        for of_home in register_l.tolist()
    ]
    begun = clock()
    for readings in homes:
        state = watch.start()
        for at, litres in readings:
            watch.observe(state, at, litres)
    return (clock() - begun) / sum(map(len, homes)) * 1e6


def bench_sweep(clock: Callable[[], float], folder: Path, *, homes: int) -> tuple[float, int]:
    """Whose clock has run out, asked as the service asks it of its records at each round: (time [s], how many)."""
    path = folder / "records.db"
    migrate(path)
    records = Records(path)
    now = datetime(2026, 3, 3, tzinfo=UTC)
    body = bytes(_STATE_BYTES)
    try:
        with records.write() as tx:
            for first in range(0, homes, 100_000):
                rows = [
                    {
                        "meter_id": f"m{home:07}",
                        "body": body,
                        "deadline_at": now + timedelta(seconds=(home * 7919 % homes) - _DUE + 1),
                    }
                    for home in range(first, min(first + 100_000, homes))
                ]
                tx.execute(t.detector_states.insert(), rows)
        column = t.detector_states.c
        due = select(column.meter_id).where(column.deadline_at <= now).order_by(column.deadline_at)
        begun = clock()
        with records.read() as tx:
            found = len(tx.execute(due).all())
        return clock() - begun, found
    finally:
        records.close()
