"""The household's wall clock, quickly: the offset is looked up once an hour, so a change of summer time is met."""

from datetime import UTC, datetime
from math import nan
from zoneinfo import ZoneInfo


class LocalClock:
    """Remembers the offset of the hours asked for; many households may share one."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._offsets: dict[int, int] = {}
        self._asked_s, self._answer = nan, 0

    def hour(self, at_s: float) -> int:
        """Whole hours since 1970 on the household's wall clock; the same moment is asked for by several detectors."""
        if at_s != self._asked_s:
            hour = int(at_s // 3600)
            offset = self._offsets.get(hour)  # most are known: no call for every reading
            self._asked_s = at_s
            self._answer = int(at_s + (self.offset_s(hour) if offset is None else offset)) // 3600
        return self._answer

    def offset_s(self, hour: int) -> int:
        """Of the wall clock, in this hour [h since 1970 UTC]."""
        offset = self._offsets.get(hour)
        if offset is None:
            if len(self._offsets) > 50_000:  # some six years of hours: start anew rather than grow
                self._offsets.clear()
            shift = datetime.fromtimestamp(hour * 3600, UTC).astimezone(self.zone).utcoffset()
            offset = self._offsets[hour] = int(shift.total_seconds()) if shift else 0
        return offset
