"""No water drawn for longer than this household's own habit allows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import inf, isinf, isnan

from detectors import drip, schedule, ticks
from detectors.bedtime import before_bed
from detectors.coarse import NEVER_H, is_coarse
from detectors.habit import EQUAL_HOURS, LADDER, LONGEST_H, Population, own_record_alone
from detectors.localtime import LocalClock
from detectors.low_use_finding import SENSORS_HOLD_S, finding
from detectors.low_use_state import LowUseState
from detectors.own_record import SLACK_H, OwnRecord
from detectors.parts import Part
from detectors.planner import Planner
from detectors.population import POPULATION
from detectors.safety_net import ASKED_BEFORE_H, SafetyNet, is_all
from detectors.two_clocks import begin_anew, begin_anew_after_trace, is_held_back, restart, start_over
from detectors.whose_water import WhoseWater
from domain.finding import CLEAR, AlertKind, CannotTell, Finding, Level, Reason, Verdict
from domain.interval import Interval

PLAN_FROM_H = 4  # shorter silences need no plan: nobody is asked sooner
PRESUMED_ABSENT_S = 48 * 3600.0
_LATE = CannotTell(Reason(key="late"))
_AWAY = CannotTell(Reason(key="away"))
_ANSWERED = CannotTell(Reason(key="answered"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LowUseParameters:
    """How patient to be: `budget` and `ask_budget` are false alerts and asks a household and 30 days.

    `net`: so much silence always alerts. `asks_only`: so long a new household is only asked. `without`: parts left out,
    to see what each brings.
    """

    budget: float = 0.5
    ask_budget: float = 0.5  # of which 1.7 go out to simulated people who live alone (seeds A)
    net: timedelta = timedelta(hours=36)
    asks_only: timedelta = timedelta(days=14)
    population: Population = POPULATION
    without: frozenset[Part] = frozenset()


class LowUse:
    """Plans, when a silence has begun, after how many hours it is worth asking and alerting; see `detectors.habit`.

    How much a false alert may cost is set by the household itself: the least patient step of the ladder that would
    have kept to the budget on its own record, and on other households' while that is short.
    """

    kind = AlertKind.LOW_USE

    def __init__(self, parameters: LowUseParameters, clock: LocalClock) -> None:
        self._p = parameters
        self._clock = clock
        without = parameters.without
        self.heeds_drips = Part.DRIP not in without
        self._heeds_still_registers = Part.STILL_REGISTER not in without
        self._plans = Part.PLAN not in without
        self._net = SafetyNet(inf if Part.NET in without else parameters.net.total_seconds())
        self._first_still_s = min(3600.0 * (PLAN_FROM_H - SLACK_H), self._net.silence_s)
        self._asks_only_s = parameters.asks_only.total_seconds()
        self._water = WhoseWater(heeds_timers=Part.SCHEDULE not in without, heeds_ticks=Part.TICKS not in without)
        learned = parameters.population
        self.record = OwnRecord(learned, clock, calibrated=Part.CALIBRATION not in without)
        self._population = own_record_alone(learned) if Part.HAZARD in without else learned
        self._planner = Planner(self._population, steep=Part.STEEP_COST not in without)

    def start(self) -> LowUseState:
        return LowUseState()

    def observe(self, state: LowUseState, interval: Interval) -> Verdict:
        end_s = interval.end_at.timestamp()
        return self.judge(state, interval, interval.start_at.timestamp(), end_s, self._clock.hour(end_s - 1.0))

    def judge(self, state: LowUseState, interval: Interval, begin_s: float, end_s: float, hour: int) -> Verdict:
        """As `observe`; `hour`: of the wall clock, in which the interval ends."""
        if not state.first_s:
            state.first_s = begin_s
            begin_anew(state, begin_s)
        if state.absences and self._absent(state, end_s):
            return self._while_absent(state, interval, end_s)
        volume = interval.volume
        if interval.gap or isnan(volume):
            return self._across_gap(state, interval, begin_s, end_s)
        if hour != state.hour:
            self.record.turn_hours(state, (hour,))
        used_l, alone = 0.0, False
        if volume or state.schedule.held_l:
            used_l, alone = self._water.used(state, volume, begin_s, end_s, hour)
        if self.heeds_drips:
            drip.follow(state.drip, end_s, volume, hour // 24, state.step_l)
        if state.silent_s < PRESUMED_ABSENT_S:
            state.known_s += end_s - begin_s
        if used_l:
            self.record.learn(state, begin_s, end_s, hour)
            if not alone:
                state.last_use_s = end_s
                return self._after_use(state, interval, trace=self._water.is_trace(state, begin_s, end_s, used_l))
            restart(state, end_s)
        else:
            state.silent_s += end_s - begin_s
        state.dry_s += end_s - begin_s
        return self.silent(state, end_s, late=interval.late)

    def _after_use(self, state: LowUseState, interval: Interval, *, trace: bool) -> Verdict:
        """All is well, unless for long all water has come of itself, or there were no more than traces."""
        end_s = interval.end_at.timestamp()
        if trace:
            begin_anew_after_trace(state, end_s)
        else:
            begin_anew(state, end_s)
        goes_on = self._net.is_row(state) or self._net.is_traces(state)
        return self.silent(state, end_s, late=interval.late) if goes_on else CLEAR

    def still_for_s(self, state: LowUseState) -> float:
        """For how much longer silence alone changes nothing that could be said."""
        if not state.dry_s:
            return self._first_still_s
        ask_s = 3600.0 * ((min(state.ask_h, state.alert_h) if state.plan else PLAN_FROM_H) - SLACK_H)
        net_s = self._net.soonest_s(state)
        dry_s = min(net_s, SENSORS_HOLD_S) if is_held_back(state) else net_s
        return min(min(ask_s, PRESUMED_ABSENT_S) - state.silent_s, dry_s - state.dry_s)

    def absent(self, state: LowUseState, begins_s: float, ends_s: float) -> None:
        """Nobody is there from, until; expires by itself."""
        state.absences.append((begins_s, ends_s))

    def false_alarm(self, state: LowUseState) -> None:
        """Staff found all well: what they were told counts once more on the record, at every step as patient as now.

        So this household is told of later, whether its silence goes on or is over. How much later is bounded: no plan
        waits longer than 23 hours, nor the safety net at all.
        """
        self.record.false_alarm(state, self._p.budget)

    def no_false_alarm(self, state: LowUseState) -> None:
        """It was none after all: that count is taken back."""
        self.record.no_false_alarm(state, self._p.budget)

    def only_the_net(self, state: LowUseState) -> bool:
        """Whether no plan keeps to the budget behind this coarse register."""
        own = self.record.own(state)
        return is_coarse(state.step_l) and self.record.step(state, own, self._p.budget) == len(LADDER)

    def left_s(self, state: LowUseState, at_s: float) -> float | None:
        """Since when the household is announced to be empty; none if it isn't."""
        return min((begin for begin, until in state.absences if begin <= at_s < until), default=None)

    def up_s(self, state: LowUseState, now_s: float) -> float | None:
        """When water was first drawn this morning, of the day that `now_s` falls into; none before that."""
        today = self._clock.hour(now_s) // 24
        return state.up_s if self._clock.hour(state.up_s - 1.0) // 24 == today else None

    def _absent(self, state: LowUseState, end_s: float) -> bool:
        state.absences = [absence for absence in state.absences if absence[1] > end_s]
        return any(begin <= end_s for begin, _ in state.absences)

    def _while_absent(self, state: LowUseState, interval: Interval, end_s: float) -> Verdict:
        """The clock stands at zero and nothing is learned; use is noted, for it is news, and alone ends a silence.

        But not where it is no more than a trace: that may be a drip's. Nor is this time any of the first days, in
        which a household is only asked.
        """
        state.first_s += interval.length.total_seconds()
        drip.interrupt(state.drip)
        start_over(state, end_s)
        begin_s = end_s - interval.length.total_seconds()
        drawn_l = drip.drawn_l(state.drip, begin_s, end_s, interval.volume, min(state.step_l, 10.0))
        used_l = self._water.people_l(state, self._clock.hour(end_s - 1.0), drawn_l)
        if used_l and not self._water.is_trace(state, begin_s, end_s, used_l):
            state.last_use_s = end_s
            return CLEAR
        return _AWAY

    def _across_gap(self, state: LowUseState, interval: Interval, begin_s: float, end_s: float) -> Verdict:
        """Water that ran somewhere in a gap restarts the clock at its end; a register that stood still is knowledge.

        Then nobody drew water all the while, and the silence goes on, though no hour's rate is learned from it. A litre
        by itself is a drip's here, too. Of a register that has never moved nobody knows whether it can: its readings
        count, the gaps between them don't.
        """
        schedule.interrupt(state.schedule)
        if interval.gap:
            state.first_s += (end_s - begin_s) // 86400.0 * 86400.0
        if not interval.known or not self._heeds_still_registers:
            drip.interrupt(state.drip)
            if interval.gap:
                start_over(state, end_s)
            else:
                restart(state, end_s)  # one odd reading a day must not hold back the net
            return CLEAR
        drawn_l = drip.drawn_l(state.drip, begin_s, end_s, interval.volume, min(state.step_l, 10.0))
        if self.heeds_drips:
            drip.follow(state.drip, end_s, interval.volume, self._clock.hour(end_s - 1.0) // 24, state.step_l)
        if not drawn_l:
            if isinf(state.step_l):
                return self.silent(state, end_s, late=interval.late)
            state.silent_s += end_s - begin_s
        elif self._water.is_lone(state, begin_s, interval.volume):
            ticks.follow(state.ticks, begin_s, end_s, interval.volume, state.step_l)
            restart(state, end_s)
        elif self._water.is_trace(state, begin_s, end_s, interval.volume):
            ticks.interrupt(state.ticks)
            return self._after_use(state, interval, trace=True)
        else:
            start_over(state, end_s)
            return CLEAR
        state.dry_s += end_s - begin_s
        return self.silent(state, end_s, late=interval.late)

    def _plan(self, state: LowUseState) -> None:
        """Fixed once the silence has begun: nothing is learned while nothing flows."""
        if self._plans:
            scores = self._planner.scores(state.silences, state.rate, self.record.before(state))
            state.plan = self._planner.alarm_hours(scores)
        else:
            state.plan = bytes(EQUAL_HOURS)
        own = self.record.own(state)
        alert_h = self._alarm_h(state, self.record.step(state, own, self._p.budget))
        asked_h = self._alarm_h(state, self.record.step(state, own, self._p.ask_budget))
        asked_h = min(asked_h, alert_h, (NEVER_H if alert_h == NEVER_H else LONGEST_H) - ASKED_BEFORE_H)
        alert_h = max(alert_h, asked_h + ASKED_BEFORE_H)  # to ask sooner would be to ask every day who is regular
        state.ask_h, state.alert_h = before_bed(self._clock.hour(state.silent_from_s), asked_h, alert_h, state.rate)

    def _alarm_h(self, state: LowUseState, step: int) -> int:
        """Never, where no step keeps to the budget and the register's steps are to blame."""
        if step == len(state.plan):
            return NEVER_H if is_coarse(state.step_l) else state.plan[-1]
        return state.plan[step]

    def silent(self, state: LowUseState, end_s: float, *, late: bool = False) -> Verdict:
        """What is to be said of a silence that goes on."""
        planned = state.silent_s >= 3600.0 * (PLAN_FROM_H - SLACK_H)
        if planned and not state.plan:
            self._plan(state)
        level = self._level(state, end_s, planned=planned)
        if level is None:
            return _ANSWERED if state.told_s else CLEAR
        return _LATE if late else self._finding(state, end_s, level)

    def _level(self, state: LowUseState, end_s: float, *, planned: bool) -> Level | None:
        hours = state.silent_s / 3600.0 + SLACK_H
        experienced = end_s - state.first_s >= self._asks_only_s
        if self._net.holds(state) or (planned and experienced and hours >= state.alert_h):
            return Level.ALERT
        held = is_held_back(state) and state.dry_s >= SENSORS_HOLD_S
        near = self._net.is_near(state) or self._net.is_traces(state)
        asked = held or near or (planned and hours >= state.ask_h)
        return Level.ASK if asked else None

    def _finding(self, state: LowUseState, end_s: float, level: Level) -> Finding:
        row = self._net.is_row(state) and state.ticks.from_s < state.dry_from_s
        traces = self._net.is_traces(state)
        since_s = state.traces_from_s if traces else state.ticks.from_s if row else state.dry_from_s
        return finding(
            level=level,
            at_s=end_s,
            since_s=since_s,
            silent_s=end_s - since_s if row or traces else state.dry_s,
            last_use_s=since_s if row or traces else state.last_use_s,
            expected_uses=self._expected(state, since_s, end_s),
            longest=max(state.longest),
            by_net=self._net.is_near(state),
            coarse_l=state.step_l if is_all(state) else 0.0,
            timers=schedule.timers(state.schedule),
            never_moved=isinf(state.step_l),
            traces=traces,
            sign_s=state.sign_s if state.sign_s > since_s else 0.0,
            row_l=state.ticks.known_l if row else 0.0,
            every_s=state.ticks.every_s,
            drip_lph=state.drip.lph,
        )

    def _expected(self, state: LowUseState, since_s: float, end_s: float) -> float:
        """Hours with use that the own rate let expect during this silence."""
        first = self._clock.hour(since_s)
        last = self._clock.hour(end_s)
        return expected_uses(state.rate, first, min(last, first + 96))


def expected_uses(rate: Sequence[float], first: int, last: int) -> float:
    """Hours with use that the rate of each hour of the day lets expect, after hour `first` up to `last`."""
    return sum(rate[hour % 24] for hour in range(first + 1, last + 1))
