"""What every detector is: a small state, moved on by one interval at a time, and a verdict."""

from typing import Protocol, TypeVar

from domain.finding import AlertKind, Verdict
from domain.interval import Interval

S = TypeVar("S")


class Detector(Protocol[S]):
    """Pure: the same intervals give the same verdicts; all that is remembered stands in the state.

    A verdict says what is true now: a `Finding` is repeated for as long as it holds, and the level in it may rise.
    Where an episode begins and ends is seen by `detectors.household`, in one place for all detectors.
    """

    @property
    def kind(self) -> AlertKind: ...

    def start(self) -> S:
        """The state of a household never seen."""
        ...

    def observe(self, state: S, interval: Interval) -> Verdict:
        """Moves `state` on by `interval` and answers for its end. Intervals come in order of time."""
        ...
