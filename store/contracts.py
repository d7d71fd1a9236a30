"""What the rest asks of a store of readings. Every store passes `tests/test_every_reading_store.py`.

Registers are kept to the millilitre, times to the millisecond.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from domain.reading import DeviceEvent

EARLIEST_AT = datetime(2000, 1, 1, tzinfo=UTC)  # no meter with a radio is older; a clock before it is not set


class StoreError(Exception):
    """Base of all that a store raises."""


class StoreUnavailableError(StoreError):
    """The store can't be written or read now (locked, full, gone); nothing of the batch is stored. Try again."""


class Arrival(NamedTuple):
    """One register value as it is kept: `register_l` [L] at `at` (UTC). `late`: it came as backfill.

    A named tuple, as many thousands are made a second; written with names, as all values are.
    """

    meter_id: str
    at: datetime
    register_l: float
    late: bool
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BandScan:
    """Someone opened a wristband's page, or staff scanned the band.

    `band_no` is the band's opaque number, never its card id; `stage` how far it went; `source` web or a scanner's id.
    """

    band_no: int
    at: datetime
    stage: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A message that was refused, or a reading in quarantine, kept where staff can see it.

    `kind` is "refused" (can't be used) or "quarantined" (in order, but from an unknown or wrongly bound device;
    can be released). `reason` names the field and the value. `kept_id` is the store's, 0 before it is stored.
    """

    kind: str
    received_at: datetime
    topic: str
    payload: bytes
    reason: str
    device_id: str | None = None
    kept_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """All that one group commit stores, wholly or not at all; `released` leaves quarantine with it (kept ids).

    `learned`: what messages taught for later ones, by name; None: forgotten.
    """

    arrivals: Sequence[Arrival] = ()
    events: Sequence[DeviceEvent] = ()
    scans: Sequence[BandScan] = ()
    kept: Sequence[Kept] = ()
    released: Sequence[int] = ()
    learned: Sequence[tuple[str, str | None]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """What one commit brought that was not there before, for those who follow (detectors, forwarder)."""

    position: int
    arrivals: Sequence[Arrival] = ()
    events: Sequence[DeviceEvent] = ()
    scans: Sequence[BandScan] = ()


class BatchSink(Protocol):
    """Durable when it returns. The same batch again changes nothing. Raises `StoreUnavailableError`."""

    def commit(self, batch: Batch) -> None: ...


class Journal(Protocol):
    """Commits in the order in which they were made."""

    def follow(self, after: int, limit: int = 100) -> Sequence[JournalEntry]:
        """Up to `limit` entries with a position above `after`, in order."""
        ...

    def position(self) -> int:
        """The position of the newest commit ever; 0 before the first."""
        ...

    def trim(self, up_to: int) -> None:
        """Forgets entries up to this position: every follower has them behind it."""
        ...


class RegisterReader(Protocol):
    """Reads one meter's registers back."""

    def registers(self, meter_id: str, since: datetime, until: datetime) -> Sequence[tuple[datetime, float]]:
        """(at, register_l [L]) with since <= at < until, in order of time."""
        ...


class KeptReader(Protocol):
    """What was refused or is in quarantine, for staff."""

    def kept(self, kind: str, limit: int = 100, *, after: int | None = None) -> Sequence[Kept]:
        """The newest first; with `after`, the oldest first of those with a higher `kept_id`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """By which ids the readings file knows a home and its residents' bands; `device_ids` hold the meters' too."""

    meter_ids: Sequence[str] = ()
    device_ids: Sequence[str] = ()
    band_nos: Sequence[int] = ()


class TracesKeeper(Protocol):
    """Everything of one home, for a request under the law."""

    def traces(self, of: Traces) -> dict[str, Any]:
        """Readable as JSON."""
        ...

    def erase(self, of: Traces) -> None:
        """Gone when it returns, but for what waits in the journal; no commit brings more of these devices."""
        ...


class Erasures(Protocol):
    """What was erased stays so while messages sorted before it are still on their way."""

    def erased(self) -> Collection[str]:
        """The ids, case-folded, of devices that were erased: batches are stored without what is theirs."""
        ...

    def lift(self, device_ids: Collection[str]) -> None:
        """The ledger names them again: what comes of them from now on is taken."""
        ...


class ScanReader(Protocol):
    """What was scanned when."""

    def band_scans(self, since: datetime, until: datetime, band_nos: Collection[int]) -> Sequence[BandScan]:
        """Of these bands, with since <= at < until, in order of time."""
        ...


class ReadingStore(BatchSink, Journal, RegisterReader, KeptReader, ScanReader, TracesKeeper, Erasures, Protocol):
    """A whole store of readings."""

    def device_events(self, device_id: str, since: datetime, until: datetime) -> Sequence[DeviceEvent]:
        """With since <= at < until, in order of time; neither whose clock nor which gateway is remembered."""
        ...

    def last_words(
        self, device_id: str, kind: str, since: datetime, until: datetime, *, at_most: int
    ) -> Sequence[DeviceEvent]:
        """The newest of its events of this kind, with since <= at < until, in order of time."""
        ...

    def learned(self) -> Mapping[str, str]:
        """All that batches said was learned, and not forgotten since."""
        ...

    def newest_at(self) -> datetime | None:
        """The time of the newest reading of all meters."""
        ...

    def forget(self, before: datetime) -> None:
        """Drops readings, events, scans and kept messages older than this: retention."""
        ...

    def close(self) -> None: ...
