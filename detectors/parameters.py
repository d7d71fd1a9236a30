"""What the detectors of a household go by."""

from dataclasses import dataclass, field, replace

from detectors.change_in_use import ChangeInUseParameters
from detectors.constant_flow_rules import ConstantFlowParameters
from detectors.low_use import LowUseParameters
from detectors.no_data import NoDataParameters
from detectors.parts import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchParameters:
    """What each detector goes by."""

    low_use: LowUseParameters = field(default_factory=LowUseParameters)
    constant_flow: ConstantFlowParameters = field(default_factory=ConstantFlowParameters)
    change_in_use: ChangeInUseParameters = field(default_factory=ChangeInUseParameters)
    no_data: NoDataParameters = field(default_factory=NoDataParameters)

    def without(self, parts: frozenset[Part]) -> "WatchParameters":
        """The same with parts of the design left out."""
        flow = self.constant_flow
        if Part.FLOW_RECORD in parts:
            hourly, often = (
                tuple(replace(scale, beyond=1e-9) for scale in scales) for scales in (flow.scales, flow.often)
            )
            draw = replace(
                flow.draw,
                hourly=replace(flow.draw.hourly, beyond=1e-9),
                often=replace(flow.draw.often, beyond=1e-9),
            )
            steady = replace(flow.steady, beyond=1e-9)
            flow = replace(flow, scales=hourly, often=often, draw=draw, steady=steady)
        return replace(self, low_use=replace(self.low_use, without=parts), constant_flow=flow)
