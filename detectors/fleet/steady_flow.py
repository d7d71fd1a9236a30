"""`detectors.steady_flow` for arrays. Each function does what the method of its name does there."""

from detectors.fleet.compiled import compiled
from detectors.fleet.memory import FALLING, FALLING_FROM, FALLING_TO, STEADY_RECORD, STEADY_TODAY, Floats
from detectors.fleet.packing import sixteenths
from detectors.fleet.rules import STEADY_BEYOND, STEADY_FADE, STEADY_LPH, STEADY_SPAN_S


@compiled
def told_of(m: Floats, p: Floats) -> int:
    """Its place, one before the first without."""
    first, place = int(m[FALLING_FROM]), int(m[FALLING_TO]) - 1
    while place >= first and m[FALLING + 4 * place + 2] < p[STEADY_SPAN_S]:
        place -= 1
    return place


@compiled
def is_over(m: Floats, p: Floats) -> bool:
    place = told_of(m, p)
    if place < int(m[FALLING_FROM]):
        return False
    least_lph = m[FALLING + 4 * place + 1]
    m[STEADY_TODAY] = max(m[STEADY_TODAY], least_lph)
    return bool(least_lph >= max(p[STEADY_LPH], p[STEADY_BEYOND] * m[STEADY_RECORD]))


@compiled
def turn_day(m: Floats, p: Floats) -> None:
    m[STEADY_RECORD] = max(sixteenths(m[STEADY_RECORD] * p[STEADY_FADE]), m[STEADY_TODAY])
    m[STEADY_TODAY] = 0.0
