"""All that is held on one resident, for a request under the law: exported as one JSON file, or deleted."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from domain.wristband import BandState
from store import consents, held
from store.contracts import Traces
from store.security import security_event
from web import bands, water
from web.ledger import several
from web.notes import NotesCipher, NotesError

ELSEWHERE = (
    "InfluxDB, where one is set: water_reading (tag meter_id), device_event (device_id), wristband_scan (band); "
    "no names; delete by tag there",
    "backups by `anju backup`: everything up to their day, until they are deleted; medical notes in them encrypted",
    "the SMS provider: texts that were sent, by phone, as long as its contract says",
    "the broker: what gateways retained there or wait for their readers",
    "the ledger's own CSV files and signed papers: whoever imports them again brings the resident back",
)


def everything_about(
    tx: Connection, resident_id: str, cipher: NotesCipher, traces: Callable[[Traces], dict[str, Any]], now: datetime
) -> dict[str, Any]:
    """Readable as JSON. Raises `store.held.UnknownResidentError`."""
    who = held.whose(tx, resident_id)
    records = held.read(tx, who)
    for profile in records["wristband_profiles"]:
        profile["notes"] = _notes(cipher, profile["notes"], resident_id)
    return {
        "resident_id": resident_id,
        "exported_at": now.isoformat(),
        "records": _readable(records),
        "readings_file": traces(who.traces),
        "held_elsewhere": list(ELSEWHERE),
        "not_exported": {
            "secrets": "hashes of cards, cookies and codes",
            **{name: f"{why}: nothing of this resident" for name, why in held.NOT_PERSONAL.items()},
        },
    }


def forget(tx: Connection, resident_id: str, *, by: str, now: datetime) -> Traces:
    """Deletes the records' part and returns what the readings file must erase. Raises `store.held` errors."""
    who = held.whose(tx, resident_id)
    for band in bands.of_resident(tx, resident_id):
        if band.state in {BandState.ACTIVE, BandState.LOST}:
            bands.change(tx, band.band_id, BandState.REVOKED, by=by, why="forgotten on request", now=now)
    for field in consents.consented(tx, resident_id):
        consents.withdraw(tx, resident_id, field, now, by=by)
    if who.alone and water.consent_of(tx, who.household_id):
        zone = several(tx, [who.household_id])[who.household_id].timezone
        water.withdraw(tx, who.household_id, by=by, timezone=zone, now=now)
    held.forget(tx, who)
    security_event(tx, "forgotten", resident_id, f"by {by}", now)
    return who.traces if who.alone else Traces(band_nos=who.band_ids)


def _notes(cipher: NotesCipher, sealed: bytes | None, resident_id: str) -> dict[str, str] | str | None:
    try:
        return asdict(cipher.open(sealed, resident_id)) if sealed else None
    except NotesError as e:
        return f"encrypted; {e}"


def _readable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _readable(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_readable(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return b64encode(value).decode() if isinstance(value, bytes) else value
