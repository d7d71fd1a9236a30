"""The water between two readings of one meter; unknown stays unknown."""

from datetime import datetime, timedelta
from math import isnan, nan
from typing import NamedTuple

UNKNOWN = nan


class Interval(NamedTuple):
    """Water between two successive readings of one meter.

    `volume` is the interval volume [L]; NaN means unknown (a gap of which not even the sum can be trusted:
    the meter was changed, reset or jumped), never zero. `gap` marks an interval so much longer than the meter's
    rhythm that when the water ran is unknown, though its sum is known. `late` marks backfill, which may
    teach habits and must not raise an alert about now. A tuple: one is made of every reading, in a third of the time.
    """

    start_at: datetime
    end_at: datetime
    volume: float
    gap: bool = False
    late: bool = False

    @property
    def length(self) -> timedelta:
        return self.end_at - self.start_at

    @property
    def known(self) -> bool:
        return not isnan(self.volume)
