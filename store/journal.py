"""How one commit is written down for its followers: compact JSON of what was new in it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from domain.reading import DeviceEvent
from store.contracts import EARLIEST_AT, Arrival, BandScan, Journal, JournalEntry

_MS = timedelta(milliseconds=1)
_EARLIEST_MS = int(EARLIEST_AT.timestamp()) * 1000


def to_ms(at: datetime) -> int:
    """Milliseconds since `EARLIEST_AT`."""
    return (at - EARLIEST_AT) // _MS


def from_ms(ms: int) -> datetime:
    return datetime.fromtimestamp((ms + _EARLIEST_MS) / 1000, UTC)


def all_from_ms(ms: NDArray[np.int64]) -> list[datetime]:
    """`from_ms` of each in a quarter of the time, and in one piece: no other thread gets in between."""
    return list(map(EARLIEST_AT.__add__, ms.astype("timedelta64[ms]").astype(object)))


def all_from_ml(ml: NDArray[np.int64]) -> list[float]:
    """Litres."""
    litres: list[float] = (ml / 1000).tolist()
    return litres


def to_ml(register_l: float) -> int:
    return round(register_l * 1000)


ArrivalRow = tuple[str, int, int, int, int]  # meter_id, at, register, late, received_at


def row(arrival: Arrival) -> ArrivalRow:
    """An arrival as `write` takes it, in milliseconds and millilitres."""
    at, received_at = to_ms(arrival.at), to_ms(arrival.received_at)
    return arrival.meter_id, at, to_ml(arrival.register_l), int(arrival.late), received_at


def write(arrivals: Sequence[ArrivalRow], events: Sequence[DeviceEvent], scans: Sequence[BandScan]) -> str:
    """The journal row's body."""
    body: dict[str, Sequence[Any]] = {}
    if arrivals:
        body["a"] = arrivals
    if events:
        body["e"] = [
            [
                *(e.device_id, to_ms(e.at), e.kind, e.at_source, e.gateway_id),
                *(dict(e.flags), dict(e.battery), e.lacks),
                *_tail(e.message, *(None if at is None else to_ms(at) for at in (e.heard_at, e.told_at))),
            ]
            for e in events
        ]
    if scans:
        body["s"] = [[s.band_no, to_ms(s.at), s.stage, s.source] for s in scans]
    return orjson.dumps(body).decode()


def _tail(*values: str | int | None) -> list[str | int | None]:
    """Up to the last that there is."""
    known = [n for n, value in enumerate(values, 1) if value is not None]
    return list(values[: known[-1]]) if known else []


def read(position: int, text: str) -> JournalEntry:
    """The entry back from its row."""
    body = orjson.loads(text)
    return JournalEntry(
        position=position,
        arrivals=tuple(
            Arrival(
                meter_id=meter_id,
                at=from_ms(at),
                register_l=ml / 1000,
                late=bool(late),
                received_at=from_ms(received_at),
            )
            for meter_id, at, ml, late, received_at in body.get("a", ())
        ),
        events=tuple(
            DeviceEvent(
                device_id=device_id,
                at=from_ms(at),
                kind=kind,
                at_source=at_source,
                gateway_id=gateway_id,
                flags=flags,
                battery=battery,
                lacks=lacks,
                message=tail[0] if tail else None,
                heard_at=from_ms(tail[1]) if tail[1:] and tail[1] is not None else None,
                told_at=from_ms(tail[2]) if tail[2:] else None,
            )
            for device_id, at, kind, at_source, gateway_id, flags, battery, lacks, *tail in body.get("e", ())
        ),
        scans=tuple(
            BandScan(band_no=band_no, at=from_ms(at), stage=stage, source=source)
            for band_no, at, stage, source in body.get("s", ())
        ),
    )


def waiting(journal: Journal, position: int, now: datetime) -> timedelta:
    """How long what comes after `position` waits for who has got there: 0 where nothing does."""
    for entry in journal.follow(position, 1):
        came = [*(a.received_at for a in entry.arrivals), *(e.at for e in entry.events), *(s.at for s in entry.scans)]
        return max(timedelta(0), now - came[0])
    return timedelta(0)
