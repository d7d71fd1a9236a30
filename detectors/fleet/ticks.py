"""`detectors.ticks` for arrays."""

from detectors.fleet.compiled import compiled
from detectors.fleet.memory import ROW_EVERY_S, ROW_FROM_S, ROW_KNOWN_L, ROW_LITRES, ROW_START_S, WATER_S, Floats
from detectors.ticks import LEAST_L, LITRES, LONE_S, MOST_L, SPACED_S, SPACING, STEPS


@compiled
def is_lone(m: Floats, begin_s: float, litres: float) -> bool:
    return bool(LEAST_L <= litres <= MOST_L and 0.0 < m[WATER_S] <= begin_s - LONE_S)


@compiled
def follow(m: Floats, begin_s: float, end_s: float, litres: float, step_l: float) -> None:
    last_s = m[WATER_S]
    m[WATER_S] = end_s
    if begin_s == last_s:
        m[ROW_LITRES] += litres
        if m[ROW_EVERY_S] and m[ROW_LITRES] > m[ROW_KNOWN_L] + slack_l(m[ROW_KNOWN_L], step_l):
            begin_row(m, m[ROW_START_S])
        return
    if m[ROW_EVERY_S] and m[ROW_LITRES] < m[ROW_KNOWN_L] - slack_l(m[ROW_KNOWN_L], step_l):
        begin_row(m, m[ROW_START_S])
    every_s = end_s - m[ROW_START_S]
    if every_s > SPACED_S or litres > m[ROW_LITRES] + slack_l(m[ROW_LITRES], step_l):
        begin_row(m, end_s)
    else:
        if m[ROW_EVERY_S] and abs(every_s - m[ROW_EVERY_S]) > SPACING * m[ROW_EVERY_S] + (end_s - begin_s):
            m[ROW_FROM_S] = m[ROW_START_S]
        m[ROW_EVERY_S] = every_s
    m[ROW_KNOWN_L] = m[ROW_LITRES]
    m[ROW_LITRES] = litres
    m[ROW_START_S] = end_s


@compiled
def row_s(m: Floats) -> float:
    return m[ROW_START_S] - m[ROW_FROM_S] if m[ROW_EVERY_S] else 0.0


@compiled
def interrupt(m: Floats) -> None:
    m[WATER_S] = m[ROW_FROM_S] = m[ROW_START_S] = m[ROW_EVERY_S] = 0.0


@compiled
def slack_l(litres: float, step_l: float) -> float:
    return STEPS * step_l + LITRES * litres


@compiled
def begin_row(m: Floats, at_s: float) -> None:
    m[ROW_FROM_S] = at_s
    m[ROW_EVERY_S] = 0.0
