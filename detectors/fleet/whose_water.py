"""`detectors.whose_water` for arrays."""

from detectors.coarse import TOO_COARSE_L
from detectors.drip import LEAST_STEP_L
from detectors.fleet import drip, schedule, ticks
from detectors.fleet.coarse import is_coarse
from detectors.fleet.compiled import compiled, seldom
from detectors.fleet.memory import STEP_L, TIMER_HELD_L, Floats

NO_USE, BY_PEOPLE, BY_ITSELF, A_TRACE = range(4)


@compiled
def people_l(m: Floats, hour: int, drawn_l: float) -> float:
    if is_coarse(m[STEP_L]) or (drawn_l == 0.0 and m[TIMER_HELD_L] == 0.0):
        return drawn_l
    return schedule.people_l(m, hour, drawn_l, m[STEP_L])


@compiled
def use_of(m: Floats, hour: int, volume: float, begin_s: float, end_s: float) -> int:
    """`WhoseWater.used`."""
    if seldom(m[STEP_L] > LEAST_STEP_L) and volume:
        step_l = drip.finer_step_l(m[STEP_L], volume)
        if step_l != m[STEP_L] and is_coarse(m[STEP_L]):
            ticks.interrupt(m)
        m[STEP_L] = step_l
    drawn_l = drip.drawn_l(m, begin_s, end_s, volume, m[STEP_L])
    told_l = people_l(m, hour, drawn_l)
    ran_l = volume if told_l == drawn_l else told_l
    alone = False
    if ran_l >= LEAST_STEP_L and m[STEP_L] < TOO_COARSE_L:
        alone = not is_coarse(m[STEP_L]) and ticks.is_lone(m, begin_s, ran_l)
        if alone or told_l == drawn_l:
            ticks.follow(m, begin_s, end_s, ran_l, m[STEP_L])
        else:
            ticks.interrupt(m)
    if told_l == 0.0:
        return NO_USE
    if alone:
        return BY_ITSELF
    return A_TRACE if is_trace(m, begin_s, end_s, told_l) else BY_PEOPLE


@compiled
def is_trace(m: Floats, begin_s: float, end_s: float, litres: float) -> bool:
    return ticks.is_trace(end_s - begin_s, litres) and not is_coarse(m[STEP_L])
