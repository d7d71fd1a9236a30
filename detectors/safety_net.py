"""So much silence always alerts; less, where the register's steps tell no hour, by the longest silences of here.

Behind the coarsest registers it is the longest silences alone that tell.
"""

from math import inf

from detectors import ticks
from detectors.coarse import NEVER_H, TOO_COARSE_L, is_coarse
from detectors.low_use_state import LONGEST_DAYS, LowUseState

ASKED_BEFORE_H = 1  # the resident has time to answer before anybody else is told
NET_BEYOND = 1.5  # times the longest silence in 28 days, where the register's steps are days apart
NET_AFTER_H = 1.0  # than the longest silence in 28 days, where its hours would tell too much
NET_COARSE_H = 24.0  # but no sooner
NET_UNTIL_KNOWN_H = 72.0


class SafetyNet:
    """`silence_s`: of known time; inf: no net."""

    def __init__(self, silence_s: float) -> None:
        self.silence_s = silence_s
        self._coarse_s = min(3600.0 * NET_COARSE_H, silence_s) if silence_s < inf else inf

    def of_s(self, state: LowUseState) -> float:
        """After how long a silence it holds."""
        if not is_all(state):
            return self.silence_s
        longest_s = max(state.longest) * 1800.0
        young = state.hour - int(state.first_s) // 3600 < LONGEST_DAYS * 24
        if state.step_l >= TOO_COARSE_L:
            return max(self.silence_s, NET_BEYOND * longest_s, 3600.0 * NET_UNTIL_KNOWN_H * young)
        if young or not state.plan:
            return self.silence_s
        return min(max(self._coarse_s, longest_s + 3600.0 * NET_AFTER_H), self.silence_s)

    def soonest_s(self, state: LowUseState) -> float:
        """Before which it says nothing: behind a coarse register it may be nearer tomorrow, but no nearer."""
        return self._coarse_s - 3600.0 * ASKED_BEFORE_H if is_coarse(state.step_l) else self.silence_s

    def holds(self, state: LowUseState) -> bool:
        return state.dry_s >= self.of_s(state) or self.is_row(state)

    def is_near(self, state: LowUseState) -> bool:
        """Where it is all there is, the resident is asked before it."""
        return state.dry_s >= self.of_s(state) - 3600.0 * ASKED_BEFORE_H * is_all(state)

    def is_row(self, state: LowUseState) -> bool:
        """Whether all water has come of itself for as long."""
        return ticks.row_s(state.ticks) >= self.silence_s

    def is_traces(self, state: LowUseState) -> bool:
        """Whether no more than traces of water came for as long: a drip's, most likely, so the resident is asked."""
        return state.dry_from_s - state.traces_from_s >= self.silence_s


def is_all(state: LowUseState) -> bool:
    """Whether no hour is judged, as the register's steps tell none."""
    return is_coarse(state.step_l) and (not state.plan or state.alert_h == NEVER_H)
