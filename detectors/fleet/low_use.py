"""`detectors.low_use` for arrays. Each function does what its namesake does."""

from math import inf, isnan

from detectors.bedtime import ASKED_AGAIN, ASKED_FROM_H, LAST_ASKED, MOSTLY, NIGHT_H, UNASKED_H
from detectors.coarse import NEVER_H
from detectors.fleet import absences, drip, own_record, safety_net, schedule, ticks, two_clocks
from detectors.fleet.coarse import is_coarse
from detectors.fleet.compiled import apart, compiled, seldom
from detectors.fleet.curves import day_of, of_day
from detectors.fleet.habit import alarm_h, score, weigh
from detectors.fleet.localtime import local_hour
from detectors.fleet.memory import (
    ALERT,
    ALERT_H,
    ASK,
    ASK_H,
    CANNOT_TELL,
    DRY_FROM_S,
    DRY_S,
    FIRST_S,
    HOUR,
    HOUR_USED,
    KNOWN_S,
    LAST_USE_S,
    NOTHING,
    PLANNED,
    PLANS_KEPT,
    RATE,
    ROW_FROM_S,
    SCORES,
    SILENT_FROM_H,
    SILENT_S,
    STEP_L,
    STEPS,
    TRACES_FROM_S,
    Floats,
)
from detectors.fleet.rules import ASK_BUDGET, ASKS_ONLY_S, BUDGET, NET_S
from detectors.fleet.whose_water import A_TRACE, BY_ITSELF, NO_USE, is_trace, people_l, use_of
from detectors.habit import HOURS, LONGEST_H
from detectors.low_use import PLAN_FROM_H, PRESUMED_ABSENT_S
from detectors.low_use_finding import SENSORS_HOLD_S
from detectors.own_record import SLACK_H
from detectors.safety_net import ASKED_BEFORE_H


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
        two_clocks.begin_anew(m, clock, begin_s)
    if seldom(len(absences_s) > 0) and absences.is_absent(m, absences_s, end_s):
        return while_absent(m, clock, begin_s, end_s, volume)
    if seldom(gap or isnan(volume)):
        is_told = is_silent_across(m, p, clock, begin_s, end_s, volume, gap)
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
        own_record.learn(m)
        if seldom(use == BY_ITSELF):
            two_clocks.restart(m, clock, end_s)
            m[DRY_S] += end_s - begin_s
        else:
            m[LAST_USE_S] = end_s
            return seldom(goes_on_after(m, p, clock, end_s, use == A_TRACE))
    return True


@compiled
def goes_on_after(m: Floats, p: Floats, clock: Floats, end_s: float, trace: bool) -> bool:
    """`LowUse._after_use`: whether something may be told all the same."""
    if trace:
        two_clocks.begin_anew_after_trace(m, clock, end_s)
    else:
        two_clocks.begin_anew(m, clock, end_s)
    return bool(ticks.row_s(m) >= p[NET_S] or safety_net.is_traces(m, p))


@compiled
def still_for_s(m: Floats, p: Floats) -> float:
    ask_h = min(m[ASK_H], m[ALERT_H]) if m[PLANNED] else PLAN_FROM_H
    net_s = safety_net.coarse_net_s(p) - 3600.0 * ASKED_BEFORE_H if is_coarse(m[STEP_L]) else p[NET_S]
    dry_s = min(net_s, SENSORS_HOLD_S) if m[SILENT_S] < m[DRY_S] else net_s
    return min(min(3600.0 * (ask_h - SLACK_H), PRESUMED_ABSENT_S) - m[SILENT_S], dry_s - m[DRY_S])


@apart
def while_absent(m: Floats, clock: Floats, begin_s: float, end_s: float, volume: float) -> float:
    m[FIRST_S] += end_s - begin_s
    drip.interrupt(m)
    two_clocks.start_over(m, clock, end_s)
    drawn_l = drip.drawn_l(m, begin_s, end_s, volume, min(m[STEP_L], 10.0))
    used_l = people_l(m, local_hour(clock, end_s - 1.0), drawn_l)
    if used_l > 0.0 and not is_trace(m, begin_s, end_s, used_l):
        m[LAST_USE_S] = end_s
        return NOTHING
    return CANNOT_TELL


