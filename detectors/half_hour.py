"""More water in half an hour than this household uses at this time of day; for meters read every quarter or so."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from detectors.packing import single, take

PARTS = 12  # of the day; clock changes move habits by an hour, and neighbouring parts count
PART_S = 86400.0 / PARTS


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfHourParameters:
    """Tuned on simulated seeds A (1001 to 1004) to 0.06 false alerts in 30 days.

    Two readings count for `even` of the weaker and else of the stronger one: a shower that happens to fall into both is
    rarely as strong in both, a tap left on is. The second must hold `holds` of the first: what is shut ebbs away. Told
    from `least_lph` on, if it is also `beyond` times the usual: the most of this part of the day and of those beside
    it, and `elsewhere` of the most of any. `fade`: of a part's record, each day that water is drawn in it.
    """

    even: float = 0.75
    holds: float = 0.9
    least_lph: float = 100.0
    beyond: float = 1.5
    elsewhere: float = 0.4
    fade: float = 0.995


@dataclass(slots=True)
class HalfHourState:
    """Flows [L/h]: `before_lph` of the reading before, 0 where none follows on it; `running_lph`: the largest mean of
    two readings in the running `part` (parts since 1970); `most`: of days gone by, for each part, empty until known.
    """

    before_lph: float = 0.0
    part: int = 0
    running_lph: float = 0.0
    most: list[float] = field(default_factory=list)

    def numbers(self) -> list[float]:
        return [self.before_lph, self.part, self.running_lph, len(self.most), *self.most]

    @classmethod
    def of(cls, numbers: Iterator[float]) -> "HalfHourState":
        before_lph, part, running_lph, count = take(numbers, 4)
        return cls(before_lph, int(part), running_lph, take(numbers, int(count)))


class HalfHour:
    """Compares each two readings in a row with what is usual."""

    def __init__(self, parameters: HalfHourParameters) -> None:
        self._p = parameters

    def is_over(self, state: HalfHourState, end_s: float, flow_lph: float) -> bool:
        """Whether this reading and the one before are more than usual; learns from both."""
        part = int(end_s // PART_S)
        if part != state.part:
            self._turn_part(state, part)
        before_lph, state.before_lph = state.before_lph, flow_lph
        mean_lph = single((before_lph + flow_lph) / 2.0)
        over = before_lph > 0.0 and flow_lph >= self._p.holds * before_lph
        if over:
            weaker, stronger = min(before_lph, flow_lph), max(before_lph, flow_lph)
            drawn_lph = self._p.even * weaker + (1.0 - self._p.even) * stronger
            over = drawn_lph >= self._p.least_lph
        if over:
            limit_lph = max(self._p.least_lph, self._p.beyond * self._usual(state))
            over = drawn_lph >= limit_lph
            if over:  # one forgotten tap is no habit
                mean_lph = min(mean_lph, single(limit_lph))
        state.running_lph = max(state.running_lph, mean_lph)
        return over

    def _usual(self, state: HalfHourState) -> float:
        if not state.most:
            return 0.0
        here = state.part % PARTS
        near = max(state.most[here - 1], state.most[here], state.most[(here + 1) % PARTS])
        return max(near, self._p.elsewhere * max(state.most))

    def _turn_part(self, state: HalfHourState, part: int) -> None:
        """What was drawn joins the record once its part of the day is over."""
        if not state.most:
            state.most = [0.0] * PARTS
        ended = state.part % PARTS
        state.most[ended] = max(single(self._p.fade * state.most[ended]), state.running_lph)
        state.part, state.running_lph = part, 0.0
