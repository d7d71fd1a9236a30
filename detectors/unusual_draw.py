"""More water at once than this household draws at this time of day: in one reading, or in two where they come often."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import floor

from detectors.packing import SIXTEENTHS, take

PARTS = 12  # of the day; clock changes move habits by an hour, and neighbouring parts count
PART_S = 86400.0 / PARTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusual:
    """Told from `least_lph` on, if it is also `beyond` times what is usual: the most that was drawn in this part of the
    day and those beside it, and `elsewhere` of the most in any.
    """

    least_lph: float
    beyond: float
    elsewhere: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusualDrawParameters:
    """`hourly`: of one reading, tuned on the 27 hourly homes; `often`: of two, on simulated seeds A (1001 to 1004).

    Two readings count for `even` of the weaker and else of the stronger one: a shower that happens to fall into both is
    rarely as strong in both, a tap left on is. The second must hold `holds` of the first: what is shut ebbs away.
    `fade`: of a part's record, each day that water is drawn in it.
    """

    hourly: Unusual = Unusual(least_lph=200.0, beyond=1.8, elsewhere=0.6)
    often: Unusual = Unusual(least_lph=100.0, beyond=1.5, elsewhere=0.4)
    even: float = 0.75
    holds: float = 0.9
    fade: float = 0.995


@dataclass(slots=True)
class UnusualDrawState:
    """Flows [L/h]. `before_lph`: of the reading before, 0 where none follows on it soon. `running_lph`: the most drawn
    in the running `part` (parts since 1970); `most`: of days gone by, for each part, empty until known; both in
    whole litres. `usual_lph`: what was last compared with; not written down.
    """

    before_lph: float = 0.0
    part: int = 0
    running_lph: float = 0.0
    most: list[float] = field(default_factory=list)
    usual_lph: float = 0.0

    def numbers(self) -> list[float]:
        return [SIXTEENTHS * self.before_lph, self.part, self.running_lph, len(self.most), *self.most]

    @classmethod
    def of(cls, numbers: Iterator[float]) -> "UnusualDrawState":
        before, part, running_lph, count = take(numbers, 4)
        return cls(before / SIXTEENTHS, int(part), running_lph, take(numbers, int(count)))


class UnusualDraw:
    """Compares what is drawn at once with what is usual."""

    def __init__(self, parameters: UnusualDrawParameters) -> None:
        self._p = parameters

    def is_hour_over(self, state: UnusualDrawState, end_s: float, flow_lph: float) -> bool:
        """Whether this reading is more than usual; learns from it."""
        state.before_lph = 0.0
        return self._is_over(state, end_s, self._p.hourly, flow_lph, flow_lph)

    def are_two_over(self, state: UnusualDrawState, end_s: float, flow_lph: float) -> bool:
        """Whether this reading and the one before are more than usual; learns from both."""
        before_lph, state.before_lph = state.before_lph, flow_lph
        drawn_lph = 0.0
        if before_lph > 0.0 and flow_lph >= self._p.holds * before_lph:
            weaker, stronger = min(before_lph, flow_lph), max(before_lph, flow_lph)
            drawn_lph = self._p.even * weaker + (1.0 - self._p.even) * stronger
        return self._is_over(state, end_s, self._p.often, drawn_lph, (before_lph + flow_lph) / 2.0)

    def _is_over(self, state: UnusualDrawState, end_s: float, than: Unusual, drawn_lph: float, mean_lph: float) -> bool:
        part = int(end_s // PART_S)
        if part != state.part:
            self._turn_part(state, part)
        over = False
        if drawn_lph >= than.least_lph:
            state.usual_lph = _usual(state, than.elsewhere)
            limit_lph = max(than.least_lph, than.beyond * state.usual_lph)
            over = drawn_lph >= limit_lph
            if over:  # one forgotten tap is no habit
                mean_lph = min(mean_lph, limit_lph)
        state.running_lph = max(state.running_lph, floor(mean_lph + 0.5))
        return over

    def _turn_part(self, state: UnusualDrawState, part: int) -> None:
        """What was drawn joins the record once its part of the day is over."""
        if not state.most:
            state.most = [0.0] * PARTS
        ended = state.part % PARTS
        state.most[ended] = max(floor(self._p.fade * state.most[ended]), state.running_lph)
        state.part, state.running_lph = part, 0.0


def _usual(state: UnusualDrawState, elsewhere: float) -> float:
    if not state.most:
        return 0.0
    here = state.part % PARTS
    near = max(state.most[here - 1], state.most[here], state.most[(here + 1) % PARTS])
    return max(near, elsewhere * max(state.most))