@apart
def is_silent_across(
    m: Floats, p: Floats, clock: Floats, begin_s: float, end_s: float, volume: float, gap: bool
) -> bool:
    schedule.interrupt(m)
    if gap:
        m[FIRST_S] += (end_s - begin_s) // 86400.0 * 86400.0
    if isnan(volume):
        drip.interrupt(m)
        if gap:
            two_clocks.start_over(m, clock, end_s)
        else:
            two_clocks.restart(m, clock, end_s)
        return False
    drawn_l = drip.drawn_l(m, begin_s, end_s, volume, min(m[STEP_L], 10.0))
    drip.follow(m, end_s, volume, day_of(local_hour(clock, end_s - 1.0)))
    if drawn_l == 0.0:
        if m[STEP_L] == inf:
            return True
        m[SILENT_S] += end_s - begin_s
    elif not is_coarse(m[STEP_L]) and ticks.is_lone(m, begin_s, volume):
        ticks.follow(m, begin_s, end_s, volume, m[STEP_L])
        two_clocks.restart(m, clock, end_s)
    elif is_trace(m, begin_s, end_s, volume):
        ticks.interrupt(m)
        return goes_on_after(m, p, clock, end_s, True)
    else:
        two_clocks.start_over(m, clock, end_s)
        return False
    m[DRY_S] += end_s - begin_s
    return True


@compiled
def used_water(m: Floats, hour: int, volume: float, begin_s: float, end_s: float) -> int:
    if hour != m[HOUR]:
        own_record.turn_hour(m, hour)
    use = use_of(m, hour, volume, begin_s, end_s)
    drip.follow(m, end_s, volume, day_of(hour))
    if use != NO_USE:
        m[HOUR_USED] = 1.0
    if m[SILENT_S] < PRESUMED_ABSENT_S:
        m[KNOWN_S] += end_s - begin_s
    return use


@compiled
def verdict(m: Floats, p: Floats, scores: Floats, end_s: float) -> float:
    planned = m[SILENT_S] >= 3600.0 * (PLAN_FROM_H - SLACK_H)
    if planned and not m[PLANNED]:
        plan(m, p, scores, end_s)
    hours = m[SILENT_S] / 3600.0 + SLACK_H
    experienced = end_s - m[FIRST_S] >= p[ASKS_ONLY_S]
    by_net = m[DRY_S] >= safety_net.net_of(m, p) or ticks.row_s(m) >= p[NET_S]
    if seldom(by_net or (planned and experienced and hours >= m[ALERT_H])):
        return ALERT
    held = m[SILENT_S] < m[DRY_S] and m[DRY_S] >= SENSORS_HOLD_S
    near = safety_net.is_net_near(m, p) or safety_net.is_traces(m, p)
    return ASK if held or near or (planned and hours >= m[ASK_H]) else NOTHING


@compiled
def plan(m: Floats, p: Floats, scores: Floats, end_s: float) -> None:
    begun = int(m[SILENT_FROM_H])
    score(m, p, begun)
    keep_scores(m, scores, end_s)
    weigh(m, p)
    m[PLANNED] = 1.0
    alert_h = planned_h(m, p, p[BUDGET])
    asked_h = min(planned_h(m, p, p[ASK_BUDGET]), alert_h)
    asked_h = min(asked_h, (NEVER_H if alert_h == NEVER_H else LONGEST_H) - ASKED_BEFORE_H)
    before_bed(m, begun, int(asked_h), int(max(alert_h, asked_h + ASKED_BEFORE_H)))


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
def before_bed(m: Floats, begun: int, asked_h: int, alert_h: int) -> None:
    m[ASK_H], m[ALERT_H] = asked_h, alert_h
    asked, alerted = of_day(begun + asked_h), of_day(begun + alert_h)
    if alert_h - asked_h > NIGHT_H or not (at_night(asked) and at_night(alerted)):
        return
    sooner_h = asked_h - (asked - LAST_ASKED) % 24
    if sooner_h < ASKED_FROM_H:
        m[ALERT_H] += UNASKED_H
        return
    for hour in range(sooner_h, asked_h):
        if m[RATE + of_day(begun + hour)] > MOSTLY:
            return
    m[ASK_H] = sooner_h


@compiled
def at_night(hour: int) -> bool:
    return hour > LAST_ASKED or hour < ASKED_AGAIN


@compiled
def planned_h(m: Floats, p: Floats, budget: float) -> float:
    """`LowUse._alarm_h`."""
    step = own_record.step_of(m, p, budget)
    if step == STEPS and is_coarse(m[STEP_L]):
        return float(NEVER_H)
    return float(alarm_h(m, min(step, STEPS - 1)))


@compiled
def since_s(m: Floats, p: Floats) -> float:
    """Since when nobody has drawn water."""
    if safety_net.is_traces(m, p):
        return m[TRACES_FROM_S]
    return m[ROW_FROM_S] if safety_net.by_row(m, p) else m[DRY_FROM_S]


@compiled
def expected(m: Floats, clock: Floats, begin_s: float, end_s: float) -> float:
    """Hours with use that the own rate let expect during this silence."""
    first = local_hour(clock, begin_s)
    last = local_hour(clock, end_s)
    total = 0.0
    for hour in range(first + 1, min(last, first + 96) + 1):
        total += m[RATE + hour % 24]
    return total
