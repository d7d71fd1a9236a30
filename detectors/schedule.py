"""Water that a timer draws: as much at the same hour, time after time, while nobody else is at a tap. No sign of life.

Irrigation, water softeners, baths that fill themselves. People are regular, too, so three things are asked at once:
litres (`slack_l`) and hour the same ten times; hardly ever less in that hour; and at least twice nothing else within
three hours before and after, and then no more either. Two neighbouring hours are judged together, as timers and meters
keep time differently.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import floor

from detectors.packing import hour_then, hours_ago, take

LEAST_L = 15.0  # a cistern's flush is as constant as any machine, and a person's
SEEN_ENOUGH, SEEN_MOST = 10, 20
MISS = 3  # less water in the hour tells more against a timer than the same again for it
DRY_H = 3  # before and after, for water to be alone
ALONE_ENOUGH = 2
ALONE_MOST = 3
_SEEN = 2  # bits of its byte stand below the count: those alone


@dataclass(slots=True)
class ScheduleState:
    """`now_l`, `before_l`: water in `hour` [h since 1970 by the wall clock], and in the one before it.

    `held_l`: what of it may be a timer's, and is not told as use yet; `done`: the hour before was a timer's. `run`: how
    many hours in a row had water; `rested`: none had for three hours before them. For each hour of the day, of water in
    it and the hour before: `litres`, as often as `seen`, and `alone`.
    """

    hour: int = 0
    now_l: float = 0.0
    before_l: float = 0.0
    held_l: float = 0.0
    done: bool = False
    run: int = 0
    rested: bool = False
    litres: list[float] = field(default_factory=lambda: [0.0] * 24)
    seen: bytearray = field(default_factory=lambda: bytearray(24))
    alone: bytearray = field(default_factory=lambda: bytearray(24))

    def numbers(self, now_s: float) -> list[float]:
        marks = self.done | self.rested << 1 | self.run << 2
        litres = [2.0 * litres for litres in self.litres]
        return [hours_ago(self.hour, now_s), self.now_l, self.before_l, self.held_l, marks, *litres]

    def counts(self) -> bytes:
        return bytes(seen << _SEEN | alone for seen, alone in zip(self.seen, self.alone, strict=True))

    @classmethod
    def of(cls, numbers: Iterator[float], counts: bytes, now_s: float) -> "ScheduleState":
        hour, now_l, before_l, held_l, marks = take(numbers, 5)
        state = cls(hour_then(hour, now_s), now_l, before_l, held_l)
        state.done, state.rested, state.run = bool(int(marks) & 1), bool(int(marks) & 2), int(marks) >> 2
        state.litres = [halves / 2.0 for halves in take(numbers, 24)]
        state.seen, state.alone = bytearray(b >> _SEEN for b in counts), bytearray(b & ALONE_MOST for b in counts)
        return state


def people_l(state: ScheduleState, hour: int, volume_l: float, step_l: float) -> float:
    """What people drew [L]: of this volume, and of what was held back before it until the timer's hours were over.

    `step_l`: the finest that the meter tells. A volume of 0 only asks whether something is still held back.
    """
    told_l = 0.0
    if volume_l and hour != state.hour:
        told_l = _turn(state, hour, step_l)
    elif state.held_l and hour != state.hour:
        return _settled(state, hour, step_l)
    if not volume_l:
        return told_l
    state.now_l += volume_l
    place, following = hour % 24, (hour + 1) % 24
    few = state.seen[place] < SEEN_ENOUGH and state.seen[following] < SEEN_ENOUGH
    if few or state.done or not (is_timer(state, place) or is_timer(state, following)):
        return told_l + volume_l
    state.held_l += volume_l
    if not _may_be(state, place, state.before_l + state.now_l, step_l) and not _may_be(
        state, following, state.now_l, step_l
    ):
        told_l += state.held_l
        state.held_l = 0.0
    return told_l


def is_timer(state: ScheduleState, place: int) -> bool:
    """Whether water in this hour of the day and the one before it is known to be a timer's."""
    return state.seen[place] >= SEEN_ENOUGH and state.alone[place] >= ALONE_ENOUGH


