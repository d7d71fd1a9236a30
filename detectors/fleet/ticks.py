"""`detectors.ticks` for arrays."""

from detectors.fleet.coarse import is_coarse
from detectors.fleet.compiled import compiled
from detectors.fleet.memory import ROW_EVERY_S, ROW_FROM_S, ROW_KNOWN_L, ROW_LITRES, ROW_START_S, WATER_S, Floats
from detectors.ticks import (
    LEAST_L,
    LITRES,
    LONE_S,
    MOST_L,
    SPACED_COARSE_S,
    SPACED_S,
    SPACING,
    SPACING_COARSE,
    STEPS,
    TRACE_LPH,
    TRACE_MOST_S,
)


@compiled
def is_lone(m: Floats, begin_s: float, litres: float) -> bool:
    return bool(LEAST_L <= litres <= MOST_L and 0.0 < m[WATER_S] <= begin_s - LONE_S)


@compiled
def is_trace(length_s: float, litres: float) -> bool:
    return bool(litres <= MOST_L + TRACE_LPH / 3600.0 * min(length_s, TRACE_MOST_S))


@compiled
def follow(m: Floats, begin_s: float, end_s: float, litres: float, step_l: float) -> None:
    last_s, start_s, known_l, row_l = m[WATER_S], m[ROW_START_S], m[ROW_KNOWN_L], m[ROW_LITRES]
    is_row = m[ROW_EVERY_S] != 0.0
    m[WATER_S] = end_s
    if begin_s == last_s:
        m[ROW_LITRES] = row_l + litres
        if is_row & (row_l + litres > known_l + slack_l(known_l, step_l)):
            m[ROW_FROM_S], m[ROW_EVERY_S] = start_s, 0.0
        return
    every_s, spaced_s, spacing = end_s - start_s, SPACED_S, SPACING
    if is_coarse(step_l):
        spaced_s, spacing = SPACED_COARSE_S, SPACING_COARSE
    from_s, before_s = m[ROW_FROM_S], m[ROW_EVERY_S]
    is_less = row_l < known_l - slack_l(known_l, step_l)
    is_uneven = abs(every_s - before_s) > spacing * before_s + (end_s - begin_s)
    if is_row & (is_less | is_uneven):  # whole, as nobody can guess any of these
        from_s = start_s
    if (every_s > spaced_s) | (litres > row_l + slack_l(row_l, step_l)):
        from_s, every_s = end_s, 0.0
    m[ROW_FROM_S], m[ROW_EVERY_S] = from_s, every_s
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
    if is_coarse(step_l):
        return step_l / 2.0
    return STEPS * step_l + LITRES * litres
