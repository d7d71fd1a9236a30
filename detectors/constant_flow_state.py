"""What `detectors.constant_flow` remembers of a household."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf

from detectors.constant_flow_rules import DAY_S
from detectors.packing import SIXTEENTHS, ago, take, then
from detectors.steady_flow import SteadyFlowState, Stretch
from detectors.unusual_draw import UnusualDrawState


@dataclass(slots=True)
class ConstantFlowState:
    """What flows, and the record of it. Times [s since 1970], flows [L/h].

    `first_s`: since when the household is known; later by each whole day without readings. `day_s`: when the running
    day ends.
    `falling`: stretches, newest last, of strictly rising least flow. `record`, `today`: the largest
    steady flow on each scale, of days gone by and of the running one. `flow_lph`: of the running episode, 0 without;
    `grade`: its scale. `shortest_s`: of today's readings with water, and of days gone by, 0 without. `held_l` since
    `held_from_s`: of readings that wait for others to be taken with, 0 without.
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
    falling: list[Stretch] = field(default_factory=list)
    draw: UnusualDrawState = field(default_factory=UnusualDrawState)
    steady: SteadyFlowState = field(default_factory=SteadyFlowState)

    def numbers(self, now_s: float) -> list[float]:
        days = round((self.day_s - self.first_s) / DAY_S)
        episode = (SIXTEENTHS * self.flow_lph, ago(self.since_s, now_s), self.grade) if self.flow_lph else (0.0,)
        held = (1.0, ago(self.held_from_s, now_s), self.held_l) if self.held_from_s else (0.0,)
        nexts_s = [*[stretch[0] for stretch in self.falling[1:]], now_s]
        falling = [
            part
            for (since_s, least, alone_s, alone), next_s in zip(self.falling, nexts_s, strict=False)
            for part in (next_s - since_s, SIXTEENTHS * least, alone_s, SIXTEENTHS * (alone - least))
        ]
        flows = [SIXTEENTHS * flow for flow in (*self.record, *self.today)]
        sizes = (self.shortest_s, self.shortest_before_s, len(self.record), len(self.falling))
        parts = (*self.draw.numbers(), *self.steady.numbers())
        return [ago(self.day_s - DAY_S, now_s), days, *episode, *held, *sizes, *flows, *falling, *parts]

    @classmethod
    def of(cls, numbers: Iterator[float], now_s: float) -> "ConstantFlowState":
        day_ago_s, days, flow = take(numbers, 3)
        day_s = then(day_ago_s, now_s) + DAY_S
        since_ago_s, grade = take(numbers, 2) if flow else (inf, 0.0)
        held_from_s = then(next(numbers), now_s) if (is_held := next(numbers)) else 0.0
        held = held_from_s, next(numbers) if is_held else 0.0
        shortest_s, shortest_before_s, scales, count = take(numbers, 4)
        record, today = ([flow / SIXTEENTHS for flow in take(numbers, int(scales))] for _ in range(2))
        stretches, falling, since_s = [take(numbers, 4) for _ in range(int(count))], list[Stretch](), now_s
        for apart_s, least, alone_s, more in reversed(stretches):
            since_s -= apart_s
            falling.append((since_s, least / SIXTEENTHS, alone_s, (least + more) / SIXTEENTHS))
        draw, steady = UnusualDrawState.of(numbers), SteadyFlowState.of(numbers)
        episode = (then(since_ago_s, now_s), flow / SIXTEENTHS, int(grade))
        times = (day_s - DAY_S * days, day_s, *episode, shortest_s, shortest_before_s, *held)
        return cls(*times, record, today, falling[::-1], draw, steady)
