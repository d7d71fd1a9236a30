"""By what `detectors.constant_flow` goes: how long, how much, how far beyond the household's own record."""

from dataclasses import dataclass, field, replace
from math import inf

from detectors.parts import Part
from detectors.steady_flow import SteadyFlowParameters
from detectors.unusual_draw import UnusualDrawParameters

DAY_S = 86400.0
SLACK_S = 360.0  # an hourly meter's hour wanders by minutes
IDLE_LPH = 1.0  # less can't reach any limit, nor teach one
OFTEN_S = 1500.0  # between readings at most, where pauses show that an hour's reading hides
HOURLY_S = 2400.0  # between readings at least, of which one is compared with what is usual at that time of day
_ALL = 1e-9  # times the own record, which then doesn't matter
HELD_S = 720.0  # what is read more often is taken together: a leak's litre every few minutes is no pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Flow that didn't pause for `hours` is told from `least_lph` on, if it is also `beyond` times the own record, and
    if for `alone_hours` of them in all hardly anything was drawn on top of it: a busy day has no such hours.
    """

    hours: float
    least_lph: float
    beyond: float
    alone_hours: float = 0.0


SCALES = (
    Scale(hours=0.5, least_lph=235.0, beyond=1.8),
    Scale(hours=1.0, least_lph=235.0, beyond=1.5),
    Scale(hours=2.0, least_lph=180.0, beyond=1.8),
    Scale(hours=3.0, least_lph=140.0, beyond=2.0),
    Scale(hours=6.0, least_lph=36.0, beyond=3.0),
    Scale(hours=9.0, least_lph=18.0, beyond=3.0, alone_hours=3.0),
    Scale(hours=12.0, least_lph=10.0, beyond=2.5, alone_hours=3.0),
    Scale(hours=24.0, least_lph=4.0, beyond=2.0),
    Scale(hours=48.0, least_lph=3.0, beyond=2.0),
)
OFTEN = (
    Scale(hours=0.5, least_lph=235.0, beyond=1.8),
    Scale(hours=1.0, least_lph=120.0, beyond=2.0),
    Scale(hours=2.0, least_lph=120.0, beyond=1.8),
    Scale(hours=3.0, least_lph=100.0, beyond=2.0),
    Scale(hours=6.0, least_lph=12.0, beyond=3.0),
    Scale(hours=9.0, least_lph=8.0, beyond=3.0, alone_hours=3.0),
    Scale(hours=12.0, least_lph=5.0, beyond=2.5, alone_hours=3.0),
    Scale(hours=24.0, least_lph=4.0, beyond=2.5),
    Scale(hours=48.0, least_lph=3.0, beyond=2.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantFlowParameters:
    """The scales, tuned on the 27 hourly homes; a burst is told from `burst_lph` and `burst_beyond` records on.

    `often`: the same scales for meters read at least every `OFTEN_S`, tuned on simulated seeds A and a family's meter.
    `fade`: of the record, a day. `growth`: up to `tap_hours`, what went beyond the limit lifts it by so much a day, not
    wholly: one forgotten tap must not deafen the watch for weeks, and a new habit is learned in some days.
    `left_out`: parts of the design, to see what each brings; by `without`.
    """

    scales: tuple[Scale, ...] = SCALES
    often: tuple[Scale, ...] = OFTEN
    draw: UnusualDrawParameters = field(default_factory=UnusualDrawParameters)
    steady: SteadyFlowParameters = field(default_factory=SteadyFlowParameters)
    burst_lph: float = 1200.0
    burst_beyond: float = 2.0
    fade: float = 0.98
    growth: float = 1.1
    learning_days: int = 7
    tap_hours: float = 3.0
    still: float = 0.5
    left_out: frozenset[Part] = frozenset()

    def without(self, parts: frozenset[Part]) -> "ConstantFlowParameters":
        """The same with these parts left out."""
        draw, steady = self.draw, self.steady
        scales, often = self.scales, self.often
        if Part.FLOW_RECORD in parts:
            scales, often = (tuple(replace(scale, beyond=_ALL) for scale in scales) for scales in (scales, often))
            draw = replace(draw, hourly=replace(draw.hourly, beyond=_ALL), often=replace(draw.often, beyond=_ALL))
            steady = replace(steady, beyond=_ALL)
        if Part.STEADY_RUNS in parts:
            scales, often = (tuple(replace(scale, alone_hours=0.0) for scale in scales) for scales in (scales, often))
            steady = replace(steady, least_lph=inf)
        return replace(self, scales=scales, often=often, draw=draw, steady=steady, left_out=parts)
