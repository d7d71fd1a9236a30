"""Never above a provider's rate: at most so many calls in any second, evenly spaced but for a small catch-up."""

from collections import deque
from collections.abc import Callable
from threading import Lock

CATCH_UP = 4  # calls that may follow at once where earlier ones came late
A_SECOND_S = 1.05  # between its turn and the provider's clock a call may be late by two threads' switches [s]


class Pace:
    """`wait_s(now)`: 0, and the call that begins now is counted; or how long until one may begin [s].

    A call takes its turn 1/rate after the one before (GCRA, the rate as a leaky bucket of `CATCH_UP` calls); besides,
    never more than the rate in any second and a little, which a bucket alone would exceed by what it catches up.
    """

    def __init__(self, a_second: int) -> None:
        self._apart = 1.0 / a_second
        self._due = float("-inf")
        self._begun: deque[float] = deque(maxlen=a_second)

    def wait_s(self, now: float) -> float:
        if self._begun and now < self._begun[-1]:  # a clock that went back
            self._begun.clear()
            self._due = float("-inf")
        full = len(self._begun) == self._begun.maxlen
        wait = max(
            self._due - CATCH_UP * self._apart - now,
            self._begun[0] + A_SECOND_S - now if full else 0.0,
            0.0,
        )
        if wait > 0.0:
            return wait
        self._due = max(self._due, now) + self._apart
        self._begun.append(now)
        return 0.0


class Turnstile:
    """Lets threads through at a pace: `Turnstile(Pace(50), time.monotonic, time.sleep)()` returns when it is time."""

    def __init__(self, pace: Pace, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._pace = pace
        self._clock = clock
        self._sleep = sleep
        self._one_at_a_time = Lock()

    def __call__(self) -> None:
        with self._one_at_a_time:
            while wait := self._pace.wait_s(self._clock()):
                self._sleep(wait)
