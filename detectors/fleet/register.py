"""`domain.register` for arrays: how successive registers become intervals, case by case."""

from math import inf, isfinite, isnan, nan

from detectors.fleet.compiled import apart, compiled, seldom
from detectors.fleet.memory import (
    ASIDE_L,
    FALLS,
    LAST_L,
    LAST_S,
    LENGTH_S,
    LENGTHS_S,
    LENGTHS_SEEN,
    LENGTHS_UNKEPT,
    MARK_L,
    MARKED_S,
    Floats,
)
from domain.register import (
    BACKFLOW_L,
    FIRST_RHYTHM_S,
    GAP_AT_LEAST_S,
    GAP_RHYTHMS,
    JUMP_L_PER_HOUR,
    LENGTHS_KEPT,
    ROLLOVERS_L,
    UNIT_FACTOR,
    UNIT_HISTORY_L,
    UNIT_TOLERANCE_L,
    UNIT_TOLERANCE_L_PER_HOUR,
    Case,
)
from domain.register import FALLS as MOST_FALLS

CASES = tuple(Case)
(
    FIRST,
    ORDINARY,
    GAP,
    DUPLICATE,
    CONFLICT,
    OLDER,
    UNREADABLE,
    BACKFLOW,
    ROLLOVER,
    REPLACED,
    FALLING,
    JUMP,
    RETURN,
    UNIT_CHANGE,
) = range(14)


@compiled
def advance(m: Floats, at_s: float, register_l: float) -> tuple[int, float, float, bool]:
    """(case, length [s], volume [L], gap); a length of 0 where there is no interval."""
    last_s = m[LAST_S]
    if seldom(isnan(last_s) or at_s <= last_s or not isfinite(register_l) or register_l < 0.0):
        return no_interval(m, at_s, register_l), 0.0, nan, False
    length_s = at_s - last_s
    gap = seldom(length_s > GAP_AT_LEAST_S) and length_s > GAP_RHYTHMS * (rhythm_s(m) or FIRST_RHYTHM_S)
    volume = register_l - m[MARK_L]
    is_known = m[FALLS] == 0.0 and isnan(m[ASIDE_L]) and m[MARKED_S] == last_s
    is_plain = is_known and 0.0 <= volume < most(length_s)
    if seldom(not is_plain):
        case, volume = odd(m, at_s, register_l, length_s)
    else:
        case = ORDINARY
        m[MARK_L] = register_l
        m[MARKED_S] = at_s
    m[LAST_S] = at_s
    m[LAST_L] = register_l
    keep_lengths(m, length_s, 1)
    return (GAP if gap and case == ORDINARY else case), length_s, volume, gap


@compiled
def keep_lengths(m: Floats, length_s: float, many: int) -> None:
    """So many as long; counted until one of another length comes, or somebody asks."""
    if seldom(length_s != m[LENGTH_S]):
        catch_up(m)
        m[LENGTH_S] = length_s
    m[LENGTHS_UNKEPT] += many


@apart
def catch_up(m: Floats) -> None:
    many = int(m[LENGTHS_UNKEPT])
    seen = int(m[LENGTHS_SEEN]) + many
    for back in range(1, 1 + min(many, LENGTHS_KEPT)):
        m[LENGTHS_S + (seen - back & LENGTHS_KEPT - 1)] = m[LENGTH_S]
    m[LENGTHS_SEEN], m[LENGTHS_UNKEPT] = seen, 0.0


@compiled
def rhythm_s(m: Floats) -> float:
    """The second longest of the lengths kept, or the only one."""
    catch_up(m)
    longest = second = 0.0
    for place in range(LENGTHS_S, LENGTHS_S + min(int(m[LENGTHS_SEEN]), LENGTHS_KEPT)):
        if m[place] > longest:
            longest, second = m[place], longest
        elif m[place] > second:
            second = m[place]
    return second if m[LENGTHS_SEEN] > 1.0 else longest


@compiled
def most(length_s: float) -> float:
    return JUMP_L_PER_HOUR * max(1.0, length_s / 3600.0)


@compiled
def no_interval(m: Floats, at_s: float, register_l: float) -> int:
    if not isfinite(register_l) or register_l < 0.0:
        return UNREADABLE
    if isnan(m[LAST_S]):
        m[LAST_S] = m[MARKED_S] = at_s
        m[LAST_L] = m[MARK_L] = register_l
        return FIRST
    if at_s < m[LAST_S]:
        return OLDER
    return DUPLICATE if register_l == m[LAST_L] else CONFLICT


@apart
def odd(m: Floats, at_s: float, register_l: float, length_s: float) -> tuple[int, float]:
    if m[FALLS] == MOST_FALLS and register_l - m[MARK_L] <= BACKFLOW_L:
        m[MARKED_S], m[MARK_L], m[ASIDE_L] = at_s, min(m[MARK_L], register_l), nan
        return FALLING, nan
    case, volume = case_of(m, at_s, register_l, length_s)
    if case == UNIT_CHANGE:
        return case, volume
    m[ASIDE_L] = m[MARK_L] if case in (REPLACED, JUMP) else nan
    m[MARKED_S] = at_s
    if case != BACKFLOW:
        m[MARK_L] = register_l
    if case == REPLACED:
        m[FALLS] += 1.0
    elif volume != 0.0:
        m[FALLS] = 0.0
    return (FALLING if m[FALLS] == MOST_FALLS else case), volume


@compiled
def case_of(m: Floats, at_s: float, register_l: float, length_s: float) -> tuple[int, float]:
    mark_l = m[MARK_L]
    volume = register_l - mark_l
    marked_s = at_s - m[MARKED_S]
    mended = marked_s > length_s and -BACKFLOW_L <= volume < most(marked_s)
    if mended or 0.0 <= register_l - m[ASIDE_L] < min(most(2.0 * length_s), abs(volume)):
        return RETURN, nan
    if 0.0 <= volume < most(length_s):
        return ORDINARY, volume
    if -BACKFLOW_L <= volume < 0.0:
        return BACKFLOW, 0.0
    dial = inf
    for limit in ROLLOVERS_L:
        if limit > mark_l:
            dial = limit
            break
    if volume < 0.0 and volume + dial < most(length_s):
        return ROLLOVER, volume + dial
    if in_other_unit(mark_l, register_l, UNIT_TOLERANCE_L + UNIT_TOLERANCE_L_PER_HOUR * marked_s / 3600.0):
        return UNIT_CHANGE, nan
    return (REPLACED if volume < 0.0 else JUMP), nan


@compiled
def in_other_unit(mark_l: float, register_l: float, tolerance_l: float) -> bool:
    if mark_l < UNIT_HISTORY_L:
        return False
    more, less = register_l * UNIT_FACTOR - mark_l, register_l / UNIT_FACTOR - mark_l
    least = -UNIT_TOLERANCE_L / 2.0
    return least <= more < tolerance_l or least <= less < tolerance_l
