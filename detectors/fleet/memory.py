"""What is remembered of one household while its registers are gone through: one array, and the names of its places.

One array, as a compiler takes ten times as long over thirty.
"""

import numpy as np
from numpy.typing import NDArray

from detectors.drip import DAYS, SAMPLES
from detectors.fleet.compiled import compiled
from detectors.habit import BEGINS, HOURS, LADDER, LONGEST_H, SHORTEST_H
from detectors.low_use_state import LONGEST_DAYS, RATE_START
from detectors.unusual_draw import PARTS
from domain.register import LENGTHS_KEPT

Floats = NDArray[np.float64]

STEPS = len(LADDER)
LENGTHS = HOURS + 1  # of silences
CHOICES = LONGEST_H - SHORTEST_H + 1
MOST_SCALES = 16
MOST_DAYS = 64
NOTHING, ASK, ALERT, CANNOT_TELL = 0.0, 1.0, 2.0, -1.0  # what is found; the first three run on

_places = iter(range(1 << 20))


def _place(size: int = 1) -> int:
    """The first of the next so many places."""
    first = next(_places)
    for _ in range(size - 1):
        next(_places)
    return first


# of the register
LAST_S, LAST_L, MARKED_S, MARK_L, ASIDE_L, FALLS, LENGTHS_SEEN = (_place() for _ in range(7))
LENGTHS_S = _place(LENGTHS_KEPT)
LENGTH_S, LENGTHS_UNKEPT = _place(), _place()  # the latest, and how many of it are still to be kept
# of low use
FIRST_S, LAST_USE_S, SILENT_FROM_H, SILENT_S, KNOWN_S, KNOWN_UNTIL_S, STEP_L = (_place() for _ in range(7))
HOUR, HOUR_USED, USED_LATER, USED_EARLIER, USED_BEHIND_H, ASK_H, ALERT_H, PLANNED = (_place() for _ in range(8))
ABSENT_PAST_S, STILL_UNTIL_S, PLANS_KEPT, DRY_FROM_S, DRY_S, TRACES_FROM_S = (_place() for _ in range(6))
RATE, RATES = _place(24), _place()  # and their sum, exact as they are whole parts
LOGITS = _place(50)  # of the rates, of two days and two hours, as the last plan saw them
SILENCES = _place(BEGINS * LENGTHS)
SMOOTHED = _place(LENGTHS * BEGINS)  # follows from the silences: each length's sum around each hour of beginning
WOULD_RAISE = _place(STEPS + 1)
LONGEST = _place(LONGEST_DAYS)
SCORES = _place(HOURS)  # of the last plan
TERMS, EXPECTED = _place(4), _place(4)  # of what came before it
LASTING, OWN_LOGITS = _place(LENGTHS), _place(HOURS)
FALSE, DELAYED, DELAYED_MOST = (_place(CHOICES) for _ in range(3))  # what an alarm at each hour costs
# of timers
TIMER_HOUR, TIMER_NOW_L, TIMER_BEFORE_L, TIMER_HELD_L, TIMER_DONE, TIMER_RUN, TIMER_RESTED = (
    _place() for _ in range(7)
)
TIMER_L, TIMER_SEEN, TIMER_ALONE = _place(24), _place(24), _place(24)
# of the drip
DRIP_DAY, DRIP_LPH, DRIP_TOTAL, TODAY_3H, TODAY_6H, DRIP_SAMPLES, DRIP_3H, DRIP_6H = (_place() for _ in range(8))
SAMPLE_S = _place()  # when the next is due
SAMPLES_AT_S, SAMPLES_TOTAL = _place(SAMPLES), _place(SAMPLES)  # the latest: sample n at place n % 8
LEAST_3H, LEAST_6H = _place(DAYS), _place(DAYS)
# of what comes of itself
WATER_S, ROW_FROM_S, ROW_START_S, ROW_EVERY_S, ROW_KNOWN_L, ROW_LITRES = (_place() for _ in range(6))
# of constant flow
FLOW_FIRST_S, FLOW_DAY_S, FLOW_SINCE_S, FLOW_LPH, FLOW_GRADE, FALLING_FROM, FALLING_TO = (_place() for _ in range(7))
RECORD, TODAY, LIMITS = _place(MOST_SCALES), _place(MOST_SCALES), _place(2 * MOST_SCALES)
SHORTEST_S, SHORTEST_BEFORE_S, HELD_FROM_S, HELD_L = (_place() for _ in range(4))
BEFORE_LPH, PART, RUNNING_LPH, USUAL_LPH, MOST = _place(), _place(), _place(), _place(), _place(PARTS)
STEADY_RECORD, STEADY_TODAY = _place(), _place()
# of no data
HEARD_LAST_S, HEARD, RHYTHM_S, WOBBLE_S, UNUSABLE_S, LONGER_S = (_place() for _ in range(6))
STEP_S, STEPS_UNLEARNED = _place(), _place()  # the latest step, and how many of it are still to be learned
# of change in use
CHANGE_HOUR, JUDGED_DAY, CHANGE_SINCE_S, GRADE, USED, AT_NIGHT = (_place() for _ in range(6))
HOURS_KNOWN, CHANGE_HOUR_USED, DAYS_KEPT = (_place() for _ in range(3))
DAYS_USED, DAYS_AT_NIGHT = _place(MOST_DAYS), _place(MOST_DAYS)
# of each kind that runs, its level and since when
LOW_USE, CONSTANT_FLOW, NO_DATA, CHANGE_IN_USE, USE_WHILE_ABSENT = range(5)
RUNNING, RUNNING_SINCE_S = _place(5), _place(5)
# as many as there are readings, and one
FALLING = _place()


def memory(readings: int) -> Floats:
    """Room for one household of so many readings."""
    return np.zeros(FALLING + 4 * (readings + 1))


@compiled
def begin(m: Floats) -> None:
    """A household never seen."""
    m[:FALLING] = 0.0
    m[LAST_S] = m[LAST_L] = m[MARKED_S] = m[MARK_L] = m[ASIDE_L] = np.nan
    m[RATE : RATE + 24] = RATE_START
    m[RATES] = 24.0 * RATE_START
    m[STEP_L] = m[TODAY_3H] = m[TODAY_6H] = np.inf


@compiled
def shift(m: Floats, first: int, many: int) -> None:
    """The oldest of so many is dropped; the last stays to be written over."""
    for place in range(first, first + many - 1):
        m[place] = m[place + 1]
