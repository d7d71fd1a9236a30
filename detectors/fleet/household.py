"""`detectors.household` for arrays: one household's registers through its detectors, and then the next household's."""

from math import inf, isnan

import numpy as np
from numpy.typing import NDArray

from detectors.change_in_use import BY_ITSELF_S
from detectors.fleet import absences, change_in_use, constant_flow, low_use, no_data, safety_net, schedule, still
from detectors.fleet.compiled import apart, bare, compiled, entered, seldom
from detectors.fleet.course import LOCAL_HOUR, Course
from detectors.fleet.memory import (
    ALERT,
    CANNOT_TELL,
    CHANGE_IN_USE,
    CHANGE_SINCE_S,
    CONSTANT_FLOW,
    DAYS_AT_NIGHT,
    DAYS_KEPT,
    DAYS_USED,
    DRIP_LPH,
    DRY_S,
    FALLING_TO,
    FLOW_GRADE,
    FLOW_LPH,
    FLOW_SINCE_S,
    GRADE,
    HEARD,
    HEARD_LAST_S,
    LAST_USE_S,
    LONGEST,
    LOW_USE,
    MARK_L,
    NO_DATA,
    NOTHING,
    RECORD,
    RHYTHM_S,
    ROW_EVERY_S,
    ROW_KNOWN_L,
    RUNNING,
    RUNNING_SINCE_S,
    SILENT_S,
    STEADY_RECORD,
    STEP_L,
    STILL_UNTIL_S,
    UNUSABLE_S,
    USE_WHILE_ABSENT,
    USUAL_LPH,
    Floats,
    begin,
)
from detectors.fleet.register import CONFLICT, DUPLICATE, FIRST, OLDER, advance
from detectors.fleet.rules import FIRST_RHYTHM_S, RECENT_DAYS, SCALES, SOONEST_S
from detectors.low_use_state import LONGEST_DAYS

HOME, SLOT, KIND, LEVEL, AT_S, SINCE_S, WHY = range(7)  # of a row that is said; from WHY on the reason's numbers
WIDTH = WHY + 10
A_READING = 10  # rows at most
IS_MISSED, NEVER_HEARD, TELLS_NOTHING = 0.0, 1.0, 2.0  # why there is no data
BY_HABIT, BY_NET, NEVER_MOVED, BY_TRACES = 0.0, 1.0, 2.0, 3.0  # why low use


@entered
def watch_homes(
    m: Floats,
    p: Floats,
    clock: Floats,
    scores: Floats,
    at_s: Floats,
    course: Course,
    register_l: Floats,
    absences_s: Floats,
    absent_from: NDArray[np.int64],
    first: int,
    until_s: float,
    said: Floats,
) -> tuple[int, int]:
    """From home `first` on, as long as there is room in `said`: (the next home, how many rows are said)."""
    m, p, clock, scores, said = bare(m), bare(p), bare(clock), bare(scores), bare(said)
    at_s, course, register_l, absences_s = bare(at_s), bare(course), bare(register_l), bare(absences_s)
    homes, slots = register_l.shape
    rows = 0
    for home in range(first, homes):
        if rows + A_READING * (slots + 1) > len(said):
            return home, rows
        begin(m)
        absent = absences_s[absent_from[home] : absent_from[home + 1]]
        own = home if len(at_s) > 1 else 0
        begun = rows
        times_s, own_course, registers = at_s[own], course[own], register_l[home]
        slot = 0
        while slot < slots:
            if m[STILL_UNTIL_S] and not registers[slot] > m[MARK_L]:
                slot = still.stand(m, p, own_course, times_s, registers, slot)
                if slot == slots:
                    break
            litres = registers[slot]
            if not isnan(litres):
                before = rows
                hour = int(own_course[LOCAL_HOUR, slot])
                rows = observe(m, p, clock, scores, absent, hour, times_s[slot], litres, said, rows)
                if seldom(rows > before):
                    said[before:rows, SLOT] = slot
            slot += 1
        if until_s > 0.0:
            before = rows
            rows = tick(m, p, until_s, said, rows)
            said[before:rows, SLOT] = slots
        said[begun:rows, HOME] = home
    return homes, rows


