"""`detectors.constant_flow` for arrays. Each function does what the method of its name does there."""

from math import isnan

import numpy as np

from detectors.constant_flow import DAY_S, HELD_S, IDLE_LPH, OFTEN_S, SLACK_S
from detectors.fleet import half_hour
from detectors.fleet.compiled import compiled
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
    TODAY,
    Floats,
)
from detectors.fleet.rules import (
    BURST_BEYOND,
    BURST_LPH,
    FLOW_FADE,
    GROWTH,
    LEARNING_S,
    SCALE_BEYOND,
    SCALE_HOURS,
    SCALE_LPH,
    SCALES,
    STILL,
    TAP_HOURS,
)

_NONE = -1


@compiled
def observe(m: Floats, p: Floats, begin_s: float, end_s: float, volume: float, gap: bool) -> float:
    if end_s >= m[FLOW_DAY_S]:
        turn_day(m, p, begin_s, end_s)
    if gap or isnan(volume):
        m[FALLING_FROM] = m[FALLING_TO] = m[BEFORE_LPH] = m[HELD_FROM_S] = m[HELD_L] = 0.0
        return CANNOT_TELL
    if m[HELD_FROM_S] != 0.0 or end_s - begin_s < HELD_S:
        if m[HELD_FROM_S] != 0.0:
            begin_s = m[HELD_FROM_S]
            volume += m[HELD_L]
        if end_s - begin_s < HELD_S:
            m[HELD_FROM_S] = begin_s
            m[HELD_L] = volume
            return CANNOT_TELL
        m[HELD_FROM_S] = m[HELD_L] = 0.0
    flow_lph = np.float64(np.float32(volume * 3600.0 / (end_s - begin_s)))
    push(m, p, begin_s, flow_lph)
    if flow_lph < IDLE_LPH:
        m[FLOW_LPH] = m[BEFORE_LPH] = 0.0
        return NOTHING
    over = compare(m, p, begin_s, end_s, flow_lph)
    if 0 <= over < int(p[SCALES]) and end_s - m[FLOW_FIRST_S] < p[LEARNING_S]:
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
    if last < first or m[FALLING + 2 * last + 1] != 0.0:
        m[FALLING + 0] = m[FALLING + 2 * first] if last >= first else begin_s
        m[FALLING + 0 + 1] = 0.0
        m[FALLING_FROM] = 0.0
        m[FALLING_TO] = 1.0
    m[HELD_FROM_S] = m[FLOW_LPH] = m[BEFORE_LPH] = 0.0


@compiled
def push(m: Floats, p: Floats, begin_s: float, flow_lph: float) -> None:
    first, end = int(m[FALLING_FROM]), int(m[FALLING_TO])
    since_s = begin_s
    while end > first and m[FALLING + 2 * (end - 1) + 1] >= flow_lph:
        end -= 1
        since_s = m[FALLING + 2 * end]
    m[FALLING + 2 * end] = since_s
    m[FALLING + 2 * end + 1] = flow_lph
    end += 1
    if end - first > 1 and m[FALLING + 2 * (first + 1)] <= begin_s - p[SCALE_HOURS + int(p[SCALES]) - 1] * 3600.0:
        first += 1
    m[FALLING_FROM] = first
    m[FALLING_TO] = end


@compiled
def compare(m: Floats, p: Floats, begin_s: float, end_s: float, flow_lph: float) -> int:
    """The gravest scale over its limit, past the last for a burst, or -1."""
    scales = int(p[SCALES])
    often = MOST_SCALES if end_s - begin_s <= OFTEN_S else 0
    over = scales if flow_lph >= max(p[BURST_LPH], p[BURST_BEYOND] * m[RECORD + 1]) else _NONE
    if often == 0:
        m[BEFORE_LPH] = 0.0
    elif half_hour.is_over(m, p, end_s, flow_lph):
        over = gravest(p, over, 0)
    first, place = int(m[FALLING_FROM]), int(m[FALLING_TO]) - 1
    for number in range(scales):
        while m[FALLING + 2 * place] > end_s - (p[SCALE_HOURS + number] * 3600.0 - SLACK_S):
            place -= 1
            if place < first:
                return over
        steady = m[FALLING + 2 * place + 1]
        limit = m[LIMITS + often + number]
        if steady >= limit:
            over = gravest(p, over, number)
            taught = steady
            if p[SCALE_HOURS + number] <= p[TAP_HOURS]:
                taught = min(steady, np.float64(np.float32(p[GROWTH] * limit / p[SCALE_BEYOND + often + number])))
            m[TODAY + number] = max(m[TODAY + number], taught)
        elif steady > m[TODAY + number]:
            m[TODAY + number] = steady
    return over


@compiled
def turn_day(m: Floats, p: Floats, begin_s: float, end_s: float) -> None:
    if m[FLOW_DAY_S] == 0.0:
        m[FLOW_FIRST_S] = begin_s
        m[FLOW_DAY_S] = begin_s + DAY_S
    while end_s >= m[FLOW_DAY_S]:
        m[FLOW_DAY_S] += DAY_S
        for number in range(int(p[SCALES])):
            m[RECORD + number] = max(np.float64(np.float32(m[RECORD + number] * p[FLOW_FADE])), m[TODAY + number])
            m[TODAY + number] = 0.0
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
    if over != _NONE and (not running or rank(p, over) > rank(p, int(m[FLOW_GRADE]))):
        begin_episode(m, p, over, end_s, flow_lph)
    return ALERT


@compiled
def gravest(p: Floats, over: int, number: int) -> int:
    return number if over == _NONE or rank(p, number) >= rank(p, over) else over


@compiled
def rank(p: Floats, scale: int) -> int:
    if scale == int(p[SCALES]):
        return 2
    return 1 if p[SCALE_HOURS + scale] <= p[TAP_HOURS] else 0


@compiled
def begin_episode(m: Floats, p: Floats, over: int, end_s: float, flow_lph: float) -> None:
    m[FLOW_GRADE] = over
    place = int(m[FALLING_TO]) - 1
    if over == int(p[SCALES]):
        m[FLOW_LPH] = flow_lph
        m[FLOW_SINCE_S] = m[FALLING + 2 * place]
        return
    from_s = end_s - p[SCALE_HOURS + over] * 3600.0 + SLACK_S
    while m[FALLING + 2 * place] > from_s:
        place -= 1
    m[FLOW_SINCE_S] = m[FALLING + 2 * place]
    m[FLOW_LPH] = m[FALLING + 2 * place + 1]
