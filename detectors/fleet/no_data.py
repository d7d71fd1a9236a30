"""`detectors.no_data` for arrays; every reading counts as come when it was read."""

from math import inf

from detectors.fleet.compiled import compiled
from detectors.fleet.memory import HEARD, HEARD_LAST_S, LEARNED_STEP_S, RHYTHM_S, UNUSABLE_S, WOBBLE_S, Floats
from detectors.fleet.rules import FIRST_RHYTHM_S, MISSED, NEVER_HEARD_S, PATIENCE_S, UNUSABLE_FOR_S
from detectors.no_data import NO_RHYTHM_S, WOBBLE_CAP
from detectors.packing import SIXTEENTHS

_CAP = int(WOBBLE_CAP)


@compiled
def heard(m: Floats, at_s: float) -> None:
    if at_s <= m[HEARD_LAST_S] and m[HEARD]:
        return
    if m[HEARD]:
        learn(m, at_s - m[HEARD_LAST_S])
    m[HEARD] = 1.0
    m[HEARD_LAST_S] = at_s


@compiled
def learn(m: Floats, step_s: float) -> None:
    if step_s == m[LEARNED_STEP_S]:
        return
    if m[RHYTHM_S] == 0.0:
        m[RHYTHM_S] = step_s
        return
    learn_each(m, step_s, 1)


@compiled
def learn_each(m: Floats, step_s: float, many: int) -> None:
    """So many as long, of a meter that has a rhythm; the first that teaches nothing speaks for all after it."""
    learned_s = m[LEARNED_STEP_S]
    if step_s == learned_s:
        return
    rhythm, wobble = in_sixteenths(m[RHYTHM_S]), in_sixteenths(m[WOBBLE_S])
    while many and step_s != learned_s:
        rhythm, wobble, learned_s = taught(rhythm, wobble, step_s)
        many -= 1
    m[RHYTHM_S], m[WOBBLE_S], m[LEARNED_STEP_S] = rhythm / SIXTEENTHS, wobble / SIXTEENTHS, learned_s


@compiled
def in_sixteenths(seconds: float) -> int:
    return int(seconds * SIXTEENTHS)


@compiled
def taught(rhythm: int, wobble: int, step_s: float) -> tuple[int, int, float]:
    """Both in sixteenths of a second, as whole numbers, and the step where it taught nothing, else 0."""
    if not wobble and rhythm > NO_RHYTHM_S * SIXTEENTHS and _CAP * in_sixteenths(step_s) < rhythm:
        return in_sixteenths(step_s), 0, 0.0
    apart = min(in_sixteenths(step_s), _CAP * rhythm) - rhythm
    more, further = apart + 8 >> 4, abs(apart) - wobble + 8 >> 4
    return rhythm + more, wobble + further, 0.0 if more | further else step_s


@compiled
def allowed_s(m: Floats, p: Floats) -> float:
    if not m[HEARD]:
        return p[NEVER_HEARD_S]
    rhythm_s = m[RHYTHM_S] if m[RHYTHM_S] else p[FIRST_RHYTHM_S]
    return max(p[MISSED] * rhythm_s, rhythm_s + p[PATIENCE_S], rhythm_s + 6.0 * m[WOBBLE_S])


@compiled
def deadline_s(m: Floats, p: Floats) -> float:
    return m[HEARD_LAST_S] + allowed_s(m, p) if m[HEARD_LAST_S] else inf


@compiled
def is_unusable(m: Floats, p: Floats, at_s: float) -> bool:
    """A reading came that tells no volume; whether such have come for too long."""
    if m[UNUSABLE_S] == 0.0:
        m[UNUSABLE_S] = at_s
    return at_s - m[UNUSABLE_S] >= p[UNUSABLE_FOR_S]
