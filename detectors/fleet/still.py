"""`detectors.still` for arrays: readings that say nothing new, in one loop that keeps in hand what moves."""

from math import inf, isnan

import numpy as np
from numpy.typing import NDArray

from detectors.constant_flow_rules import HELD_S
from detectors.fleet import change_in_use, constant_flow, drip, low_use, no_data
from detectors.fleet.compiled import compiled
from detectors.fleet.curves import day_of
from detectors.fleet.memory import (
    ASIDE_L,
    DRIP_DAY,
    DRY_S,
    FLOW_DAY_S,
    HEARD_LAST_S,
    HELD_FROM_S,
    HELD_L,
    HOUR,
    KNOWN_S,
    KNOWN_UNTIL_S,
    LAST_S,
    LEARNED_STEP_S,
    LENGTHS_S,
    LENGTHS_SEEN,
    MARK_L,
    MARKED_S,
    NOTHING,
    RHYTHM_S,
    RUNNING,
    SAMPLE_S,
    SILENT_S,
    STILL_UNTIL_S,
    TIMER_HELD_L,
    UNUSABLE_S,
    WOBBLE_S,
    Floats,
)
from detectors.fleet.rules import ORDINARY_S
from domain.register import LENGTHS_KEPT


@compiled
def stand(  # noqa: C901  # one loop, nothing handed on
    m: Floats, p: Floats, hours: NDArray[np.int64], at_s: Floats, register_l: Floats, slot: int
) -> int:
    """From this slot on; the first slot whose reading has to be looked at."""
    many = len(register_l)
    last_s = m[KNOWN_UNTIL_S] = m[HEARD_LAST_S]
    hour, seen = int(m[HOUR]), int(m[LENGTHS_SEEN])
    held, plain_s, learned_s = True, inf, m[LEARNED_STEP_S]
    rhythm, wobble = no_data.in_sixteenths(m[RHYTHM_S]), no_data.in_sixteenths(m[WOBBLE_S])
    while slot < many:
        here = np.uint64(slot)  # such an index is never asked whether it counts from the end
        if register_l[here] != m[MARK_L]:
            if isnan(register_l[here]):
                slot += 1
                continue
            break
        now_s = at_s[here]
        step_s = now_s - last_s
        if now_s >= m[STILL_UNTIL_S] or (step_s != plain_s and not 0.0 < step_s < p[ORDINARY_S]):
            break
        if hours[here] != hour:
            if hours[here] < hour or not change_in_use.stays_level(m, p, hours[here]):
                break
            hour = hours[here]
            turn_hour(m, hour, last_s)
        if now_s >= m[FLOW_DAY_S]:
            constant_flow.turn_day(m, p, last_s, now_s)
        if now_s >= m[SAMPLE_S]:
            drip.sample(m, now_s)
        if step_s != plain_s:
            if held or step_s < HELD_S:
                constant_flow.stands_still(m, last_s, now_s)
                held = m[HELD_FROM_S] != 0.0
            plain_s = step_s if step_s >= HELD_S and not held else inf
        if step_s != learned_s:
            rhythm, wobble, learned_s = no_data.taught(rhythm, wobble, step_s)
        m[LENGTHS_S + (seen & LENGTHS_KEPT - 1)] = step_s
        seen += 1
        last_s = now_s
        slot += 1
    m[LENGTHS_SEEN] = seen
    no_data.keep(m, rhythm, wobble, learned_s)
    move_clocks(m, last_s)
    return slot


@compiled
def turn_hour(m: Floats, hour: int, last_s: float) -> None:
    if day_of(hour) != m[DRIP_DAY]:
        drip.turn_day(m, day_of(hour))
        know(m, last_s)  # before it fades
    low_use.turn_hour(m, hour)


@compiled
def know(m: Floats, last_s: float) -> None:
    m[KNOWN_S] += last_s - m[KNOWN_UNTIL_S]
    m[KNOWN_UNTIL_S] = last_s


@compiled
def move_clocks(m: Floats, last_s: float) -> None:
    know(m, last_s)
    m[SILENT_S] += last_s - m[HEARD_LAST_S]
    m[DRY_S] += last_s - m[HEARD_LAST_S]
    m[HEARD_LAST_S] = m[LAST_S] = m[MARKED_S] = last_s


@compiled
def until_s(m: Floats, p: Floats, absences_s: Floats, at_s: float) -> float:
    """Until when nothing can be said while the register stands; nought where something can now."""
    running = m[RUNNING] + m[RUNNING + 1] + m[RUNNING + 2] + m[RUNNING + 3] + m[RUNNING + 4]
    if running + m[UNUSABLE_S] + m[TIMER_HELD_L] + m[HELD_L] != NOTHING or low_use.any_absence(m, absences_s):
        return 0.0
    if m[MARKED_S] != m[LAST_S] or m[HEARD_LAST_S] != at_s or not isnan(m[ASIDE_L]):
        return 0.0
    return at_s + low_use.still_for_s(m, p)
