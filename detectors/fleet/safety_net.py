"""`detectors.safety_net` for arrays."""

from detectors.coarse import NEVER_H, TOO_COARSE_L
from detectors.fleet import ticks
from detectors.fleet.coarse import is_coarse
from detectors.fleet.compiled import compiled
from detectors.fleet.curves import hour_of
from detectors.fleet.memory import (
    ALERT_H,
    DRY_FROM_S,
    DRY_S,
    FIRST_S,
    HOUR,
    LONGEST,
    PLANNED,
    ROW_FROM_S,
    STEP_L,
    TRACES_FROM_S,
    Floats,
)
from detectors.fleet.rules import NET_S
from detectors.low_use_state import LONGEST_DAYS
from detectors.safety_net import ASKED_BEFORE_H, NET_AFTER_H, NET_BEYOND, NET_COARSE_H, NET_UNTIL_KNOWN_H


@compiled
def net_of(m: Floats, p: Floats) -> float:
    if not by_longest(m):
        return p[NET_S]
    longest = 0.0
    for day in range(LONGEST, LONGEST + LONGEST_DAYS):
        longest = max(longest, m[day])
    young = int(m[HOUR]) - hour_of(m[FIRST_S]) < LONGEST_DAYS * 24
    longest_s = longest * 1800.0
    if m[STEP_L] >= TOO_COARSE_L:
        return max(p[NET_S], NET_BEYOND * longest_s, 3600.0 * NET_UNTIL_KNOWN_H * young)
    if young or not m[PLANNED]:
        return p[NET_S]
    return min(max(coarse_net_s(p), longest_s + 3600.0 * NET_AFTER_H), p[NET_S])


@compiled
def is_net_near(m: Floats, p: Floats) -> bool:
    return m[DRY_S] >= net_of(m, p) - 3600.0 * ASKED_BEFORE_H * by_longest(m)


@compiled
def coarse_net_s(p: Floats) -> float:
    return min(3600.0 * NET_COARSE_H, p[NET_S])


@compiled
def by_longest(m: Floats) -> bool:
    return is_coarse(m[STEP_L]) and (m[PLANNED] == 0.0 or m[ALERT_H] == NEVER_H)


@compiled
def is_traces(m: Floats, p: Floats) -> bool:
    return bool(m[DRY_FROM_S] - m[TRACES_FROM_S] >= p[NET_S])


@compiled
def by_row(m: Floats, p: Floats) -> bool:
    """Whether what is told is that all water came of itself."""
    return bool(ticks.row_s(m) >= p[NET_S] and m[ROW_FROM_S] < m[DRY_FROM_S])
