"""`detectors.constant_flow` for arrays. Each function does what the method of its name does there."""

from math import isnan

import numpy as np

from detectors.constant_flow_rules import DAY_S, HELD_S, HOURLY_S, IDLE_LPH, OFTEN_S, SLACK_S
from detectors.fleet import steady_flow, unusual_draw
from detectors.fleet.compiled import apart, compiled, seldom
from detectors.fleet.memory import (
    ALERT,
    BEFORE_LPH,
    CANNOT_TELL,
    FALLING,
    FALLING_FROM,
    FALLING_TO,
    FLOW_DAY_S,
    FLOW_FIRST_S,
    FLOW_GRADE,
    FLOW_LPH,
    FLOW_SINCE_S,
    HELD_FROM_S,
    HELD_L,
    LIMITS,
    MOST_SCALES,
    NOTHING,
    RECORD,
    SHORTEST_BEFORE_S,
    SHORTEST_S,
    TODAY,
    USUAL_LPH,
    Floats,
)
from detectors.fleet.packing import sixteenths
from detectors.fleet.rules import (
    BURST_BEYOND,
    BURST_LPH,
    FLOW_FADE,
    GROWTH,
    LEARNING_S,
    SCALE_ALONE_S,
    SCALE_BEYOND,
    SCALE_HOURS,
    SCALE_LPH,
    SCALES,
    STEADY_SHARE,
    STEADY_SPAN_S,
    STILL,
    TAP_HOURS,
)
from domain.register import GAP_AT_LEAST_S, GAP_RHYTHMS

_NONE = -1


@compiled
def observe(m: Floats, p: Floats, begin_s: float, end_s: float, volume: float, gap: bool) -> float:
    if seldom(end_s >= m[FLOW_DAY_S]):
        turn_day(m, p, begin_s, end_s)
    if seldom(gap or isnan(volume)):
        if gap:
            m[FLOW_FIRST_S] += (end_s - begin_s) // DAY_S * DAY_S
        interrupt(m)
        return CANNOT_TELL
    if seldom(m[HELD_FROM_S] != 0.0 or end_s - begin_s < HELD_S):
        if m[HELD_FROM_S] != 0.0:
            begin_s = m[HELD_FROM_S]
            volume += m[HELD_L]
        if end_s - begin_s < HELD_S:
            m[HELD_FROM_S] = begin_s
            m[HELD_L] = volume
            return CANNOT_TELL
        m[HELD_FROM_S] = m[HELD_L] = 0.0
    flow_lph = sixteenths(volume * 3600.0 / (end_s - begin_s))
    push(m, p, begin_s, end_s, flow_lph)
    if flow_lph < IDLE_LPH:
        m[FLOW_LPH] = m[BEFORE_LPH] = 0.0
        return NOTHING
    if seldom(hides_pauses(m, end_s - begin_s)):
        interrupt(m)
        return CANNOT_TELL
    over = compare(m, p, begin_s, end_s, flow_lph)
    if seldom(over != _NONE) and over != int(p[SCALES]) and end_s - m[FLOW_FIRST_S] < p[LEARNING_S]:
        return CANNOT_TELL
    return verdict(m, p, over, end_s, flow_lph)


@compiled
def stands_still(m: Floats, begin_s: float, end_s: float) -> None:
    if m[HELD_FROM_S] != 0.0:
        begin_s = m[HELD_FROM_S]
    if end_s - begin_s < HELD_S:
        m[HELD_FROM_S] = begin_s
        return
    first, last = int(m[FALLING_FROM]), int(m[FALLING_TO]) - 1
    if last < first or m[flow_of(last)] != 0.0:
        m[since_of(0)] = m[since_of(first)] if last >= first else begin_s
        m[flow_of(0)] = 0.0
        m[FALLING_FROM] = 0.0
        m[FALLING_TO] = 1.0
    m[HELD_FROM_S] = m[FLOW_LPH] = m[BEFORE_LPH] = 0.0


