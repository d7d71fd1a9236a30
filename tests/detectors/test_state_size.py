"""A household's state stays within its bytes, whatever the life behind the meter."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detectors.household import HouseholdWatch
from detectors.parameters import WatchParameters

WATCH = HouseholdWatch(WatchParameters(), ZoneInfo("Asia/Shanghai"))
MOST_BYTES = 600
DAY_S = 86400


def largest(seed: int, every_s: int, wander_ms: int, days: int) -> int:
    """Bytes of the largest state of somebody who keeps no hours at all, behind a meter that tells millilitres.

    All lengths of silence at all hours, draws of half a litre to three hundred, a drip that is never twice the same:
    so every cell of the records and every place of the queues is filled, and hardly any number is round.
    """
    rng = np.random.default_rng(seed)
    state, register_ml, silent_until, most = WATCH.start(), int(rng.integers(1_000_000_000)), 0, 0
    for slot in range(days * DAY_S // every_s):
        register_ml += int(every_s * rng.uniform(0.7, 2.1))
        if slot >= silent_until:
            hours = rng.choice([rng.uniform(0, 2), rng.uniform(0, 8), rng.uniform(2, 25)], p=[0.5, 0.25, 0.25])
            silent_until = slot + int(hours * 3600 / every_s)
            register_ml += int(np.exp(rng.uniform(np.log(500), np.log(300_000))))
        at_ms = 1_740_960_000_000 + slot * every_s * 1000 + int(rng.integers(0, wander_ms + 1))
        WATCH.observe(state, datetime.fromtimestamp(at_ms / 1000, UTC), register_ml / 1000)
        if slot % 53 == 0 and slot * every_s > 30 * DAY_S:
            most = max(most, len(WATCH.dump(state)))
    return most


@pytest.mark.parametrize(("every_s", "wander_ms", "days"), [(900, 0, 120), (900, 20_000, 120), (3600, 90_000, 250)])
def test_even_somebody_who_keeps_no_hours_is_remembered_in_600_bytes(every_s: int, wander_ms: int, days: int) -> None:
    assert 450 < largest(7, every_s, wander_ms, days) <= MOST_BYTES
