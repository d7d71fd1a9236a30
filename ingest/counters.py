"""What ingest has done since the start, for /metrics and /health."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

COMMIT_BUCKETS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
MOST_REASONS = 50  # reasons come from outside; a metric must not grow without end


@dataclass(slots=True, kw_only=True)
class Counters:
    """Numbers only rise. `unavailable_since` is None while the store takes all, `broker_away_since` while we listen."""

    received: int = 0
    readings: int = 0
    events: int = 0
    scans: int = 0
    ignored: int = 0
    quarantined: int = 0
    over_rate: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    commits: int = 0
    commit_s: float = 0.0
    commit_buckets: list[int] = field(default_factory=lambda: [0] * len(COMMIT_BUCKETS_S))
    last_commit_at: datetime | None = None
    unavailable_since: datetime | None = None
    broker_away_since: datetime | None = None

    def refuse(self, reason: str) -> None:
        """Counts by the field that the reason names first."""
        name = reason.partition(":")[0].partition(" ")[0][:40]
        self.refused[name if name in self.refused or len(self.refused) < MOST_REASONS else "other"] += 1

    def committed(self, took_s: float, at: datetime) -> None:
        self.commits += 1
        self.commit_s += took_s
        self.last_commit_at = at
        for i, bound_s in enumerate(COMMIT_BUCKETS_S):
            self.commit_buckets[i] += took_s <= bound_s
