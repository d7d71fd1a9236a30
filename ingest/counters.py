"""What ingest has done since the start, for /metrics and /health."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

BUCKETS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 60.0)
MOST_REASONS = 50  # reasons come from outside; a metric must not grow without end


@dataclass(slots=True)
class Times:
    """How long something took: a histogram."""

    count: int = 0
    sum_s: float = 0.0
    within: list[int] = field(default_factory=lambda: [0] * len(BUCKETS_S))

    def add(self, took_s: float) -> None:
        self.count += 1
        self.sum_s += took_s
        for i, bound_s in enumerate(BUCKETS_S):
            self.within[i] += took_s <= bound_s


@dataclass(slots=True, kw_only=True)
class Counters:
    """Numbers only rise. `unavailable_since` is None while the store takes all, `broker_away_since` while we listen.

    `commit` is the time that a group commit takes, `lag` that from the receipt of its first message to the disk.
    """

    received: int = 0
    readings: int = 0
    events: int = 0
    scans: int = 0
    ignored: int = 0
    quarantined: int = 0
    over_rate: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    sessions_lost: int = 0
    commit: Times = field(default_factory=Times)
    lag: Times = field(default_factory=Times)
    unavailable_since: datetime | None = None
    broker_away_since: datetime | None = None

    def refuse(self, reason: str) -> None:
        """Counts by the field that the reason names first."""
        name = reason.partition(":")[0].partition(" ")[0][:40]
        self.refused[name if name in self.refused or len(self.refused) < MOST_REASONS else "other"] += 1

    def committed(self, took_s: float, *, lag_s: float) -> None:
        self.commit.add(took_s)
        self.lag.add(max(0.0, lag_s))
