"""`detectors.habit` for arrays: what came before a silence, how it may end, when to tell somebody."""

import numpy as np

from detectors.fleet.compiled import compiled
from detectors.fleet.curves import exp, in_order, ln, of_day, set_bits
from detectors.fleet.memory import (
    CHOICES,
    DELAYED,
    DELAYED_MOST,
    EXPECTED,
    FALSE,
    HOUR,
    HOUR_USED,
    LASTING,
    LENGTHS,
    LOGITS,
    OWN_LOGITS,
    RATE,
    RATES,
    SCORES,
    SILENCES,
    SMOOTHED,
    TERMS,
    USED_BEHIND_H,
    USED_EARLIER,
    USED_LATER,
    Floats,
)
from detectors.fleet.rules import CLOCK, IN_3_H, IN_24_H, LATE, LATER, LEVEL_LONGER, NOW, OWN, PAST, PRIOR, SOON
from detectors.habit import (
    BEGINS,
    HOURS,
    KERNEL,
    LADDER,
    NEAR_H,
    PARTS,
    SCALED,
    SHORTEST_H,
    STEEPER,
    WORTH,
)
from detectors.record import MOST

BEGIN_H = 24 // BEGINS
LEAST_ODDS, MOST_ODDS = 1e-4 / (1.0 - 1e-4), (1.0 - 1e-4) / 1e-4
_HALF = (1 << 32) - 1
_FORTY = (1 << 40) - 1
_LADDER, _STEEPER = LADDER.copy(), STEEPER.copy()
_PARTS = np.array(PARTS, np.float64)


@compiled
def a_share(share: float) -> float:
    """At least one in ten thousand, and at most all but that."""
    return min(max(share, 1e-4), 1.0 - 1e-4)


@compiled
def used_in(used: int, hours: int) -> int:
    """How many of the last so many hours saw use."""
    return set_bits(used & (1 << hours) - 1)


@compiled
def unused_runs(used: int) -> tuple[int, int]:
    """Unused hours directly before the last use, and the longest run of them in 40 hours, both at most 24."""
    used &= _FORTY
    if not used:
        return 24, 24
    after = set_bits((used & -used) - 1)  # hours since the last use
    used >>= after + 1
    directly = set_bits((used & -used) - 1) if used else 39 - after
    unused, longest = ~used & (_FORTY >> after + 1), 0
    while unused and longest < 24:
        unused &= unused << 1
        longest += 1
    return min(directly, 24), longest


@compiled
def used_at(m: Floats, hour: int) -> int:
    """The bits of the hours with use up to this one; lowest: this."""
    catch_up(m)
    back = max(int(m[HOUR]) - hour, 0)
    later = int(m[USED_LATER]) | int(m[HOUR_USED])
    if back >= 64:
        return 0
    if back >= 32:
        return int(m[USED_EARLIER]) >> (back - 32)
    return later >> back | int(m[USED_EARLIER]) << (32 - back)


@compiled
def move_on(m: Floats, hours: int) -> None:
    """The hour with use or without is over; its bit moves up when one with use is, or somebody looks."""
    if m[HOUR_USED]:
        catch_up(m)
        m[USED_LATER] += 1.0
    m[USED_BEHIND_H] += max(hours, 0)


@compiled
def catch_up(m: Floats) -> None:
    """The bits of the hours with use, as of now; 64 are kept, in halves that a float holds exactly."""
    later, earlier, hours = int(m[USED_LATER]), int(m[USED_EARLIER]), int(m[USED_BEHIND_H])
    while hours > 16 and (later or earlier):
        earlier = (earlier << 16 | later >> 16) & _HALF
        later = later << 16 & _HALF
        hours -= 16
    hours = min(hours, 16)
    earlier = (earlier << hours | later >> (32 - hours)) & _HALF
    later = later << hours & _HALF
    m[USED_LATER] = later
    m[USED_EARLIER] = earlier
    m[USED_BEHIND_H] = 0.0


