"""`detectors.steady_flow` for arrays. Each function does what the method of its name does there."""

from detectors.fleet.compiled import compiled
from detectors.fleet.memory import STEADY_FROM_S, STEADY_HIGH, STEADY_LOW, STEADY_RECORD, STEADY_TODAY, Floats
from detectors.fleet.packing import sixteenths
from detectors.fleet.rules import STEADY_BEYOND, STEADY_FADE, STEADY_LPH, STEADY_SHARE, STEADY_SPAN_S


@compiled
def is_over(m: Floats, p: Floats, begin_s: float, end_s: float, before_lph: float, flow_lph: float) -> bool:
    run_on(m, p, begin_s, end_s, before_lph, flow_lph)
    if m[STEADY_FROM_S] > end_s - p[STEADY_SPAN_S]:
        return False
    m[STEADY_TODAY] = max(m[STEADY_TODAY], m[STEADY_LOW])
    return bool(m[STEADY_LOW] >= max(p[STEADY_LPH], p[STEADY_BEYOND] * m[STEADY_RECORD]))


@compiled
def turn_day(m: Floats, p: Floats) -> None:
    m[STEADY_RECORD] = max(sixteenths(m[STEADY_RECORD] * p[STEADY_FADE]), m[STEADY_TODAY])
    m[STEADY_TODAY] = 0.0


@compiled
def run_on(m: Floats, p: Floats, begin_s: float, end_s: float, before_lph: float, flow_lph: float) -> None:
    length_s = end_s - begin_s
    if m[STEADY_FROM_S] == 0.0 or not takes(m, p, flow_lph, length_s):
        from_s = max(m[STEADY_FROM_S], begin_s - length_s) if m[STEADY_FROM_S] != 0.0 else begin_s
        m[STEADY_FROM_S] = from_s
        m[STEADY_LOW] = m[STEADY_HIGH] = before_lph
        if from_s == begin_s or not takes(m, p, flow_lph, length_s):
            m[STEADY_FROM_S] = begin_s
            m[STEADY_LOW] = m[STEADY_HIGH] = flow_lph


@compiled
def takes(m: Floats, p: Floats, flow_lph: float, length_s: float) -> bool:
    low, high = min(m[STEADY_LOW], flow_lph), max(m[STEADY_HIGH], flow_lph)
    if high - low > 3600.0 / length_s + p[STEADY_SHARE] * low:
        return False
    m[STEADY_LOW] = low
    m[STEADY_HIGH] = high
    return True
