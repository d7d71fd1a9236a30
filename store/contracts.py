"""What the rest asks of a store of readings. Every store passes `tests/test_every_reading_store.py`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from domain.reading import DeviceEvent


class StoreError(Exception):
    """Base of all that a store raises."""


class StoreUnavailableError(StoreError):
    """The store can't be written or read now (locked, full, gone); nothing of the batch is stored. Try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One register value as it is kept: `register_l` [L] at `at` (UTC). `late`: it came as backfill."""

    meter_id: str
    at: datetime
    register_l: float
    late: bool
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A message that was refused, or a reading in quarantine, kept where staff can see it.

    `kind` is "refused" (can't be used) or "quarantined" (in order, but from an unknown or wrongly bound device;
    can be released). `reason` names the field and the value.
    """

    kind: str
    received_at: datetime
    topic: str
    payload: bytes
    reason: str
    device_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """All that one group commit stores: wholly or not at all."""

    arrivals: Sequence[Arrival] = ()
    events: Sequence[DeviceEvent] = ()
    kept: Sequence[Kept] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """What one commit brought, for those who follow the readings (detectors, forwarder)."""

    position: int
    arrivals: Sequence[Arrival] = field(default_factory=tuple)
    events: Sequence[DeviceEvent] = field(default_factory=tuple)


class BatchSink(Protocol):
    """Durable when it returns. The same batch again changes nothing. Raises `StoreUnavailableError`."""

    def commit(self, batch: Batch) -> None: ...


class Journal(Protocol):
    """Commits in the order in which they were made."""

    def follow(self, after: int, limit: int = 100) -> Sequence[JournalEntry]:
        """Up to `limit` entries with a position above `after`, in order."""
        ...

    def trim(self, up_to: int) -> None:
        """Forgets entries up to this position: every follower has them behind it."""
        ...


class RegisterReader(Protocol):
    """Reads one meter's registers back."""

    def registers(self, meter_id: str, since: datetime, until: datetime) -> Sequence[tuple[datetime, float]]:
        """(at, register_l [L]) with since <= at < until, in order of time."""
        ...
