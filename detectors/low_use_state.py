"""What `detectors.low_use` remembers of a household, and its few bytes."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf
from operator import add

import numpy as np
from numpy.typing import NDArray

from detectors.drip import DripState
from detectors.habit import BEGINS, HOURS, LADDER, SHORTEST_H
from detectors.packing import ago, hour_then, hours_ago, take, then
from detectors.schedule import ScheduleState
from detectors.ticks import TickState

LONGEST_DAYS = 28
RATE_STEPS = 65536.0  # a rate of use is a whole number of these parts
RATE_START = round(0.3 * RATE_STEPS) / RATE_STEPS
_SIXTEEN = (1 << 16) - 1
_PARTS = (LONGEST_DAYS, 24, BEGINS * (HOURS + 1))
_RATES = struct.Struct("<24H")
_PLACES = range(-SHORTEST_H, len(LADDER) - SHORTEST_H)
PLAIN = _RATES.size + len(LADDER)  # bytes


@dataclass(slots=True)
class LowUseState:
    """The running silence and the household's own record. Times [s since 1970], silences [h].

    `first_s`: since when the household is known; later by each whole day without readings.
    `silent_from_s`, `silent_s`: the habit's clock, which a sensor's word may start anew. `dry_from_s`, `dry_s`: the
    net's, since water was used or a person was surely seen; known time alone counts in it. `traces_from_s`: since
    when more than traces of water were used; no later than `dry_from_s`. `told_s`: that person was
    seen then, or people were told of the silence, and no water ran since. `sign_s`: when a sensor last said that
    somebody is there; `signs`: the hours in which one did, a bit each, lowest that one's.
    `up_s`: the latest first use of a morning. `used`: the last 64 hours, a bit each, lowest the running one. `plan`:
    the running silence's alarm hour at each step of the ladder, rising. `longest`: a day, in half hours.
    These fade by age (`detectors.record`): `silences[25 b + l]`, how many begun in bin b lasted l hours, in
    `detectors.habit.PARTS`; `would_raise[k]`, how many short ones would have raised at k steps, in eighths;
    `known_s`, the time known.
    """

    first_s: float = 0.0
    last_use_s: float = 0.0
    silent_from_s: float = 0.0
    silent_s: float = 0.0
    dry_from_s: float = 0.0
    dry_s: float = 0.0
    traces_from_s: float = 0.0
    told_s: float = 0.0
    sign_s: float = 0.0
    signs: int = 0
    known_s: float = 0.0
    step_l: float = inf
    up_s: float = 0.0
    hour: int = 0
    used: int = 0
    hour_used: bool = False
    ask_h: int = 0
    alert_h: int = 0
    plan: bytes = b""
    rate: list[float] = field(default_factory=lambda: [RATE_START] * 24)
    silences: bytearray = field(default_factory=lambda: bytearray(BEGINS * (HOURS + 1)))
    would_raise: bytearray = field(default_factory=lambda: bytearray(len(LADDER) + 1))
    longest: bytearray = field(default_factory=lambda: bytearray(LONGEST_DAYS))
    schedule: ScheduleState = field(default_factory=ScheduleState)
    drip: DripState = field(default_factory=DripState)
    ticks: TickState = field(default_factory=TickState)
    absences: list[tuple[float, float]] = field(default_factory=list)

    def numbers(self, now_s: float, began_s: float) -> list[float]:
        """`began_s`: a time that the first one hardly ever differs from."""
        times = (self.silent_from_s, self.up_s, self.told_s, self.sign_s)
        return [
            *(self.first_s - began_s, self.silent_from_s - self.last_use_s, *[ago(at_s, now_s) for at_s in times]),
            *(self.silent_s, self.known_s, self.step_l, hours_ago(self.hour, now_s), self.hour_used),
            *(self.silent_from_s - self.dry_from_s, self.dry_s - self.silent_s),
            self.dry_from_s - self.traces_from_s,
            *_sixteens(self.used, 4),
            *_sixteens(self.signs, 2),
            *((self.ask_h, self.alert_h) if self.plan else (0, 0)),
            *_sixteens(_bits_of(self.plan), 3),
            *self.schedule.numbers(now_s),
            *self.drip.numbers(now_s),
            *self.ticks.numbers(now_s),
            *[ago(at_s, now_s) for absence in self.absences for at_s in absence],
        ]

    def counted(self) -> bytes:
        """What `counts` go by."""
        return bytes(self.longest + self.schedule.seen + self.schedule.alone + self.silences)

    def counts(self) -> bytes:
        """Of the longest silences only those that are not outlasted by a later one."""
        lasting, most = bytearray(LONGEST_DAYS), 0
        for day in range(LONGEST_DAYS - 1, -1, -1):
            if self.longest[day] > most:
                lasting[day] = most = self.longest[day]
        return bytes(lasting) + self.schedule.counts() + bytes(self.silences)

    def plain(self) -> bytes:
        """What is hardly ever nought or small: two bytes for each rate, and one for each step."""
        return _RATES.pack(*map(int, map(RATE_STEPS.__mul__, self.rate))) + self.would_raise[1:]

    @classmethod
    def of(
        cls, numbers: Iterator[float], plain: bytes, counts: NDArray[np.uint8], now_s: float, began_s: float
    ) -> "LowUseState":
        """The inverse of `numbers`, `plain` and `counts`; raises `ValueError` where there is too little."""
        if len(counts) != sum(_PARTS):
            raise ValueError(f"{len(counts)} counts instead of {sum(_PARTS)}")
        longest, timers, silences = (bytearray(part.tobytes()) for part in np.split(counts, np.cumsum(_PARTS)[:-1]))
        rate = [steps / RATE_STEPS for steps in _RATES.unpack_from(plain)]
        later_s, since_use_s = take(numbers, 2)
        silent_from_s, up_s, told_s, sign_s = (then(age_s, now_s) for age_s in take(numbers, 4))
        silent_s, known_s, step_l, hour, hour_used = take(numbers, 5)
        sooner_s, more_s, traced_s = take(numbers, 3)
        used, signs = _of_sixteens(take(numbers, 4)), _of_sixteens(take(numbers, 2))
        ask_h, alert_h, *plan = take(numbers, 5)
        state = cls(began_s + later_s, silent_from_s - since_use_s, silent_from_s, silent_s)
        state.dry_from_s, state.dry_s, state.told_s = silent_from_s - sooner_s, silent_s + more_s, told_s
        state.traces_from_s = state.dry_from_s - traced_s
        state.sign_s, state.signs, state.up_s = sign_s, signs, up_s
        state.known_s, state.step_l, state.hour, state.used = known_s, step_l, hour_then(hour, now_s), used
        state.hour_used, state.ask_h, state.alert_h = bool(hour_used), int(ask_h), int(alert_h)
        state.rate, state.plan = rate, _plan_of(_of_sixteens(plan))
        state.silences, state.would_raise, state.longest = silences, bytearray(b"\0" + plain[_RATES.size :]), longest
        state.schedule = ScheduleState.of(numbers, bytes(timers), now_s)
        state.drip = DripState.of(numbers, now_s)
        state.ticks = TickState.of(numbers, now_s)
        ends = [then(age_s, now_s) for age_s in numbers]
        state.absences = list(zip(ends[::2], ends[1::2], strict=True))
        return state


def _sixteens(bits: int, many: int) -> list[int]:
    """So many numbers of sixteen bits each, the lowest first."""
    return [bits >> place & _SIXTEEN for place in range(0, 16 * many, 16)]


def _of_sixteens(numbers: list[float]) -> int:
    """The inverse of `_sixteens`."""
    return sum(int(bits) << 16 * place for place, bits in enumerate(numbers))


@lru_cache(4096)  # of a plan that is written down again and again
def _bits_of(plan: bytes) -> int:
    """Rising hours as bits: each is one more place up than the last, and as many more as it is later."""
    return sum(map((1).__lshift__, map(add, plan, _PLACES)))


def _plan_of(bits: int) -> bytes:
    places = [place for place in range(48) if bits >> place & 1]
    if len(places) not in (0, len(LADDER)):
        raise ValueError(f"a plan of {len(places)} steps")
    return bytes(place - step + SHORTEST_H for step, place in enumerate(places))
