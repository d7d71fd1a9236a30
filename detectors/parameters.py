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
        low_use, flow = replace(self.low_use, without=parts), self.constant_flow.without(parts)
        return replace(self, low_use=low_use, constant_flow=flow)
