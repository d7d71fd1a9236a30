"""The household's wall clock, quickly: the offset is looked up once a day, hour by hour where it changes."""

from datetime import UTC, datetime
from math import inf
from zoneinfo import ZoneInfo

_DAYS_KNOWN = 2_000  # some five years: start anew rather than grow
Span = tuple[float, float, int]  # from, until, and the offset meanwhile [s]


class LocalClock:
    """Remembers the offsets of the days asked for; many households may share one."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._days: dict[int, Span] = {}
        self._latest: Span = (inf, -inf, 0)

    def hour(self, at_s: float) -> int:
        """Whole hours since 1970 on the household's wall clock."""
        from_s, until_s, offset_s = self._latest
        if not from_s <= at_s < until_s:
            from_s, until_s, offset_s = self._latest = self._span(at_s)
        return int(at_s + offset_s) // 3600

    def offset_s(self, hour: int) -> int:
        """Of the wall clock, in this hour [h since 1970 UTC]."""
        return self._span(hour * 3600.0)[2]

    def offset_at(self, at_s: float) -> int:
        """Of the wall clock [s]."""
        return self._span(at_s)[2]

    def _span(self, at_s: float) -> Span:
        """A day of one offset; of one in which it changes, the hour."""
        day = int(at_s // 86400)
        span = self._days.get(day)
        if span is None:
            offset_s = self._asked(day * 24)
            if offset_s != self._asked(day * 24 + 24):
                hour = int(at_s // 3600)
                return hour * 3600.0, hour * 3600.0 + 3600.0, self._asked(hour)
            if len(self._days) > _DAYS_KNOWN:
                self._days.clear()
            span = self._days[day] = (day * 86400.0, day * 86400.0 + 86400.0, offset_s)
        return span

    def _asked(self, hour: int) -> int:
        """In this hour [h since 1970 UTC]."""
        shift = datetime.fromtimestamp(hour * 3600, UTC).astimezone(self.zone).utcoffset()
        return int(shift.total_seconds()) if shift else 0
