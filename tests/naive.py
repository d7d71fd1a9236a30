"""The detectors' arithmetic once more, slowly and obviously."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise
from math import cos, exp, floor, inf, isnan, log, pi, sin, sqrt
from zoneinfo import ZoneInfo

from detectors import schedule
from detectors.constant_flow_rules import OFTEN, SCALES
from detectors.habit import BEGINS, LADDER, PARTS, Before, Population, before
from detectors.packing import short, sixteenths
from domain.interval import Interval
from domain.register import Case, RegisterState, advance
from tests.naive_notices import ChangeInUse, NoData


def logit(share: float) -> float:
    share = min(max(share, 1e-4), 1.0 - 1e-4)
    return log(share / (1.0 - share))


def near(bin_a: int, bin_b: int) -> float:
    """How much silences begun in one two-hour bin tell of those begun in another."""
    apart = min((bin_a - bin_b) % BEGINS, (bin_b - bin_a) % BEGINS) * 24.0 / BEGINS
    return exp(-0.5 * (apart / 1.7) ** 2)


def hazard(silences: list[list[float]], rate: list[float], past: Before, population: Population) -> list[float]:
    """P(use in the hour after l silent ones), l = 0..23, term by term in the order of the weights."""
    place = past.begun * BEGINS // 24
    lasted = [
        sum(near(place, b) * silences[b][longer] / PARTS[longer] for b in range(BEGINS) for longer in range(length, 25))
        + 10.0 * float(population.survival[place, length])
        for length in range(25)
    ]
    level = logit(sum(rate) / 24.0)
    chances = []
    for length in range(24):
        now = (past.begun + length + 1) % 24
        own = logit(1.0 - lasted[length + 1] / lasted[length])
        at_now, soon = logit(rate[now]), logit(rate[(now + 1) % 24])
        terms = [length / 10.0, max(0.0, length - 8.0) / 10.0]
        for turns in (1, 2):
            turn = 2.0 * pi * turns / 24.0
            terms += [sin(turn * now), cos(turn * now), sin(turn * past.begun), cos(turn * past.begun)]
        terms += [own, at_now, soon, *past.terms, level]
        scaled = length / 10.0
        terms += [past.terms[2] * scaled, past.terms[0] * scaled, own * scaled, at_now * scaled, level * scaled]
        score = population.intercept + sum(w * t for w, t in zip(population.weights.tolist(), terms, strict=True))
        chances.append(1.0 / (1.0 + exp(-score)))
    return chances


def price(late_h: float, step: int) -> float:
    """Of so much delay."""
    steeper = min(max((step - 15) / 5, 0.0), 1.0)
    return (1.0 - steeper) * late_h * sqrt(late_h) + steeper * late_h**3 / 70.0


def alarm_cost(chances: list[float], step: int, alarm_h: int) -> float:
    """What it costs to tell somebody after so many hours: false alerts, and collapses found late."""
    lasting = [1.0]
    for chance in chances:
        lasting.append(lasting[-1] * (1.0 - chance))
    late = 0.0
    for hour in range(9):
        at_home = lasting[hour] - lasting[hour + 9]
        late += at_home * price(max(alarm_h - (hour + 0.5), 0.0), step)
    return float(LADDER[step]) * (lasting[alarm_h] - lasting[24]) + late


def alarm_costs(chances: list[float], step: int) -> dict[int, float]:
    return {alarm_h: alarm_cost(chances, step, alarm_h) for alarm_h in range(4, 24)}


def least_flow(flows_lph: list[float], hours: int) -> float:
    """The least of the last hourly flows; 0 where there are fewer."""
    return min(flows_lph[-hours:]) if len(flows_lph) >= hours else 0.0


class LowUse:
    """`detectors.low_use`, with nothing summed up: all that ever happened is kept, and looked through at each plan."""

    def __init__(
        self,
        zone: ZoneInfo,
        population: Population,
        budget: float,
        ask_budget: float,
        absences: Iterable[tuple[float, float]] = (),
    ) -> None:
        self.absences, self.past_s = list(absences), 0.0
        self.zone, self.population, self.budgets = zone, population, (budget, ask_budget)
        self.first_s = self.silent_from_s = self.silent_s = self.dry_from_s = self.dry_s = 0.0
        self.traces_from_s = self.last_use_s = 0.0
        self.step_l = inf
        self.hours: list[list[int]] = []  # [local hour, used] of each hour heard of
        self.known_days: list[float] = []  # how long the household was known at the beginning of each
        self.journal: list[tuple[str, int, int]] = []  # what the own record is made of
        self.samples: list[tuple[float, int]] = []  # since the register's thread was lost
        self.least: list[tuple[int, str, float]] = []  # (local day, "3h" or "6h", least flow)
        self.drip_day, self.drip_step_l = 0, inf  # the step as the day began
        self.plan: list[int] = []
        self.told_h: list[int] = []  # after how many hours others are told, and the resident is asked
        self.scores: list[list[float]] = []
        self.timers = schedule.ScheduleState()
        self.draws: list[tuple[float, float, float, float]] = []  # begin, end of the first interval, of the last [s]; L
        self.ended: list[tuple[int, float]] = []  # silences that ended by use: on which local day, how long [h]

    def verdict(self, interval: Interval) -> str:
        """ask, alert, or nothing; away, where nobody should be there and nobody drew water."""
        begin_s, end_s = interval.start_at.timestamp(), interval.end_at.timestamp()
        if not self.first_s:
            self.first_s = self.silent_from_s = self.dry_from_s = self.traces_from_s = begin_s
        self.past_s = max(self.past_s, end_s)
        if any(from_s <= end_s < until_s for from_s, until_s in self.absences):
            return self.while_absent(begin_s, end_s, interval.volume)
        if interval.gap:
            self.first_s += 86400.0 * floor((end_s - begin_s) / 86400.0)
        if isnan(interval.volume):
            self.samples.clear()
            schedule.interrupt(self.timers)
            if interval.gap:
                self.begins_anew(end_s)
                self.thread_is_lost()
            else:
                self.restarts(end_s)
            return ""
        across = self.across_gap if interval.gap else self.drawn
        never_moved = self.step_l == inf
        use = across(begin_s, end_s, interval.volume)
        if use in {"people", "a trace"}:
            traces_from_s = self.traces_from_s
            self.begins_anew(end_s)
            self.last_use_s = self.last_use_s if interval.gap else end_s
            if use == "a trace":
                self.traces_from_s = traces_from_s
            return self.level(end_s) if self.row_s() >= 36 * 3600.0 or self.only_traces() else ""
        lasted_s = 0.0 if interval.gap and never_moved else end_s - begin_s
        self.dry_s += lasted_s
        if use == "lone":
            self.restarts(end_s)
        else:
            self.silent_s += lasted_s
        return self.level(end_s)

    def while_absent(self, begin_s: float, end_s: float, volume: float) -> str:
        """Nothing is learned, and every clock stands at nought."""
        self.first_s += end_s - begin_s
        self.samples.clear()
        self.begins_anew(end_s)
        self.thread_is_lost()
        drawn_l = 0.0 if isnan(volume) else self.drawn_l(begin_s, end_s, volume, min(self.step_l, 10.0))
        if not self.is_coarse():
            drawn_l = schedule.people_l(self.timers, self.local_hour(end_s - 1.0), drawn_l, self.step_l)
        if not drawn_l or self.whose(begin_s, end_s, drawn_l) == "a trace":
            return "away"
        self.last_use_s = end_s
        return ""

    def left_s(self, at_s: float) -> float | None:
        """Since when the household is announced to be empty, of the absences that are not over."""
        running = [from_s for from_s, until_s in self.absences if until_s > self.past_s and from_s <= at_s < until_s]
        return min(running, default=None)

    def across_gap(self, begin_s: float, end_s: float, volume: float) -> str:
        """Whether people drew water, or no more than a trace, or a litre came by itself, or none of these."""
        drawn_l = self.drawn_l(begin_s, end_s, volume, min(self.step_l, 10.0))
        schedule.interrupt(self.timers)
        self.sample(end_s, volume)
        if not drawn_l:
            return ""
        if self.is_lone(begin_s, volume):
            self.keep_draw(begin_s, end_s, volume)
            return "lone"
        self.thread_is_lost()
        return self.whose(begin_s, end_s, volume)

    def drawn(self, begin_s: float, end_s: float, volume: float) -> str:
        """As `across_gap`, and learns from it."""
        self.hear_of(self.local_hour(end_s - 1.0))
        step_l, self.step_l = self.step_l, common_step_l(self.step_l, volume)
        if 5.0 < step_l < inf and step_l != self.step_l:
            self.thread_is_lost()
        drawn_l = self.drawn_l(begin_s, end_s, volume, self.step_l)
        told_l = drawn_l
        if not self.is_coarse():
            told_l = schedule.people_l(self.timers, self.hours[-1][0], drawn_l, self.step_l)
        lone = self.is_lone(begin_s, volume if told_l == drawn_l else told_l)
        if told_l == drawn_l:
            self.keep_draw(begin_s, end_s, volume)
        elif lone:
            self.keep_draw(begin_s, end_s, told_l)  # a drip's litre in a timer's hour
        elif told_l:
            self.thread_is_lost()  # people's water was held back for a timer's, and is in no draw
        self.sample(end_s, volume)
        if self.silent_s < 48 * 3600.0:
            self.journal.append(("known", int(end_s - begin_s), 0))
        if not told_l:
            return ""
        self.hours[-1][1] = 1
        self.silence_ends()
        return "lone" if lone else self.whose(begin_s, end_s, told_l)

    def whose(self, begin_s: float, end_s: float, litres: float) -> str:
        """People's, or no more than a slow drip gives: single litres, and 0.3 L/h of a reading over hours."""
        hours = min((end_s - begin_s) / 3600.0, 24.0)
        return "a trace" if litres <= 1.01 + 0.3 * hours and not self.is_coarse() else "people"

    def only_traces(self) -> bool:
        return self.dry_from_s - self.traces_from_s >= 36 * 3600.0

    def level(self, end_s: float) -> str:
        planned = self.silent_s >= (4.0 - 0.15) * 3600.0
        if planned and not self.plan:
            self.make_plan()
        alert_h, asked_h = self.at_night(*self.told_h) if planned else (inf, inf)
        hours = self.silent_s / 3600.0 + 0.15
        old = end_s - self.first_s >= 14 * 86400.0
        by_net = self.dry_s >= self.net_s() or self.row_s() >= 36 * 3600.0
        if by_net or (old and hours >= alert_h):
            return "alert"
        held = self.dry_s >= 24 * 3600.0 and self.silent_s < self.dry_s
        near = self.only_traces() or (self.by_longest() and self.dry_s >= self.net_s() - 3600.0)
        return "ask" if held or near or hours >= asked_h else ""

    def at_night(self, alert_h: int, asked_h: int) -> tuple[int, int]:
        """Where others would be told before the morning: asked in the last hour before the night, or told later."""
        begun, night = self.local_hour(self.silent_from_s), {22, 23, 0, 1, 2, 3, 4, 5, 6}
        if alert_h - asked_h > 9 or (begun + asked_h) % 24 not in night or (begun + alert_h) % 24 not in night:
            return alert_h, asked_h
        evening = max(hour for hour in range(-9, asked_h) if (begun + hour) % 24 == 21)
        if evening < 5:
            return alert_h + 3, asked_h
        often = any(self.planned_rate[(begun + hour) % 24] > 0.85 for hour in range(evening, asked_h))
        return alert_h, asked_h if often else evening

    def begins_anew(self, at_s: float) -> None:
        self.restarts(at_s)
        self.dry_from_s = self.traces_from_s = at_s
        self.dry_s = 0.0

    def restarts(self, at_s: float) -> None:
        """The habit's clock alone."""
        self.silent_from_s, self.silent_s, self.plan = at_s, 0.0, []

    def since_s(self) -> float:
        """Since when what is told has been so."""
        if self.only_traces():
            return self.traces_from_s
        if self.row_s() < 36 * 3600.0:
            return self.dry_from_s
        return min(self.draws[-1][1] - self.row_s(), self.dry_from_s)

    def local_hour(self, at_s: float) -> int:
        wall = datetime.fromtimestamp(at_s, UTC).astimezone(self.zone).replace(tzinfo=UTC)
        return int(wall.timestamp() // 3600)

    def hear_of(self, hour: int) -> None:
        if not self.hours or hour != self.hours[-1][0]:
            if self.hours and hour // (24 * 16) != self.hours[-1][0] // (24 * 16):
                self.journal.append(("fade", hour // (24 * 16), 0))
            self.hours.append([hour, 0])
            self.known_days.append(hour / 24.0 - self.first_s / 86400.0)

    def silence_ends(self) -> None:
        hours, begun = self.silent_s / 3600.0, self.local_hour(self.silent_from_s)
        if hours < 1.0 and begun == self.hours[-1][0]:
            return
        self.ended.append((self.hours[-1][0] // 24, hours))
        self.journal.append(("silence", begun % 24 * BEGINS // 24, min(int(hours + 0.15), 24)))
        if self.plan and hours <= 24.0:
            told_h = [min(alarm_h + 1, 23) for alarm_h in self.plan]
            self.journal.append(("raised", sum(alarm_h <= hours + 0.15 for alarm_h in told_h), 0))

    def rate(self) -> list[float]:
        """Of use in each hour of the day: each hour that is over moves its own by a thirtieth, more while it's new."""
        rate = [19661 / 65536] * 24
        for (hour, used), days in zip(self.hours, self.known_days[1:], strict=False):
            step = max(1 / 30, 1 / (days + 5.0))
            moved = rate[hour % 24] + step * (used - rate[hour % 24])
            rate[hour % 24] = floor(moved * 65536 + 0.5) / 65536
        return rate

    def record(self) -> tuple[list[list[float]], list[int], float]:
        """Counts of silences by beginning and length, of alarms that would have been raised, and days known."""
        cells, known_s = [0] * (BEGINS * 25), 0
        raised = [0] * (len(LADDER) + 1)
        for what, first, second in self.journal:
            match what:
                case "fade":
                    cells = [cell * 201 + (place * 167 + first * 89) % 256 >> 8 for place, cell in enumerate(cells)]
                    raised = [count * 201 + (place * 167 + first * 89) % 256 >> 8 for place, count in enumerate(raised)]
                    known_s = floor(known_s * 201 / 256 + 0.5)
                case "silence":
                    place = first * 25 + second
                    cells[place] = min(cells[place] + PARTS[second], 255)
                case "raised":
                    raised[first] = min(raised[first] + 8, 255)
                case _:
                    known_s += first
        rows = [[float(cell) for cell in cells[b * 25 : b * 25 + 25]] for b in range(BEGINS)]
        return rows, raised, known_s / 86400.0

    def make_plan(self) -> None:
        silences, _, _ = self.record()
        begun, rate = self.local_hour(self.silent_from_s), self.rate()
        self.planned_rate = list(rate)
        used, now = 0, self.hours[-1][0] if self.hours else 0
        for (hour, was_used), (following, _) in pairwise([*self.hours, [now, 0]]):
            used = (used | was_used) << max(following - hour, 0) & (1 << 64) - 1
        past = before(begun % 24, used >> max(now - begun, 0), rate)
        chances = hazard(silences, rate, past, self.population)
        self.scores.append([logit_of(chance) for chance in chances])
        best = [min(costs, key=lambda hour: costs[hour]) for costs in all_costs(chances)]
        self.plan = [max(best[: step + 1]) for step in range(len(best))]
        steps = [self.step(budget) for budget in self.budgets]
        never = self.is_coarse()
        self.told_h = [255 if never and step == len(LADDER) else self.plan[min(step, 23)] for step in steps]
        alert_h, asked_h = self.told_h
        asked_h = min(asked_h, alert_h, 254 if alert_h == 255 else 22)
        self.told_h = [max(alert_h, asked_h + 1), asked_h]

    def step(self, budget: float) -> int:
        """The first that keeps to the budget, as all after it do: on the own record and some days of other homes'."""
        silences, raised, days = self.record()
        if self.is_coarse() and self.step_l >= 50.0:
            return len(LADDER)
        long = sum(row[24] for row in silences) / 4.0 if self.is_coarse() else 0.0
        allowed = 1.7 * budget / 30.0 * (days + 30.0 / budget)
        times = 3.0 if self.is_coarse() else 1.0
        spent = [
            long + sum(raised[step + 1 :]) / 8.0 + 30.0 / budget * (times * float(self.population.false_alerts[step]))
            for step in range(len(LADDER))
        ]
        over = [step for step, alerts in enumerate(spent) if alerts > allowed]
        return max(over, default=-1) + 1

    def is_coarse(self) -> bool:
        return 5.0 < self.step_l < inf

    def is_lone(self, begin_s: float, volume: float) -> bool:
        """A litre by itself: no sign of life for the net."""
        before_s = self.draws[-1][2] if self.draws else inf  # never known
        return 1.0 <= volume <= 1.01 and begin_s - before_s >= 21000.0 and not self.is_coarse()

    def keep_draw(self, begin_s: float, end_s: float, volume: float) -> None:
        if volume < 1.0 or self.step_l >= 50.0:
            return
        if self.draws and self.draws[-1][2] == begin_s:
            begin, first_s, _, litres = self.draws.pop()
            self.draws.append((begin, first_s, end_s, litres + volume))
        else:
            self.draws.append((begin_s, end_s, end_s, volume))

    def thread_is_lost(self) -> None:
        self.draws.clear()

    def row_s(self) -> float:
        """From the first to the last of the draws that took as much as each other, after the same time each."""
        row_s, following_s, tolerance_s = 0.0, None, 0.0
        coarse = self.is_coarse()
        for last, (draw, following) in enumerate(pairwise(self.draws[::-1])):
            begin_s, first_s, _, litres = draw
            spacing_s = first_s - following[1]
            slack_l = self.step_l / 2.0 if coarse else 1.5 * self.step_l + 0.15 * following[3]
            too_little = last > 0 and litres < following[3] - slack_l
            if spacing_s > (16 if coarse else 11) * 3600.0 or litres > following[3] + slack_l or too_little:
                break
            wobble_s = (0.1 if coarse else 0.2) * spacing_s + tolerance_s
            if following_s is not None and abs(following_s - spacing_s) > wobble_s:
                break
            row_s, following_s, tolerance_s = row_s + spacing_s, spacing_s, first_s - begin_s
        return row_s

    def by_longest(self) -> bool:
        return self.is_coarse() and not (self.plan and self.told_h[0] < 255)

    def net_s(self) -> float:
        """Where no plan keeps to the budget, by the longest silence that is usual here."""
        if not self.by_longest():
            return 36 * 3600.0
        now = self.hours[-1][0]
        days = sorted({hour // 24 for hour, _ in self.hours})[-28:]
        longest_h = max([hours for day, hours in self.ended if day in days], default=0.0)
        young = now - int(self.first_s) // 3600 < 28 * 24
        longest_h, until_known_h = min(floor(longest_h * 2.0) / 2.0, 127.5), 72.0 if young else 0.0
        if self.step_l >= 50.0:
            return 3600.0 * max(36.0, 1.5 * longest_h, until_known_h)
        return 3600.0 * (36.0 if young or not self.plan else min(max(24.0, longest_h + 1.0), 36.0))

    def drawn_l(self, begin_s: float, end_s: float, volume: float, step_l: float) -> float:
        """Nothing where it is no more than the drip, or water ran to the litre as evenly for the last six samples."""
        drip_lph, hours = self.drip_lph(), (end_s - begin_s) / 3600.0
        if volume < (step_l if drip_lph <= 0.05 else floor(drip_lph * hours) + 2.0 * step_l):
            return 0.0
        lately = [*self.samples, (end_s, (self.samples or [(0, 0)])[-1][1] + self.unsampled + round(volume * 1000.0))]
        (from_s, from_ml), ran_s = lately[-7:][0], end_s - lately[-7:][0][0]
        ran = lately[-1][1] - from_ml
        if len(lately) < 7 or ran < 4000 or step_l > 1.0:
            return volume
        off = [abs((total - from_ml) * ran_s - ran * (at_s - from_s)) for at_s, total in lately[-7:]]
        return 0.0 if max(off) <= 1000 * ran_s else volume

    def drip_lph(self) -> float:
        """The third largest of seven days' least 3-h flows, or the second least of their 6-h flows."""
        days_3h, days_6h = sorted(self.days_of("3h")), sorted(self.days_of("6h"))
        if len(days_3h) < 2:
            return 0.0
        there_3h = days_3h[::-1][min(2, len(days_3h) // 2)]
        there_6h = days_6h[1 if len(days_6h) == 7 else 0] if days_6h else 0.0
        step_l = self.drip_step_l
        if 5.0 < step_l < inf:
            return max(0.0, short(max(0.0, there_3h - step_l / 3.0)), short(max(0.0, there_6h - step_l / 6.0)))
        return max(there_3h, there_6h)

    def days_of(self, which: str) -> list[float]:
        """The last seven that tell such a flow; each that tells the longer one alone takes the oldest away."""
        flows: dict[int, list[float]] = {}
        for day, kind, lph in self.least:
            if day != self.drip_day:
                flows.setdefault(day, []).extend([lph] * (kind == which))
        least = list[float]()
        for of_day in flows.values():
            least = [*least, min(of_day)][-7:] if of_day else least[which == "3h" :]
        return least

    def sample(self, end_s: float, volume: float) -> None:
        day = self.local_hour(end_s - 1.0) // 24
        if day != self.drip_day:
            self.drip_day, self.drip_step_l = day, self.step_l
        total = (self.samples[-1][1] if self.samples else 0) + self.unsampled + round(volume * 1000.0)
        if self.samples and end_s - self.samples[-1][0] < 3300.0:
            self.unsampled = total - self.samples[-1][1]
            return
        self.unsampled = 0
        older = [(end_s - at_s, total - before_it) for at_s, before_it in self.samples[-8:]]
        for which, least_s, most_s in (("3h", 3 * 3600.0 - 400.0, 6 * 3600.0 - 400.0), ("6h", 6 * 3600.0 - 400.0, inf)):
            flows = [short(millilitres * 3.6 / age_s) for age_s, millilitres in older if least_s <= age_s < most_s]
            if flows:
                self.least.append((self.drip_day, which, flows[-1]))
        self.samples.append((end_s, total))

    unsampled = 0


def common_step_l(step_l: float, volume_l: float) -> float:
    """What divides all volumes so far, at least 1 L, where a hundredth of a litre is no difference."""
    if step_l == inf:
        return max(volume_l, 1.0) if volume_l > 0.01 else inf
    over = volume_l - floor(volume_l / step_l) * step_l
    return step_l if over <= 0.01 or over >= step_l - 0.01 else max(over, 1.0)


def logit_of(chance: float) -> float:
    return log(chance / (1.0 - chance))


def all_costs(chances: list[float]) -> list[dict[int, float]]:
    return [alarm_costs(chances, step) for step in range(len(LADDER))]


class ConstantFlow:
    """`detectors.constant_flow`, from all flows since the last gap, and all days gone by."""

    def __init__(self) -> None:
        self.first_s = self.days_missing = 0.0
        self.flows: list[tuple[float, float]] = []  # (begin [s], flow [L/h]) since the last gap
        self.held: list[tuple[float, float]] = []  # (begin [s], volume [L]) of less than twelve minutes in all
        self.days: list[dict[int, float]] = []  # what each day taught, by scale; the last is running
        self.parts: list[tuple[int, float]] = []  # (two hours since 1970, the most drawn at once in them)
        self.lengths: list[tuple[int, float]] = []  # (day, length [s]) of each reading with water
        self.running: tuple[int, float, float] | None = None  # grade, since [s], flow [L/h]

    def verdict(self, interval: Interval) -> tuple[str, float] | None:
        """(leak, tap or burst, since when [s]); none while all is clear; ("", 0) where it can't be told."""
        begin_s, end_s = interval.start_at.timestamp(), interval.end_at.timestamp()
        self.first_s = self.first_s or begin_s
        while len(self.days) <= int((end_s - self.first_s) // 86400.0):
            self.days.append({})
        if interval.gap or isnan(interval.volume):
            self.days_missing += interval.gap * ((end_s - begin_s) // 86400.0)
            self.flows.clear()
            self.held.clear()
            return "", 0.0
        self.held.append((begin_s, interval.volume))
        begin_s = self.held[0][0]
        if end_s - begin_s < 720.0:
            return "", 0.0
        flow_lph = sixteenths(sum(volume for _, volume in self.held) * 3600.0 / (end_s - begin_s))
        self.held.clear()
        self.flows.append((begin_s, flow_lph))
        if flow_lph < 1.0:
            self.running = None
            return None
        self.lengths.append((len(self.days), end_s - begin_s))
        if end_s - begin_s > max(7200.0, 2.5 * self.usual_length_s()):
            self.flows.clear()
            return "", 0.0
        over = self.over(end_s, flow_lph, end_s - begin_s)
        if over and 9 not in over and end_s - self.first_s < (7 + self.days_missing) * 86400.0:
            return "", 0.0
        if self.running and flow_lph < 0.5 * self.running[2]:
            self.running = None
        gravest = max(over, key=lambda scale: (grade(scale), scale), default=None)
        if gravest is not None and (self.running is None or grade(gravest) > grade(self.running[0])):
            self.running = (gravest, *self.steady_since(gravest, end_s))
        return None if self.running is None else (("leak", "tap", "burst")[grade(self.running[0])], self.running[1])

    def usual_length_s(self) -> float:
        """The shortest of today's readings with water, or of days gone by; it may double in a day."""
        usual_s = inf
        for day in sorted({day for day, _ in self.lengths}):
            shortest_s = min(length_s for its, length_s in self.lengths if its == day)
            usual_s = min(shortest_s, (2.0 if day < len(self.days) else 1.0) * usual_s)
        return usual_s

    def over(self, end_s: float, flow_lph: float, length_s: float) -> list[int]:
        """The scales on which the flow is over its limit, 9 for a burst, -1 for a steady run; each teaches the day."""
        record, over = self.record(), []
        often, hourly = length_s <= 1500.0, length_s > 2400.0
        if flow_lph >= max(1200.0, 2.0 * record[1]):
            over.append(9)
        if (often and self.are_two_over(end_s, flow_lph)) or (hourly and self.is_hour_over(end_s, flow_lph)):
            over.append(0)
        stretches = self.stretches(end_s)
        if self.is_steady_over(stretches):
            over.append(-1)
        for number, scale in enumerate(OFTEN if often else SCALES):
            _, steady = self.steady_since(number, end_s)
            limit = max(scale.least_lph, scale.beyond * record[number])
            taught = steady
            alone_s = next((row[2] for row in stretches if row[1] == steady), 0.0)
            told = number >= (1 if often else 2 if hourly else 0) and alone_s >= scale.alone_hours * 3600.0 - 360.0
            if told and steady >= limit:
                over.append(number)
                if scale.hours <= 3.0:
                    taught = min(steady, sixteenths(1.1 * limit / scale.beyond))
            self.days[-1][number] = max(self.days[-1].get(number, 0.0), taught)
        return over

    def are_two_over(self, end_s: float, flow_lph: float) -> bool:
        """Whether this and the reading before are more than usual in these two hours of the day."""
        before_lph = 0.0
        if len(self.flows) > 1 and self.flows[-1][0] - self.flows[-2][0] <= 1500.0 and self.flows[-2][1] >= 1.0:
            before_lph = self.flows[-2][1]
        drawn_lph = 0.75 * min(before_lph, flow_lph) + (1.0 - 0.75) * max(before_lph, flow_lph)
        holds = before_lph > 0.0 and flow_lph >= 0.9 * before_lph
        limit_lph = max(100.0, 1.5 * self.usual(end_s, 0.4))
        self.draw(end_s, (before_lph + flow_lph) / 2.0, limit_lph if holds and drawn_lph >= limit_lph else inf)
        return holds and drawn_lph >= limit_lph

    def is_hour_over(self, end_s: float, flow_lph: float) -> bool:
        limit_lph = max(200.0, 1.8 * self.usual(end_s, 0.6))
        self.draw(end_s, flow_lph, limit_lph if flow_lph >= limit_lph else inf)
        return flow_lph >= limit_lph

    def draw(self, end_s: float, drawn_lph: float, most_lph: float) -> None:
        """Learns what was drawn, but nothing above a limit that was told."""
        part = int(end_s // 7200)
        if not self.parts or self.parts[-1][0] != part:
            self.parts.append((part, 0.0))
        self.parts[-1] = part, max(self.parts[-1][1], floor(min(drawn_lph, most_lph) + 0.5))

    def usual(self, end_s: float, elsewhere: float) -> float:
        most, here = [0.0] * 12, int(end_s // 7200) % 12
        for part, largest in self.parts:
            if part != int(end_s // 7200):
                most[part % 12] = max(floor(0.995 * most[part % 12]), largest)
        return max(most[here - 1], most[here], most[(here + 1) % 12], elsewhere * max(most))

    def is_steady_over(self, stretches: list[list[float]]) -> bool:
        _, least = steady_run(stretches)
        self.days[-1][9] = max(self.days[-1].get(9, 0.0), least)
        return least >= max(5.0, 3.0 * self.record()[-1])

    def stretches(self, end_s: float) -> list[list[float]]:
        """Of each stretch whose least flow has not been undercut since: since when, that flow, for how long in all it
        ran alone [s], and the most of its readings then.
        """
        ends = [*(begin_s for begin_s, _ in self.flows[1:]), end_s]
        rows = list[list[float]]()
        for (begin_s, flow), reading_ends_s in zip(self.flows, ends, strict=True):
            length_s = reading_ends_s - begin_s
            undercut, rows = [row for row in rows if row[1] >= flow], [row for row in rows if row[1] < flow]
            since_s = undercut[0][0] if undercut else begin_s
            if flow == 0.0:
                rows = [[since_s, 0.0, 0.0, 0.0]]
                continue
            alike = [row for row in undercut if is_alone(flow, row[3], length_s)]
            alone_s, most = (length_s + alike[0][2], alike[0][3]) if alike else (length_s, flow)
            for row in rows:
                if is_alone(row[1], flow, length_s):
                    row[2:] = row[2] + length_s, max(row[3], flow)
            rows.append([since_s, flow, alone_s, most])
            if len(rows) > 1 and rows[1][0] <= begin_s - 48 * 3600.0:
                del rows[0]
        return rows

    def record(self) -> list[float]:
        record = [0.0] * (len(SCALES) + 1)
        for day in self.days[:-1]:
            record = [max(sixteenths(old * 0.98), day.get(number, 0.0)) for number, old in enumerate(record)]
        return record

    def steady_since(self, number: int, end_s: float) -> tuple[float, float]:
        """Since when, and how much at least, water has run without a pause for that long; a burst: this interval."""
        if number < 0:
            return steady_run(self.stretches(end_s))
        begins = [begin_s for begin_s, _ in self.flows]
        from_s = end_s - (SCALES[number].hours * 3600.0 - 360.0) if number < len(SCALES) else begins[-1]
        if begins[0] > from_s:
            return 0.0, 0.0
        last = max(place for place, begin_s in enumerate(begins) if begin_s <= from_s)
        steady = min(flow for _, flow in self.flows[last:])
        while last and self.flows[last - 1][1] >= steady:
            last -= 1
        return begins[last], steady


def is_alone(least: float, flow: float, length_s: float) -> bool:
    """Whether hardly anything was drawn on top of the least."""
    return flow <= 1.05 * least + 3600.0 / length_s


def steady_run(stretches: list[list[float]]) -> tuple[float, float]:
    """Since when, and how much at least, the newest stretch ran that ran alone for five hours."""
    return next(((since_s, least) for since_s, least, alone_s, _ in stretches[::-1] if alone_s >= 17640.0), (0.0, 0.0))


def grade(scale: int) -> int:
    if scale == len(SCALES):
        return 2
    return 1 if SCALES[scale].hours <= 3.0 else 0


def edges(
    readings: Iterable[tuple[float, float]], low_use: LowUse, flow: ConstantFlow, change: ChangeInUse, no_data: NoData
) -> list[tuple[datetime, str, str]]:
    """(when, which kind, what was raised or that it ended), as an unknown volume ends no silence that is told."""
    said, silence, since_s, water, register = [], "", 0.0, ("", 0.0), RegisterState()
    told_left_s: float | None = None  # since when it is told that somebody draws water there all the same
    for at_s, register_l in readings:
        at = datetime.fromtimestamp(at_s, UTC)
        said += no_data.due(at)
        interval, case = advance(register, at, register_l)
        usable = case is Case.FIRST if interval is None else not isnan(interval.volume)
        said += no_data.hear(at, case, usable=usable)
        if interval is None:
            continue
        if not (silence and not usable) and (level := low_use.verdict(interval)) != "away":
            takes_back = silence != "alert" or low_use.silent_s == low_use.dry_s  # a litre by itself does not
            if silence and ((not level and takes_back) or (level and low_use.since_s() != since_s)):
                said.append((at, "low_use", "ended"))
                silence = ""
            if level and silence not in {level, "alert"}:
                said.append((at, "low_use", level))
                silence, since_s = level, low_use.since_s()
        over, water = flow_edges(at, flow.verdict(interval), water)
        said += over
        if water[0] and at_s - water[1] >= 12 * 3600.0:
            change.forget_today()
        elif usable and low_use.left_s(interval.start_at.timestamp()) is None:
            said += change.hear(at, low_use.local_hour(at_s - 1.0), used=low_use.last_use_s == at_s)
        left_s = low_use.left_s(interval.start_at.timestamp())
        if left_s is not None and told_left_s is None and low_use.last_use_s != at_s:
            left_s = None
        if left_s != told_left_s:
            said += [(at, "use_while_absent", "ended")] if told_left_s is not None else []
            said += [(at, "use_while_absent", "alert")] if left_s is not None else []
        told_left_s = left_s
    return said


def flow_edges(
    at: datetime, runs: tuple[str, float] | None, before: tuple[str, float]
) -> tuple[list[tuple[datetime, str, str]], tuple[str, float]]:
    """What is said, and what runs from now on, since when; a flow with another beginning is another."""
    if runs is not None and not runs[0]:
        return [], before
    goes_on = runs is not None and before[0] and runs[1] == before[1]
    if goes_on:
        return [], before
    ended = [(at, "constant_flow", "ended")] if before[0] else []
    begun = [(at, "constant_flow", runs[0])] if runs is not None else []
    return ended + begun, runs or ("", 0.0)
