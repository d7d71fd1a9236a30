"""Kept messages judged again: out of quarantine when the ledger lets them pass, and refused ones on request."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.sorted import Message, Sorted
from ingest.sorter import Sorter
from store.contracts import Arrival, Kept, ReadingStore

AT_ONCE = 500
MOMENT = timedelta(milliseconds=1)  # as near as the store tells two readings apart


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondLook:
    """Each of them returns how many messages left where they were kept; oldest first."""

    sorter: Sorter  # of its own: old messages change nothing in what new ones are judged by
    readings: ReadingStore
    now: datetime

    def release(self) -> int:
        """What may pass by now leaves quarantine."""
        return sum(self._through(page, _still_held) for page in self._pages("quarantined"))

    def retry(self, device_id: str | None = None) -> int:
        """Of those refused, or of this device's alone; what still can't be used stays as it is."""
        wanted = None if device_id is None else device_id.casefold()
        return sum(
            self._through([k for k in page if wanted is None or (k.device_id or "").casefold() == wanted], _still_bad)
            for page in self._pages("refused")
        )

    def _pages(self, kind: str) -> Iterator[Sequence[Kept]]:
        after = 0
        while page := self.readings.kept(kind, AT_ONCE, after=after):
            after = page[-1].kept_id
            yield page

    def _through(self, page: Iterable[Kept], stays: Callable[[Kept, Sorted], bool]) -> int:
        batch, gone = Sorted(), list[int]()
        for kept in page:
            before = kept.kind == "refused"  # what of it can be used may be stored already, a call for help above all
            result = self.sorter.sort([Message(kept.topic, kept.payload, kept.received_at, again=before)])
            late_before = self.now - self.sorter.clocks.late_after
            arrivals = [a._replace(late=a.late or a.at < late_before) for a in result.arrivals]
            if stays(kept, result):
                batch.arrivals += self._not_there(arrivals)
                continue
            batch.arrivals += arrivals
            batch.events += result.events
            gone.append(kept.kept_id)
            lost = not (result.arrivals or result.events)  # it leaves quarantine, but not without a trace
            batch.kept += [one for one in result.kept if one.kind == "refused" and (lost or _is_of(kept, one))]
        batch.kept = list(dict.fromkeys(batch.kept))
        if batch.arrivals or gone:
            self.readings.commit(batch.batch(gone))
        return len(gone)

    def _not_there(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Of a message that stays: what of it is stored stays as it is, though it was corrected since."""
        return [a for a in arrivals if not self.readings.registers(a.meter_id, a.at, a.at + MOMENT)]


def _still_held(kept: Kept, result: Sorted) -> bool:
    """Whether it may not pass yet; what becomes of others in the same message doesn't matter."""
    held = [one.device_id or "" for one in result.kept if one.kind == "quarantined"]
    imposed = [event.subject for event in result.security if event.kind == "wrong_gateway"]
    return (kept.device_id or "").casefold() in map(str.casefold, held + imposed)


def _is_of(kept: Kept, other: Kept) -> bool:
    """Whether both are of one device."""
    return (kept.device_id or "").casefold() == (other.device_id or "").casefold()


def _still_bad(_: Kept, result: Sorted) -> bool:
    return bool(result.kept) or not (result.arrivals or result.events)
