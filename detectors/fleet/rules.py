"""The parameters of all detectors as one array, and the names of its places."""

import numpy as np

from detectors.coarse import COARSE_MORE
from detectors.constant_flow_rules import SLACK_S
from detectors.fleet.memory import CHOICES, LENGTHS, MOST_DAYS, MOST_SCALES, STEPS, Floats
from detectors.habit import BEGINS, HOURS, NEAR_H
from detectors.parameters import WatchParameters
from detectors.planner import Planner
from domain.register import GAP_AT_LEAST_S

DAY_S = 86400.0

BUDGET, ASK_BUDGET, NET_S, ASKS_ONLY_S, SOON, IN_3_H, IN_24_H, LEVEL_LONGER = range(8)
SCALES, BURST_LPH, BURST_BEYOND, FLOW_FADE, GROWTH, LEARNING_S, TAP_HOURS, STILL = range(8, 16)
MISSED, PATIENCE_S, NEVER_HEARD_S, FIRST_RHYTHM_S, UNUSABLE_FOR_S, ORDINARY_S, SOONEST_S = range(16, 23)
RECENT_DAYS, BASELINE_DAYS, ENOUGH_DAYS, ENOUGH_HOURS, DEVIATIONS, CALMED = range(23, 29)
FEWER, MORE_NIGHT_HOURS, NIGHT_ENDS, ASKED_HOUR = range(29, 33)
HOURLY, OFTEN = 33, 36  # each the least, beyond and elsewhere of an unusual draw
EVEN, HOLDS, DRAW_FADE = range(39, 42)
STEADY_SPAN_S, STEADY_SHARE, STEADY_LPH, STEADY_BEYOND, STEADY_FADE = range(42, 47)
SCALE_HOURS = 47
SCALE_LPH = SCALE_HOURS + MOST_SCALES
SCALE_BEYOND = SCALE_LPH + 2 * MOST_SCALES
SCALE_ALONE_S = SCALE_BEYOND + 2 * MOST_SCALES
OTHERS = SCALE_ALONE_S + 2 * MOST_SCALES
COARSE_OTHERS = OTHERS + STEPS
OWN = COARSE_OTHERS + STEPS
NOW = OWN + HOURS
PAST = NOW + HOURS
LATE = PAST + 6
LATER = LATE + NEAR_H * CHOICES
CLOCK = LATER + NEAR_H * CHOICES
PRIOR = CLOCK + 24 * HOURS
SIZE = PRIOR + BEGINS * LENGTHS


def rules(parameters: WatchParameters) -> Floats:
    """Raises `ValueError` where there are more scales or days than there are places."""
    low, flow, silent, change = (
        parameters.low_use,
        parameters.constant_flow,
        parameters.no_data,
        parameters.change_in_use,
    )
    if len(flow.scales) > MOST_SCALES or change.recent_days + change.baseline_days > MOST_DAYS:
        raise ValueError(f"at most {MOST_SCALES} scales and {MOST_DAYS} days")
    planner = Planner(low.population)
    p = np.zeros(SIZE)
    p[[BUDGET, ASK_BUDGET]] = low.budget, low.ask_budget
    p[[NET_S, ASKS_ONLY_S]] = low.net.total_seconds(), low.asks_only.total_seconds()
    p[[SOON, IN_3_H, IN_24_H, LEVEL_LONGER]] = planner.soon, *planner.longer
    p[[SCALES, BURST_LPH, BURST_BEYOND]] = len(flow.scales), flow.burst_lph, flow.burst_beyond
    p[[FLOW_FADE, GROWTH, LEARNING_S]] = flow.fade, flow.growth, flow.learning_days * DAY_S
    p[[TAP_HOURS, STILL]] = flow.tap_hours, flow.still
    patience_s, never_heard_s = silent.patience.total_seconds(), silent.never_heard.total_seconds()
    p[[MISSED, PATIENCE_S, NEVER_HEARD_S]] = silent.missed, patience_s, never_heard_s
    p[[FIRST_RHYTHM_S, UNUSABLE_FOR_S]] = silent.first_rhythm.total_seconds(), silent.unusable.total_seconds()
    soonest_s = min(patience_s, never_heard_s)
    p[[ORDINARY_S, SOONEST_S]] = min(GAP_AT_LEAST_S, soonest_s), soonest_s
    p[[RECENT_DAYS, BASELINE_DAYS, ENOUGH_DAYS]] = change.recent_days, change.baseline_days, change.enough_days
    p[[ENOUGH_HOURS, DEVIATIONS, CALMED]] = change.enough_hours, change.deviations, change.calmed
    p[[FEWER, MORE_NIGHT_HOURS]] = change.fewer, change.more_night_hours
    p[[NIGHT_ENDS, ASKED_HOUR]] = change.night_ends, change.asked_hour
    draw, steady = flow.draw, flow.steady
    for first, unusual in ((HOURLY, draw.hourly), (OFTEN, draw.often)):
        p[first : first + 3] = unusual.least_lph, unusual.beyond, unusual.elsewhere
    p[[EVEN, HOLDS, DRAW_FADE]] = draw.even, draw.holds, draw.fade
    p[[STEADY_SPAN_S, STEADY_SHARE, STEADY_LPH]] = steady.hours * 3600.0 - SLACK_S, steady.share, steady.least_lph
    p[[STEADY_BEYOND, STEADY_FADE]] = steady.beyond, steady.fade
    for first, scales in ((0, flow.scales), (MOST_SCALES, flow.often)):
        for number, scale in enumerate(scales):
            p[SCALE_HOURS + number] = scale.hours
            p[[SCALE_LPH + first + number, SCALE_BEYOND + first + number]] = scale.least_lph, scale.beyond
            p[SCALE_ALONE_S + first + number] = scale.alone_hours * 3600.0 - SLACK_S
    tables = (
        (OTHERS, low.population.false_alerts),
        (COARSE_OTHERS, COARSE_MORE * low.population.false_alerts),
        *((OWN, planner.own), (NOW, planner.now), (PAST, np.array(planner.past))),
        *((LATE, planner.costs[0].T), (LATER, planner.costs[1].T), (CLOCK, planner.clock), (PRIOR, planner.prior)),
    )
    for first, table in tables:
        p[first : first + table.size] = table.ravel()
    return p
