"""Wristbands in the records: issued, found by card or number, changed, consented to, forgotten."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, update

from domain.wristband import (
    CARD_LENGTH,
    NUMBER_LENGTH,
    Band,
    BandField,
    BandState,
    card_hash,
    clean,
    new_code,
    step,
)
from store.tables import (
    buildings,
    communities,
    consents,
    contacts,
    grids,
    guardians,
    households,
    meetings,
    residents,
    scans,
    security_events,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Helper:
    """Somebody a finder may call."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wearer:
    """All that a band could show of its wearer; what it does show is decided by `domain.wristband.shown`."""

    resident_id: str
    household_id: str
    name: str
    salutation: str | None
    birth_year: int | None
    all_at_once: bool
    consented: frozenset[BandField]
    helpers: tuple[Helper, ...]
    line: str | None
    sealed: bytes | None


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
    return _band(tx.execute(_BY_CARD, {"hash": card_hash(card_id)}).mappings().one_or_none())


def by_number(tx: Connection, typed: str) -> Band | None:
    """The band of a number as typed or told."""
    number = clean(typed, NUMBER_LENGTH)
    if number is None:
        return None
    return _band(tx.execute(select(wristbands).where(wristbands.c.number == number)).mappings().one_or_none())


def by_id(tx: Connection, band_id: int) -> Band | None:
    return _band(tx.execute(select(wristbands).where(wristbands.c.band_id == band_id)).mappings().one_or_none())


def of_resident(tx: Connection, resident_id: str) -> list[Band]:
    """All bands ever issued, latest first."""
    rows = tx.execute(
        select(wristbands).where(wristbands.c.resident_id == resident_id).order_by(wristbands.c.band_id.desc())
    ).mappings()
    return [_band_of(row) for row in rows]


def wearer(tx: Connection, resident_id: str) -> Wearer:
    """The wearer, the guardians in their order, and the community's line."""
    row = tx.execute(_WEARER, {"id": resident_id}).one()
    helpers = tx.execute(_HELPERS, {"id": row.household_id})
    return Wearer(
        resident_id=resident_id,
        household_id=row.household_id,
        name=row.name,
        salutation=row.salutation,
        birth_year=row.birth_year,
        all_at_once=bool(row.all_at_once),
        consented=frozenset(consented(tx, resident_id)),
        helpers=tuple(Helper(name=name, phone=phone) for name, phone in helpers),
        line=row.line,
        sealed=row.notes,
    )


# Made once: a page that is asked for 200 times a second has no time to build its questions anew.
_WEARER = (
    select(
        residents.c.household_id,
        residents.c.name,
        residents.c.birth_year,
        communities.c.phone.label("line"),
        wristband_profiles.c.salutation,
        wristband_profiles.c.all_at_once,
        wristband_profiles.c.notes,
    )
    .join_from(residents, households)
    .join(buildings)
    .join(grids)
    .join(communities, communities.c.community_id == grids.c.community_id)
    .outerjoin(wristband_profiles, wristband_profiles.c.resident_id == residents.c.resident_id)
    .where(residents.c.resident_id == bindparam("id"))
)
_HELPERS = (
    select(contacts.c.name, contacts.c.phone)
    .join_from(guardians, contacts, contacts.c.contact_id == guardians.c.contact_id)
    .where(guardians.c.household_id == bindparam("id"), contacts.c.phone.is_not(None))
    .order_by(guardians.c.order)
)
_CONSENTED = select(consents.c.field).where(
    consents.c.resident_id == bindparam("id"), consents.c.withdrawn_at.is_(None)
)
_BY_CARD = select(wristbands).where(wristbands.c.card_hash == bindparam("hash"))


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
    if notes is not None:
        values["notes"] = cipher.seal(notes, resident_id) if notes != Notes() else None
    mine = wristband_profiles.c.resident_id == resident_id
    if tx.execute(update(wristband_profiles).where(mine).values(values)).rowcount == 0:
        tx.execute(insert(wristband_profiles).values(resident_id=resident_id, **values))


def consent(
    tx: Connection, resident_id: str, field: BandField, *, given_by: str, paper: str, recorded_by: str, now: datetime
) -> None:
    """Writes a consent down, once: who consented to what, when, on which paper."""
    if field in consented(tx, resident_id):
        return
    tx.execute(
        insert(consents).values(
            resident_id=resident_id,
            field=field.value,
            given_at=now,
            given_by=given_by[:100],
            paper=paper[:100],
            recorded_by=recorded_by,
        )
    )


def withdraw(tx: Connection, resident_id: str, field: BandField, now: datetime) -> None:
    """From this moment the field is shown no more; withdrawn health consent deletes the notes."""
    running = (consents.c.resident_id == resident_id) & (consents.c.field == field.value)
    tx.execute(update(consents).where(running, consents.c.withdrawn_at.is_(None)).values(withdrawn_at=now))
    if field is BandField.HEALTH:
        mine = wristband_profiles.c.resident_id == resident_id
        tx.execute(update(wristband_profiles).where(mine).values(notes=None))


def consented(tx: Connection, resident_id: str) -> set[BandField]:
    """What is consented to now."""
    return {BandField(field) for field in tx.scalars(_CONSENTED, {"id": resident_id})}


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


def security_event(tx: Connection, kind: str, subject: str, detail: str, now: datetime) -> None:
    """Something that staff should look at."""
    tx.execute(insert(security_events).values(at=now, kind=kind, subject=subject, detail=detail))


def forget(tx: Connection, resident_id: str, *, by: str, now: datetime) -> None:
    """On request: bands revoked, notes and salutation deleted, consents withdrawn."""
    for band in of_resident(tx, resident_id):
        if band.state in {BandState.ACTIVE, BandState.LOST}:
            change(tx, band.band_id, BandState.REVOKED, by=by, why="forgotten on request", now=now)
    tx.execute(delete(wristband_profiles).where(wristband_profiles.c.resident_id == resident_id))
    for field in consented(tx, resident_id):
        withdraw(tx, resident_id, field, now)


def _band(row: RowMapping | None) -> Band | None:
    return None if row is None else _band_of(row)


def _band_of(row: RowMapping) -> Band:
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


def everything_about(tx: Connection, resident_id: str, cipher: NotesCipher) -> dict[str, Any]:
    """All that is held on one resident around the wristband, for a request under the law; readable as JSON."""
    who = wearer(tx, resident_id)
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
