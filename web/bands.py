"""Wristbands in the records: issued, found by card or number, changed, consented to, forgotten."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from domain.wristband import (
    CARD_LENGTH,
    NUMBER_LENGTH,
    Band,
    BandState,
    card_hash,
    clean,
    new_code,
    step,
)
from store.consents import consented
from store.tables import (
    consents,
    wristband_profiles,
    wristbands,
)
from web.notes import Notes, NotesCipher

Below = Callable[[int], int]
LASTS = timedelta(days=3 * 365)  # print on silicone fades; a band is renewed before nobody can scan it


class ConsentMissingError(Exception):
    """Nobody has consented to a wristband for this resident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A new band. Its card id is known here and now alone: print it, then forget it."""

    band_id: int
    card_id: str
    number: str


def issue(tx: Connection, resident_id: str, *, by: str, now: datetime, below: Below) -> Issued:
    """A new active band; several a resident may be. Raises `ConsentMissingError` where nobody consented to anything."""
    if not consented(tx, resident_id):
        raise ConsentMissingError(resident_id)
    card_id, number = new_code(CARD_LENGTH, below), new_code(NUMBER_LENGTH, below)
    band_id = tx.scalars(
        insert(wristbands)
        .values(
            resident_id=resident_id,
            card_hash=card_hash(card_id),
            number=number,
            state=BandState.ACTIVE.value,
            issued_at=now,
            issued_by=by,
            state_at=now,
            state_by=by,
            state_why="",
            expires_at=now + LASTS,
        )
        .returning(wristbands.c.band_id)
    ).one()
    return Issued(band_id=band_id, card_id=card_id, number=number)


def change(tx: Connection, band_id: int, after: BandState, *, by: str, why: str, now: datetime) -> None:
    """Raises `ImpossibleBandStepError` where the band can't become so."""
    before = BandState(tx.scalars(select(wristbands.c.state).where(wristbands.c.band_id == band_id)).one())
    tx.execute(
        update(wristbands)
        .where(wristbands.c.band_id == band_id)
        .values(state=step(before, after).value, state_at=now, state_by=by, state_why=why[:200])
    )


def replace(tx: Connection, band_id: int, *, by: str, why: str, now: datetime, below: Below) -> Issued:
    """The old band shows nobody from now on; the new one takes its place."""
    resident_id = tx.scalars(select(wristbands.c.resident_id).where(wristbands.c.band_id == band_id)).one()
    change(tx, band_id, BandState.REPLACED, by=by, why=why, now=now)
    return issue(tx, resident_id, by=by, now=now, below=below)


def by_card(tx: Connection, scanned: str) -> Band | None:
    """The band of a card id as scanned; None for anything else. Looked up by hash: time tells nothing of the id."""
    card_id = clean(scanned, CARD_LENGTH)
    if card_id is None:
        return None
    return _band(
        tx.execute(select(wristbands).where(wristbands.c.card_hash == card_hash(card_id))).mappings().one_or_none()
    )


def by_id(tx: Connection, band_id: int) -> Band | None:
    return _band(tx.execute(select(wristbands).where(wristbands.c.band_id == band_id)).mappings().one_or_none())


def of_resident(tx: Connection, resident_id: str) -> list[Band]:
    """All bands ever issued, latest first."""
    rows = tx.execute(
        select(wristbands).where(wristbands.c.resident_id == resident_id).order_by(wristbands.c.band_id.desc())
    ).mappings()
    return [band_of(row) for row in rows]


def save_profile(
    tx: Connection,
    resident_id: str,
    *,
    salutation: str | None,
    all_at_once: bool,
    notes: Notes | None,
    cipher: NotesCipher,
    by: str,
    now: datetime,
) -> None:
    """What the band shows besides the ledger. `notes` None leaves them as they are."""
    values: dict[str, object] = {
        "salutation": salutation or None,
        "all_at_once": all_at_once,
        "updated_at": now,
        "updated_by": by,
    }
    _write_profile(tx, resident_id, values)
    if notes is not None:
        save_notes(tx, resident_id, notes, cipher=cipher, by=by, now=now)


def save_notes(tx: Connection, resident_id: str, notes: Notes, *, cipher: NotesCipher, by: str, now: datetime) -> None:
    sealed = cipher.seal(notes, resident_id) if notes != Notes() else None
    _write_profile(tx, resident_id, {"notes": sealed, "updated_at": now, "updated_by": by})


def _write_profile(tx: Connection, resident_id: str, values: Mapping[str, object]) -> None:
    mine = wristband_profiles.c.resident_id == resident_id
    if tx.execute(update(wristband_profiles).where(mine).values(dict(values))).rowcount == 0:
        tx.execute(insert(wristband_profiles).values({"resident_id": resident_id, **values}))


def rotate_notes(tx: Connection, cipher: NotesCipher) -> int:
    """Writes all notes with the newest key; returns how many changed."""
    changed = 0
    rows = tx.execute(select(wristband_profiles.c.resident_id, wristband_profiles.c.notes)).all()
    for resident_id, sealed in rows:
        if sealed is None or not cipher.outdated(sealed):
            continue
        fresh = cipher.seal(cipher.open(sealed, resident_id), resident_id)
        mine = wristband_profiles.c.resident_id == resident_id
        tx.execute(update(wristband_profiles).where(mine).values(notes=fresh))
        changed += 1
    return changed


def _band(row: RowMapping | None) -> Band | None:
    return None if row is None else band_of(row)


def band_of(row: RowMapping) -> Band:
    """From a row with the columns of `wristbands`."""
    return Band(
        band_id=row["band_id"],
        resident_id=row["resident_id"],
        number=row["number"],
        state=BandState(row["state"]),
        issued_at=row["issued_at"],
        expires_at=row["expires_at"],
    )


def consents_of(tx: Connection, resident_id: str) -> list[dict[str, Any]]:
    """Every consent ever given, with who, when and which paper; withdrawn ones too."""
    query = select(consents).where(consents.c.resident_id == resident_id).order_by(consents.c.consent_id)
    return [dict(row) for row in tx.execute(query).mappings()]
