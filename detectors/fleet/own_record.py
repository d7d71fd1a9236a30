"""`detectors.own_record` for arrays. Each function does what its namesake does."""

import numpy as np

from detectors.coarse import TOO_COARSE_L
from detectors.fleet.coarse import is_coarse
from detectors.fleet.compiled import compiled
from detectors.fleet.curves import day_of, of_day
from detectors.fleet.habit import BEGIN_H, alarm_h, count, move_on, smooth
from detectors.fleet.memory import (
    FIRST_S,
    HOUR,
    HOUR_USED,
    KNOWN_S,
    LENGTHS,
    LONGEST,
    PLANNED,
    RATE,
    RATES,
    SILENCES,
    SILENT_FROM_H,
    SILENT_S,
    STEP_L,
    STEPS,
    WOULD_RAISE,
    Floats,
    shift,
)
from detectors.fleet.rules import COARSE_OTHERS, OTHERS
from detectors.habit import BEGINS, HOURS, LONGEST_H, PARTS
from detectors.low_use_state import LONGEST_DAYS, RATE_STEPS
from detectors.own_record import EIGHTHS, RATE_DAYS, SLACK_H, SPENT
from detectors.record import FADE_DAYS, FADED, MOST, TURN_OF_PERIOD, TURN_OF_PLACE
from detectors.safety_net import ASKED_BEFORE_H


@compiled
def turn_hour(m: Floats, hour: int) -> None:
    last = int(m[HOUR])
    if last:
        learn_rate(m, last, hour, m[HOUR_USED], m[FIRST_S] / 86400.0)
        move_on(m, hour - last)
    if day_of(hour) != day_of(last):
        turn_day(m, last, hour)
    m[HOUR] = hour
    m[HOUR_USED] = 0.0


@compiled
def turn_day(m: Floats, last: int, hour: int) -> None:
    shift(m, LONGEST, LONGEST_DAYS)
    m[LONGEST + LONGEST_DAYS - 1] = 0.0
    period = hour // (24 * FADE_DAYS)
    if period != last // (24 * FADE_DAYS):
        fade(m[SILENCES : SILENCES + BEGINS * LENGTHS], period)
        smooth(m)
        fade(m[WOULD_RAISE : WOULD_RAISE + STEPS + 1], period)
        m[KNOWN_S] = np.floor(m[KNOWN_S] * FADED / 256.0 + 0.5)


@compiled
def learn_rate(m: Floats, last: int, hour: int, used: float, first_day: float) -> None:
    """Of the last hour, which is over."""
    step = max(1.0 / RATE_DAYS, 1.0 / (hour / 24.0 - first_day + 5.0))
    place = np.uint64(RATE + last - 24 * day_of(last))
    before = m[place]
    rate = np.floor((before + step * (used - before)) * RATE_STEPS + 0.5) / RATE_STEPS
    m[place] = rate
    m[RATES] += rate - before


@compiled
def fade(counts: Floats, period: int) -> None:
    for place in range(len(counts)):
        turn = place * TURN_OF_PLACE + period * TURN_OF_PERIOD & 255
        counts[place] = np.floor((counts[place] * FADED + turn) / 256.0)


@compiled
def learn(m: Floats) -> None:
    hours, begun = m[SILENT_S] / 3600.0, m[SILENT_FROM_H]
    if (hours < 1.0) & (begun == m[HOUR]):
        return
    lasted = min(int(hours + SLACK_H), HOURS)
    today = LONGEST + LONGEST_DAYS - 1
    count(m, of_day(int(begun)) // BEGIN_H, lasted)
    m[today] = max(m[today], min(np.floor(hours * 2.0), 255.0))
    if m[PLANNED] and hours <= HOURS:
        # a dearer false alert never makes a sooner alarm
        known_h = hours + SLACK_H
        told_h = known_h if known_h >= LONGEST_H else known_h - ASKED_BEFORE_H
        steps, above = 0, STEPS if told_h >= alarm_h(m, 0) else 0  # nought for most
        while steps < above:
            middle = (steps + above) // 2
            if alarm_h(m, middle) <= told_h:
                steps = middle + 1
            else:
                above = middle
        m[WOULD_RAISE + steps] = min(m[WOULD_RAISE + steps] + EIGHTHS, MOST)


@compiled
def step_of(m: Floats, p: Floats, budget: float) -> int:
    prior_days = 30.0 / budget
    allowed = SPENT * budget / 30.0 * (m[KNOWN_S] / 86400.0 + prior_days)
    own, step, others = 0.0, STEPS, OTHERS
    if is_coarse(m[STEP_L]):
        if m[STEP_L] >= TOO_COARSE_L:
            return step
        for row in range(BEGINS):
            own += m[SILENCES + row * LENGTHS + HOURS]
        own /= PARTS[HOURS]
        others = COARSE_OTHERS
    while step:
        own += m[WOULD_RAISE + step] / EIGHTHS
        if own + prior_days * p[others + step - 1] > allowed:
            break
        step -= 1
    return step