@compiled
def score(m: Floats, p: Floats, begun: int) -> None:
    """logit P(use in the hour after l silent ones), into `SCORES`."""
    used = used_at(m, begun)
    begun = of_day(begun)
    beside_expected(m, begun, used)
    directly_h, longest_h = unused_runs(used)
    term_3_h, term_6_h, term_24_h, level = m[TERMS], m[TERMS + 1], m[TERMS + 2], m[TERMS + 3]
    constant = p[PAST + 0] * term_3_h + p[PAST + 1] * term_6_h + p[PAST + 2] * term_24_h
    constant += (p[PAST + 3] * directly_h + p[PAST + 4] * longest_h) / 10.0 + p[PAST + 5] * level
    slope = p[IN_3_H] * term_3_h + p[IN_24_H] * term_24_h + p[LEVEL_LONGER] * level
    lasted(m, p, begun // BEGIN_H)
    hourly(m)
    for length in range(HOURS):
        longer = m[LASTING + length + 1]
        ended = m[LASTING + length] - longer
        m[OWN_LOGITS + length] = ln(min(max(ended, LEAST_ODDS * longer), MOST_ODDS * longer), longer)
    first, clock = np.uint64(LOGITS + begun), np.uint64(CLOCK + begun * HOURS)
    for length in range(HOURS):
        now, soon = m[first + np.uint64(length + 1)], m[first + np.uint64(length + 2)]
        m[SCORES + length] = (
            p[clock + np.uint64(length)]
            + m[OWN_LOGITS + length] * p[OWN + length]
            + now * p[NOW + length]
            + soon * p[SOON]
            + (SCALED[length] * slope + constant)
        )


@compiled
def beside_expected(m: Floats, begun: int, used: int) -> None:
    """Into `TERMS` the logs of the hours with use in the last 3, 6 and 24 over those expected; the rate's logit."""
    in_3_h = in_6_h = 0.0
    for back in range(6):
        expected = m[np.uint64(RATE + begun - back + 24 * (begun < back))]
        in_6_h += expected
        if back < 3:
            in_3_h += expected
    share = a_share(m[RATES] / 24.0)
    m[TERMS], m[EXPECTED] = used_in(used, 3) + 0.5, in_3_h + 0.5
    m[TERMS + 1], m[EXPECTED + 1] = used_in(used, 6) + 0.5, in_6_h + 0.5
    m[TERMS + 2], m[EXPECTED + 2] = used_in(used, 24) + 1.0, m[RATES] + 1.0
    m[TERMS + 3], m[EXPECTED + 3] = share, 1.0 - share
    for term in range(4):
        m[TERMS + term] = ln(m[TERMS + term], m[EXPECTED + term])


@compiled
def lasted(m: Floats, p: Floats, place: int) -> None:
    """Into `LASTING` how many silences begun about then lasted so long, others' among them."""
    longer, first, prior = 0.0, np.uint64(SMOOTHED + place), np.uint64(PRIOR + place * LENGTHS)
    for length in range(HOURS, -1, -1):
        longer += m[first + np.uint64(length * BEGINS)]
        m[LASTING + length] = longer + p[prior + np.uint64(length)]


@compiled
def hourly(m: Floats) -> None:
    """The rates' logits, of two days and two hours, so that none has to be looked for past midnight."""
    for hour in range(24):
        share = a_share(m[RATE + hour])
        m[LOGITS + hour] = m[LOGITS + 24 + hour] = ln(share, 1.0 - share)
    m[LOGITS + 48] = m[LOGITS]
    m[LOGITS + 49] = m[LOGITS + 1]


@compiled
def count(m: Floats, row: int, length: int) -> None:
    """One more silence of the own record; its neighbours' sums are kept up with it."""
    cell = np.uint64(SILENCES + row * LENGTHS + length)
    more = min(_PARTS[np.uint64(length)], MOST - m[cell])
    m[cell] += more
    add(m, row, length, more)


@compiled
def add(m: Floats, row: int, length: int, parts: float) -> None:
    if parts == 0.0:
        return
    silences, first = parts * WORTH[np.uint64(length)], np.uint64(SMOOTHED + length * BEGINS)
    whole_row = np.uint64(row)
    for place in range(BEGINS):
        m[first + np.uint64(place)] += KERNEL[whole_row, place] * silences


@compiled
def smooth(m: Floats) -> None:
    """All of these sums anew."""
    m[SMOOTHED : SMOOTHED + LENGTHS * BEGINS] = 0.0
    for row in range(BEGINS):
        for length in range(LENGTHS):
            add(m, row, length, m[SILENCES + row * LENGTHS + length])


@compiled
def weigh(m: Floats, p: Floats) -> None:
    """From `SCORES` how likely the silence lasts so long, and what an alarm at each hour costs."""
    m[LASTING] = 1.0
    for length in range(HOURS):
        m[LASTING + length + 1] = 1.0 / (1.0 + exp(m[SCORES + length]))
    for length in range(HOURS):
        m[LASTING + length + 1] *= m[LASTING + length]
    for choice in range(CHOICES):
        m[FALSE + choice] = m[LASTING + SHORTEST_H + choice] - m[LASTING + HOURS]
        m[DELAYED + choice] = m[DELAYED_MOST + choice] = 0.0
    for hour in range(NEAR_H):
        falls = m[LASTING + hour] - m[LASTING + hour + NEAR_H]
        late, later = np.uint64(LATE + hour * CHOICES), np.uint64(LATER + hour * CHOICES)
        for choice in range(CHOICES):
            m[DELAYED + choice] += falls * p[late + np.uint64(choice)]
            m[DELAYED_MOST + choice] += falls * p[later + np.uint64(choice)]


@compiled
def alarm_h(m: Floats, step: int) -> int:
    """The alarm hour at this step of the ladder, once the scores are weighed."""
    dear, steeper, least = _LADDER[np.uint64(step)], _STEEPER[np.uint64(step)], in_order(np.inf, 31)
    for choice in range(CHOICES):
        delayed = (1.0 - steeper) * m[DELAYED + choice] + steeper * m[DELAYED_MOST + choice]
        least = min(least, in_order(dear * m[FALSE + choice] + delayed, choice))
    return (least & 31) + SHORTEST_H
