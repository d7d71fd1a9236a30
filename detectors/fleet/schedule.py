"""`detectors.schedule` for arrays. Each function does what the one of its name does there."""

from math import floor

from detectors.fleet.compiled import apart, compiled, seldom
from detectors.fleet.curves import of_day
from detectors.fleet.memory import (
    TIMER_ALONE,
    TIMER_BEFORE_L,
    TIMER_DONE,
    TIMER_HELD_L,
    TIMER_HOUR,
    TIMER_L,
    TIMER_NOW_L,
    TIMER_RESTED,
    TIMER_RUN,
    TIMER_SEEN,
    Floats,
)
from detectors.schedule import ALONE_ENOUGH, ALONE_MOST, DRY_H, LEAST_L, MISS, SEEN_ENOUGH, SEEN_MOST


@compiled
def people_l(m: Floats, hour: int, volume_l: float, step_l: float) -> float:
    told_l = 0.0
    if volume_l != 0.0 and hour != m[TIMER_HOUR]:
        told_l = turn(m, hour, step_l)
    elif seldom(m[TIMER_HELD_L] != 0.0) and hour != m[TIMER_HOUR]:
        return settled(m, hour, step_l)
    if volume_l == 0.0:
        return told_l
    m[TIMER_NOW_L] += volume_l
    place, following = of_day(hour), of_day(hour + 1)
    if m[TIMER_DONE] or not seldom(is_timer(m, place) or is_timer(m, following)):
        return told_l + volume_l
    m[TIMER_HELD_L] += volume_l
    if not may_be(m, place, m[TIMER_BEFORE_L] + m[TIMER_NOW_L], step_l) and not may_be(
        m, following, m[TIMER_NOW_L], step_l
    ):
        told_l += m[TIMER_HELD_L]
        m[TIMER_HELD_L] = 0.0
    return told_l


@compiled
def is_timer(m: Floats, place: int) -> bool:
    return bool(m[TIMER_SEEN + place] >= SEEN_ENOUGH and m[TIMER_ALONE + place] >= ALONE_ENOUGH)


@compiled
def timers(m: Floats) -> float:
    """The hours as bits."""
    bits = 0
    for place in range(24):
        if is_timer(m, place) and not is_timer(m, (place + 23) % 24):
            bits |= 1 << place
    return float(bits)


@apart
def interrupt(m: Floats) -> None:
    m[TIMER_HOUR] = m[TIMER_RUN] = m[TIMER_NOW_L] = m[TIMER_BEFORE_L] = m[TIMER_HELD_L] = 0.0
    m[TIMER_DONE] = m[TIMER_RESTED] = 0.0


@compiled
def slack_l(litres: float, step_l: float) -> float:
    return 1.5 * step_l + 0.03 * litres


@compiled
def may_be(m: Floats, place: int, litres: float, step_l: float) -> bool:
    known = m[TIMER_L + place]
    return is_timer(m, place) and litres <= known + slack_l(known, step_l)


@compiled
def fits(m: Floats, place: int, litres: float, step_l: float) -> bool:
    known = m[TIMER_L + place]
    return is_timer(m, place) and abs(litres - known) <= slack_l(known, step_l)


@compiled
def turn(m: Floats, hour: int, step_l: float) -> float:
    last = int(m[TIMER_HOUR])
    apart = hour - last
    if last:
        alone = (m[TIMER_RESTED] != 0.0) & (m[TIMER_RUN] <= 2.0) & (apart > DRY_H)
        learn(m, of_day(last), m[TIMER_BEFORE_L] + m[TIMER_NOW_L], step_l, alone)
        if apart > 1:
            learn(m, of_day(last + 1), m[TIMER_NOW_L], step_l, alone)
    told_l = settled(m, hour, step_l) if seldom(m[TIMER_HELD_L] != 0.0) else 0.0
    if apart == 1:
        m[TIMER_DONE] = 1.0 if fits(m, of_day(last), m[TIMER_BEFORE_L] + m[TIMER_NOW_L], step_l) else 0.0
        m[TIMER_BEFORE_L] = m[TIMER_NOW_L]
        m[TIMER_RUN] = min(m[TIMER_RUN] + 1.0, 3.0)
    else:
        m[TIMER_DONE] = m[TIMER_BEFORE_L] = 0.0
        m[TIMER_RUN] = 1.0
        m[TIMER_RESTED] = 1.0 if apart > DRY_H else 0.0
    m[TIMER_HOUR] = hour
    m[TIMER_NOW_L] = 0.0
    return told_l


@apart
def settled(m: Floats, hour: int, step_l: float) -> float:
    last = int(m[TIMER_HOUR])
    place, following, over = of_day(last), of_day(last + 1), hour - last > 1
    told_l = 0.0
    if fits(m, place, m[TIMER_BEFORE_L] + m[TIMER_NOW_L], step_l) or (
        over and fits(m, following, m[TIMER_NOW_L], step_l)
    ):
        m[TIMER_HELD_L] = 0.0
    elif not over and is_timer(m, following):
        told_l = max(m[TIMER_HELD_L] - m[TIMER_NOW_L], 0.0)
        m[TIMER_HELD_L] = min(m[TIMER_HELD_L], m[TIMER_NOW_L])
    else:
        told_l = m[TIMER_HELD_L]
        m[TIMER_HELD_L] = 0.0
    return told_l


@compiled
def learn(m: Floats, place: int, litres: float, step_l: float, alone: bool) -> None:
    known = m[TIMER_L + place]
    new = alone and litres >= LEAST_L
    if litres == 0.0 or not (known != 0.0 or new):
        return
    slack = slack_l(known, step_l)
    if known != 0.0 and litres > known + slack:
        m[TIMER_SEEN + place] = max(m[TIMER_SEEN + place] - (2.0 if alone else 0.0), 1.0)
        return
    if known != 0.0 and litres >= known - slack:
        m[TIMER_SEEN + place] = min(m[TIMER_SEEN + place] + 1.0, SEEN_MOST)
        m[TIMER_ALONE + place] = min(m[TIMER_ALONE + place] + (1.0 if alone else 0.0), ALONE_MOST)
        m[TIMER_L + place] = halves((3.0 * known + litres) / 4.0)
        return
    m[TIMER_SEEN + place] = max(m[TIMER_SEEN + place] - MISS, 0.0)
    if m[TIMER_SEEN + place] == 0.0:
        m[TIMER_L + place] = halves(litres) if new else 0.0
        m[TIMER_SEEN + place] = m[TIMER_ALONE + place] = 1.0 if new else 0.0


@compiled
def halves(litres: float) -> float:
    return floor(litres * 2.0 + 0.5) / 2.0
