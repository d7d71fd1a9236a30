"""`detectors.ticks` for arrays."""

from math import inf

from detectors.coarse import COARSE_L
from detectors.fleet.compiled import compiled
from detectors.fleet.memory import ROW_EVERY_S, ROW_FROM_S, ROW_KNOWN_L, ROW_LITRES, ROW_START_S, WATER_S, Floats
from detectors.ticks import LEAST_L, LITRES, LONE_S, MOST_L, SPACED_COARSE_S, SPACED_S, SPACING, SPACING_COARSE, STEPS


@compiled
def is_lone(m: Floats, begin_s: float, litres: float) -> bool:
    return bool(LEAST_L <= litres <= MOST_L and 0.0 < m[WATER_S] <= begin_s - LONE_S)


@compiled
def follow(m: Floats, begin_s: float, end_s: float, litres: float, step_l: float) -> None:
    last_s, start_s, known_l, row_l = m[WATER_S], m[ROW_START_S], m[ROW_KNOWN_L], m[ROW_LITRES]
    is_row = m[ROW_EVERY_S] != 0.0
    m[WATER_S] = end_s
    if begin_s == last_s:
        m[ROW_LITRES] = row_l + litres
        if is_row & (row_l + litres > known_l + slack_l(known_l, step_l)):
            begin_row(m, start_s)
        return
    if is_row & (row_l < known_l - slack_l(known_l, step_l)):
        begin_row(m, start_s)
    every_s, spaced_s, spacing = end_s - start_s, SPACED_S, SPACING
    if COARSE_L < step_l < inf:
        spaced_s, spacing = SPACED_COARSE_S, SPACING_COARSE
    if (every_s > spaced_s) | (litres > row_l + slack_l(row_l, step_l)):
        begin_row(m, end_s)
    else:
        before_s = m[ROW_EVERY_S]
        if (before_s != 0.0) & (abs(every_s - before_s) > spacing * before_s + (end_s - begin_s)):
            m[ROW_FROM_S] = start_s
        m[ROW_EVERY_S] = every_s
    m[ROW_KNOWN_L] = row_l
    m[ROW_LITRES] = litres
    m[ROW_START_S] = end_s


@compiled
def row_s(m: Floats) -> float:
    every_s, lasted_s = m[ROW_EVERY_S], m[ROW_START_S] - m[ROW_FROM_S]
    return lasted_s if every_s else 0.0


@compiled
def interrupt(m: Floats) -> None:
    m[WATER_S] = m[ROW_FROM_S] = m[ROW_START_S] = m[ROW_EVERY_S] = 0.0


@compiled
def slack_l(litres: float, step_l: float) -> float:
    if COARSE_L < step_l < inf:
        return step_l / 2.0
    return STEPS * step_l + LITRES * litres


@compiled
def begin_row(m: Floats, at_s: float) -> None:
    m[ROW_FROM_S] = at_s
    m[ROW_EVERY_S] = 0.0
