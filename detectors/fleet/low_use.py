"""`detectors.low_use` for arrays, with its record, its water and its net. Each function does what its namesake does."""

from math import inf, isnan

import numpy as np

from detectors.bedtime import ASKED_AGAIN, ASKED_FROM_H, LAST_ASKED, NIGHT_H
from detectors.coarse import COARSE_L, NEVER_H, TOO_COARSE_L
from detectors.drip import LEAST_STEP_L
from detectors.fleet import drip, schedule, ticks
from detectors.fleet.compiled import apart, compiled, seldom
from detectors.fleet.curves import day_of, hour_of, of_day
from detectors.fleet.habit import BEGIN_H, alarm_h, count, move_on, score, smooth, weigh
from detectors.fleet.memory import (
    ABSENT_PAST_S,
    ALERT,
    ALERT_H,
    ASK,
    ASK_H,
    DRY_FROM_S,
    DRY_S,
    FIRST_S,
    HOUR,
    HOUR_USED,
    KNOWN_S,
    LAST_USE_S,
    LENGTHS,
    LONGEST,
    NOTHING,
    PLANNED,
    PLANS_KEPT,
    RATE,
    RATES,
    ROW_FROM_S,
    SCORES,
    SILENCES,
    SILENT_FROM_H,
    SILENT_S,
    STEP_L,
    STEPS,
    TIMER_HELD_L,
    WOULD_RAISE,
    Floats,
    shift,
)
from detectors.fleet.rules import ASK_BUDGET, ASKS_ONLY_S, BUDGET, COARSE_OTHERS, NET_S, OTHERS
from detectors.habit import BEGINS, HOURS, PARTS
from detectors.low_use import PLAN_FROM_H, PRESUMED_ABSENT_S
from detectors.low_use_finding import SENSORS_HOLD_S
from detectors.low_use_state import LONGEST_DAYS, RATE_STEPS
from detectors.own_record import ASK_PRIOR_DAYS, EIGHTHS, PRIOR_DAYS, RATE_DAYS, SLACK_H, SPENT
from detectors.record import FADE_DAYS, FADED, MOST, TURN_OF_PERIOD, TURN_OF_PLACE
from detectors.safety_net import ASKED_BEFORE_H, NET_AFTER_H, NET_BEYOND, NET_COARSE_H, NET_UNTIL_KNOWN_H

NO_USE, BY_PEOPLE, BY_ITSELF = range(3)


@compiled
def local_s(clock: Floats, at_s: float) -> float:
    """`clock`: an hour [h since 1970 UTC], then the wall clock's offset [s] in that hour and those after it."""
    place = hour_of(at_s) - int(clock[0]) + 1
    return at_s + clock[min(max(place, 1), len(clock) - 1)]


@compiled
def local_hour(clock: Floats, at_s: float) -> int:
    return hour_of(local_s(clock, at_s))


@compiled
def observe(
    m: Floats,
    p: Floats,
    clock: Floats,
    scores: Floats,
    absences_s: Floats,
    hour: int,
    begin_s: float,
    end_s: float,
    volume: float,
    gap: bool,
) -> float:
    """The level of what is found, `NOTHING`, or `CANNOT_TELL`."""
    if seldom(m[FIRST_S] == 0.0):
        m[FIRST_S] = begin_s
        begin_anew(m, clock, begin_s)
    if seldom(len(absences_s) > 0) and is_absent(m, absences_s, end_s):
        return while_absent(m, clock, begin_s, end_s, volume)
    if seldom(gap or isnan(volume)):
        is_told = is_silent_across(m, clock, begin_s, end_s, volume, gap)
    else:
        is_told = is_silent_after(m, p, clock, hour, begin_s, end_s, volume)
    return verdict(m, p, scores, end_s) if is_told else NOTHING


@compiled
def is_silent_after(
    m: Floats, p: Floats, clock: Floats, hour: int, begin_s: float, end_s: float, volume: float
) -> bool:
    """Whether something may be told of a silence behind this interval."""
    use = used_water(m, hour, volume, begin_s, end_s)
    if use == NO_USE:
        m[SILENT_S] += end_s - begin_s
        m[DRY_S] += end_s - begin_s
    else:
        learn(m)
        if seldom(use == BY_ITSELF):
            restart(m, clock, end_s)
            m[DRY_S] += end_s - begin_s
        else:
            begin_anew(m, clock, end_s)
            m[LAST_USE_S] = end_s
            return seldom(ticks.row_s(m) >= p[NET_S])
    return True


