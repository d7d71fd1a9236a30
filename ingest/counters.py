"""What ingest has done since the start, and what ails it, for /metrics and /health."""

import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

BUCKETS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 60.0)
LONGEST_COMMIT_S = 30.0  # a disk may try a bad sector again for some ten seconds; after that it hangs
BROKER_AWAY_S = 60.0  # a restart of the broker takes seconds
STANDS_STILL_S = 120.0  # the loop turns ten times a second, and waits half a minute for a broker
MANY_AHEAD = 20  # readings in a row; a single meter's wrong clock has others' readings between
OFTEN, OFTEN_WITHIN_S = 10, 600.0  # losses of the connection; a poor line has some an hour
FIELDS = frozenset(
    """
    APPdata BatteryPercentage C1 C2 C3 C4 Consumption CurrentVolume EUI LWT LastConsumption LastConsumptionCount Name
    StatusCode Timestamp Unit Value Volume a_counter alarm_counter alias at availability battery batteryLevel
    battery_percent card_id consumption consumption_data count counter counts.total curVol current_volume_m3 data devEUI
    devEui device deviceId deviceInfo deviceInfo.devEui device_id end_device_ids end_device_ids.dev_eui event fault
    flags frame id line log log_volume_m3 media meter meter_id meter_reading name object objectJSON on online params
    payload profile properties pulse pulse_count pulses reading register register_l register_m3 scans services state
    status statusCode timezone topic total total_l total_m3 total_volume_m3 total_water_consumption unit uplink value
    volume volume_gal volume_m3 water water_consumed water_total
    """.split()  # noqa: SIM905  words, not 90 quoted strings
)  # what reasons name first; whatever else stands there may come from outside, and a metric must not grow without end
_PLACE = re.compile(r"\[\d+\] ")  # of one reading among many of a message


class Instant(NamedTuple):
    """Now, by both clocks: the wall's, which somebody may set, says when; the steady one [s] says how long ago."""

    at: datetime
    steady_s: float

    def age_s(self, since_s: float | None) -> float:
        """0 for what is not so."""
        return 0.0 if since_s is None else self.steady_s - since_s

    def since(self, since_s: float) -> str:
        return f"since {self.at - timedelta(seconds=self.age_s(since_s)):%H:%M:%S} UTC"


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
    """Numbers only rise. Times are the steady clock's [s].

    `unavailable_since_s` is None while the store takes all, `broker_away_since_s` while we listen.
    `ahead` counts readings from the future, one after the other without any whose meter's clock agrees with ours.
    `committing_since_s` is None while no commit is under way, `turned_at_s` when ingest last looked for messages,
    `lost_at_s` when the connection to the broker was lost, the last times.
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
    unavailable_since_s: float | None = None
    committing_since_s: float | None = None
    broker_away_since_s: float | None = None
    turned_at_s: float | None = None
    topics_refused: Sequence[str] = ()
    lost_at_s: deque[float] = field(default_factory=lambda: deque(maxlen=OFTEN))

    def refuse(self, reason: str) -> None:
        """Counts by the field that the reason names first, whichever reading of a message it is of."""
        place = _PLACE.match(reason)
        name = reason[place.end() if place else 0 :].partition(":")[0].partition(" ")[0]
        self.refused[name if name in FIELDS else "other"] += 1

    def committed(self, took_s: float, *, lag_s: float) -> None:
        self.commit.add(took_s)
        self.lag.add(max(0.0, lag_s))

    def hangs(self, now: Instant) -> bool:
        """Whether a commit doesn't end: a disk that hangs gives no error."""
        return now.age_s(self.committing_since_s) > LONGEST_COMMIT_S

    def problems(self, now: Instant) -> Iterator[str]:
        """What an operator must hear of; what stands before a colon or "since" names it."""
        if self.committing_since_s is not None and self.hangs(now):
            yield f"readings can't be stored {now.since(self.committing_since_s)}: a commit hangs"
        elif self.unavailable_since_s is not None:
            yield f"readings can't be stored {now.since(self.unavailable_since_s)}"
        if self.turned_at_s is not None and now.age_s(self.turned_at_s) > STANDS_STILL_S:
            yield f"ingest stands still {now.since(self.turned_at_s)}"
        if self.broker_away_since_s is not None and now.age_s(self.broker_away_since_s) > BROKER_AWAY_S:
            yield f"broker is away {now.since(self.broker_away_since_s)}"
        if self.ahead >= MANY_AHEAD:
            yield f"clock: {self.ahead} readings in a row are ahead of ours and refused; is it set?"
        if self.topics_refused:
            yield f"broker refuses our subscription: {' '.join(self.topics_refused)}"
        if len(self.lost_at_s) == OFTEN and now.age_s(self.lost_at_s[0]) < OFTEN_WITHIN_S:
            yield (
                f"broker connection lost {OFTEN} times {now.since(self.lost_at_s[0])}: "
                "a poor line, or another client with our client id takes our messages"
            )
