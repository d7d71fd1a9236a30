"""Made-up households for tests: registers [L] as a meter would report them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

MONDAY = datetime(2025, 3, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)
USES_UTC = (6, 7, 9, 12, 13, 17, 19, 21)


def ordinary_life(days: float, *, seed: int = 1, step: timedelta = HOUR, drip_lph: float = 0.0) -> list[float]:
    """Volumes [L] of somebody who gets up, cooks and goes to bed at much the same hours, with some slack."""
    rng = np.random.default_rng(seed)
    slots = int(days * timedelta(days=1) / step)
    volumes = np.zeros(slots)
    per_day = int(timedelta(days=1) / step)
    for day in range(int(days) + 1):
        for hour in USES_UTC:
            slot = day * per_day + int((hour + rng.normal(0, 0.5)) * per_day / 24)
            if slot < slots and rng.random() < 0.9:
                volumes[slot] += rng.integers(3, 30)
    drip = np.diff(np.floor(np.arange(slots + 1) * drip_lph * (step / HOUR)))
    return [float(volume) for volume in volumes + drip]


def registers(
    volumes: list[float], *, begins_at: datetime = MONDAY, step: timedelta = HOUR
) -> Iterator[tuple[datetime, float]]:
    """(at, register [L]) at the start and after each volume."""
    register_l = 1000.0
    yield begins_at, register_l
    for count, volume in enumerate(volumes, start=1):
        register_l += volume
        yield begins_at + count * step, register_l