@compiled
def still_for_s(m: Floats, p: Floats) -> float:
    ask_h = min(m[ASK_H], m[ALERT_H]) if m[PLANNED] else PLAN_FROM_H
    net_s = coarse_net_s(p) - 3600.0 * ASKED_BEFORE_H if is_coarse(m) else p[NET_S]
    dry_s = min(net_s, SENSORS_HOLD_S) if m[SILENT_S] < m[DRY_S] else net_s
    return min(min(3600.0 * (ask_h - SLACK_H), PRESUMED_ABSENT_S) - m[SILENT_S], dry_s - m[DRY_S])


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


@apart
def while_absent(m: Floats, clock: Floats, begin_s: float, end_s: float, volume: float) -> float:
    m[FIRST_S] += end_s - begin_s
    drip.interrupt(m)
    start_over(m, clock, end_s)
    drawn_l = volume if volume >= drip.use_threshold_l(m, end_s - begin_s, min(m[STEP_L], 10.0)) else 0.0
    if people_l(m, local_hour(clock, end_s - 1.0), drawn_l):
        m[LAST_USE_S] = end_s
    return NOTHING


@compiled
def is_coarse(m: Floats) -> bool:
    return seldom(COARSE_L < m[STEP_L] < inf)


@compiled
def people_l(m: Floats, hour: int, drawn_l: float) -> float:
    if is_coarse(m) or (drawn_l == 0.0 and m[TIMER_HELD_L] == 0.0):
        return drawn_l
    return schedule.people_l(m, hour, drawn_l, m[STEP_L])


@apart
def is_silent_across(m: Floats, clock: Floats, begin_s: float, end_s: float, volume: float, gap: bool) -> bool:
    schedule.interrupt(m)
    if gap:
        m[FIRST_S] += (end_s - begin_s) // 86400.0 * 86400.0
    if isnan(volume):
        drip.interrupt(m)
        if gap:
            start_over(m, clock, end_s)
        else:
            restart(m, clock, end_s)
        return False
    hours = (end_s - begin_s) / 3600.0
    threshold_l = drip.use_threshold_l(m, end_s - begin_s, min(m[STEP_L], 10.0))
    drip.follow(m, end_s, volume, day_of(local_hour(clock, end_s - 1.0)))
    if volume < threshold_l:
        if m[STEP_L] == inf:
            return True
        m[SILENT_S] += hours * 3600.0
    elif not is_coarse(m) and ticks.is_lone(m, begin_s, volume):
        ticks.follow(m, begin_s, end_s, volume, m[STEP_L])
        restart(m, clock, end_s)
    else:
        start_over(m, clock, end_s)
        return False
    m[DRY_S] += hours * 3600.0
    return True


@compiled
def used_water(m: Floats, hour: int, volume: float, begin_s: float, end_s: float) -> int:
    if hour != m[HOUR]:
        turn_hour(m, hour)
    use = use_of(m, hour, volume, begin_s, end_s)
    drip.follow(m, end_s, volume, day_of(hour))
    if use != NO_USE:
        m[HOUR_USED] = 1.0
    if m[SILENT_S] < PRESUMED_ABSENT_S:
        m[KNOWN_S] += end_s - begin_s
    return use


@compiled
def use_of(m: Floats, hour: int, volume: float, begin_s: float, end_s: float) -> int:
    """`WhoseWater.used`."""
    if seldom(m[STEP_L] > LEAST_STEP_L) and volume:
        step_l = drip.finer_step_l(m[STEP_L], volume)
        if step_l != m[STEP_L] and is_coarse(m):
            ticks.interrupt(m)
        m[STEP_L] = step_l
    drawn_l = volume if volume >= drip.use_threshold_l(m, end_s - begin_s, m[STEP_L]) else 0.0
    told_l = people_l(m, hour, drawn_l)
    ran_l = volume if told_l == drawn_l else told_l
    alone = False
    if ran_l >= LEAST_STEP_L and m[STEP_L] < TOO_COARSE_L:
        alone = not is_coarse(m) and ticks.is_lone(m, begin_s, ran_l)
        if alone or told_l == drawn_l:
            ticks.follow(m, begin_s, end_s, ran_l, m[STEP_L])
        else:
            ticks.interrupt(m)
    if told_l == 0.0:
        return NO_USE
    return BY_ITSELF if alone else BY_PEOPLE


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
def start_over(m: Floats, clock: Floats, at_s: float) -> None:
    ticks.interrupt(m)
    begin_anew(m, clock, at_s)


@compiled
def begin_anew(m: Floats, clock: Floats, at_s: float) -> None:
    restart(m, clock, at_s)
    m[DRY_FROM_S] = at_s
    m[DRY_S] = 0.0


@compiled
def restart(m: Floats, clock: Floats, at_s: float) -> None:
    m[SILENT_FROM_H] = local_hour(clock, at_s)
    m[SILENT_S] = m[PLANNED] = 0.0


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
        steps, above = 0, STEPS if hours + SLACK_H >= alarm_h(m, 0) else 0  # nought for most
        while steps < above:
            middle = (steps + above) // 2
            if alarm_h(m, middle) <= hours + SLACK_H:
                steps = middle + 1
            else:
                above = middle
        m[WOULD_RAISE + steps] = min(m[WOULD_RAISE + steps] + EIGHTHS, MOST)


