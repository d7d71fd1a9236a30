"""Water that runs for hours with hardly a change, be it under what people draw: a pipe or a cistern does so."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from detectors.packing import SIXTEENTHS, sixteenths, take

Stretch = tuple[float, float, float, float]
"""Since when [s], the least flow since then [L/h], for how long in all it ran alone [s], and the most of its readings
then [L/h]."""
_NONE = 0.0, 0.0, 0.0, 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadyFlowParameters:
    """A flow that was never undercut, and in `hours` of readings in all was exceeded by a litre and `share` at most: in
    these it ran alone. The others, which hold what people drew, count neither way. Tuned on the 27 hourly homes.

    Told from `least_lph` on, if it is also `beyond` times what ever ran so steadily; that fades by `fade` a day.
    """

    hours: float = 5.0
    share: float = 0.05
    least_lph: float = 5.0
    beyond: float = 3.0
    fade: float = 0.98


@dataclass(slots=True)
class SteadyFlowState:
    """The largest flow that ran steadily on days gone by (`record`) and today [L/h]."""

    record: float = 0.0
    today: float = 0.0

    def numbers(self) -> list[float]:
        return [SIXTEENTHS * self.record, SIXTEENTHS * self.today]

    @classmethod
    def of(cls, numbers: Iterator[float]) -> "SteadyFlowState":
        return cls(*(flow / SIXTEENTHS for flow in take(numbers, 2)))


class SteadyFlow:
    """The least flow of a stretch in which it ran alone for hours against the largest such flow of earlier days."""

    def __init__(self, parameters: SteadyFlowParameters, slack_s: float) -> None:
        self._p = parameters
        self.span_s = parameters.hours * 3600.0 - slack_s
        self.more = 1.0 + parameters.share

    def told_of(self, falling: Sequence[Stretch]) -> Stretch:
        """The newest stretch in which water ran alone for long enough; of no flow without."""
        return next((stretch for stretch in reversed(falling) if stretch[2] >= self.span_s), _NONE)

    def is_over(self, state: SteadyFlowState, falling: Sequence[Stretch]) -> bool:
        """Whether such a stretch is more than usual; learns from it."""
        _, least_lph, _, _ = self.told_of(falling)
        state.today = max(state.today, least_lph)
        return least_lph >= max(self._p.least_lph, self._p.beyond * state.record)

    def turn_day(self, state: SteadyFlowState) -> None:
        """Yesterday joins the record once it is over; the record fades."""
        state.record = max(sixteenths(state.record * self._p.fade), state.today)
        state.today = 0.0
