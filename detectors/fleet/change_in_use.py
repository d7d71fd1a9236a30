"""`detectors.change_in_use` for arrays. Each function does what the method of its name does there."""

import numpy as np

from detectors.fleet.compiled import apart, compiled
from detectors.fleet.curves import day_of
from detectors.fleet.memory import (
    ALERT,
    AT_NIGHT,
    CANNOT_TELL,
    CHANGE_HOUR,
    CHANGE_HOUR_USED,
    CHANGE_SINCE_S,
    DAYS_AT_NIGHT,
    DAYS_KEPT,
    DAYS_USED,
    GRADE,
    HOURS_KNOWN,
    JUDGED_DAY,
    NOTHING,
    USED,
    Floats,
    shift,
)
from detectors.fleet.rules import (
    ASKED_HOUR,
    BASELINE_DAYS,
    CALMED,
    DEVIATIONS,
    ENOUGH_DAYS,
    ENOUGH_HOURS,
    FEWER,
    MORE_NIGHT_HOURS,
    NIGHT_ENDS,
    RECENT_DAYS,
)

NOT_ASKED = -2.0  # beside the levels


@compiled
def observe(m: Floats, p: Floats, hour: int, end_s: float, used: bool) -> float:
    if hour > m[CHANGE_HOUR]:
        turn_hour(m, p, hour)
    if used:
        m[CHANGE_HOUR_USED] = 1.0
    if not is_due(m, p, hour):
        return NOT_ASKED
    m[JUDGED_DAY] = day_of(hour)
    return judge(m, p, end_s)


@compiled
def stays_level(m: Floats, p: Floats, hour: int) -> bool:
    """The hour is turned, without use; and the day judged where it is asked for and nothing is found."""
    if hour > m[CHANGE_HOUR]:
        turn_hour(m, p, hour)
    if not is_due(m, p, hour):
        return True
    if m[GRADE] or grade(m, p) > 0.0:
        return False
    m[JUDGED_DAY] = day_of(hour)
    return True


@compiled
def is_due(m: Floats, p: Floats, hour: int) -> bool:
    day = day_of(hour)
    return bool(hour - 24 * day >= p[ASKED_HOUR] and m[JUDGED_DAY] != day)


@compiled
def turn_hour(m: Floats, p: Floats, hour: int) -> None:
    last = int(m[CHANGE_HOUR])
    if last:
        end_hours(m, p, last, hour - last <= 2)
    if day_of(hour) != day_of(last):
        if m[HOURS_KNOWN] >= p[ENOUGH_HOURS] and m[USED]:
            keep_day(m, p)
        m[USED] = m[AT_NIGHT] = m[HOURS_KNOWN] = 0.0
    m[CHANGE_HOUR] = hour


@apart
def forget_day(m: Floats) -> None:
    m[USED] = m[AT_NIGHT] = m[HOURS_KNOWN] = m[CHANGE_HOUR_USED] = 0.0


@compiled
def end_hours(m: Floats, p: Floats, first: int, known: int) -> None:
    """Of one day: only in the first of them water may have been used."""
    m[HOURS_KNOWN] += known
    if m[CHANGE_HOUR_USED]:
        m[USED] += 1.0
        m[AT_NIGHT] += first - 24 * day_of(first) < p[NIGHT_ENDS]
        m[CHANGE_HOUR_USED] = 0.0


@compiled
def keep_day(m: Floats, p: Floats) -> None:
    kept = int(m[DAYS_KEPT])
    if kept == p[RECENT_DAYS] + p[BASELINE_DAYS]:
        shift(m, DAYS_USED, kept)
        shift(m, DAYS_AT_NIGHT, kept)
        kept -= 1
    m[DAYS_USED + kept] = m[USED]
    m[DAYS_AT_NIGHT + kept] = m[AT_NIGHT]
    m[DAYS_KEPT] = kept + 1.0


@compiled
def judge(m: Floats, p: Floats, end_s: float) -> float:
    found = grade(m, p)
    if found == CANNOT_TELL:
        return CANNOT_TELL
    if found != m[GRADE]:
        m[GRADE] = found
        m[CHANGE_SINCE_S] = end_s
    return ALERT if found else NOTHING


@compiled
def grade(m: Floats, p: Floats) -> float:
    kept = int(m[DAYS_KEPT])
    if kept - p[RECENT_DAYS] < p[ENOUGH_DAYS]:
        return CANNOT_TELL
    use, usual, use_z = deviation(m[DAYS_USED : DAYS_USED + kept], int(p[RECENT_DAYS]))
    night, usual_night, night_z = deviation(m[DAYS_AT_NIGHT : DAYS_AT_NIGHT + kept], int(p[RECENT_DAYS]))
    if use_z <= (-p[CALMED] if m[GRADE] == 1.0 else -p[DEVIATIONS]) and use <= p[FEWER] * usual:
        return 1.0
    if night_z >= (p[CALMED] if m[GRADE] == 2.0 else p[DEVIATIONS]) and night >= usual_night + p[MORE_NIGHT_HOURS]:
        return 2.0
    return 0.0


@compiled
def deviation(days: Floats, recent_days: int) -> tuple[float, float, float]:
    """Mean of the recent days, mean of the days before, and how many standard errors they are apart."""
    before = len(days) - recent_days
    mean = now = squares = 0.0
    for day in range(before):
        mean += days[day]
    mean /= before
    for day in range(before):
        squares += (days[day] - mean) ** 2
    for day in range(before, len(days)):
        now += days[day]
    now /= recent_days
    return now, mean, (now - mean) / np.sqrt((squares / (before - 1) + 0.5) / recent_days)
