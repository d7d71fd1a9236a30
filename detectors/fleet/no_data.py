"""`detectors.no_data` for arrays; every reading counts as come when it was read."""

from math import inf

from detectors.fleet.compiled import apart, compiled, seldom
from detectors.fleet.memory import (
    HEARD,
    HEARD_LAST_S,
    LONGER_S,
    RHYTHM_S,
    STEP_S,
    STEPS_UNLEARNED,
    UNUSABLE_S,
    WOBBLE_S,
    Floats,
)
from detectors.fleet.rules import FIRST_RHYTHM_S, MISSED, NEVER_HEARD_S, PATIENCE_S, UNUSABLE_FOR_S
from detectors.no_data import ALIKE, NO_RHYTHM_S, WOBBLE_CAP
from detectors.packing import SIXTEENTHS

_CAP = int(WOBBLE_CAP)


@compiled
def heard(m: Floats, at_s: float) -> None:
    if at_s <= m[HEARD_LAST_S] and m[HEARD]:
        return
    if m[HEARD]:
        learn(m, at_s - m[HEARD_LAST_S], 1)
    m[HEARD] = 1.0
    m[HEARD_LAST_S] = at_s


@compiled
def learn(m: Floats, step_s: float, many: int) -> None:
    """So many as long; counted until one of another length comes, or somebody asks."""
    if seldom(step_s != m[STEP_S]):
        catch_up(m)
        m[STEP_S] = step_s
    m[STEPS_UNLEARNED] += many


@apart
def catch_up(m: Floats) -> None:
    """In sixteenths of a second, as whole numbers; the first step that teaches nothing speaks for all after it."""
    step, many = int(m[STEP_S] * SIXTEENTHS), int(m[STEPS_UNLEARNED])
    rhythm, wobble = int(m[RHYTHM_S] * SIXTEENTHS), int(m[WOBBLE_S] * SIXTEENTHS)
    before, is_longer = int(m[LONGER_S] * SIXTEENTHS), rhythm and step > _CAP * rhythm
    none_yet = not wobble and (not rhythm or (rhythm > NO_RHYTHM_S * SIXTEENTHS and _CAP * step < rhythm))
    if many and (none_yet or step <= ALIKE * before <= ALIKE * ALIKE * step or (is_longer and many > 1)):
        rhythm, wobble, is_longer = step, 0, False
    if many:
        m[LONGER_S] = m[STEP_S] if is_longer else 0.0
    more = further = 1
    while many and more | further:
        longer = min(step, _CAP * rhythm) - rhythm
        more, further = longer + 8 >> 4, abs(longer) - wobble + 8 >> 4
        rhythm += more
        wobble += further
        many -= 1
    m[RHYTHM_S], m[WOBBLE_S], m[STEPS_UNLEARNED] = rhythm / SIXTEENTHS, wobble / SIXTEENTHS, 0.0


@compiled
def allowed_s(m: Floats, p: Floats) -> float:
    if not m[HEARD]:
        return p[NEVER_HEARD_S]
    rhythm_s = m[RHYTHM_S] if m[RHYTHM_S] else p[FIRST_RHYTHM_S]
    return max(p[MISSED] * rhythm_s, rhythm_s + p[PATIENCE_S], rhythm_s + 6.0 * m[WOBBLE_S])


@compiled
def deadline_s(m: Floats, p: Floats) -> float:
    catch_up(m)
    return m[HEARD_LAST_S] + allowed_s(m, p) if m[HEARD_LAST_S] else inf


@compiled
def is_unusable(m: Floats, p: Floats, at_s: float) -> bool:
    """A reading came that tells no volume; whether such have come for too long."""
    if m[UNUSABLE_S] == 0.0:
        m[UNUSABLE_S] = at_s
    return at_s - m[UNUSABLE_S] >= p[UNUSABLE_FOR_S]
