"""`detectors.still` for arrays: readings that say nothing new, as many at once as are evenly apart."""

from math import isnan

import numpy as np

from detectors.constant_flow_rules import HELD_S
from detectors.fleet import absences, change_in_use, constant_flow, drip, low_use, no_data, own_record
from detectors.fleet.compiled import compiled
from detectors.fleet.course import EVEN_TO, LOCAL_HOUR, NEXT_HOUR, Course
from detectors.fleet.curves import day_of
from detectors.fleet.habit import move_on
from detectors.fleet.memory import (
    ASIDE_L,
    CHANGE_HOUR,
    DRIP_DAY,
    DRY_S,
    FIRST_S,
    HEARD_LAST_S,
    HELD_L,
    HOUR,
    HOUR_USED,
    KNOWN_S,
    KNOWN_UNTIL_S,
    LAST_S,
    MARK_L,
    MARKED_S,
    NOTHING,
    RUNNING,
    SILENT_S,
    STILL_UNTIL_S,
    TIMER_HELD_L,
    UNUSABLE_S,
    Floats,
)
from detectors.fleet.register import keep_lengths
from detectors.fleet.rules import ORDINARY_S


@compiled
def stand(m: Floats, p: Floats, course: Course, at_s: Floats, register_l: Floats, slot: int) -> int:
    """From this slot on; the first slot whose reading has to be looked at."""
    last_s = m[KNOWN_UNTIL_S] = m[HEARD_LAST_S]
    while slot < len(register_l):
        here = np.uint64(slot)  # such an index is never asked whether it counts from the end
        if register_l[here] != m[MARK_L]:
            if isnan(register_l[here]):
                slot += 1
                continue
            break
        now_s, hour = at_s[here], int(course[LOCAL_HOUR, here])
        step_s = now_s - last_s
        if now_s >= m[STILL_UNTIL_S] or not 0.0 < step_s < p[ORDINARY_S]:
            break
        if hour != m[HOUR]:
            if hour < m[HOUR] or not change_in_use.stays_level(m, p, hour):
                break
            if day_of(hour) != m[DRIP_DAY]:
                turn_day(m, hour, last_s)
        end = slot + 1
        if at_s[np.uint64(slot - 1)] == last_s:
            until = slot + int(np.ceil((m[STILL_UNTIL_S] - now_s) / step_s))
            end = moves_at(register_l, m[MARK_L], end, min(course[EVEN_TO, here], until))
        turn_hours(m, p, course, slot, end)
        drip.sample_each(m, at_s, step_s, slot, end)
        last_s = pass_steps(m, last_s, step_s, end - slot)
        slot = end
    move_clocks(m, last_s)
    return slot


@compiled
def moves_at(register_l: Floats, mark_l: float, slot: int, end: int) -> int:
    """The first slot up to the end that doesn't say the register stands."""
    while slot < end and register_l[np.uint64(slot)] == mark_l:
        slot += 1
    return slot


@compiled
def turn_day(m: Floats, hour: int, last_s: float) -> None:
    drip.turn_day(m, day_of(hour))
    know(m, last_s)  # before it fades
    own_record.turn_day(m, int(m[HOUR]), hour)


@compiled
def turn_hours(m: Floats, p: Floats, course: Course, slot: int, end: int) -> None:
    """From this slot on, one after the other; of a change in use the first is turned already."""
    last, first, known = int(m[HOUR]), int(m[CHANGE_HOUR]), 0
    used, first_day = m[HOUR_USED], m[FIRST_S] / 86400.0
    if course[LOCAL_HOUR, np.uint64(slot)] == last:
        slot = course[NEXT_HOUR, np.uint64(slot)]
    while slot < end:
        hour = int(course[LOCAL_HOUR, np.uint64(slot)])
        own_record.learn_rate(m, last, hour, used, first_day)
        known += hour > first
        slot, last, used = course[NEXT_HOUR, np.uint64(slot)], hour, 0.0
    if last != m[HOUR]:
        move_on(m, last - int(m[HOUR]))
        m[HOUR], m[HOUR_USED] = last, 0.0
    if known:
        change_in_use.end_hours(m, p, first, known)
        m[CHANGE_HOUR] = last


@compiled
def pass_steps(m: Floats, last_s: float, step_s: float, many: int) -> float:
    """So many as long, from the last reading on; when they are over."""
    for step in range(many if step_s < HELD_S else 1):  # of those that aren't held the first says all
        constant_flow.stands_still(m, last_s + step_s * step, last_s + step_s * (step + 1))
    no_data.learn(m, step_s, many)
    keep_lengths(m, step_s, many)
    return last_s + step_s * many


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
    if running + m[UNUSABLE_S] + m[TIMER_HELD_L] + m[HELD_L] != NOTHING or absences.any_absence(m, absences_s):
        return 0.0
    if m[MARKED_S] != m[LAST_S] or m[HEARD_LAST_S] != at_s or not isnan(m[ASIDE_L]) or m[HOUR] != m[CHANGE_HOUR]:
        return 0.0
    return at_s + low_use.still_for_s(m, p)