@compiled
def observe(
    m: Floats,
    p: Floats,
    clock: Floats,
    scores: Floats,
    absences_s: Floats,
    hour: int,
    at_s: float,
    litres: float,
    said: Floats,
    rows: int,
) -> int:
    """How many rows are said after it."""
    if seldom(at_s - m[HEARD_LAST_S] >= p[SOONEST_S]):
        rows = tick(m, p, at_s, said, rows)
    no_data.heard(m, at_s)
    case, length_s, volume, gap = advance(m, at_s, litres)
    m[STILL_UNTIL_S] = 0.0
    if seldom(isnan(volume)) and case != FIRST:
        rows = unusable(m, p, at_s, case, said, rows)
    else:
        m[UNUSABLE_S] = 0.0
        rows = follow(m, NO_DATA, NOTHING, at_s, 0.0, said, rows)
    if seldom(length_s == 0.0):
        return rows
    rows = judge(m, p, clock, scores, absences_s, hour, at_s - length_s, at_s, volume, gap, said, rows)
    if not gap:
        m[STILL_UNTIL_S] = still.until_s(m, p, absences_s, at_s)
    return rows


@compiled
def judge(
    m: Floats,
    p: Floats,
    clock: Floats,
    scores: Floats,
    absences_s: Floats,
    hour: int,
    begin_s: float,
    at_s: float,
    volume: float,
    gap: bool,
    said: Floats,
    rows: int,
) -> int:
    """One interval through the detectors."""
    level = CANNOT_TELL
    is_usable = not isnan(volume)
    if is_usable or m[RUNNING + LOW_USE] == NOTHING:
        level = low_use.observe(m, p, clock, scores, absences_s, hour, begin_s, at_s, volume, gap)
        if seldom(m[RUNNING + LOW_USE] == ALERT) and level == NOTHING and m[SILENT_S] < m[DRY_S]:
            level = CANNOT_TELL
    before = rows
    rows = follow(m, LOW_USE, level, at_s, low_use.since_s(m, p), said, rows)
    if seldom(is_raised(said, before, rows)):
        why_low_use(m, p, clock, at_s, said[rows - 1])
    level = constant_flow.observe(m, p, begin_s, at_s, volume, gap)
    before = rows
    rows = follow(m, CONSTANT_FLOW, level, at_s, m[FLOW_SINCE_S], said, rows)
    if seldom(is_raised(said, before, rows)):
        why_constant_flow(m, p, said[rows - 1])
    used = m[LAST_USE_S] == at_s
    flows = seldom(m[RUNNING + CONSTANT_FLOW] != NOTHING)
    if flows and at_s - m[RUNNING_SINCE_S + CONSTANT_FLOW] >= BY_ITSELF_S:
        change_in_use.forget_day(m)
        is_usable = False
    is_home = is_usable and absences.left_s(m, absences_s, begin_s) == inf
    level = change_in_use.observe(m, p, hour, at_s, used) if is_home else change_in_use.NOT_ASKED
    if seldom(level != change_in_use.NOT_ASKED):
        before = rows
        rows = follow(m, CHANGE_IN_USE, level, at_s, m[CHANGE_SINCE_S], said, rows)
        if is_raised(said, before, rows):
            why_change(m, p, said[rows - 1])
    if seldom(absences.any_absence(m, absences_s) or m[RUNNING + USE_WHILE_ABSENT] != NOTHING):
        rows = use_while_absent(m, absences_s, begin_s, at_s, used, said, rows)
    return rows


@apart
def tick(m: Floats, p: Floats, now_s: float, said: Floats, rows: int) -> int:
    """Time passes without readings."""
    due_s = no_data.deadline_s(m, p)
    if m[RUNNING + NO_DATA] != NOTHING or now_s < due_s:
        return rows
    rows = follow(m, NO_DATA, ALERT, due_s, m[HEARD_LAST_S], said, rows)
    why = said[rows - 1, WHY:]
    why[0] = IS_MISSED if m[HEARD] else NEVER_HEARD
    why[1] = m[RHYTHM_S] if m[RHYTHM_S] else p[FIRST_RHYTHM_S]
    why[2] = no_data.allowed_s(m, p)
    return rows


@apart
def unusable(m: Floats, p: Floats, at_s: float, case: int, said: Floats, rows: int) -> int:
    if case in (DUPLICATE, CONFLICT, OLDER):
        return rows
    too_long = no_data.is_unusable(m, p, at_s)
    if too_long and m[RUNNING + NO_DATA] == NOTHING:
        rows = follow(m, NO_DATA, ALERT, at_s, m[UNUSABLE_S], said, rows)
        said[rows - 1, WHY] = TELLS_NOTHING
        said[rows - 1, WHY + 1] = case
    return rows


