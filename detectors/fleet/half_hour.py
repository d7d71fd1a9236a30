"""`detectors.half_hour` for arrays. Each function does what the method of its name does there."""

import numpy as np

from detectors.fleet.compiled import compiled
from detectors.fleet.memory import BEFORE_LPH, MOST, PART, RUNNING_LPH, Floats
from detectors.fleet.rules import ELSEWHERE, EVEN, HALF_BEYOND, HALF_FADE, HALF_LPH, HOLDS
from detectors.half_hour import PART_S, PARTS


@compiled
def is_over(m: Floats, p: Floats, end_s: float, flow_lph: float) -> bool:
    part = end_s // PART_S
    if part != m[PART]:
        turn_part(m, p, part)
    before_lph = m[BEFORE_LPH]
    m[BEFORE_LPH] = flow_lph
    mean_lph = np.float64(np.float32((before_lph + flow_lph) / 2.0))
    over = before_lph > 0.0 and flow_lph >= p[HOLDS] * before_lph
    if over:
        drawn_lph = p[EVEN] * min(before_lph, flow_lph) + (1.0 - p[EVEN]) * max(before_lph, flow_lph)
        over = drawn_lph >= p[HALF_LPH]
        if over:
            limit_lph = max(p[HALF_LPH], p[HALF_BEYOND] * usual(m, p))
            over = drawn_lph >= limit_lph
            if over:
                mean_lph = min(mean_lph, np.float64(np.float32(limit_lph)))
    m[RUNNING_LPH] = max(m[RUNNING_LPH], mean_lph)
    return over


@compiled
def usual(m: Floats, p: Floats) -> float:
    here = int(m[PART]) % PARTS
    near = max(m[MOST + (here - 1) % PARTS], m[MOST + here], m[MOST + (here + 1) % PARTS])
    any_lph = 0.0
    for place in range(PARTS):
        any_lph = max(any_lph, m[MOST + place])
    return max(near, p[ELSEWHERE] * any_lph)


@compiled
def turn_part(m: Floats, p: Floats, part: float) -> None:
    ended = MOST + int(m[PART]) % PARTS
    m[ended] = max(np.float64(np.float32(p[HALF_FADE] * m[ended])), m[RUNNING_LPH])
    m[PART] = part
    m[RUNNING_LPH] = 0.0
