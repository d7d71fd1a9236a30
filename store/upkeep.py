"""What keeps the files from growing: the journal is cut behind its followers, old readings go after their time."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

log = logging.getLogger("anju.upkeep")

EVERY = timedelta(hours=6)
CREDIBLE = timedelta(days=30)  # a service may hear nothing for so long; beyond it our clock may be what is wrong


class Ages(Protocol):
    """What `store.contracts.ReadingStore` offers for this."""

    def position(self) -> int: ...

    def trim(self, up_to: int) -> None: ...

    def newest_at(self) -> datetime | None: ...

    def forget(self, before: datetime) -> None: ...


class Upkeep:
    """Call `round` every minute or so, from any thread."""

    def __init__(self, readings: Ages, *, keep: timedelta) -> None:
        self._readings = readings
        self._keep = keep
        self._forgot_at: datetime | None = None

    def round(self, now: datetime, followers: Iterable[int]) -> None:
        """`followers`: how far each follower of the journal has got; without any nothing is cut.

        Nor while one says that it is ahead of the journal: it knows another file, and has seen nothing of this one.
        """
        positions = list(followers)
        if positions and min(positions) > 0 and max(positions) <= self._readings.position():
            self._readings.trim(min(positions))
        if self._forgot_at is None or abs(now - self._forgot_at) >= EVERY:  # it may have been set back
            self._readings.forget(self._credible(now) - self._keep)
            self._forgot_at = now

    def _credible(self, now: datetime) -> datetime:
        """`now`, unless no meter agrees with it: a clock that jumps ahead by years must not delete all there is."""
        newest_at = self._readings.newest_at()
        if newest_at is None or now - newest_at <= CREDIBLE:
            return now
        log.warning("no reading since %s: retention goes by that, lest our clock be wrong", newest_at)
        return newest_at + CREDIBLE
