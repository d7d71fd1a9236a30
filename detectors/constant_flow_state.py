"""What `detectors.constant_flow` remembers of a household."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from detectors.packing import ago, take, then
from detectors.steady_flow import SteadyFlowState
from detectors.unusual_draw import UnusualDrawState


@dataclass(slots=True)
class ConstantFlowState:
    """What flows, and the record of it. Times [s since 1970], flows [L/h].

    `falling`: (since, flow), newest last, strictly rising: the least flow since then. `record`, `today`: the largest
    steady flow on each scale, of days gone by and of the running one. `flow_lph`: of the running episode, 0 without;
    `grade`: its scale. `shortest_s`: of today's readings, and of yesterday's, 0 without. `held_l` since `held_from_s`:
    of readings that wait for others to be taken with, 0 without.
    """

    first_s: float = 0.0
    day_s: float = 0.0
    since_s: float = 0.0
    flow_lph: float = 0.0
    grade: int = 0
    shortest_s: float = 0.0
    shortest_before_s: float = 0.0
    held_from_s: float = 0.0
    held_l: float = 0.0
    record: list[float] = field(default_factory=list)
    today: list[float] = field(default_factory=list)
    falling: list[tuple[float, float]] = field(default_factory=list)
    draw: UnusualDrawState = field(default_factory=UnusualDrawState)
    steady: SteadyFlowState = field(default_factory=SteadyFlowState)
    limits: list[float] = field(default_factory=list)  # of meters read by the hour, and often; follow from the record

    def numbers(self, now_s: float) -> list[float]:
        times = (ago(at_s, now_s) for at_s in (self.first_s, self.day_s, self.since_s))
        held = (self.held_l, ago(self.held_from_s, now_s)) if self.held_from_s else (-1.0,)
        falling = [part for since_s, flow in self.falling for part in (ago(since_s, now_s), flow)]
        sizes = (len(self.record), len(self.falling))
        flows = (*self.record, *self.today, *falling, *self.draw.numbers(), *self.steady.numbers(now_s))
        shortest = (self.shortest_s, self.shortest_before_s)
        return [*times, self.flow_lph, self.grade, *shortest, *sizes, *flows, *held]

    @classmethod
    def of(cls, numbers: Iterator[float], now_s: float) -> "ConstantFlowState":
        first_s, day_s, since_s = (then(age_s, now_s) for age_s in take(numbers, 3))
        flow_lph, grade, shortest_s, shortest_before_s, scales, count = take(numbers, 6)
        record, today, falling = (take(numbers, int(many)) for many in (scales, scales, 2 * count))
        pairs = [(then(age_s, now_s), flow) for age_s, flow in zip(falling[::2], falling[1::2], strict=True)]
        draw, steady = UnusualDrawState.of(numbers), SteadyFlowState.of(numbers, now_s)
        held_l = next(numbers)
        held_from_s, held_l = (0.0, 0.0) if held_l < 0.0 else (then(next(numbers), now_s), held_l)
        episode = (since_s, flow_lph, int(grade))
        readings = (shortest_s, shortest_before_s, held_from_s, held_l)
        return cls(first_s, day_s, *episode, *readings, record, today, pairs, draw, steady)
