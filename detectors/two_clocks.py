"""A silence's two clocks: the habit's, which a sensor or a litre by itself starts anew, and the safety net's."""

from detectors import ticks
from detectors.low_use_finding import SENSORS_HOLD_S
from detectors.low_use_state import LowUseState

RESTLESS_HOURS = 20  # of 24 with motion or doors: people sleep; pets, curtains and faults needn't
_DAY_BITS = (1 << 24) - 1


def restart(state: LowUseState, at_s: float) -> None:
    """The habit's clock."""
    state.silent_from_s, state.silent_s, state.plan = at_s, 0.0, b""


def begin_anew(state: LowUseState, at_s: float) -> None:
    """Both clocks."""
    restart(state, at_s)
    state.dry_from_s = state.traces_from_s = at_s
    state.dry_s = state.told_s = 0.0


def begin_anew_after_trace(state: LowUseState, at_s: float) -> None:
    """Both clocks, but it goes on that there was no more than traces of water."""
    traces_from_s = state.traces_from_s
    begin_anew(state, at_s)
    state.traces_from_s = traces_from_s


def start_over(state: LowUseState, at_s: float) -> None:
    """Both clocks, and what draws there were do not count for what comes of itself."""
    ticks.interrupt(state.ticks)
    begin_anew(state, at_s)


def is_held_back(state: LowUseState) -> bool:
    """Whether what was heard last began the habit's clock anew and not the net's: a litre by itself, or a sensor."""
    return state.silent_s < state.dry_s


def presence(state: LowUseState, at_s: float) -> bool:
    """A sensor says that somebody is there: the habit's clock begins anew, and nothing is learned about the water.

    Not the net's: a cat or a curtain moves sensors, too. And not where a sensor never rests, or a day has gone
    by without water, or with what comes of itself alone. True where it is believed.
    """
    hours = int(at_s // 3600) - int(state.sign_s // 3600)
    bits = state.signs << hours | 1 if 0 <= hours < 24 else state.signs | 1 << -hours if -24 < hours < 0 else 1
    state.signs, state.sign_s = bits & _DAY_BITS, max(at_s, state.sign_s)
    quiet_s = max(state.dry_s, ticks.row_s(state.ticks), state.dry_from_s - state.traces_from_s)
    believed = state.signs.bit_count() < RESTLESS_HOURS and quiet_s < SENSORS_HOLD_S
    if believed and at_s > state.silent_from_s:
        restart(state, at_s)
    return believed


def told(state: LowUseState, at_s: float) -> None:
    """A silence that people were told of goes on, whatever the clocks know of it: only water ends it."""
    if not state.first_s:
        state.first_s = at_s
        begin_anew(state, at_s)
    state.told_s = at_s


def seen(state: LowUseState, at_s: float) -> None:
    """A person was surely seen or spoken to: both clocks begin anew."""
    if at_s > state.dry_from_s:
        start_over(state, at_s)
        state.told_s = at_s
