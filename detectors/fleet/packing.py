"""`detectors.packing`'s rounding, compiled."""

import numpy as np

from detectors.fleet.compiled import compiled
from detectors.packing import SIXTEENTHS


@compiled
def sixteenths(value: float) -> float:
    return np.floor(value * SIXTEENTHS + 0.5) / SIXTEENTHS
