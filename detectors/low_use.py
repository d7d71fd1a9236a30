"""No water drawn for longer than this household's own habit allows."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from math import floor, inf, isinf, isnan
from operator import add

from detectors import drip, record, schedule, ticks
from detectors.bedtime import before_bed_h
from detectors.habit import (
    BEGINS,
    EQUAL_HOURS,
    HOURS,
    LADDER,
    PARTS,
    Before,
    Population,
    before,
    own_record_alone,
)
from detectors.localtime import LocalClock
from detectors.low_use_finding import SENSORS_HOLD_S, finding
from detectors.low_use_state import LONGEST_DAYS, RATE_STEPS, LowUseState
from detectors.parts import Part
from detectors.planner import Planner
from detectors.population import POPULATION
from domain.finding import CLEAR, AlertKind, CannotTell, Finding, Level, Reason, Verdict
from domain.interval import Interval

PLAN_FROM_H = 4  # shorter silences need no plan: nobody is asked sooner
SLACK_H = 0.15  # an hourly meter's hour wanders by minutes
RATE_DAYS = 30.0
PRIOR_DAYS = 30.0  # weight of other households' false alerts against the own
ASK_PRIOR_DAYS = 100.0  # to be asked once more costs little: asks are spread by need more than by home
ASKED_BEFORE_H = 1  # the resident has time to answer before anybody else is told
SPENT = 1.25  # kept to strictly, 0.42 of a budget of 0.5 was spent on homes not learned from
MORNING = 4  # use in the small hours is no getting up
PRESUMED_ABSENT_S = 48 * 3600.0
RESTLESS_HOURS = 20  # of 24 with motion or doors: people sleep; pets, curtains and faults needn't
COARSE_L = 5.0  # a register of larger steps stands still for a day though people draw water
COARSE_MORE = 3.0  # times the false alerts that the same steps of the ladder raise at a litre
TOO_COARSE_L = 50.0  # and of these no hour tells anything
NEVER_H = 255
NET_BEYOND = 1.5  # times the longest silence in 28 days, where the register tells no hour
NET_AFTER_H = 1.0  # than the longest silence in 28 days, where its hours would tell too much
NET_COARSE_H = 24.0  # but no sooner
NET_UNTIL_KNOWN_H = 72.0
_BITS = (1 << 64) - 1
_DAY_BITS = (1 << 24) - 1
EIGHTHS = 8  # of an alert that would have been raised
_LATE = CannotTell(Reason(key="late"))
_ANSWERED = CannotTell(Reason(key="answered"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LowUseParameters:
    """How patient to be: `budget` and `ask_budget` are false alerts and asks a household and 30 days.

    `net`: so much silence always alerts. `asks_only`: so long a new household is only asked. `without`: parts left out,
    to see what each brings.
    """

    budget: float = 0.5
    ask_budget: float = 0.9  # of which 1.8 go out to simulated people who live alone (seeds A)
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
        self._heeds_timers, self._heeds_ticks = Part.SCHEDULE not in without, Part.TICKS not in without
        self._plans, self._calibrated = Part.PLAN not in without, Part.CALIBRATION not in without
        self._net_s = inf if Part.NET in without else parameters.net.total_seconds()
        self._coarse_net_s = min(3600.0 * NET_COARSE_H, self._net_s) if self._net_s < inf else inf
        self._first_still_s = min(3600.0 * (PLAN_FROM_H - SLACK_H), self._net_s)
        self._asks_only_s = parameters.asks_only.total_seconds()
        self._others_back = {
            (days, coarse): _eighths_back(days * (COARSE_MORE if coarse else 1.0), parameters.population)
            for days in (PRIOR_DAYS, ASK_PRIOR_DAYS)
            for coarse in (False, True)
        }
        learned = parameters.population
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
            self._begin_anew(state, begin_s)
        if state.absences and self._absent(state, end_s):
            return self._while_absent(state, interval, end_s)
        volume = interval.volume
        if interval.gap or isnan(volume):
            return self._across_gap(state, interval, begin_s, end_s)
        if hour != state.hour:
            self.turn_hours(state, (hour,))
        used = alone = False
        if volume or state.schedule.held_l:
            used, alone = self._used(state, volume, begin_s, end_s, hour)
        if self.heeds_drips:
            drip.follow(state.drip, end_s, volume, hour // 24)
        if state.silent_s < PRESUMED_ABSENT_S:
            state.known_s += end_s - begin_s
        if used:
            self._learn(state, end_s, hour)
            if not alone:
                self._begin_anew(state, end_s)
                state.last_use_s = end_s
                return (
                    CLEAR if ticks.row_s(state.ticks) < self._net_s else self.silent(state, end_s, late=interval.late)
                )
            self._restart(state, end_s)
        else:
            state.silent_s += end_s - begin_s
        state.dry_s += end_s - begin_s
        return self.silent(state, end_s, late=interval.late)

    def still_for_s(self, state: LowUseState) -> float:
        """For how much longer silence alone changes nothing that could be said."""
        if not state.dry_s:
            return self._first_still_s
        ask_s = 3600.0 * ((min(state.ask_h, state.alert_h) if state.plan else PLAN_FROM_H) - SLACK_H)
        net_s = self._net_s
        if is_coarse(state):  # it may be nearer tomorrow, but no nearer
            net_s = self._coarse_net_s - 3600.0 * ASKED_BEFORE_H
        dry_s = min(net_s, SENSORS_HOLD_S) if is_held_back(state) else net_s
        return min(min(ask_s, PRESUMED_ABSENT_S) - state.silent_s, dry_s - state.dry_s)

    def presence(self, state: LowUseState, at_s: float) -> bool:
        """A sensor says that somebody is there: the habit's clock begins anew, and nothing is learned about the water.

        Not the net's: a cat or a curtain moves sensors, too. And not where a sensor never rests, or a day has gone
        by without water. True where it is believed.
        """
        hours = int(at_s // 3600) - int(state.sign_s // 3600)
        bits = state.signs << hours | 1 if 0 <= hours < 24 else state.signs | 1 << -hours if -24 < hours < 0 else 1
        state.signs, state.sign_s = bits & _DAY_BITS, max(at_s, state.sign_s)
        quiet_s = max(state.dry_s, ticks.row_s(state.ticks))
        believed = state.signs.bit_count() < RESTLESS_HOURS and quiet_s < SENSORS_HOLD_S
        if believed and at_s > state.silent_from_s:
            self._restart(state, at_s)
        return believed

    def seen(self, state: LowUseState, at_s: float) -> None:
        """A person was surely seen or spoken to: both clocks begin anew."""
        if at_s > state.dry_from_s:
            self._start_over(state, at_s)
            state.told_s = at_s

    def absent(self, state: LowUseState, begins_s: float, ends_s: float) -> None:
        """Nobody is there from, until; expires by itself."""
        state.absences.append((begins_s, ends_s))

    def false_alarm(self, state: LowUseState) -> None:
        """Staff found all well: what they were told counts once more on the record, at every step as patient as now.

        So this household is told of later, whether its silence goes on or is over. How much later is bounded: no plan
        waits longer than 23 hours, nor the safety net at all.
        """
        step = self._step(state, self._own(state), self._p.budget, PRIOR_DAYS)
        self._would_have_raised(state, min(step, len(LADDER) - 1) + 1)

    def only_the_net(self, state: LowUseState) -> bool:
        """Whether no plan keeps to the budget behind this coarse register."""
        own = self._own(state)
        return is_coarse(state) and self._step(state, own, self._p.budget, PRIOR_DAYS) == len(LADDER)

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
        """The clock stands at zero and nothing is learned; use is noted, for it is news."""
        drip.interrupt(state.drip)
        self._start_over(state, end_s)
        hours = interval.length.total_seconds() / 3600.0
        threshold_l = drip.use_threshold_l(state.drip, hours, min(state.step_l, 10.0))
        drawn_l = interval.volume if interval.known and interval.volume >= threshold_l else 0.0
        if self._people_l(state, self._clock.hour(end_s - 1.0), drawn_l):
            state.last_use_s = end_s
        return CLEAR

    def _across_gap(self, state: LowUseState, interval: Interval, begin_s: float, end_s: float) -> Verdict:
        """Water that ran somewhere in a gap restarts the clock at its end; a register that stood still is knowledge.

        Then nobody drew water all the while, and the silence goes on, though no hour's rate is learned from it. A litre
        by itself is a drip's here, too.
        """
        schedule.interrupt(state.schedule)
        if not interval.known or not self._heeds_still_registers:
            drip.interrupt(state.drip)
            if interval.gap:
                self._start_over(state, end_s)
            else:
                self._restart(state, end_s)  # one odd reading a day must not hold back the net
            return CLEAR
        hours = interval.length.total_seconds() / 3600.0
        threshold_l = drip.use_threshold_l(state.drip, hours, min(state.step_l, 10.0))
        drip.follow(state.drip, end_s, interval.volume, self._clock.hour(end_s - 1.0) // 24)
        if interval.volume < threshold_l:
            state.silent_s += hours * 3600.0
        elif self._is_lone(state, begin_s, interval.volume):
            ticks.follow(state.ticks, begin_s, end_s, interval.volume, state.step_l)
            self._restart(state, end_s)
        else:
            self._start_over(state, end_s)
            return CLEAR
        state.dry_s += hours * 3600.0
        return self.silent(state, end_s, late=interval.late)

    def _used(self, state: LowUseState, volume: float, begin_s: float, end_s: float, hour: int) -> tuple[bool, bool]:
        """Whether people drew water, and whether only as much as comes of itself; keeps the register's step.

        What is held back for a timer's is none of what comes of itself until it is told, and then only a litre is.
        """
        if volume and state.step_l > drip.LEAST_STEP_L:
            state.step_l = drip.finer_step_l(state.step_l, volume)
        threshold_l = drip.use_threshold_l(state.drip, (end_s - begin_s) / 3600.0, state.step_l)
        drawn_l = volume if volume >= threshold_l else 0.0
        told_l = self._people_l(state, hour, drawn_l)
        ran_l = volume if told_l == drawn_l else told_l
        if ran_l < drip.LEAST_STEP_L or is_coarse(state) or not self._heeds_ticks:
            return told_l > 0.0, False
        alone = ticks.is_lone(state.ticks, begin_s, ran_l)
        if alone or told_l == drawn_l:
            ticks.follow(state.ticks, begin_s, end_s, ran_l, state.step_l)
        else:
            ticks.interrupt(state.ticks)  # when it ran isn't known any more
        return told_l > 0.0, alone

    def _people_l(self, state: LowUseState, hour: int, drawn_l: float) -> float:
        """What of it, and of what was held back before, is not a timer's [L]. Coarse registers hide every timer."""
        if not self._heeds_timers or is_coarse(state) or not (drawn_l or state.schedule.held_l):
            return drawn_l
        return schedule.people_l(state.schedule, hour, drawn_l, state.step_l)

    def _is_lone(self, state: LowUseState, begin_s: float, volume: float) -> bool:
        """See `detectors.ticks`. A coarse register tells of no such litre."""
        return self._heeds_ticks and ticks.is_lone(state.ticks, begin_s, volume) and not is_coarse(state)

    def turn_hours(self, state: LowUseState, hours: Sequence[int]) -> None:
        """Each hour that is over joins the own rate and the bits; at midnight the longest silences move on.

        `hours`: those that begin, one after the other.
        """
        last, used, rate, first_day = state.hour, state.hour_used, state.rate, state.first_s / 86400.0
        state.used = (state.used | used) << min(max(hours[-1] - last, 0), 64) & _BITS
        for hour in hours:
            if last:
                place, days = last % 24, hour / 24.0 - first_day + 5.0
                step = 1.0 / days if 0.0 < days < RATE_DAYS else 1.0 / RATE_DAYS
                share = rate[place]
                rate[place] = floor((share + step * (used - share)) * RATE_STEPS + 0.5) / RATE_STEPS
            if hour // 24 != last // 24:
                self._turn_day(state, last, hour)
            last, used = hour, False
        state.hour, state.hour_used = last, used

    def _turn_day(self, state: LowUseState, last: int, hour: int) -> None:
        state.longest = state.longest[1:] + b"\0"
        period = hour // (24 * record.FADE_DAYS)
        if period == last // (24 * record.FADE_DAYS):
            return
        state.silences = record.fade(state.silences, period)
        state.would_raise = record.fade(state.would_raise, period)
        state.known_s = record.faded(state.known_s)

    def _start_over(self, state: LowUseState, at_s: float) -> None:
        """Both clocks, and what draws there were do not count for what comes of itself."""
        ticks.interrupt(state.ticks)
        self._begin_anew(state, at_s)

    def _begin_anew(self, state: LowUseState, at_s: float) -> None:
        """Both clocks."""
        self._restart(state, at_s)
        state.dry_from_s, state.dry_s, state.told_s = at_s, 0.0, 0.0

    def _restart(self, state: LowUseState, at_s: float) -> None:
        """The habit's clock."""
        state.silent_from_s, state.silent_s, state.plan = at_s, 0.0, b""

    def _learn(self, state: LowUseState, end_s: float, hour: int) -> None:
        """Use: it ends the silence, and makes the hour one with use, perhaps the morning's first."""
        state.hour_used = True
        if hour % 24 >= MORNING and self._clock.hour(state.up_s - 1.0) // 24 != hour // 24:
            state.up_s = end_s
        begun = self._clock.hour(state.silent_from_s)
        if begun != hour or state.silent_s >= 3600.0:  # a second use within the hour begins no other silence
            self._learn_silence(state, begun, state.silent_s / 3600.0)

    def _learn_silence(self, state: LowUseState, begun: int, hours: float) -> None:
        """How long it was, and which steps of the ladder would have raised a false alert."""
        lasted = min(int(hours + SLACK_H), HOURS)
        cell = begun % 24 * BEGINS // 24 * (HOURS + 1) + lasted
        state.silences[cell] = min(state.silences[cell] + PARTS[lasted], record.MOST)
        state.longest[-1] = max(state.longest[-1], min(int(hours * 2.0), 255))
        if state.plan and hours <= HOURS and (steps := bisect_right(state.plan, hours + SLACK_H)):
            self._would_have_raised(state, steps)

    def _would_have_raised(self, state: LowUseState, steps: int) -> None:
        state.would_raise[steps] = min(state.would_raise[steps] + EIGHTHS, record.MOST)

    def _plan(self, state: LowUseState) -> None:
        """Fixed once the silence has begun: nothing is learned while nothing flows."""
        if self._plans:
            scores = self._planner.scores(state.silences, state.rate, self._before(state))
            state.plan = self._planner.alarm_hours(scores)
        else:
            state.plan = bytes(EQUAL_HOURS)
        own = self._own(state)
        alert_h = self._alarm_h(state, self._step(state, own, self._p.budget, PRIOR_DAYS))
        state.alert_h = max(alert_h, PLAN_FROM_H + ASKED_BEFORE_H)
        asked_h = self._alarm_h(state, self._step(state, own, self._p.ask_budget, ASK_PRIOR_DAYS))
        asked_h = min(asked_h, state.alert_h - ASKED_BEFORE_H)
        begun = self._clock.hour(state.silent_from_s)
        state.ask_h = before_bed_h(begun, asked_h, state.alert_h)

    def _alarm_h(self, state: LowUseState, step: int) -> int:
        """Never, where no step keeps to the budget and the register's steps are to blame."""
        if step == len(state.plan):
            return NEVER_H if is_coarse(state) else state.plan[-1]
        return state.plan[step]

    def _net_of(self, state: LowUseState) -> float:
        """Where the register is too coarse for a plan, the net goes by the longest silences that are usual here."""
        if not self._by_longest(state):
            return self._net_s
        longest_s = max(state.longest) * 1800.0
        young = state.hour - int(state.first_s) // 3600 < LONGEST_DAYS * 24
        least_s, usual_s = self._coarse_net_s, longest_s + 3600.0 * NET_AFTER_H
        if not state.plan or state.step_l >= TOO_COARSE_L:
            least_s, usual_s = self._net_s, NET_BEYOND * longest_s
        return max(least_s, usual_s, 3600.0 * NET_UNTIL_KNOWN_H * young)

    def _is_net_near(self, state: LowUseState) -> bool:
        """Where it is all there is, the resident is asked before it."""
        return state.dry_s >= self._net_of(state) - 3600.0 * ASKED_BEFORE_H * self._by_longest(state)

    def _by_longest(self, state: LowUseState) -> bool:
        return is_coarse(state) and (not state.plan or state.alert_h == NEVER_H)

    def _before(self, state: LowUseState) -> Before:
        begun = self._clock.hour(state.silent_from_s)
        used = (state.used | state.hour_used) >> max(state.hour - begun, 0)
        return before(begun % 24, used, state.rate)

    def _own(self, state: LowUseState) -> list[float]:
        """Eighths of false alerts on the own record, at each step from the most patient to the least."""
        if not self._calibrated:
            return [0.0] * len(LADDER)
        would_raise: list[float] = list(state.would_raise[:0:-1])
        if is_coarse(state):
            as_long = sum(state.silences[HOURS :: HOURS + 1]) / PARTS[HOURS]  # the register's doing, not absences
            would_raise[0] += EIGHTHS * as_long
        return list(accumulate(would_raise))

    def _step(self, state: LowUseState, own: list[float], budget: float, prior_days: float) -> int:
        """The least patient step within the budget [false alerts in 30 days], counting so many days of others."""
        if TOO_COARSE_L <= state.step_l < inf:
            return len(LADDER)
        spent = list(map(add, own, self._others_back[prior_days, is_coarse(state)]))
        days = state.known_s / 86400.0 * self._calibrated
        return len(spent) - bisect_right(spent, EIGHTHS * (SPENT * budget / 30.0 * (days + prior_days)))

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
        by_net = state.dry_s >= self._net_of(state) or ticks.row_s(state.ticks) >= self._net_s
        if by_net or (planned and experienced and hours >= state.alert_h):
            return Level.ALERT
        held = is_held_back(state) and state.dry_s >= SENSORS_HOLD_S
        asked = held or self._is_net_near(state) or (planned and hours >= state.ask_h)
        return Level.ASK if asked else None

    def _finding(self, state: LowUseState, end_s: float, level: Level) -> Finding:
        row = ticks.row_s(state.ticks) >= self._net_s and state.ticks.from_s < state.dry_from_s
        since_s = state.ticks.from_s if row else state.dry_from_s
        return finding(
            level=level,
            at_s=end_s,
            since_s=since_s,
            silent_s=end_s - since_s if row else state.dry_s,
            last_use_s=since_s if row else state.last_use_s,
            expected_uses=self._expected(state, since_s, end_s),
            longest=max(state.longest),
            by_net=self._is_net_near(state),
            coarse_l=state.step_l if self._by_longest(state) else 0.0,
            timers=schedule.timers(state.schedule),
            never_moved=isinf(state.step_l),
            sign_s=state.sign_s if state.sign_s > since_s else 0.0,
            row_l=state.ticks.litres if row else 0.0,
            every_s=state.ticks.every_s,
        )

    def _expected(self, state: LowUseState, since_s: float, end_s: float) -> float:
        """Hours with use that the own rate let expect during this silence."""
        first = self._clock.hour(since_s)
        last = self._clock.hour(end_s)
        return sum(state.rate[hour % 24] for hour in range(first + 1, min(last, first + 96) + 1))


def is_held_back(state: LowUseState) -> bool:
    """Whether what was heard last began the habit's clock anew and not the net's: a litre by itself, or a sensor."""
    return state.silent_s < state.dry_s


def _eighths_back(days: float, population: Population) -> list[float]:
    """Of other households' false alerts in so many days, from the most patient step to the least."""
    eighths: list[float] = (EIGHTHS * (days * population.false_alerts))[::-1].tolist()
    return eighths


def is_coarse(state: LowUseState) -> bool:
    """Whether the register moves in such steps that it may stand still for a day of ordinary use."""
    return COARSE_L < state.step_l < inf
