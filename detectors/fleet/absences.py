"""Announced absences: whether one holds, since when, and whether any is yet to come."""

from math import inf

from detectors.fleet.compiled import compiled
from detectors.fleet.memory import ABSENT_PAST_S, Floats


@compiled
def left_s(m: Floats, absences_s: Floats, at_s: float) -> float:
    """Since when the household is announced to be empty; inf if it isn't."""
    since_s = inf
    for place in range(len(absences_s)):
        begins_s, ends_s = absences_s[place, 0], absences_s[place, 1]
        if ends_s > m[ABSENT_PAST_S] and begins_s <= at_s < ends_s:
            since_s = min(since_s, begins_s)
    return since_s


@compiled
def any_absence(m: Floats, absences_s: Floats) -> bool:
    """Whether one runs or is yet to come."""
    for place in range(len(absences_s)):  # noqa: SIM110  # any() would need a generator
        if absences_s[place, 1] > m[ABSENT_PAST_S]:
            return True
    return False


@compiled
def is_absent(m: Floats, absences_s: Floats, end_s: float) -> bool:
    m[ABSENT_PAST_S] = max(m[ABSENT_PAST_S], end_s)
    for place in range(len(absences_s)):  # noqa: SIM110  # any() would need a generator
        if absences_s[place, 0] <= end_s < absences_s[place, 1]:
            return True
    return False
