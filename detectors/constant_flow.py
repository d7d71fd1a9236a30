"""Water that runs without a pause for longer, or stronger, than this household ever lets it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf

from detectors.half_hour import HalfHour, HalfHourParameters, HalfHourState
from detectors.packing import ago, single, take, then
from domain.finding import CLEAR, AlertKind, CannotTell, Finding, Level, Reason, Verdict
from domain.interval import Interval

DAY_S = 86400.0
SLACK_S = 360.0  # an hourly meter's hour wanders by minutes
IDLE_LPH = 1.0  # less can't reach any limit, nor teach one
OFTEN_S = 1500.0  # between readings at most, where pauses show that an hour's reading hides
HELD_S = 720.0  # what is read more often is taken together: a leak's litre every few minutes is no pause
_GAP = CannotTell(Reason(key="gap"))
_LATE = CannotTell(Reason(key="late"))
_LEARNING = CannotTell(Reason(key="learning"))
_HELD = CannotTell(Reason(key="held"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Flow that didn't pause for `hours` is told from `least_lph` on, if it is also `beyond` times the own record."""

    hours: float
    least_lph: float
    beyond: float


SCALES = (
    Scale(hours=0.5, least_lph=235.0, beyond=1.8),
    Scale(hours=1.0, least_lph=235.0, beyond=1.5),
    Scale(hours=2.0, least_lph=180.0, beyond=1.8),
    Scale(hours=3.0, least_lph=140.0, beyond=2.0),
    Scale(hours=6.0, least_lph=36.0, beyond=3.0),
    Scale(hours=9.0, least_lph=18.0, beyond=3.0),
    Scale(hours=12.0, least_lph=10.0, beyond=2.5),
    Scale(hours=24.0, least_lph=5.0, beyond=2.5),
    Scale(hours=48.0, least_lph=3.0, beyond=2.0),
)
OFTEN = (
    Scale(hours=0.5, least_lph=inf, beyond=1.0),  # `detectors.half_hour` tells it
    Scale(hours=1.0, least_lph=120.0, beyond=2.0),
    Scale(hours=2.0, least_lph=120.0, beyond=1.8),
    Scale(hours=3.0, least_lph=100.0, beyond=2.0),
    Scale(hours=6.0, least_lph=12.0, beyond=3.0),
    Scale(hours=9.0, least_lph=8.0, beyond=3.0),
    Scale(hours=12.0, least_lph=5.0, beyond=2.5),
    Scale(hours=24.0, least_lph=4.0, beyond=2.5),
    Scale(hours=48.0, least_lph=3.0, beyond=2.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantFlowParameters:
    """The scales, tuned on the 27 hourly homes; a burst is told from `burst_lph` and `burst_beyond` records on.

    `often`: the same scales for meters read at least every `OFTEN_S`, tuned on simulated seeds A and a family's meter.
    `fade`: of the record, a day. `growth`: up to `tap_hours`, what went beyond the limit lifts it by so much a day, not
    wholly: one forgotten tap must not deafen the watch for weeks, and a new habit is learned in some days.
    """

    scales: tuple[Scale, ...] = SCALES
    often: tuple[Scale, ...] = OFTEN
    half_hour: HalfHourParameters = field(default_factory=HalfHourParameters)
    burst_lph: float = 1200.0
    burst_beyond: float = 2.0
    fade: float = 0.98
    growth: float = 1.1
    learning_days: int = 7
    tap_hours: float = 3.0
    still: float = 0.5


@dataclass(slots=True)
class ConstantFlowState:
    """What flows, and the record of it. Times [s since 1970], flows [L/h].

    `falling`: (since, flow), newest last, strictly rising: the least flow since then. `record`, `today`: the largest
    steady flow on each scale, of days gone by and of the running one. `flow_lph`: of the running episode, 0 without;
    `grade`: its scale. `held_l` since `held_from_s`: of readings that wait for others to be taken with, 0 without.
    """

    first_s: float = 0.0
    day_s: float = 0.0
    since_s: float = 0.0
    flow_lph: float = 0.0
    grade: int = 0
    held_from_s: float = 0.0
    held_l: float = 0.0
    record: list[float] = field(default_factory=list)
    today: list[float] = field(default_factory=list)
    falling: list[tuple[float, float]] = field(default_factory=list)
    half_hour: HalfHourState = field(default_factory=HalfHourState)
    limits: list[float] = field(default_factory=list)  # of meters read by the hour, and often; follow from the record

    def numbers(self, now_s: float) -> list[float]:
        times = (ago(at_s, now_s) for at_s in (self.first_s, self.day_s, self.since_s))
        held = (self.held_l, ago(self.held_from_s, now_s)) if self.held_from_s else (-1.0,)
        falling = [part for since_s, flow in self.falling for part in (ago(since_s, now_s), flow)]
        sizes = (len(self.record), len(self.falling))
        flows = (*self.record, *self.today, *falling, *self.half_hour.numbers())
        return [*times, self.flow_lph, self.grade, *sizes, *flows, *held]

    @classmethod
    def of(cls, numbers: Iterator[float], now_s: float) -> "ConstantFlowState":
        first_s, day_s, since_s = (then(age_s, now_s) for age_s in take(numbers, 3))
        flow_lph, grade, scales, count = take(numbers, 4)
        record, today, falling = (take(numbers, int(many)) for many in (scales, scales, 2 * count))
        pairs = [(then(age_s, now_s), flow) for age_s, flow in zip(falling[::2], falling[1::2], strict=True)]
        half_hour = HalfHourState.of(numbers)
        held_l = next(numbers)
        held = (0.0, 0.0) if held_l < 0.0 else (then(next(numbers), now_s), held_l)
        return cls(first_s, day_s, since_s, flow_lph, int(grade), *held, record, today, pairs, half_hour)


class ConstantFlow:
    """Least flow over the last w hours against the largest such flow of the household's earlier days, on each scale."""

    kind = AlertKind.CONSTANT_FLOW

    def __init__(self, parameters: ConstantFlowParameters) -> None:
        self._p = parameters
        self._reach_s = parameters.scales[-1].hours * 3600.0
        self._spans_s = [scale.hours * 3600.0 - SLACK_S for scale in parameters.scales]
        self._burst = len(parameters.scales)
        self._half_hour = HalfHour(parameters.half_hour)

    def start(self) -> ConstantFlowState:
        zeros = [0.0] * len(self._p.scales)
        return ConstantFlowState(record=list(zeros), today=list(zeros))

    def observe(self, state: ConstantFlowState, interval: Interval) -> Verdict:
        return self.judge(state, interval, interval.start_at.timestamp(), interval.end_at.timestamp())

    def judge(self, state: ConstantFlowState, interval: Interval, begin_s: float, end_s: float) -> Verdict:
        """As `observe`."""
        if end_s >= state.day_s:
            self._turn_day(state, begin_s, end_s)
        if interval.gap or not interval.known:
            state.falling.clear()
            state.half_hour.before_lph = state.held_from_s = state.held_l = 0.0
            return _GAP
        volume = interval.volume
        if state.held_from_s or end_s - begin_s < HELD_S:
            begin_s = state.held_from_s or begin_s
            volume += state.held_l
            if end_s - begin_s < HELD_S:
                state.held_from_s, state.held_l = begin_s, volume
                return _HELD
            state.held_from_s = state.held_l = 0.0
        flow_lph = single(volume * 3600.0 / (end_s - begin_s)) if volume else 0.0
        self._push(state, begin_s, flow_lph)
        if flow_lph < IDLE_LPH:
            state.flow_lph = state.half_hour.before_lph = 0.0
            return CLEAR
        over = self._compare(state, begin_s, end_s, flow_lph)
        if interval.late:
            return _LATE
        if over is not None and over < self._burst and end_s - state.first_s < self._p.learning_days * DAY_S:
            return _LEARNING
        return self._verdict(state, over, end_s, flow_lph)

    def stands_still(self, state: ConstantFlowState, last_s: float, ends_s: list[float], *, often: bool) -> None:
        """As `observe` of ordinary intervals without water, from the last on; `often`: some are to be held."""
        if ends_s[-1] >= state.day_s:
            self._turn_day(state, state.first_s, ends_s[-1])
        for end_s in ends_s if often else ends_s[:1]:
            begin_s = state.held_from_s or last_s
            last_s = end_s
            if end_s - begin_s < HELD_S:
                state.held_from_s = begin_s
                continue
            if not state.falling or state.falling[-1][1]:
                state.falling[:] = [(state.falling[0][0] if state.falling else begin_s, 0.0)]
            state.held_from_s = state.flow_lph = state.half_hour.before_lph = 0.0

    def _push(self, state: ConstantFlowState, begin_s: float, flow_lph: float) -> None:
        """Keeps the stretches over which each lesser flow has not been undercut."""
        falling = state.falling
        since_s = begin_s
        while falling and falling[-1][1] >= flow_lph:
            since_s = falling.pop()[0]
        falling.append((since_s, flow_lph))
        if len(falling) > 1 and falling[1][0] <= begin_s - self._reach_s:
            del falling[0]

    def _compare(self, state: ConstantFlowState, begin_s: float, end_s: float, flow_lph: float) -> int | None:
        """The gravest scale on which the flow is over its limit (past the last: a burst); keeps today's record."""
        limits = state.limits or self._limit(state)
        often = end_s - begin_s <= OFTEN_S
        first, scales = (self._burst, self._p.often) if often else (0, self._p.scales)
        over = self._burst if flow_lph >= max(self._p.burst_lph, self._p.burst_beyond * state.record[1]) else None
        if not often:
            state.half_hour.before_lph = 0.0
        elif self._half_hour.is_over(state.half_hour, end_s, flow_lph):
            over = self._gravest(over, 0)
        place = len(state.falling) - 1
        since_s, steady = state.falling[place]
        for number, span_s in enumerate(self._spans_s):
            while since_s > end_s - span_s:
                place -= 1
                if place < 0:
                    return over
                since_s, steady = state.falling[place]
            if not steady:
                return over
            if steady >= limits[first + number]:
                over = self._gravest(over, number)
                taught = self._taught(scales[number], steady, limits[first + number])
                state.today[number] = max(state.today[number], taught)
            elif steady > state.today[number]:
                state.today[number] = steady
        return over

    def _taught(self, scale: Scale, steady: float, limit: float) -> float:
        """What a flow beyond the limit leaves in the record: a leak told of is known, a tap left on is no habit."""
        return steady if scale.hours > self._p.tap_hours else min(steady, single(self._p.growth * limit / scale.beyond))

    def _limit(self, state: ConstantFlowState) -> list[float]:
        pairs = zip((*self._p.scales, *self._p.often), 2 * state.record, strict=True)
        state.limits = [max(scale.least_lph, scale.beyond * record) for scale, record in pairs]
        return state.limits

    def _turn_day(self, state: ConstantFlowState, begin_s: float, end_s: float) -> None:
        """Yesterday joins the record once it is over; the record fades."""
        if not state.day_s:
            state.first_s, state.day_s = begin_s, begin_s + DAY_S
        while end_s >= state.day_s:
            state.day_s += DAY_S
            state.record = [
                max(single(old * self._p.fade), new) for old, new in zip(state.record, state.today, strict=True)
            ]
            state.today = [0.0] * len(self._p.scales)
        self._limit(state)

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
        if scale == self._burst:
            return 2
        return 1 if self._p.scales[scale].hours <= self._p.tap_hours else 0

    def _begin(self, state: ConstantFlowState, over: int, end_s: float, flow_lph: float) -> None:
        state.grade = over
        if over == self._burst:
            state.flow_lph, state.since_s = flow_lph, state.falling[-1][0]
            return
        from_s = end_s - self._p.scales[over].hours * 3600.0 + SLACK_S
        state.since_s, state.flow_lph = next(entry for entry in reversed(state.falling) if entry[0] <= from_s)

    def _finding(self, state: ConstantFlowState, end_s: float) -> Finding:
        record_lph = state.record[1 if state.grade == self._burst else state.grade]
        return finding(end_s, state.since_s, state.flow_lph, record_lph, self._rank(state.grade))


def finding(at_s: float, since_s: float, flow_lph: float, record_lph: float, rank: int) -> Finding:
    """In the words of its reason; `rank`: leak, tap or burst."""
    since = datetime.fromtimestamp(since_s, UTC)
    values: dict[str, float | int | str] = {
        "flow_lph": round(flow_lph, 1),
        "record_lph": round(record_lph, 1),
        "since_at": since.isoformat(),
    }
    return Finding(
        kind=ConstantFlow.kind,
        level=Level.ALERT,
        at=datetime.fromtimestamp(at_s, UTC),
        since=since,
        reason=Reason(key=f"constant_flow_{('leak', 'tap', 'burst')[rank]}", values=values),
    )
