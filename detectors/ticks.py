"""Water that comes of itself now and then: a slow drip's litre, a leaking cistern's fill. The net takes it for no use.

A litre by itself, after hours of silence, may be a drip's. A cistern draws as much as a person's flush, but
always as much, and always after the same time. Nobody lives for a day and a half on nothing else. Behind a coarse
register a drip shows so, too: in single steps, each after the same time. Traces are single litres at any times:
somebody at home may draw as little for hours, but not for a day and a half, as a flush takes three litres at least.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from detectors.coarse import is_coarse
from detectors.drip import STEP_ROUNDED_L
from detectors.packing import ago, take, then

LEAST_L, MOST_L = 1.0, 1.0 + STEP_ROUNDED_L  # of a drip so slow that `detectors.drip` can't tell it from none
TRACE_LPH, TRACE_MOST_S = 0.3, 24 * 3600.0  # beyond that litre, as a reading over hours tells of more of them
LONE_S = 6 * 3600.0 - 600.0  # without water before it
SPACED_S = 11 * 3600.0  # who draws but three times in a day and a half may well do so at equal times
SPACING = 0.2  # pressure wanders, and meters tell an interval late
SPACED_COARSE_S, SPACING_COARSE = 16 * 3600.0, 0.1  # steps are equal, and so few that their times must be more so
STEPS, LITRES = 1.5, 0.15  # by which equal draws differ


@dataclass(slots=True)
class TickState:
    """`water_s`: when the meter last told water [s since 1970, 0: not known].

    A row of draws: since `from_s` each took as much as the one before it, and came after the same time. The last began
    at `start_s`, `every_s` after the one before it (0: it is the first), which took `known_l`; so far it takes
    `litres`.
    """

    water_s: float = 0.0
    from_s: float = 0.0
    start_s: float = 0.0
    every_s: float = 0.0
    known_l: float = 0.0
    litres: float = 0.0

    def numbers(self, now_s: float) -> list[float]:
        times = (self.water_s, self.from_s, self.start_s)
        return [*[ago(at_s, now_s) for at_s in times], self.every_s, self.known_l, self.litres]

    @classmethod
    def of(cls, numbers: Iterator[float], now_s: float) -> "TickState":
        times = [then(age_s, now_s) for age_s in take(numbers, 3)]
        return cls(*times, *take(numbers, 3))


def is_lone(state: TickState, begin_s: float, litres: float) -> bool:
    """Whether it is so little, and so much by itself, that it tells nothing."""
    return LEAST_L <= litres <= MOST_L and 0.0 < state.water_s <= begin_s - LONE_S


def is_trace(length_s: float, litres: float) -> bool:
    """Whether a reading over so long tells of no more than a drip of single litres gives."""
    return litres <= MOST_L + TRACE_LPH / 3600.0 * min(length_s, TRACE_MOST_S)


def follow(state: TickState, begin_s: float, end_s: float, litres: float, step_l: float) -> None:
    """Takes an interval with water."""
    last_s, state.water_s = state.water_s, end_s
    if begin_s == last_s:
        state.litres += litres
        if state.every_s and state.litres > state.known_l + slack_l(state.known_l, step_l):
            _begin_row(state, state.start_s)
        return
    if state.every_s and state.litres < state.known_l - slack_l(state.known_l, step_l):
        _begin_row(state, state.start_s)
    every_s, spaced_s, spacing = end_s - state.start_s, SPACED_S, SPACING
    if is_coarse(step_l):
        spaced_s, spacing = SPACED_COARSE_S, SPACING_COARSE
    if every_s > spaced_s or litres > state.litres + slack_l(state.litres, step_l):
        _begin_row(state, end_s)
    else:
        if state.every_s and abs(every_s - state.every_s) > spacing * state.every_s + (end_s - begin_s):
            state.from_s = state.start_s
        state.every_s = every_s
    state.known_l, state.litres, state.start_s = state.litres, litres, end_s


def row_s(state: TickState) -> float:
    """For how long all water has come in equal draws after equal times."""
    return state.start_s - state.from_s if state.every_s else 0.0


def interrupt(state: TickState) -> None:
    """Nobody knows what ran meanwhile, or somebody was seen: the row begins anew."""
    state.water_s = state.from_s = state.start_s = state.every_s = 0.0


def slack_l(litres: float, step_l: float) -> float:
    """By how much equal draws differ; behind a coarse register they are as many steps."""
    if is_coarse(step_l):
        return step_l / 2.0
    return STEPS * step_l + LITRES * litres


def _begin_row(state: TickState, at_s: float) -> None:
    state.from_s, state.every_s = at_s, 0.0
