"""The part of the flow that never stops; what runs beyond it is somebody's use."""

import struct
from dataclasses import dataclass, field
from math import floor, inf

_DAYS = 5  # of the median; with seven, three times as many collapses hid behind new drips
_DAYS_6H = 7  # fewer would take a busy home's regular use for a drip
_DAYS_AT_LEAST = 2
_SAMPLES = 8  # hourly samples that cover six hours with one to spare
_APART_S = 3300.0  # a little less than an hour, for meters whose hour wanders
_THREE_H, _SIX_H = 3 * 3600.0 - 400.0, 6 * 3600.0 - 400.0
_LEAST_LPH = 0.05  # below about a litre a day the meter's resolution hides a drip
_HEAD = struct.Struct("<dddddHBB")


@dataclass(slots=True)
class DripState:
    """The last hours' register and the last days' least flows [L/h].

    `samples` holds (time [s], litres so far); `least_3h` and `least_6h` one value a day, oldest first.
    """

    day: float = 0.0
    lph: float = 0.0
    total_l: float = 0.0
    today_3h: float = inf
    today_6h: float = inf
    samples: list[tuple[float, float]] = field(default_factory=list)
    least_3h: list[float] = field(default_factory=list)
    least_6h: list[float] = field(default_factory=list)

    def pack(self) -> bytes:
        sizes = (len(self.samples), len(self.least_3h), len(self.least_6h))
        head = _HEAD.pack(self.day, self.lph, self.total_l, self.today_3h, self.today_6h, *sizes)
        values = [number for sample in self.samples for number in sample] + self.least_3h + self.least_6h
        return head + struct.pack(f"<{len(values)}d", *values)

    @classmethod
    def unpack(cls, packed: bytes) -> "DripState":
        day, lph, total_l, today_3h, today_6h, count, three, six = _HEAD.unpack_from(packed)
        values = list(struct.unpack_from(f"<{2 * count + three + six}d", packed, _HEAD.size))
        samples = list(zip(values[: 2 * count : 2], values[1 : 2 * count : 2], strict=True))
        least = values[2 * count :]
        return cls(day, lph, total_l, today_3h, today_6h, samples, least[:three], least[three:])


def use_threshold_l(state: DripState, hours: float, step_l: float) -> float:
    """The least volume [L] that is use in an interval of that length; `step_l`: the finest that the meter tells."""
    if state.lph <= _LEAST_LPH:
        return step_l
    return floor(state.lph * hours) + 2.0 * step_l


def follow(state: DripState, end_s: float, volume_l: float, local_day: int) -> None:
    """Takes one known interval's volume; once a day the drip is judged anew, from whole days gone by."""
    if local_day != state.day:
        _turn_day(state, local_day)
    state.total_l += volume_l
    samples = state.samples
    if samples and end_s - samples[-1][0] < _APART_S:
        return
    total_l = state.total_l
    three = True
    for at_s, before_l in reversed(samples):
        age_s = end_s - at_s
        if age_s < _THREE_H:
            continue
        if age_s >= _SIX_H:
            state.today_6h = min(state.today_6h, (total_l - before_l) * 3600.0 / age_s)
            break
        if three:
            three = False
            state.today_3h = min(state.today_3h, (total_l - before_l) * 3600.0 / age_s)
    samples.append((end_s, total_l))
    if len(samples) > _SAMPLES:
        del samples[0]


def interrupt(state: DripState) -> None:
    """The register's thread is lost (gap, changed meter): flows are counted anew from here."""
    state.samples.clear()
    state.total_l = 0.0


def _turn_day(state: DripState, local_day: int) -> None:
    """drip = max(median of the daily least 3-h flows, least 6-h flow of all these days): regular use is none."""
    if state.today_3h < inf:
        state.least_3h = [*state.least_3h, state.today_3h][-_DAYS:]
    if state.today_6h < inf:
        state.least_6h = [*state.least_6h, state.today_6h][-_DAYS_6H:]
    state.day, state.today_3h, state.today_6h = local_day, inf, inf
    if len(state.least_3h) < _DAYS_AT_LEAST:
        state.lph = 0.0
        return
    ordered = sorted(state.least_3h)
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2.0
    state.lph = max(median, min(state.least_6h, default=0.0))