@compiled
def interrupt(m: Floats) -> None:
    m[FALLING_FROM] = m[FALLING_TO] = m[BEFORE_LPH] = m[HELD_FROM_S] = m[HELD_L] = 0.0


@compiled
def since_of(place: int) -> np.uint64:
    """Where it stands; such an index is never asked whether it counts from the end."""
    return np.uint64(FALLING + 4 * place)


@compiled
def flow_of(place: int) -> np.uint64:
    return np.uint64(FALLING + 4 * place + 1)


@compiled
def alone_s_of(place: int) -> np.uint64:
    return np.uint64(FALLING + 4 * place + 2)


@compiled
def alone_lph_of(place: int) -> np.uint64:
    return np.uint64(FALLING + 4 * place + 3)


@compiled
def hides_pauses(m: Floats, length_s: float) -> bool:
    if m[SHORTEST_S] == 0.0 or length_s < m[SHORTEST_S]:
        m[SHORTEST_S] = length_s
    usual_s = min(m[SHORTEST_S], m[SHORTEST_BEFORE_S]) if m[SHORTEST_BEFORE_S] != 0.0 else m[SHORTEST_S]
    return bool(length_s > GAP_AT_LEAST_S and length_s > GAP_RHYTHMS * usual_s)


@compiled
def push(m: Floats, p: Floats, begin_s: float, end_s: float, flow_lph: float) -> None:
    first, end, span_s = int(m[FALLING_FROM]), int(m[FALLING_TO]), p[STEADY_SPAN_S]
    length_s, more = end_s - begin_s, 1.0 + p[STEADY_SHARE]
    since_s, alone_s, alone_lph, litre_lph = begin_s, length_s, flow_lph, 3600.0 / length_s
    while end > first and m[flow_of(end - 1)] >= flow_lph:
        end -= 1
        since_s = m[since_of(end)]
        if m[alone_lph_of(end)] <= more * flow_lph + litre_lph:
            alone_s = length_s + m[alone_s_of(end)]
            alone_lph = m[alone_lph_of(end)]
    place = end - 1
    while place >= first and flow_lph <= more * m[flow_of(place)] + litre_lph:
        m[alone_s_of(place)] = min(m[alone_s_of(place)] + length_s, span_s)
        m[alone_lph_of(place)] = max(m[alone_lph_of(place)], flow_lph)
        place -= 1
    m[since_of(end)] = since_s
    m[flow_of(end)] = flow_lph
    m[alone_s_of(end)] = min(alone_s, span_s)
    m[alone_lph_of(end)] = alone_lph
    end += 1
    if end - first > 1 and m[since_of(first + 1)] <= begin_s - p[np.uint64(SCALE_HOURS + int(p[SCALES]) - 1)] * 3600.0:
        first += 1
    m[FALLING_FROM] = first
    m[FALLING_TO] = end


@compiled
def compare(m: Floats, p: Floats, begin_s: float, end_s: float, flow_lph: float) -> int:
    """The gravest scale over its limit, past the last for a burst, then for a steady run, or -1."""
    scales = int(p[SCALES])
    length_s = end_s - begin_s
    over = scales if flow_lph >= max(p[BURST_LPH], p[BURST_BEYOND] * m[RECORD + 1]) else _NONE
    often = MOST_SCALES if length_s <= OFTEN_S else 0
    told_from = 1 if often else (2 if length_s > HOURLY_S else 0)
    if seldom(is_unusual(m, p, length_s, end_s, flow_lph)):
        over = gravest(p, over, 0)
    if seldom(steady_flow.is_over(m, p)):
        over = gravest(p, over, scales + 1)
    first, place = int(m[FALLING_FROM]), int(m[FALLING_TO]) - 1
    for number in range(scales):
        while m[since_of(place)] > end_s - (p[SCALE_HOURS + number] * 3600.0 - SLACK_S):
            place -= 1
            if place < first:
                return over
        steady = m[flow_of(place)]
        if steady == 0.0:
            return over
        limit, alone_s = m[LIMITS + often + number], p[SCALE_ALONE_S + often + number]
        if seldom(steady >= limit) and number >= told_from and m[alone_s_of(place)] >= alone_s:
            over = gravest(p, over, number)
            taught = steady
            if p[SCALE_HOURS + number] <= p[TAP_HOURS]:
                taught = min(steady, sixteenths(p[GROWTH] * limit / p[SCALE_BEYOND + often + number]))
            m[TODAY + number] = max(m[TODAY + number], taught)
        elif steady > m[TODAY + number]:
            m[TODAY + number] = steady
    return over


