"""`detectors.drip` for arrays."""

from math import inf

import numpy as np

from detectors.drip import (
    APART_S,
    DAYS,
    DAYS_3H,
    DAYS_AT_LEAST,
    DAYS_NOT_6H,
    EVEN_ML,
    EVEN_SAMPLES,
    LEAST_LPH,
    LEAST_STEP_L,
    PARTS_L,
    SAMPLES,
    SIX_H,
    STEP_ROUNDED_L,
    THREE_H,
    UNEVEN_ML,
)
from detectors.fleet.coarse import is_coarse
from detectors.fleet.compiled import compiled, seldom
from detectors.fleet.curves import short
from detectors.fleet.memory import (
    DRIP_3H,
    DRIP_6H,
    DRIP_DAY,
    DRIP_LPH,
    DRIP_SAMPLES,
    DRIP_TOTAL,
    LEAST_3H,
    LEAST_6H,
    SAMPLE_S,
    SAMPLES_AT_S,
    SAMPLES_TOTAL,
    STEP_L,
    TODAY_3H,
    TODAY_6H,
    Floats,
    shift,
)


@compiled
def finer_step_l(step_l: float, volume_l: float) -> float:
    steps = volume_l / step_l
    if steps == np.floor(steps) and steps:  # nearly always, and far cheaper than a remainder
        return step_l
    rest = volume_l % step_l
    return max(rest, LEAST_STEP_L) if STEP_ROUNDED_L < rest < step_l - STEP_ROUNDED_L else step_l


@compiled
def drawn_l(m: Floats, begin_s: float, end_s: float, volume_l: float, step_l: float) -> float:
    is_use = volume_l >= use_threshold_l(m, end_s - begin_s, step_l)
    return volume_l if is_use and not (step_l <= LEAST_STEP_L and runs_on(m, end_s, volume_l)) else 0.0


@compiled
def runs_on(m: Floats, end_s: float, volume_l: float) -> bool:
    taken = int(m[DRIP_SAMPLES])
    first = taken - EVEN_SAMPLES
    if first < 0:
        return False
    from_s, from_ml = taken_at_s(m, first), taken_ml(m, first)
    ran, ran_s = m[DRIP_TOTAL] + np.rint(volume_l * PARTS_L) - from_ml, end_s - from_s
    if ran < EVEN_ML:
        return False
    for number in range(first, taken):
        ran_by_then = (taken_ml(m, number) - from_ml) * ran_s
        if abs(ran_by_then - ran * (taken_at_s(m, number) - from_s)) > UNEVEN_ML * ran_s:
            return False
    return True


@compiled
def use_threshold_l(m: Floats, length_s: float, step_l: float) -> float:
    drip_lph = m[DRIP_LPH]
    if seldom(drip_lph > LEAST_LPH):
        return np.floor(drip_lph * (length_s / 3600.0)) + 2.0 * step_l
    return step_l


@compiled
def follow(m: Floats, end_s: float, volume_l: float, local_day: int) -> None:
    if local_day != m[DRIP_DAY]:
        turn_day(m, local_day)
    if volume_l != 0.0:
        m[DRIP_TOTAL] += np.rint(volume_l * PARTS_L)
    if end_s >= m[SAMPLE_S]:
        sample(m, end_s)


@compiled
def sample(m: Floats, end_s: float) -> None:
    taken = int(m[DRIP_SAMPLES])
    if m[TODAY_3H] > 0.0 or m[TODAY_6H] > 0.0:
        judge_hours(m, end_s, taken)
    place = np.uint64(taken & SAMPLES - 1)
    m[np.uint64(SAMPLES_AT_S) + place] = end_s
    m[np.uint64(SAMPLES_TOTAL) + place] = m[DRIP_TOTAL]
    m[DRIP_SAMPLES] = taken + 1.0
    m[SAMPLE_S] = end_s + APART_S


@compiled
def sample_each(m: Floats, at_s: Floats, step_s: float, slot: int, end: int) -> None:
    """Wherever one is due from this slot to the end, of slots so far apart."""
    due = slot + max(int(np.ceil((m[SAMPLE_S] - at_s[np.uint64(slot)]) / step_s)), 0)
    while due < end:
        sample(m, at_s[np.uint64(due)])
        due += int(np.ceil(APART_S / step_s))


