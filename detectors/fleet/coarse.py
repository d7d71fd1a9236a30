"""`detectors.coarse` for arrays."""

from math import inf

from detectors.coarse import COARSE_L
from detectors.fleet.compiled import compiled, seldom


@compiled
def is_coarse(step_l: float) -> bool:
    return seldom(COARSE_L < step_l < inf)
