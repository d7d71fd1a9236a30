"""Quiet hours hold back notices, never alerts."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From `start` to `end` on the household's clock; equal: no quiet hours."""

    start: time = time(21, 0)
    end: time = time(8, 0)

    def not_before(self, now: datetime, zone: tzinfo) -> datetime | None:
        """When a notice may go that comes now; None: at once."""
        local = now.astimezone(zone)
        if not self._quiet(local.time()):
            return None
        day = local.date() if local.time() < self.end else local.date() + timedelta(days=1)
        return datetime.combine(day, self.end, tzinfo=zone).astimezone(now.tzinfo)

    def _quiet(self, at: time) -> bool:
        if self.start <= self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end
