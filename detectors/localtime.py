"""The household's wall clock, quickly: the offset is looked up once a day, hour by hour where it changes."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_DAYS_KNOWN = 2_000  # some five years: start anew rather than grow


class LocalClock:
    """Remembers the offsets of the days asked for; many households may share one."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._days: dict[float, int] = {}  # those of one offset [s]

    def hour(self, at_s: float) -> int:
        """Whole hours since 1970 on the household's wall clock."""
        offset_s = self._days.get(at_s // 86400.0)
        if offset_s is None:
            offset_s = self._asked(at_s)
        return int(at_s + offset_s) // 3600

    def offset_s(self, hour: int) -> int:
        """Of the wall clock, in this hour [h since 1970 UTC]."""
        return self.offset_at(hour * 3600.0)

    def offset_at(self, at_s: float) -> int:
        """Of the wall clock [s]."""
        offset_s = self._days.get(at_s // 86400.0)
        return self._asked(at_s) if offset_s is None else offset_s

    def _asked(self, at_s: float) -> int:
        """Remembered for the day, unless it changes."""
        day = at_s // 86400.0
        offset_s = self._in_hour(24 * int(day))
        if offset_s != self._in_hour(24 * int(day) + 24):
            return self._in_hour(int(at_s // 3600.0))
        if len(self._days) > _DAYS_KNOWN:
            self._days.clear()
        self._days[day] = offset_s
        return offset_s

    def _in_hour(self, hour: int) -> int:
        """In this hour [h since 1970 UTC]."""
        shift = datetime.fromtimestamp(hour * 3600, UTC).astimezone(self.zone).utcoffset()
        return int(shift.total_seconds()) if shift else 0
