"""Whether the water of an interval is people's: a timer's is not, and what comes of itself tells little."""

from detectors import drip, schedule, ticks
from detectors.coarse import TOO_COARSE_L, is_coarse
from detectors.low_use_state import LowUseState


class WhoseWater:
    """`heeds_timers`, `heeds_ticks`: false where that part is left out, and all that water is people's."""

    def __init__(self, *, heeds_timers: bool, heeds_ticks: bool) -> None:
        self._heeds_timers, self._heeds_ticks = heeds_timers, heeds_ticks

    def used(self, state: LowUseState, volume: float, begin_s: float, end_s: float, hour: int) -> tuple[float, bool]:
        """What people drew [L], and whether only as much as comes of itself; keeps the register's step.

        What is held back for a timer's is none of what comes of itself until it is told, and then only a litre is.
        """
        if volume and state.step_l > drip.LEAST_STEP_L:
            self._follow_step(state, volume)
        drawn_l = drip.drawn_l(state.drip, begin_s, end_s, volume, state.step_l)
        told_l = self.people_l(state, hour, drawn_l)
        ran_l = volume if told_l == drawn_l else told_l
        if ran_l < drip.LEAST_STEP_L or state.step_l >= TOO_COARSE_L or not self._heeds_ticks:
            return told_l, False
        alone = self.is_lone(state, begin_s, ran_l)
        if alone or told_l == drawn_l:
            ticks.follow(state.ticks, begin_s, end_s, ran_l, state.step_l)
        else:
            ticks.interrupt(state.ticks)  # when it ran isn't known any more
        return told_l, alone

    def _follow_step(self, state: LowUseState, volume: float) -> None:
        """What was equal draws in coarse steps may not be so in finer ones."""
        step_l = drip.finer_step_l(state.step_l, volume)
        if step_l != state.step_l and is_coarse(state.step_l):
            ticks.interrupt(state.ticks)
        state.step_l = step_l

    def people_l(self, state: LowUseState, hour: int, drawn_l: float) -> float:
        """What of it, and of what was held back before, is not a timer's [L]. Coarse registers hide every timer."""
        if not self._heeds_timers or is_coarse(state.step_l) or not (drawn_l or state.schedule.held_l):
            return drawn_l
        return schedule.people_l(state.schedule, hour, drawn_l, state.step_l)

    def is_lone(self, state: LowUseState, begin_s: float, volume: float) -> bool:
        """See `detectors.ticks`. A coarse register tells of no such litre."""
        return self._heeds_ticks and ticks.is_lone(state.ticks, begin_s, volume) and not is_coarse(state.step_l)

    def is_trace(self, state: LowUseState, begin_s: float, end_s: float, litres: float) -> bool:
        """See `detectors.ticks`, as above."""
        return self._heeds_ticks and ticks.is_trace(end_s - begin_s, litres) and not is_coarse(state.step_l)
