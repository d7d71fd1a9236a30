"""How many messages each gateway sends a minute: one that floods is named, and nothing of it is dropped."""

from collections import Counter
from datetime import datetime


class Rates:
    """Counts by gateway; where a message names none, by the first two levels of its topic."""

    def __init__(self, max_messages_per_minute: int) -> None:
        self._limit = max_messages_per_minute
        self._minute = 0
        self._heard: Counter[str] = Counter()

    def over_by(self, who: str, at: datetime) -> int:
        """By how many messages of this minute, with this one, `who` is over the limit; 0 below it."""
        minute = int(at.timestamp()) // 60
        if minute != self._minute:
            self._minute = minute
            self._heard.clear()
        self._heard[who] += 1
        return max(0, self._heard[who] - self._limit)


def sender(gateway_id: str | None, topic: str) -> str:
    return gateway_id or "/".join(topic.split("/", 2)[:2])[:200]