@compiled
def verdict(m: Floats, p: Floats, scores: Floats, end_s: float) -> float:
    planned = m[SILENT_S] >= 3600.0 * (PLAN_FROM_H - SLACK_H)
    if planned and not m[PLANNED]:
        begun = int(m[SILENT_FROM_H])
        score(m, p, begun)
        keep_scores(m, scores, end_s)
        weigh(m, p)
        m[PLANNED] = 1.0
        m[ALERT_H] = max(planned_h(m, p, p[BUDGET], PRIOR_DAYS, 0), float(PLAN_FROM_H + ASKED_BEFORE_H))
        asked_h = min(planned_h(m, p, p[ASK_BUDGET], ASK_PRIOR_DAYS, STEPS), m[ALERT_H] - ASKED_BEFORE_H)
        m[ASK_H] = before_bed_h(begun, int(asked_h), int(m[ALERT_H]))
    hours = m[SILENT_S] / 3600.0 + SLACK_H
    experienced = end_s - m[FIRST_S] >= p[ASKS_ONLY_S]
    by_net = m[DRY_S] >= net_of(m, p) or ticks.row_s(m) >= p[NET_S]
    if seldom(by_net or (planned and experienced and hours >= m[ALERT_H])):
        return ALERT
    held = m[SILENT_S] < m[DRY_S] and m[DRY_S] >= SENSORS_HOLD_S
    return ASK if held or is_net_near(m, p) or (planned and hours >= m[ASK_H]) else NOTHING


@compiled
def keep_scores(m: Floats, scores: Floats, end_s: float) -> None:
    """Of each plan, for who wants to see them all: when it was made, and its scores, where there is room."""
    kept = int(m[PLANS_KEPT])
    if seldom(kept < len(scores)):
        scores[kept, 0] = end_s
        for length in range(HOURS):
            scores[kept, 1 + length] = m[SCORES + length]
        m[PLANS_KEPT] += 1.0


@compiled
def before_bed_h(begun: int, asked_h: int, alert_h: int) -> int:
    asked, alerted = of_day(begun + asked_h), of_day(begun + alert_h)
    sooner_h = asked_h - (asked - LAST_ASKED) % 24
    if sooner_h < ASKED_FROM_H or alert_h - asked_h > NIGHT_H or not (at_night(asked) and at_night(alerted)):
        return asked_h
    return sooner_h


@compiled
def at_night(hour: int) -> bool:
    return hour > LAST_ASKED or hour < ASKED_AGAIN


@compiled
def planned_h(m: Floats, p: Floats, budget: float, prior_days: float, others: int) -> float:
    """`LowUse._alarm_h`; `others`: 0 for alerts, `STEPS` for asks."""
    step = step_of(m, p, budget, prior_days, others)
    if step == STEPS and is_coarse(m):
        return float(NEVER_H)
    return float(alarm_h(m, min(step, STEPS - 1)))


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
    return is_coarse(m) and (m[PLANNED] == 0.0 or m[ALERT_H] == NEVER_H)


@compiled
def step_of(m: Floats, p: Floats, budget: float, prior_days: float, others: int) -> int:
    allowed = SPENT * budget / 30.0 * (m[KNOWN_S] / 86400.0 + prior_days)
    own, step = 0.0, STEPS
    others += OTHERS
    if is_coarse(m):
        if m[STEP_L] >= TOO_COARSE_L:
            return step
        for row in range(BEGINS):
            own += m[SILENCES + row * LENGTHS + HOURS]
        own /= PARTS[HOURS]
        others += COARSE_OTHERS - OTHERS
    while step:
        own += m[WOULD_RAISE + step] / EIGHTHS
        if own + p[others + step - 1] > allowed:
            break
        step -= 1
    return step


@compiled
def by_row(m: Floats, p: Floats) -> bool:
    """Whether what is told is that all water came of itself."""
    return bool(ticks.row_s(m) >= p[NET_S] and m[ROW_FROM_S] < m[DRY_FROM_S])


@compiled
def since_s(m: Floats, p: Floats) -> float:
    """Since when nobody has drawn water."""
    return m[ROW_FROM_S] if by_row(m, p) else m[DRY_FROM_S]


@compiled
def expected(m: Floats, clock: Floats, begin_s: float, end_s: float) -> float:
    """Hours with use that the own rate let expect during this silence."""
    first = local_hour(clock, begin_s)
    last = local_hour(clock, end_s)
    total = 0.0
    for hour in range(first + 1, min(last, first + 96) + 1):
        total += m[RATE + hour % 24]
    return total
