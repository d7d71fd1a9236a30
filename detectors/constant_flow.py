"""Water that runs without a pause for longer, or stronger, than this household ever lets it."""

from datetime import UTC, datetime
from math import inf, isnan

from detectors.constant_flow_rules import (
    DAY_S,
    HELD_S,
    HOURLY_S,
    IDLE_LPH,
    OFTEN_S,
    SLACK_S,
    ConstantFlowParameters,
    Scale,
)
from detectors.constant_flow_state import ConstantFlowState
from detectors.packing import sixteenths
from detectors.parts import Part
from detectors.steady_flow import SteadyFlow
from detectors.unusual_draw import UnusualDraw
from domain.finding import CLEAR, AlertKind, CannotTell, Finding, Level, Reason, Verdict
from domain.interval import Interval
from domain.register import GAP_AT_LEAST_S, GAP_RHYTHMS

_GAP = CannotTell(Reason(key="gap"))
_LATE = CannotTell(Reason(key="late"))
_LEARNING = CannotTell(Reason(key="learning"))
_HELD = CannotTell(Reason(key="held"))


class ConstantFlow:
    """Least flow over the last w hours against the largest such flow of the household's earlier days, on each scale."""

    kind = AlertKind.CONSTANT_FLOW

    def __init__(self, parameters: ConstantFlowParameters) -> None:
        self._p = parameters
        self._reach_s = parameters.scales[-1].hours * 3600.0
        self._spans_s = [scale.hours * 3600.0 - SLACK_S for scale in parameters.scales]
        self._burst = len(parameters.scales)
        self._steady_run = self._burst + 1
        self._draw = UnusualDraw(parameters.draw)
        self._steady = SteadyFlow(parameters.steady, SLACK_S)
        self._often_s = 0.0 if Part.OFTEN in parameters.left_out else OFTEN_S
        self._heeds_hours = Part.TIME_OF_DAY not in parameters.left_out
        self._gap_s = inf if Part.HIDDEN_PAUSES in parameters.left_out else GAP_AT_LEAST_S

    def start(self) -> ConstantFlowState:
        zeros = [0.0] * len(self._p.scales)
        return ConstantFlowState(record=list(zeros), today=list(zeros))

    def observe(self, state: ConstantFlowState, interval: Interval) -> Verdict:
        return self.judge(state, interval, interval.start_at.timestamp(), interval.end_at.timestamp())

    def judge(self, state: ConstantFlowState, interval: Interval, begin_s: float, end_s: float) -> Verdict:
        """As `observe`."""
        if end_s >= state.day_s:
            self._turn_day(state, begin_s, end_s)
        volume = interval.volume
        if interval.gap or isnan(volume):
            if interval.gap:
                state.first_s += (end_s - begin_s) // DAY_S * DAY_S
            self._interrupt(state)
            return _GAP
        if state.held_from_s or end_s - begin_s < HELD_S:
            begin_s, volume = state.held_from_s or begin_s, volume + state.held_l
            if end_s - begin_s < HELD_S:
                state.held_from_s, state.held_l = begin_s, volume
                return _HELD
            state.held_from_s = state.held_l = 0.0
        return self._flows(state, begin_s, end_s, volume, late=interval.late)

    def _flows(self, state: ConstantFlowState, begin_s: float, end_s: float, volume: float, *, late: bool) -> Verdict:
        """As `observe`, of readings far enough apart."""
        flow_lph = sixteenths(volume * 3600.0 / (end_s - begin_s)) if volume else 0.0
        if not flow_lph:
            self._stop(state, begin_s)
            return CLEAR
        self._push(state, begin_s, end_s, flow_lph)
        if flow_lph < IDLE_LPH:
            state.flow_lph = state.draw.before_lph = 0.0
            return CLEAR
        if self._hides_pauses(state, end_s - begin_s):
            self._interrupt(state)
            return _GAP
        over = self._compare(state, begin_s, end_s, flow_lph)
        if late:
            return _LATE
        if over is not None and over != self._burst and end_s - state.first_s < self._p.learning_days * DAY_S:
            return _LEARNING
        return self._verdict(state, over, end_s, flow_lph)

    def stands_still(self, state: ConstantFlowState, last_s: float, ends_s: list[float], *, often: bool) -> None:
        """As `observe` of ordinary intervals without water, from the last on; `often`: some are to be held."""
        if ends_s[-1] >= state.day_s:
            self._turn_day(state, state.first_s, ends_s[-1])
        if not often:
            if not state.falling or state.falling[-1][1]:
                self._stop(state, last_s)
            return
        for end_s in ends_s:
            begin_s = state.held_from_s or last_s
            last_s = end_s
            if end_s - begin_s < HELD_S:
                state.held_from_s = begin_s
            else:
                self._stop(state, begin_s)

    def _stop(self, state: ConstantFlowState, begin_s: float) -> None:
        """Nothing flows, from then on or from before."""
        state.falling = [(state.falling[0][0] if state.falling else begin_s, 0.0, 0.0, 0.0)]
        state.held_from_s = state.flow_lph = state.draw.before_lph = 0.0

    def _interrupt(self, state: ConstantFlowState) -> None:
        """Nobody knows whether it flowed without a pause."""
        state.falling.clear()
        state.draw.before_lph = state.held_from_s = state.held_l = 0.0

    def _hides_pauses(self, state: ConstantFlowState, length_s: float) -> bool:
        """Whether the meter reads more often as a rule: several outages in a row pass for its rhythm."""
        state.shortest_s = min(state.shortest_s or length_s, length_s)
        if length_s <= self._gap_s:
            return False
        return length_s > GAP_RHYTHMS * min(state.shortest_s, state.shortest_before_s or length_s)

    def _push(self, state: ConstantFlowState, begin_s: float, end_s: float, flow_lph: float) -> None:
        """Keeps the stretches over which each lesser flow has not been undercut, and for how long each ran alone."""
        falling, length_s, more, span_s = state.falling, end_s - begin_s, self._steady.more, self._steady.span_s
        since_s, alone_s, alone_lph, litre_lph = begin_s, length_s, flow_lph, 3600.0 / length_s
        while falling and falling[-1][1] >= flow_lph:
            since_s, _, before_s, before_lph = falling.pop()
            if before_lph <= more * flow_lph + litre_lph:
                alone_s, alone_lph = length_s + before_s, before_lph
        for place in range(len(falling) - 1, -1, -1):
            from_s, least_lph, before_s, before_lph = falling[place]
            if flow_lph > more * least_lph + litre_lph:
                break
            falling[place] = from_s, least_lph, min(before_s + length_s, span_s), max(before_lph, flow_lph)
        falling.append((since_s, flow_lph, min(alone_s, span_s), alone_lph))
        if len(falling) > 1 and falling[1][0] <= begin_s - self._reach_s:
            del falling[0]

    def _compare(self, state: ConstantFlowState, begin_s: float, end_s: float, flow_lph: float) -> int | None:
        """The gravest scale on which the flow is over its limit, `_burst` or `_steady_run`; keeps today's record."""
        bursts = flow_lph >= self._p.burst_lph and flow_lph >= self._p.burst_beyond * state.record[1]
        over = self._burst if bursts else None
        told_from, scales, unusual = self._at_once(state, end_s - begin_s, end_s, flow_lph)
        if unusual:
            over = self._gravest(over, 0)
        if self._steady.is_over(state.steady, state.falling):
            over = self._gravest(over, self._steady_run)
        place = len(state.falling) - 1
        since_s, steady, alone_s, _ = state.falling[place]
        for number, span_s in enumerate(self._spans_s):
            while since_s > end_s - span_s:
                place -= 1
                if place < 0:
                    return over
                since_s, steady, alone_s, _ = state.falling[place]
            if not steady:
                return over
            scale = scales[number]
            limit = max(scale.least_lph, scale.beyond * state.record[number])
            if number >= told_from and steady >= limit and alone_s >= scale.alone_hours * 3600.0 - SLACK_S:
                over = self._gravest(over, number)
                state.today[number] = max(state.today[number], self._taught(scale, steady, limit))
            elif steady > state.today[number]:
                state.today[number] = steady
        return over

    def _at_once(
        self, state: ConstantFlowState, length_s: float, end_s: float, flow_lph: float
    ) -> tuple[int, tuple[Scale, ...], bool]:
        """From which scale on a reading of this length has limits, all scales, and whether it is more than usual."""
        scales = self._p.often if length_s <= self._often_s else self._p.scales
        if self._heeds_hours and length_s <= self._often_s:
            return 1, scales, self._draw.are_two_over(state.draw, end_s, flow_lph)
        if self._heeds_hours and length_s > HOURLY_S:
            return 2, scales, self._draw.is_hour_over(state.draw, end_s, flow_lph)
        state.draw.before_lph, state.draw.usual_lph = 0.0, state.record[0]
        return 0, scales, False

    def _taught(self, scale: Scale, steady: float, limit: float) -> float:
        """What a flow beyond the limit leaves in the record: a leak told of is known, a tap left on is no habit."""
        return (
            steady
            if scale.hours > self._p.tap_hours
            else min(steady, sixteenths(self._p.growth * limit / scale.beyond))
        )

    def _turn_day(self, state: ConstantFlowState, begin_s: float, end_s: float) -> None:
        """Yesterday joins the record once it is over; the record fades."""
        if not state.day_s:
            state.first_s, state.day_s = begin_s, begin_s + DAY_S
        while end_s >= state.day_s:
            state.day_s += DAY_S
            state.record = [
                max(sixteenths(old * self._p.fade), new) if old else new
                for old, new in zip(state.record, state.today, strict=True)
            ]
            state.today = [0.0] * len(self._p.scales)
            self._steady.turn_day(state.steady)
            if state.shortest_s:
                before_s = state.shortest_before_s or state.shortest_s
                state.shortest_s, state.shortest_before_s = 0.0, min(state.shortest_s, 2.0 * before_s)

    def _verdict(self, state: ConstantFlowState, over: int | None, end_s: float, flow_lph: float) -> Verdict:
        running = state.flow_lph > 0.0 and flow_lph >= self._p.still * state.flow_lph
        if not running:
            state.flow_lph = 0.0
            if over is None:
                return CLEAR
        if over is not None and (not running or self._rank(over) > self._rank(state.grade)):
            self._begin(state, over, end_s, flow_lph)
        return self._finding(state, end_s)

    def _gravest(self, over: int | None, number: int) -> int:
        """A leak that runs must not hide a tap left on, nor a tap a burst; else the longer scale."""
        return number if over is None or self._rank(number) >= self._rank(over) else over

    def _rank(self, scale: int) -> int:
        if scale >= self._burst:
            return 2 if scale == self._burst else 0
        return 1 if self._p.scales[scale].hours <= self._p.tap_hours else 0

    def _begin(self, state: ConstantFlowState, over: int, end_s: float, flow_lph: float) -> None:
        state.grade = over
        if over == self._burst:
            state.flow_lph, state.since_s = flow_lph, state.falling[-1][0]
            return
        if over == self._steady_run:
            state.since_s, state.flow_lph, _, _ = self._steady.told_of(state.falling)
            return
        from_s = end_s - self._p.scales[over].hours * 3600.0 + SLACK_S
        state.since_s, state.flow_lph, _, _ = next(entry for entry in reversed(state.falling) if entry[0] <= from_s)

    def _finding(self, state: ConstantFlowState, end_s: float) -> Finding:
        record_lph = state.steady.record
        if state.grade != self._steady_run:
            record_lph = state.record[1 if state.grade == self._burst else state.grade]
        if state.grade == 0:
            record_lph = state.draw.usual_lph
        runs_from_s, flow_lph = state.since_s, state.flow_lph
        if flow_lph <= record_lph:  # told by its last reading: what ran before it is usual
            runs_from_s, flow_lph, _, _ = state.falling[-1]
        return finding(
            end_s,
            state.since_s,
            runs_from_s=runs_from_s,
            flow_lph=flow_lph,
            record_lph=record_lph,
            rank=self._rank(state.grade),
        )


def finding(
    at_s: float, since_s: float, *, runs_from_s: float, flow_lph: float, record_lph: float, rank: int
) -> Finding:
    """In the words of its reason; `runs_from_s`: since when at least `flow_lph` ran; `rank`: leak, tap or burst."""
    values: dict[str, float | int | str] = {
        "flow_lph": round(flow_lph, 1),
        "record_lph": round(record_lph, 1),
        "since_at": datetime.fromtimestamp(runs_from_s, UTC).isoformat(),
    }
    return Finding(
        kind=ConstantFlow.kind,
        level=Level.ALERT,
        at=datetime.fromtimestamp(at_s, UTC),
        since=datetime.fromtimestamp(since_s, UTC),
        reason=Reason(key=f"constant_flow_{('leak', 'tap', 'burst')[rank]}", values=values),
    )
