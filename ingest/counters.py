"""What ingest has done since the start, and what ails it, for /metrics and /health."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

BUCKETS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 60.0)
MOST_REASONS = 50  # reasons come from outside; a metric must not grow without end
LONGEST_COMMIT = timedelta(seconds=30)  # a disk may try a bad sector again for some ten seconds; after that it hangs
BROKER_AWAY = timedelta(minutes=1)  # a restart of the broker takes seconds
STANDS_STILL = timedelta(minutes=2)  # the loop turns ten times a second, and waits half a minute for a broker
MANY_AHEAD = 20  # readings in a row; a single meter's wrong clock has others' readings between
OFTEN, OFTEN_WITHIN = 10, timedelta(minutes=10)  # losses of the connection; a poor line has some an hour


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

    `ahead` counts readings from the future, one after the other without any that is in order.
    `committing_since` is None while no commit is under way, `turned_at` when ingest last looked for messages,
    `lost_at` when the connection to the broker was lost, the last times.
    `commit` is the time that a group commit takes, `lag` that from the receipt of its first message to the disk.
    """

    received: int = 0
    readings: int = 0
    events: int = 0
    scans: int = 0
    ignored: int = 0
    quarantined: int = 0
    over_rate: int = 0
    ahead: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    sessions_lost: int = 0
    commit: Times = field(default_factory=Times)
    lag: Times = field(default_factory=Times)
    unavailable_since: datetime | None = None
    committing_since: datetime | None = None
    broker_away_since: datetime | None = None
    turned_at: datetime | None = None
    topics_refused: Sequence[str] = ()
    lost_at: deque[datetime] = field(default_factory=lambda: deque(maxlen=OFTEN))

    def refuse(self, reason: str) -> None:
        """Counts by the field that the reason names first."""
        name = reason.partition(":")[0].partition(" ")[0][:40]
        self.refused[name if name in self.refused or len(self.refused) < MOST_REASONS else "other"] += 1

    def committed(self, took_s: float, *, lag_s: float) -> None:
        self.commit.add(took_s)
        self.lag.add(max(0.0, lag_s))

    def hangs_since(self, now: datetime) -> datetime | None:
        """When the commit began that doesn't end: a disk that hangs gives no error."""
        since = self.committing_since
        return since if since and now - since > LONGEST_COMMIT else None

    def problems(self, now: datetime) -> Iterator[str]:
        """What an operator must hear of; what stands before a colon or "since" names it."""
        if since := self.hangs_since(now):
            yield f"readings can't be stored since {since:%H:%M:%S} UTC: a commit hangs"
        elif since := self.unavailable_since:
            yield f"readings can't be stored since {since:%H:%M:%S} UTC"
        if (since := self.turned_at) and now - since > STANDS_STILL:
            yield f"ingest stands still since {since:%H:%M:%S} UTC"
        if (since := self.broker_away_since) and now - since > BROKER_AWAY:
            yield f"broker is away since {since:%H:%M:%S} UTC"
        if self.ahead >= MANY_AHEAD:
            yield f"clock: {self.ahead} readings in a row are ahead of ours and refused; is it set?"
        if self.topics_refused:
            yield f"broker refuses our subscription: {' '.join(self.topics_refused)}"
        if len(self.lost_at) == OFTEN and now - self.lost_at[0] < OFTEN_WITHIN:
            lost = f"broker connection lost {OFTEN} times since {self.lost_at[0]:%H:%M:%S} UTC"
            yield f"{lost}: a poor line, or another client with our client id takes our messages"
