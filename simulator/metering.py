"""What a water meter shows of a household's draws: a register of coarse steps, read at intervals by its own clock."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from domain.recording import Recording
from simulator.households import Household, to_utc_s
from simulator.life import DAY

HEARTBEAT_S = 6 * 3600  # a meter that reports draws reports at least this often
ROUNDING_L = 1e-4  # sums of floating point stay well within this
DIGITS_L = 100_000_000.0  # five digits of cubic metres: registers roll over at 99,999.999 m3


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """How a meter reads.

    `step_l` is its register's step [L], `every_s` the time between readings [s; 0: at the end of each draw and at a
    heartbeat], `phase_s` where in the hour they fall, `start_l` what the register held, `drift_s_per_day` how much
    its clock gains a day.
    """

    step_l: float = 1.0
    every_s: int = 3600
    phase_s: int = 0
    start_l: float = 0.0
    drift_s_per_day: float = 0.0


def read(home: Household, meter: Meter, *, meter_id: str | None = None) -> Recording:
    """The meter's readings over the household's whole life, dated by the meter's clock."""
    begins_s, ends_s = to_utc_s(np.array([0.0, home.life.days * DAY]), first_day=home.first_day, tz=home.tz)
    at_s = _moments(home, meter, int(begins_s), int(ends_s))
    register = home.register_l(at_s)
    register += meter.start_l + ROUNDING_L
    if meter.drift_s_per_day:
        at_s = at_s + np.round((at_s - at_s[0]) / 86400.0 * meter.drift_s_per_day).astype(np.int64)
    return Recording(meter_id=meter_id or home.household_id, at_s=at_s, register_l=in_steps(register, meter.step_l))


def in_steps(register_l: NDArray[np.float64], step_l: float) -> NDArray[np.float64]:
    """What a register of such steps shows [L]; in the same array, for there may be a million of them."""
    if step_l == 1.0:  # the usual meter, in half the time
        return np.floor(register_l, out=register_l)
    np.floor(np.divide(register_l, step_l, out=register_l), out=register_l)
    register_l *= step_l
    return register_l


def _moments(home: Household, meter: Meter, begins_s: int, ends_s: int) -> NDArray[np.int64]:
    if meter.every_s:
        return _grid(begins_s + meter.phase_s, ends_s, meter.every_s)
    starts_s = to_utc_s(home.draws.start, first_day=home.first_day, tz=home.tz)
    ended_s = (starts_s + home.draws.length * 60.0).astype(np.int64) + 1
    beats_s = np.arange(begins_s + meter.phase_s, ends_s, HEARTBEAT_S)
    return np.unique(np.concatenate((ended_s[ended_s < ends_s], beats_s)))


@lru_cache(maxsize=8)
def _grid(begins_s: int, ends_s: int, every_s: int) -> NDArray[np.int64]:
    """A town's meters are read at the same moments: held once, and not to be written to."""
    at_s = np.arange(begins_s, ends_s, every_s)
    at_s.flags.writeable = False
    return at_s


def seen_through(recording: Recording, *, every_s: int, step_l: float) -> Recording:
    """What a coarser meter on the same pipe would have shown: fewer readings, a coarser register.

    `every_s` 0: a reading where the register has moved, and a heartbeat.
    """
    shown = in_steps(recording.register_l + ROUNDING_L, step_l)
    moved = np.diff(shown) != 0.0 if not every_s else np.False_
    kept = np.concatenate(([True], (np.diff(recording.at_s // (every_s or HEARTBEAT_S)) > 0) | moved))
    return replace(recording, at_s=recording.at_s[kept], register_l=shown[kept])


def replaced(recording: Recording, at_s: float, *, start_l: float = 0.0) -> Recording:
    """The same water through a new meter from some moment on, whose register starts at `start_l`."""
    after = recording.at_s > at_s
    changed = recording.register_l.copy()
    if after.any():
        changed[after] += start_l - changed[max(int(after.argmax()) - 1, 0)]
    return replace(recording, register_l=changed)


def rolled_over(recording: Recording, at_l: float = DIGITS_L) -> Recording:
    """The same readings from a register that starts again from zero at `at_l`."""
    return replace(recording, register_l=recording.register_l % at_l)