@apart
def use_while_absent(
    m: Floats, absences_s: Floats, begin_s: float, at_s: float, used: bool, said: Floats, rows: int
) -> int:
    left_s = absences.left_s(m, absences_s, begin_s)
    running = m[RUNNING + USE_WHILE_ABSENT] != NOTHING
    level = NOTHING if left_s == inf or (not running and not used) else ALERT
    return follow(m, USE_WHILE_ABSENT, level, at_s, left_s, said, rows)


@compiled
def follow(m: Floats, kind: int, level: float, at_s: float, since_s: float, said: Floats, rows: int) -> int:
    """As `HouseholdWatch._follow`: edges only."""
    before = m[RUNNING + kind]
    if seldom(level != CANNOT_TELL and (before != NOTHING or level != NOTHING)):
        return tell(m, kind, level, at_s, since_s, said, rows)
    return rows


@apart
def tell(m: Floats, kind: int, level: float, at_s: float, since_s: float, said: Floats, rows: int) -> int:
    before = m[RUNNING + kind]
    if level == NOTHING or (before != NOTHING and since_s != m[RUNNING_SINCE_S + kind]):
        rows = say(said, rows, kind, NOTHING, at_s, m[RUNNING_SINCE_S + kind])
        said[rows - 1, WHY] = before
        m[RUNNING + kind] = before = NOTHING
    if level > before and (before == NOTHING or level == ALERT):
        rows = say(said, rows, kind, level, at_s, since_s)
        m[RUNNING + kind] = level
        m[RUNNING_SINCE_S + kind] = since_s
    return rows


@compiled
def say(said: Floats, rows: int, kind: int, level: float, at_s: float, since_s: float) -> int:
    row = said[rows]
    row[:] = 0.0
    row[KIND] = kind
    row[LEVEL] = level
    row[AT_S] = at_s
    row[SINCE_S] = since_s
    return rows + 1


@compiled
def is_raised(said: Floats, before: int, rows: int) -> bool:
    """Whether the last of the rows said since is a rise, whose reason is still to be given."""
    return rows > before and said[rows - 1, LEVEL] != NOTHING


@apart
def why_low_use(m: Floats, p: Floats, clock: Floats, at_s: float, row: Floats) -> None:
    since_s = low_use.since_s(m, p)
    by_row, by_traces = safety_net.by_row(m, p), safety_net.is_traces(m, p)
    goes_on, dry_s = by_row or by_traces, m[DRY_S]
    row[WHY] = low_use.expected(m, clock, since_s, at_s)
    for day in range(LONGEST, LONGEST + LONGEST_DAYS):
        row[WHY + 1] = max(row[WHY + 1], m[day])
    row[WHY + 2] = at_s - since_s if goes_on else dry_s
    row[WHY + 3] = since_s if goes_on else m[LAST_USE_S]
    row[WHY + 4] = BY_NET if safety_net.is_net_near(m, p) else BY_HABIT
    row[WHY + 5] = schedule.timers(m)
    row[WHY + 6] = m[STEP_L] if safety_net.by_longest(m) else 0.0
    if by_row:
        row[WHY + 7], row[WHY + 8] = m[ROW_KNOWN_L], m[ROW_EVERY_S]
    row[WHY + 9] = m[DRIP_LPH]
    if by_traces:
        row[WHY + 4] = BY_TRACES
    if m[STEP_L] == inf:
        row[WHY + 4] = NEVER_MOVED


@apart
def why_constant_flow(m: Floats, p: Floats, row: Floats) -> None:
    grade = int(m[FLOW_GRADE])
    row[WHY] = m[FLOW_LPH]
    if grade > int(p[SCALES]):
        row[WHY + 1] = m[STEADY_RECORD]
    else:
        row[WHY + 1] = m[RECORD + 1 if grade == int(p[SCALES]) else (RECORD + grade if grade else USUAL_LPH)]
    row[WHY + 2] = constant_flow.rank(p, grade)
    row[WHY + 3] = m[FLOW_SINCE_S]
    if row[WHY] <= row[WHY + 1]:
        place = int(m[FALLING_TO]) - 1
        row[WHY], row[WHY + 3] = m[constant_flow.flow_of(place)], m[constant_flow.since_of(place)]


@apart
def why_change(m: Floats, p: Floats, row: Floats) -> None:
    grade = int(m[GRADE])
    first = DAYS_USED if grade == 1 else DAYS_AT_NIGHT
    days = m[first : first + int(m[DAYS_KEPT])]
    row[WHY] = grade
    row[WHY + 1], row[WHY + 2], _ = change_in_use.deviation(days, int(p[RECENT_DAYS]))
