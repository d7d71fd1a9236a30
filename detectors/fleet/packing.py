"""`detectors.packing`'s rounding, compiled."""

from math import floor

from detectors.fleet.compiled import compiled
from detectors.packing import SIXTEENTHS


@compiled
def sixteenths(value: float) -> float:
    return float(floor(value * SIXTEENTHS + 0.5)) / SIXTEENTHS
