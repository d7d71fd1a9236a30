"""Water that runs without a pause for longer, or stronger, than this household ever lets it."""

import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime

from domain.finding import CLEAR, AlertKind, CannotTell, Finding, Level, Reason, Verdict
from domain.interval import Interval

SCALES_H = (1, 2, 3, 6, 12, 24)
_HEAD = struct.Struct("<ddfB6f6f6f")
_SAMPLE = struct.Struct("<ff")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantFlowParameters:
    """Least flow [L/h] worth an alert on each scale, and how far beyond the own record it must be."""

    least_lph: tuple[float, ...] = (200.0, 90.0, 60.0, 25.0, 8.0, 4.0)
    beyond: float = 1.5
    burst_lph: float = 1500.0
    memory: float = 0.98


@dataclass(slots=True)
class ConstantFlowState:
    """The last day's flows, newest first, and the record of steady flow on each scale [L/h]."""

    day_s: float = 0.0
    running_since_s: float = 0.0
    running_lph: float = 0.0
    record: list[float] = field(default_factory=lambda: [0.0] * 6)
    today: list[float] = field(default_factory=lambda: [0.0] * 6)
    days: list[float] = field(default_factory=lambda: [0.0] * 6)
    flows: list[tuple[float, float]] = field(default_factory=list)

    def pack(self) -> bytes:
        head = _HEAD.pack(
            self.day_s,
            self.running_since_s,
            self.running_lph,
            len(self.flows),
            *self.record,
            *self.today,
            *self.days,
        )
        return head + b"".join(_SAMPLE.pack(*flow) for flow in self.flows)

    @classmethod
    def unpack(cls, packed: bytes) -> "ConstantFlowState":
        values = _HEAD.unpack_from(packed)
        flows = list(_SAMPLE.iter_unpack(packed[_HEAD.size :]))
        day_s, since_s, lph = values[:3]
        record, today, days = (list(values[at : at + 6]) for at in (4, 10, 16))
        return cls(day_s, since_s, lph, record, today, days, flows)


class ConstantFlow:
    """Least flow over the last w hours against the largest such flow of earlier days."""

    kind = AlertKind.CONSTANT_FLOW

    def __init__(self, parameters: ConstantFlowParameters) -> None:
        self._p = parameters

    def start(self) -> ConstantFlowState:
        return ConstantFlowState()

    def observe(self, state: ConstantFlowState, interval: Interval) -> Verdict:
        if interval.gap or not interval.known:
            state.flows.clear()
            return CannotTell(Reason(key="gap"))
        begin_s, end_s = interval.start_at.timestamp(), interval.end_at.timestamp()
        hours = (end_s - begin_s) / 3600.0
        self._turn_day(state, end_s)
        state.flows.insert(0, (hours, interval.volume / hours))
        steady = self._steady(state)
        for scale, flow in enumerate(steady):
            state.today[scale] = max(state.today[scale], flow)
        return self._verdict(state, steady, end_s, late=interval.late)

    def _steady(self, state: ConstantFlowState) -> list[float]:
        """M_w: the least flow over the last w hours, for each scale; 0 where it paused."""
        steady = [0.0] * len(SCALES_H)
        covered, least, scale = 0.0, float("inf"), 0
        for index, (hours, flow) in enumerate(state.flows):
            least = min(least, flow)
            covered += hours
            while scale < len(SCALES_H) and covered >= SCALES_H[scale] - 0.1:
                steady[scale] = least
                scale += 1
            if least <= 0.0 or scale == len(SCALES_H):
                del state.flows[index + 1 :]
                break
        return steady

    def _turn_day(self, state: ConstantFlowState, end_s: float) -> None:
        """Yesterday joins the record once it is over; the record fades slowly."""
        if not state.day_s:
            state.day_s = end_s
        while end_s - state.day_s >= 86400.0:
            state.day_s += 86400.0
            state.record = [max(old * self._p.memory, new) for old, new in zip(state.record, state.today, strict=True)]
            state.days[0] += 1.0
            state.today = [0.0] * 6

    def _verdict(self, state: ConstantFlowState, steady: list[float], end_s: float, *, late: bool) -> Verdict:
        p = self._p
        limits = [max(least, record * p.beyond) for least, record in zip(p.least_lph, state.record, strict=True)]
        over = [scale for scale, flow in enumerate(steady) if flow >= limits[scale]]
        burst = state.flows[0][1] >= max(p.burst_lph, 1.5 * state.record[0])
        if not over and not burst:
            still = state.running_lph > 0.0 and state.flows[0][1] >= 0.5 * state.running_lph
            if not still:
                state.running_lph = 0.0
                return CLEAR
        if late or (state.days[0] < 7 and not burst and not state.running_lph):
            return CannotTell(Reason(key="late" if late else "learning"))
        scale = over[-1] if over else 0
        if not state.running_lph:
            state.running_lph = steady[scale] if over else state.flows[0][1]
            state.running_since_s = end_s - 3600.0 * max(SCALES_H[scale] if over else 0, state.flows[0][0])
        grade = "burst" if burst else "tap" if SCALES_H[scale] <= 3 else "leak"
        values: dict[str, float | int | str] = {
            "flow_lph": round(state.running_lph, 1),
            "record_lph": round(state.record[scale], 1),
            "scale_hours": SCALES_H[scale],
            "since_at": datetime.fromtimestamp(state.running_since_s, UTC).isoformat(),
        }
        return Finding(
            kind=self.kind,
            level=Level.ALERT,
            at=datetime.fromtimestamp(end_s, UTC),
            since=datetime.fromtimestamp(state.running_since_s, UTC),
            reason=Reason(key=f"constant_flow_{grade}", values=values),
        )
