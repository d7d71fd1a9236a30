"""How successive readings of one meter become intervals: every oddity of a register is a named case.

Explained for people in `docs/register.md`, with the same names.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import inf, isfinite, nan

from domain.interval import UNKNOWN, Interval

BACKFLOW_L = 20.0  # pressure swings push a few litres back; more than this is another register
FALLS = 2  # a meter is changed once, and then rises
JUMP_L_PER_HOUR = 5000.0  # a DN20 household pipe can't carry more (overload flow Q4 of a Q3 = 4 m3/h meter)
GAP_RHYTHMS = 2.5  # one reading missed is ordinary radio; two in a row hide when the water ran
FIRST_RHYTHM_S = 86400.0  # until a second interval tells the meter's own: a day or two may be how it reports
GAP_AT_LEAST_S = 2 * 3600.0  # within two hours it doesn't matter to any habit when the water ran
LENGTHS_KEPT = 8  # so many latest lengths are remembered; the second longest is the rhythm
ROLLOVERS_L = tuple(10.0**n for n in range(6, 12))  # smallest dial in use ends at 1,000 m3, widest at 10^8 m3
UNIT_FACTOR = 1000.0  # m3 taken for litres, or the reverse
UNIT_TOLERANCE_L = 2000.0  # whole cubic metres cut off up to 1000 L, and some use
UNIT_TOLERANCE_L_PER_HOUR = 100.0  # use since the unit changed; well above any household's mean
UNIT_HISTORY_L = 10_000.0  # below this, a new meter near zero looks the same as a changed unit


class Case(StrEnum):
    """What a reading was, compared with those before it."""

    FIRST = "first"  # nothing before it: no interval
    ORDINARY = "ordinary"
    GAP = "gap"  # the sum is known; when the water ran is not
    DUPLICATE = "duplicate"  # same time, same value: no interval
    CONFLICT = "conflict"  # same time, another value: the first stays, no interval
    OLDER = "older"  # before the last one: kept in the store, no interval
    UNREADABLE = "unreadable"  # negative or not a number: no interval
    BACKFLOW = "backflow"  # a few litres lower: volume 0 until the register is above its mark again
    ROLLOVER = "rollover"  # the dial went past its last digit: volume counted across
    REPLACED = "replaced"  # lower: meter changed or reset; volume unknown
    FALLING = "falling"  # lower again, with no rise since: mounted backwards? Volumes unknown until it rises
    JUMP = "jump"  # more than a household pipe can carry; volume unknown
    RETURN = "return"  # back on the register from before a break that lasted one reading; volume unknown
    UNIT_CHANGE = "unit_change"  # a factor of 1000 against the own history; volumes unknown until it is mended


@dataclass(slots=True)
class RegisterState:
    """All that is remembered of one meter's register between two readings.

    `mark_l` is the register [L] up to which volumes are counted: the highest seen of this meter; `marked_at` is the
    last time that a reading agreed with it. `aside_l` is the mark from before a break, for one reading. `falls`: how
    often it was replaced or fell since it last rose, up to `FALLS`; its mark is then the lowest seen.
    """

    last_at: datetime | None = None
    last_l: float = nan
    marked_at: datetime | None = None
    mark_l: float = nan
    aside_l: float = nan
    falls: int = 0
    lengths_s: tuple[float, ...] = ()

    @property
    def rhythm_s(self) -> float:
        """The meter's own time between readings [s], 0 while unknown; one outage doesn't change it."""
        lengths = sorted(self.lengths_s)
        return lengths[-2] if len(lengths) > 1 else sum(lengths)


def advance(
    state: RegisterState, at: datetime, register_l: float, *, late: bool = False
) -> tuple[Interval | None, Case]:
    """Moves `state` on by one reading (`register_l` [L] at `at`) and says what it was. Called for every reading.

    1. What can't follow the last reading (first, duplicate, conflict, older, unreadable) makes no interval.
    2. A rise that a pipe can carry, with no oddity just before, is ordinary, or a gap when it took too long.
    3. Everything else has a case of its own.
    """
    last_at, mark_l = state.last_at, state.mark_l
    if last_at is None or at <= last_at or not 0.0 <= register_l < inf:
        return None, _no_interval(state, at, register_l)
    length_s = (at - last_at).total_seconds()
    gap = length_s > GAP_AT_LEAST_S and length_s > GAP_RHYTHMS * (state.rhythm_s or FIRST_RHYTHM_S)
    volume = register_l - mark_l
    case = Case.GAP if gap else Case.ORDINARY
    is_plain = not state.falls and state.aside_l != state.aside_l and state.marked_at == last_at
    if is_plain and 0.0 <= volume < most(length_s):
        state.mark_l = register_l
        state.marked_at = at
    else:
        odd, volume = _odd(state, at, register_l, length_s)
        case = case if odd is Case.ORDINARY else odd
    state.last_at = at
    state.last_l = register_l
    state.lengths_s = (*state.lengths_s[-LENGTHS_KEPT + 1 :], length_s)
    return Interval(last_at, at, volume, gap, late), case


def most(length_s: float) -> float:
    """The volume [L] that no household draws in this time [s]."""
    return JUMP_L_PER_HOUR * max(1.0, length_s / 3600.0)


def _no_interval(state: RegisterState, at: datetime, register_l: float) -> Case:
    if not isfinite(register_l) or register_l < 0:
        return Case.UNREADABLE
    if state.last_at is None:
        state.last_at = state.marked_at = at
        state.last_l = state.mark_l = register_l
        return Case.FIRST
    if at < state.last_at:
        return Case.OLDER
    return Case.DUPLICATE if register_l == state.last_l else Case.CONFLICT


def _odd(state: RegisterState, at: datetime, register_l: float, length_s: float) -> tuple[Case, float]:
    """The case, and its volume [L]; moves the mark."""
    if state.falls == FALLS and register_l - state.mark_l <= BACKFLOW_L:
        state.marked_at, state.mark_l, state.aside_l = at, min(state.mark_l, register_l), nan
        return Case.FALLING, UNKNOWN
    case, volume = _case(state, at, register_l, length_s)
    if case is Case.UNIT_CHANGE:
        return case, volume
    broken = case in (Case.REPLACED, Case.JUMP)
    state.aside_l = state.mark_l if broken else nan
    state.marked_at = at
    if case is not Case.BACKFLOW:
        state.mark_l = register_l
    if case is Case.REPLACED:
        state.falls += 1
    elif volume != 0.0:
        state.falls = 0
    return (Case.FALLING if state.falls == FALLS else case), volume


def _case(state: RegisterState, at: datetime, register_l: float, length_s: float) -> tuple[Case, float]:
    volume = register_l - state.mark_l
    marked_s = length_s if state.marked_at is None else (at - state.marked_at).total_seconds()
    mended = marked_s > length_s and -BACKFLOW_L <= volume < most(marked_s)
    if mended or 0 <= register_l - state.aside_l < min(most(2 * length_s), abs(volume)):
        return Case.RETURN, UNKNOWN
    if 0 <= volume < most(length_s):
        return Case.ORDINARY, volume
    if -BACKFLOW_L <= volume < 0:
        return Case.BACKFLOW, 0.0
    dial = next((limit for limit in ROLLOVERS_L if limit > state.mark_l), inf)
    if volume < 0 and volume + dial < most(length_s):
        return Case.ROLLOVER, volume + dial
    if _in_other_unit(state.mark_l, register_l, UNIT_TOLERANCE_L + UNIT_TOLERANCE_L_PER_HOUR * marked_s / 3600.0):
        return Case.UNIT_CHANGE, UNKNOWN
    return (Case.REPLACED if volume < 0 else Case.JUMP), UNKNOWN


def _in_other_unit(mark_l: float, register_l: float, tolerance_l: float) -> bool:
    """Whether the register continues the mark once it is multiplied or divided by 1000."""
    scaled = (register_l * UNIT_FACTOR, register_l / UNIT_FACTOR)
    return mark_l >= UNIT_HISTORY_L and any(-UNIT_TOLERANCE_L / 2 <= s - mark_l < tolerance_l for s in scaled)
