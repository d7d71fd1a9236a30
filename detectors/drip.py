"""The part of the flow that never stops; what runs beyond it is somebody's use."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import floor, inf
from operator import sub

from detectors.coarse import is_coarse
from detectors.packing import above_least, day_then, days_ago, of_least, short, take

DAYS = 7  # of both flows; fewer would take a busy home's regular use for a drip
DAYS_3H = 3  # of these the 3-h flow is there: with four, collapses hid behind new drips (the 27 hourly homes)
DAYS_NOT_6H = 1  # one day's fault in the readings or in the flow itself is let pass
DAYS_AT_LEAST = 2
SAMPLES = 8  # hourly samples that cover six hours with one to spare
APART_S = 3300.0  # a little less than an hour, for meters whose hour wanders
THREE_H, SIX_H = 3 * 3600.0 - 400.0, 6 * 3600.0 - 400.0
LEAST_LPH = 0.05  # below about a litre a day the meter's resolution hides a drip
LEAST_STEP_L = 1.0  # use is not told by less, however fine the register
STEP_ROUNDED_L = 0.01  # cubic metres turned into litres are a hair beside the step
PARTS_L = 1000.0  # litres are summed in whole millilitres
EVEN_SAMPLES = 6  # over which water runs on evenly: five hours and more
EVEN_ML, UNEVEN_ML = 4000, 1000  # so much of it at least; off a straight line by no more than a register of 1 L is


@dataclass(slots=True)
class DripState:
    """The last hours' register and the last days' least flows [L/h].

    `sampled_ml`: litres so far, in thousandths, at the times `sampled_s`; `least_3h` and `least_6h`: one value a day,
    oldest first.
    """

    day: int = 0
    lph: float = 0.0
    total: int = 0
    today_3h: float = inf
    today_6h: float = inf
    sampled_s: list[float] = field(default_factory=list)
    sampled_ml: list[int] = field(default_factory=list)
    least_3h: list[float] = field(default_factory=list)
    least_6h: list[float] = field(default_factory=list)

    def numbers(self, now_s: float) -> list[float]:
        """Each sample by what is between it and the next: how much ran in all matters to nothing."""
        times, totals = self.sampled_s, self.sampled_ml
        apart = above_least(list(map(sub, times[1:], times)))
        samples = [*apart, *[now_s - at_s for at_s in times[-1:]], *map(sub, [*totals[1:], self.total], totals)]
        sizes = (len(times), len(self.least_3h), len(self.least_6h))
        today = (self.today_3h, self.today_6h)
        return [days_ago(self.day, now_s), self.lph, *today, *sizes, *samples, *self.least_3h, *self.least_6h]

    @classmethod
    def of(cls, numbers: Iterator[float], now_s: float) -> "DripState":
        day, lph, today_3h, today_6h, count, three, six = take(numbers, 7)
        apart = of_least(take(numbers, max(int(count), 1)))
        apart += take(numbers, min(int(count), 1))
        ran = take(numbers, int(count))
        times, totals, at_s, total = list[float](), list[int](), now_s, 0
        for apart_s, more in zip(apart[::-1], ran[::-1], strict=True):
            at_s, total = at_s - apart_s, total - int(more)
            times.append(at_s)
            totals.append(total)
        return cls(
            day_then(day, now_s),
            lph,
            0,
            today_3h,
            today_6h,
            times[::-1],
            totals[::-1],
            take(numbers, int(three)),
            take(numbers, int(six)),
        )


def finer_step_l(step_l: float, volume_l: float) -> float:
    """The register's step as far as volumes tell: what divides them all, and no less than a litre.

    Not the least of them: where something drips from the first day on, no interval tells less than that.
    """
    rest = volume_l % step_l
    return max(rest, LEAST_STEP_L) if STEP_ROUNDED_L < rest < step_l - STEP_ROUNDED_L else step_l


def drawn_l(state: DripState, begin_s: float, end_s: float, volume_l: float, step_l: float) -> float:
    """The interval's volume, or nothing where it only dripped; `step_l`: the finest that the meter tells."""
    is_use = volume_l >= _use_threshold_l(state, (end_s - begin_s) / 3600.0, step_l)
    return volume_l if is_use and not (step_l <= LEAST_STEP_L and _runs_on(state, end_s, volume_l)) else 0.0


