"""Water that runs for hours with hardly a change: a pipe or a cistern does so, people don't."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from detectors.packing import SIXTEENTHS, ago, sixteenths, take, then


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadyFlowParameters:
    """Readings that differ by a litre and `share` of the least, for `hours`; tuned on the 27 hourly homes.

    Told from `least_lph` on, if it is also `beyond` times what ever ran so steadily; that fades by `fade` a day.
    """

    hours: float = 4.0
    share: float = 0.05
    least_lph: float = 5.0
    beyond: float = 3.0
    fade: float = 0.98


@dataclass(slots=True)
class SteadyFlowState:
    """Since when it has run so [s since 1970], 0 while nothing runs; flows [L/h]: the `low` and `high` end of its
    readings, and what ran steadily on days gone by (`record`) and today.
    """

    from_s: float = 0.0
    low: float = 0.0
    high: float = 0.0
    record: float = 0.0
    today: float = 0.0

    def numbers(self, now_s: float) -> list[float]:
        flows = [SIXTEENTHS * flow for flow in (self.record, self.today, self.low, self.high)]
        return [*flows[:2], 1.0, ago(self.from_s, now_s), *flows[2:]] if self.from_s else [*flows[:2], 0.0]

    @classmethod
    def of(cls, numbers: Iterator[float], now_s: float) -> "SteadyFlowState":
        record, today, runs = take(numbers, 3)
        age_s, low, high = take(numbers, 3) if runs else (inf, 0.0, 0.0)
        return cls(then(age_s, now_s), *(flow / SIXTEENTHS for flow in (low, high, record, today)))


class SteadyFlow:
    """The least flow of a run of like readings against the largest such flow of the household's earlier days."""

    def __init__(self, parameters: SteadyFlowParameters, slack_s: float) -> None:
        self._p = parameters
        self._span_s = parameters.hours * 3600.0 - slack_s

    def is_over(self, state: SteadyFlowState, begin_s: float, end_s: float, before_lph: float, flow_lph: float) -> bool:
        """Whether this reading is the last of a run that is more than usual; `before_lph`: of the reading before."""
        self._run_on(state, begin_s, end_s, before_lph, flow_lph)
        if state.from_s > end_s - self._span_s:
            return False
        state.today = max(state.today, state.low)
        return state.low >= max(self._p.least_lph, self._p.beyond * state.record)

    def turn_day(self, state: SteadyFlowState) -> None:
        """Yesterday joins the record once it is over; the record fades."""
        state.record = max(sixteenths(state.record * self._p.fade), state.today)
        state.today = 0.0

    def _run_on(self, state: SteadyFlowState, begin_s: float, end_s: float, before_lph: float, flow_lph: float) -> None:
        """The run goes on, begins anew with the reading before, or with this one."""
        length_s = end_s - begin_s
        if not state.from_s or not self._takes(state, flow_lph, length_s):
            from_s = max(state.from_s, begin_s - length_s) if state.from_s else begin_s
            state.from_s, state.low, state.high = from_s, before_lph, before_lph
            if from_s == begin_s or not self._takes(state, flow_lph, length_s):
                state.from_s, state.low, state.high = begin_s, flow_lph, flow_lph

    def _takes(self, state: SteadyFlowState, flow_lph: float, length_s: float) -> bool:
        low, high = min(state.low, flow_lph), max(state.high, flow_lph)
        if high - low > 3600.0 / length_s + self._p.share * low:
            return False
        state.low, state.high = low, high
        return True
