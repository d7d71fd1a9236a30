"""All that is held on one resident, for a request under the law."""

import json
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, select

from store.tables import meetings, scans
from web import wearers
from web.bands import consents_of, of_resident
from web.notes import NotesCipher


def everything_about(tx: Connection, resident_id: str, cipher: NotesCipher) -> dict[str, Any]:
    """All that is held on one resident around the wristband, for a request under the law; readable as JSON."""
    who = wearers.wearer(tx, resident_id)
    held: dict[str, Any] = {
        "resident_id": resident_id,
        "name": who.name,
        "birth_year": who.birth_year,
        "salutation": who.salutation,
        "all_at_once": who.all_at_once,
        "notes": asdict(cipher.open(who.sealed, resident_id)) if who.sealed else None,
        "consents": consents_of(tx, resident_id),
        "bands": [asdict(band) for band in of_resident(tx, resident_id)],
    }
    band_ids = [band["band_id"] for band in held["bands"]]
    for table in (scans, meetings):
        rows = tx.execute(select(table).where(table.c.band_id.in_(band_ids))).mappings()
        held[table.name] = [{key: value for key, value in row.items() if key != "token_hash"} for row in rows]
    readable: dict[str, Any] = json.loads(json.dumps(held, default=str))
    return readable