def timers(state: ScheduleState) -> list[int]:
    """The hours of the day in which timers draw, the first of each two."""
    known = [place for place in range(24) if is_timer(state, place)]
    return [place for place in known if (place - 1) % 24 not in known]


def interrupt(state: ScheduleState) -> None:
    """The register's thread is lost: what ran meanwhile is nobody's schedule."""
    state.hour, state.run, state.now_l, state.before_l, state.held_l = 0, 0, 0.0, 0.0, 0.0
    state.done = state.rested = False


def slack_l(litres: float, step_l: float) -> float:
    """How far the same water may differ: the register's step, and the pressure."""
    return 1.5 * step_l + 0.03 * litres


def _may_be(state: ScheduleState, place: int, litres: float, step_l: float) -> bool:
    """The timer's alone, so far."""
    known = state.litres[place]
    return is_timer(state, place) and litres <= known + slack_l(known, step_l)


def _fits(state: ScheduleState, place: int, litres: float, step_l: float) -> bool:
    known = state.litres[place]
    return is_timer(state, place) and abs(litres - known) <= slack_l(known, step_l)


def _turn(state: ScheduleState, hour: int, step_l: float) -> float:
    """Water in another hour: what the last one teaches, and what of it was people's [L]."""
    apart = hour - state.hour
    if state.hour:
        alone = state.rested and state.run <= 2 and apart > DRY_H
        _learn(state, state.hour % 24, state.before_l + state.now_l, step_l, alone=alone)
        if apart > 1:
            _learn(state, (state.hour + 1) % 24, state.now_l, step_l, alone=alone)
    told_l = _settled(state, hour, step_l) if state.held_l else 0.0
    follows = apart == 1
    state.done = follows and _fits(state, state.hour % 24, state.before_l + state.now_l, step_l)
    state.before_l = state.now_l if follows else 0.0
    state.run = min(state.run + 1, 3) if follows else 1
    state.rested = state.rested if follows else apart > DRY_H
    state.hour, state.now_l = hour, 0.0
    return told_l


def _settled(state: ScheduleState, hour: int, step_l: float) -> float:
    """The hours that held water back are over, or one of them: what was people's [L]."""
    place, following, over = state.hour % 24, (state.hour + 1) % 24, hour - state.hour > 1
    told_l = 0.0
    if _fits(state, place, state.before_l + state.now_l, step_l) or (
        over and _fits(state, following, state.now_l, step_l)
    ):
        state.held_l = 0.0
    elif not over and is_timer(state, following):
        told_l = max(state.held_l - state.now_l, 0.0)
        state.held_l = min(state.held_l, state.now_l)
    else:
        told_l, state.held_l = state.held_l, 0.0
    return told_l


def _learn(state: ScheduleState, place: int, litres: float, step_l: float, *, alone: bool) -> None:
    """Less than the timer draws is none; more is the timer and somebody else, or, alone, what people vary by."""
    known = state.litres[place]
    new = alone and litres >= LEAST_L  # in the midst of others' water nothing begins to be a timer's
    if not litres or not (known or new):
        return
    slack = slack_l(known, step_l)
    if known and litres > known + slack:
        state.seen[place] = max(state.seen[place] - 2 * alone, 1)
        return
    if known and litres >= known - slack:
        state.seen[place] = min(state.seen[place] + 1, SEEN_MOST)
        state.alone[place] = min(state.alone[place] + alone, ALONE_MOST)
        state.litres[place] = _halves((3.0 * known + litres) / 4.0)
        return
    state.seen[place] = max(state.seen[place] - MISS, 0)
    if not state.seen[place]:
        state.litres[place] = _halves(litres) if new else 0.0
        state.seen[place] = state.alone[place] = int(new)


def _halves(litres: float) -> float:
    return floor(litres * 2.0 + 0.5) / 2.0