def _runs_on(state: DripState, end_s: float, volume_l: float) -> bool:
    """Whether water has run as evenly as nobody draws it: a drip that began too late for the days to tell."""
    if len(state.sampled_s) < EVEN_SAMPLES:
        return False
    from_s, from_ml = state.sampled_s[-EVEN_SAMPLES], state.sampled_ml[-EVEN_SAMPLES]
    ran, ran_s = state.total + round(volume_l * PARTS_L) - from_ml, end_s - from_s
    if ran < EVEN_ML:
        return False
    samples = zip(state.sampled_s[-EVEN_SAMPLES:], state.sampled_ml[-EVEN_SAMPLES:], strict=True)
    return all(abs((ml - from_ml) * ran_s - ran * (at_s - from_s)) <= UNEVEN_ML * ran_s for at_s, ml in samples)


def _use_threshold_l(state: DripState, hours: float, step_l: float) -> float:
    if state.lph <= LEAST_LPH:
        return step_l
    return floor(state.lph * hours) + 2.0 * step_l


def follow(state: DripState, end_s: float, volume_l: float, local_day: int, step_l: float) -> None:
    """Takes one known interval's volume; `step_l`: the finest that the meter tells."""
    if local_day != state.day:
        turn_day(state, local_day, step_l)
    if volume_l:
        state.total += round(volume_l * PARTS_L)
    if not state.sampled_s or end_s - state.sampled_s[-1] >= APART_S:
        sample(state, end_s)


def sample(state: DripState, end_s: float) -> float:
    """When the next is due: until then an interval without volume in the same day changes nothing."""
    if state.today_3h or state.today_6h:
        _judge_hours(state, end_s)
    state.sampled_s.append(end_s)
    state.sampled_ml.append(state.total)
    if len(state.sampled_s) > SAMPLES:
        del state.sampled_s[0], state.sampled_ml[0]
    return end_s + APART_S


def sample_s(state: DripState) -> float:
    """When the next sample is due."""
    return state.sampled_s[-1] + APART_S if state.sampled_s else 0.0


def _judge_hours(state: DripState, end_s: float) -> None:
    """The flow of the last three hours and of the last six: the day's least so far, which nought can't get below."""
    times = state.sampled_s
    place = bisect_right(times, end_s - THREE_H) - 1
    if place < 0:
        return
    length_s = end_s - times[place]
    if length_s < SIX_H and state.today_3h:
        state.today_3h = min(state.today_3h, _lph(state.total - state.sampled_ml[place], length_s))
    place = bisect_right(times, end_s - SIX_H, hi=place + 1) - 1
    if place >= 0:
        state.today_6h = min(state.today_6h, _lph(state.total - state.sampled_ml[place], end_s - times[place]))


def _lph(millilitres: int, seconds: float) -> float:
    return short(millilitres * (3600.0 / PARTS_L) / seconds)


def interrupt(state: DripState) -> None:
    """The register's thread is lost (gap, changed meter): flows are counted anew from here."""
    state.sampled_s.clear()
    state.sampled_ml.clear()
    state.total = 0


def turn_day(state: DripState, local_day: int, step_l: float) -> None:
    """Once a day the drip is judged anew, from whole days gone by.

    drip = max(third largest daily least 3-h flow, second least 6-h flow of seven days): regular use is none. Behind a
    coarse register each is believed less one step, as a single move may be of water that ran before. A meter that is
    read every six hours or more seldom tells of none: what was known of a drip before is forgotten, a day each day.
    """
    if state.today_3h < inf:
        state.least_3h = [*state.least_3h, state.today_3h][-DAYS:]
    elif state.today_6h < inf:  # read too seldom by now: a whole day's water passes for a flow of six hours
        state.least_3h = state.least_3h[1:]
    if state.today_6h < inf:
        state.least_6h = [*state.least_6h, state.today_6h][-DAYS:]
    state.day, state.today_3h, state.today_6h = local_day, inf, inf
    if len(state.least_3h) < DAYS_AT_LEAST:
        state.lph = 0.0
        return
    there_3h = sorted(state.least_3h, reverse=True)[min(DAYS_3H - 1, len(state.least_3h) // 2)]
    ordered = sorted(state.least_6h)
    there_6h = ordered[DAYS_NOT_6H if len(ordered) == DAYS else 0] if ordered else 0.0
    if is_coarse(step_l):
        there_3h, there_6h = short(max(there_3h - step_l / 3.0, 0.0)), short(max(there_6h - step_l / 6.0, 0.0))
    state.lph = max(there_3h, there_6h)