@compiled
def is_unusual(m: Floats, p: Floats, length_s: float, end_s: float, flow_lph: float) -> bool:
    """Whether what was drawn at once is more than usual, where that is looked at."""
    if length_s <= OFTEN_S:
        return unusual_draw.are_two_over(m, p, end_s, flow_lph)
    if length_s > HOURLY_S:
        return unusual_draw.is_hour_over(m, p, end_s, flow_lph)
    m[BEFORE_LPH] = 0.0
    m[USUAL_LPH] = m[RECORD]
    return False


@apart
def turn_day(m: Floats, p: Floats, begin_s: float, end_s: float) -> None:
    if m[FLOW_DAY_S] == 0.0:
        m[FLOW_FIRST_S] = begin_s
        m[FLOW_DAY_S] = begin_s + DAY_S
    while end_s >= m[FLOW_DAY_S]:
        m[FLOW_DAY_S] += DAY_S
        for number in range(int(p[SCALES])):
            m[RECORD + number] = max(sixteenths(m[RECORD + number] * p[FLOW_FADE]), m[TODAY + number])
            m[TODAY + number] = 0.0
        steady_flow.turn_day(m, p)
        if m[SHORTEST_S] != 0.0:
            before_s = m[SHORTEST_BEFORE_S] if m[SHORTEST_BEFORE_S] != 0.0 else m[SHORTEST_S]
            m[SHORTEST_BEFORE_S] = min(m[SHORTEST_S], 2.0 * before_s)
            m[SHORTEST_S] = 0.0
    for number in range(int(p[SCALES])):
        for place in (number, MOST_SCALES + number):
            m[LIMITS + place] = max(p[SCALE_LPH + place], p[SCALE_BEYOND + place] * m[RECORD + number])


@compiled
def verdict(m: Floats, p: Floats, over: int, end_s: float, flow_lph: float) -> float:
    running = m[FLOW_LPH] > 0.0 and flow_lph >= p[STILL] * m[FLOW_LPH]
    if not running:
        m[FLOW_LPH] = 0.0
        if over == _NONE:
            return NOTHING
    if seldom(over != _NONE) and (not running or rank(p, over) > rank(p, int(m[FLOW_GRADE]))):
        begin_episode(m, p, over, end_s, flow_lph)
    return ALERT


@compiled
def gravest(p: Floats, over: int, number: int) -> int:
    return number if over == _NONE or rank(p, number) >= rank(p, over) else over


@compiled
def rank(p: Floats, scale: int) -> int:
    if scale >= int(p[SCALES]):
        return 2 if scale == int(p[SCALES]) else 0
    return 1 if p[SCALE_HOURS + scale] <= p[TAP_HOURS] else 0


@apart
def begin_episode(m: Floats, p: Floats, over: int, end_s: float, flow_lph: float) -> None:
    m[FLOW_GRADE] = over
    place = int(m[FALLING_TO]) - 1
    if over == int(p[SCALES]):
        m[FLOW_LPH] = flow_lph
        m[FLOW_SINCE_S] = m[since_of(place)]
        return
    if over > int(p[SCALES]):
        place = steady_flow.told_of(m, p)
        m[FLOW_LPH] = m[flow_of(place)]
        m[FLOW_SINCE_S] = m[since_of(place)]
        return
    from_s = end_s - p[SCALE_HOURS + over] * 3600.0 + SLACK_S
    while m[since_of(place)] > from_s:
        place -= 1
    m[FLOW_SINCE_S] = m[since_of(place)]
    m[FLOW_LPH] = m[flow_of(place)]
