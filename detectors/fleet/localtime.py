"""`detectors.localtime` for arrays."""

from detectors.fleet.compiled import compiled
from detectors.fleet.curves import hour_of
from detectors.fleet.memory import Floats


@compiled
def local_s(clock: Floats, at_s: float) -> float:
    """`clock`: an hour [h since 1970 UTC], then the wall clock's offset [s] in that hour and those after it."""
    place = hour_of(at_s) - int(clock[0]) + 1
    return at_s + clock[min(max(place, 1), len(clock) - 1)]


@compiled
def local_hour(clock: Floats, at_s: float) -> int:
    return hour_of(local_s(clock, at_s))
