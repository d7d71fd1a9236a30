"""How many messages each gateway sends a minute: one that floods is named, and nothing of it is dropped."""

from collections import Counter
from datetime import UTC, datetime, timedelta


class Rates:
    """Counts by gateway; where a message names none, by the first two levels of its topic."""

    def __init__(self, max_messages_per_minute: int) -> None:
        self._limit = max_messages_per_minute
        self._from = self._until = datetime.min.replace(tzinfo=UTC)
        self._heard: Counter[str] = Counter()

    def over_by(self, who: str, at: datetime) -> int:
        """By how many messages of this minute, with this one, `who` is over the limit; 0 below it."""
        if not self._from <= at < self._until:
            self._from = at.replace(second=0, microsecond=0)
            self._until = self._from + timedelta(minutes=1)
            self._heard.clear()
        self._heard[who] += 1
        return max(0, self._heard[who] - self._limit)


def sender(gateway_id: str | None, topic: str) -> str:
    return gateway_id or "/".join(topic.split("/", 2)[:2])[:200]