@compiled
def judge_hours(m: Floats, end_s: float, taken: int) -> None:
    """The flow of the last three hours and of the last six: the day's least so far."""
    last_3h, last_6h = last_by(m, taken, taken - 3, end_s - THREE_H), last_by(m, taken, taken - 6, end_s - SIX_H)
    if last_3h > last_6h:
        m[TODAY_3H] = min(m[TODAY_3H], lph(m, last_3h, end_s))
    if last_6h >= 0:
        m[TODAY_6H] = min(m[TODAY_6H], lph(m, last_6h, end_s))


@compiled
def last_by(m: Floats, taken: int, likely: int, until_s: float) -> int:
    """The last sample taken by then, or -1; that so many hours are so many samples is likely."""
    last = max(likely, -1)
    while last >= 0 and taken_at_s(m, last) > until_s:
        last -= 1
    while last + 1 < taken and taken_at_s(m, last + 1) <= until_s:
        last += 1
    return last


@compiled
def taken_at_s(m: Floats, number: int) -> float:
    return m[np.uint64(SAMPLES_AT_S) + np.uint64(number & SAMPLES - 1)]


@compiled
def taken_ml(m: Floats, number: int) -> float:
    return m[np.uint64(SAMPLES_TOTAL) + np.uint64(number & SAMPLES - 1)]


@compiled
def lph(m: Floats, number: int, end_s: float) -> float:
    ran = m[DRIP_TOTAL] - taken_ml(m, number)
    return short(ran * (3600.0 / PARTS_L) / (end_s - taken_at_s(m, number)))


@compiled
def interrupt(m: Floats) -> None:
    m[DRIP_SAMPLES] = m[DRIP_TOTAL] = m[SAMPLE_S] = 0.0


@compiled
def turn_day(m: Floats, local_day: int) -> None:
    if m[TODAY_3H] < inf:
        m[DRIP_3H] = append(m, LEAST_3H, DAYS, int(m[DRIP_3H]), m[TODAY_3H])
    elif m[TODAY_6H] < inf and m[DRIP_3H]:
        shift(m, LEAST_3H, int(m[DRIP_3H]))
        m[DRIP_3H] -= 1.0
    if m[TODAY_6H] < inf:
        m[DRIP_6H] = append(m, LEAST_6H, DAYS, int(m[DRIP_6H]), m[TODAY_6H])
    m[DRIP_DAY] = local_day
    m[TODAY_3H] = m[TODAY_6H] = inf
    kept = int(m[DRIP_3H])
    if kept < DAYS_AT_LEAST:
        m[DRIP_LPH] = 0.0
        return
    there_3h = ranked(m, LEAST_3H, kept, kept - 1 - min(DAYS_3H - 1, kept // 2))
    kept = int(m[DRIP_6H])
    there_6h = ranked(m, LEAST_6H, kept, DAYS_NOT_6H if kept == DAYS else 0) if kept else 0.0
    step_l = m[STEP_L]
    if is_coarse(step_l):
        there_3h, there_6h = short(max(there_3h - step_l / 3.0, 0.0)), short(max(there_6h - step_l / 6.0, 0.0))
    m[DRIP_LPH] = max(there_3h, there_6h)


@compiled
def ranked(m: Floats, first: int, many: int, rank: int) -> float:
    """The value that so many are less than; by counting: of so few that is quickest, and soonest compiled."""
    found = most = 0.0
    for place in range(first, first + many):
        most = max(most, m[place])
    if most == 0.0:  # as at most homes
        return 0.0
    for place in range(first, first + many):
        less = same = 0
        for other in range(first, first + many):
            less += m[other] < m[place]
            same += m[other] == m[place]
        if less <= rank < less + same:
            found = m[place]
    return found


@compiled
def append(m: Floats, first: int, most: int, many: int, value: float) -> int:
    """Drops the oldest where there is no room; how many there are then."""
    if many == most:
        shift(m, first, many)
        many -= 1
    m[first + many] = value
    return many + 1
