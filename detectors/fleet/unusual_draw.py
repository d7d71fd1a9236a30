"""`detectors.unusual_draw` for arrays. Each function does what the method of its name does there."""

import numpy as np

from detectors.fleet.compiled import apart, compiled, seldom
from detectors.fleet.memory import BEFORE_LPH, MOST, PART, RUNNING_LPH, USUAL_LPH, Floats
from detectors.fleet.rules import DRAW_FADE, EVEN, HOLDS, HOURLY, OFTEN
from detectors.unusual_draw import PART_S, PARTS


@compiled
def is_hour_over(m: Floats, p: Floats, end_s: float, flow_lph: float) -> bool:
    m[BEFORE_LPH] = 0.0
    return is_over(m, p, end_s, HOURLY, flow_lph, flow_lph)


@compiled
def are_two_over(m: Floats, p: Floats, end_s: float, flow_lph: float) -> bool:
    before_lph = m[BEFORE_LPH]
    m[BEFORE_LPH] = flow_lph
    drawn_lph = 0.0
    if before_lph > 0.0 and flow_lph >= p[HOLDS] * before_lph:
        drawn_lph = p[EVEN] * min(before_lph, flow_lph) + (1.0 - p[EVEN]) * max(before_lph, flow_lph)
    return is_over(m, p, end_s, OFTEN, drawn_lph, (before_lph + flow_lph) / 2.0)


@compiled
def is_over(m: Floats, p: Floats, end_s: float, than: int, drawn_lph: float, mean_lph: float) -> bool:
    part = np.floor(end_s / PART_S)
    if seldom(part != m[PART]):
        turn_part(m, p, part)
    over = False
    if seldom(drawn_lph >= p[than]):
        m[USUAL_LPH] = usual(m, p[than + 2])
        limit_lph = max(p[than], p[than + 1] * m[USUAL_LPH])
        over = drawn_lph >= limit_lph
        if over:
            mean_lph = min(mean_lph, limit_lph)
    m[RUNNING_LPH] = max(m[RUNNING_LPH], np.floor(mean_lph + 0.5))
    return over


@apart
def usual(m: Floats, elsewhere: float) -> float:
    here = int(m[PART]) % PARTS
    near = max(m[MOST + (here - 1) % PARTS], m[MOST + here], m[MOST + (here + 1) % PARTS])
    most = 0.0
    for place in range(MOST, MOST + PARTS):
        most = max(most, m[place])
    return max(near, elsewhere * most)


@compiled
def turn_part(m: Floats, p: Floats, part: float) -> None:
    ended = MOST + int(m[PART]) % PARTS
    m[ended] = max(np.floor(p[DRAW_FADE] * m[ended]), m[RUNNING_LPH])
    m[PART] = part
    m[RUNNING_LPH] = 0.0
