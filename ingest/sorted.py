"""Messages as they came, and what is in them, by what becomes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.reading import DeviceEvent
from store.contracts import EARLIEST_AT, Arrival, BandScan, Batch, Kept

LONGEST_ID = 200
KEPT_PAYLOAD_BYTES = 65_536  # of a refused message; a longer one is cut, it can't be used anyway
MOST_KEPT = 20  # of one message, each with the whole of it: a list of nonsense must not fill the disk


class Message(NamedTuple):
    """As it came from the broker.

    `retained`: kept there, and sent whenever we subscribe; `again`: sent before, and not acknowledged by us.
    """

    topic: str
    payload: bytes
    received_at: datetime
    retained: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEvent:
    """A gateway spoke for a device that isn't its own, or floods us."""

    at: datetime
    subject: str
    detail: str
    kind: str = "wrong_gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """`max_skew`: a time further in the future is refused. `late_after`: an older reading is backfill.

    `at_least`: we know that it is so late already, though our clock was behind when the message came.
    """

    max_skew: timedelta = timedelta(minutes=10)  # phones and gateways without NTP drift by minutes
    late_after: timedelta = timedelta(hours=3)  # hourly meters over a slow network stay below
    at_least: datetime = EARLIEST_AT


@dataclass(slots=True)
class Sorted:
    """What a group of messages holds, by what becomes of it. `since`: when the first of them came.

    `cut`: what is not kept of a message that holds too much, by kind and reason; it is counted.
    `agreed`: a meter's clock did with ours; `ahead`: so many readings since then that are of the future.
    """

    since: datetime | None = None
    arrivals: list[Arrival] = field(default_factory=list)
    events: list[DeviceEvent] = field(default_factory=list)
    scans: list[BandScan] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    cut: list[tuple[str, str]] = field(default_factory=list)
    security: list[SecurityEvent] = field(default_factory=list)
    learned: Sequence[tuple[str, str | None]] = ()
    ignored: int = 0
    over_rate: int = 0
    ahead: int = 0
    agreed: bool = False

    def batch(self, released: Sequence[int] = ()) -> Batch:
        return Batch(
            arrivals=self.arrivals,
            events=self.events,
            scans=self.scans,
            kept=self.kept,
            released=released,
            learned=self.learned,
        )


def curb(result: Sorted, before: int) -> None:
    """Of one message, the rows from `before` on."""
    last = before + MOST_KEPT - 1
    if cut := [(one.kind, one.reason) for one in result.kept[last + 1 :]]:
        shortened = replace(result.kept[last], reason=f"{result.kept[last].reason}; {len(cut)} more of this message")
        result.kept[last:] = [shortened]
        result.cut += cut


def kept_of(kind: str, message: Message, reason: str, device_id: str | None) -> Kept:
    payload = message.payload if kind == "quarantined" else message.payload[:KEPT_PAYLOAD_BYTES]
    return Kept(
        kind=kind,
        received_at=message.received_at,
        topic=_storable(message.topic),
        payload=payload,
        reason=_storable(reason),
        device_id=None if device_id is None else _storable(device_id)[:LONGEST_ID],
    )


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
