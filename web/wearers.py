"""Who wears a band, and all that it could show of the wearer: found by card, number or resident with one question."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from domain.wristband import CARD_LENGTH, NUMBER_LENGTH, Band, BandField, card_hash, clean
from store.tables import (
    buildings,
    communities,
    consents,
    contacts,
    grids,
    guardians,
    households,
    residents,
    wristband_profiles,
    wristbands,
)
from web.bands import band_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Helper:
    """Somebody a finder may call."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wearer:
    """All that a band could show but the guardians; what it does show is decided by `domain.wristband.shown`."""

    resident_id: str
    household_id: str
    name: str
    salutation: str | None
    birth_year: int | None
    all_at_once: bool
    consented: frozenset[BandField]
    line: str | None
    sealed: bytes | None


Worn = tuple[Band, Wearer]


def wearer(tx: Connection, resident_id: str) -> Wearer:
    return _wearer(tx.execute(_WEARER, {"id": resident_id}).one())


def worn_by_card(tx: Connection, scanned: str) -> Worn | None:
    """The band of a card id as scanned; None for anything else. Looked up by hash: time tells nothing of the id."""
    card_id = clean(scanned, CARD_LENGTH)
    return None if card_id is None else _worn(tx.execute(_BY_CARD, {"hash": card_hash(card_id)}).one_or_none())


def worn_by_number(tx: Connection, typed: str) -> Worn | None:
    """The band of a number as typed or told."""
    number = clean(typed, NUMBER_LENGTH)
    return None if number is None else _worn(tx.execute(_BY_NUMBER, {"number": number}).one_or_none())


def helpers(tx: Connection, household_id: str) -> list[Helper]:
    """The guardians whom a phone can call, in their order: not an e-mail address, not a group's URL with its key."""
    return [Helper(name=name, phone=phone) for name, phone in tx.execute(_HELPERS, {"id": household_id})]


def has_family(tx: Connection, household_id: str) -> bool:
    """Whether a guardian is told when help is needed there, by whatever way."""
    return tx.execute(_FAMILY, {"id": household_id}).first() is not None


def _worn(row: Row[*tuple[Any, ...]] | None) -> Worn | None:
    if row is None:
        return None
    return band_of(row._mapping), _wearer(row)  # noqa: SLF001  SQLAlchemy's public name


def _wearer(row: Row[*tuple[Any, ...]]) -> Wearer:
    return Wearer(
        resident_id=row.resident_id,
        household_id=row.household_id,
        name=row.name,
        salutation=row.salutation,
        birth_year=row.birth_year,
        all_at_once=bool(row.all_at_once),
        consented=frozenset(map(BandField, (row.consented or "").split())),
        line=row.line,
        sealed=row.notes,
    )


# Made once: a page that is asked for 200 times a second has no time to build its questions anew.
_consented = select(func.aggregate_strings(consents.c.field, " ")).where(
    consents.c.resident_id == residents.c.resident_id, consents.c.withdrawn_at.is_(None)
)
_all_of_wearer = (
    select(
        residents.c.resident_id,
        residents.c.household_id,
        residents.c.name,
        residents.c.birth_year,
        communities.c.phone.label("line"),
        wristband_profiles.c.salutation,
        wristband_profiles.c.all_at_once,
        wristband_profiles.c.notes,
        _consented.correlate(residents).scalar_subquery().label("consented"),
    )
    .join_from(residents, households)
    .join(buildings)
    .join(grids)
    .join(communities, communities.c.community_id == grids.c.community_id)
    .outerjoin(wristband_profiles, wristband_profiles.c.resident_id == residents.c.resident_id)
)
_WEARER = _all_of_wearer.where(residents.c.resident_id == bindparam("id"))
_worn_bands = _all_of_wearer.add_columns(
    wristbands.c.band_id, wristbands.c.number, wristbands.c.state, wristbands.c.issued_at, wristbands.c.expires_at
).join(wristbands, wristbands.c.resident_id == residents.c.resident_id)
_BY_CARD = _worn_bands.where(wristbands.c.card_hash == bindparam("hash"))
_BY_NUMBER = _worn_bands.where(wristbands.c.number == bindparam("number"))
_FAMILY = (
    select(contacts.c.contact_id)
    .join_from(guardians, contacts, contacts.c.contact_id == guardians.c.contact_id)
    .where(guardians.c.household_id == bindparam("id"), contacts.c.phone.is_not(None))
    .limit(1)
)
_HELPERS = (
    select(contacts.c.name, contacts.c.phone)
    .join_from(guardians, contacts, contacts.c.contact_id == guardians.c.contact_id)
    .where(guardians.c.household_id == bindparam("id"), contacts.c.phone.startswith("+"))
    .order_by(guardians.c.order)
)
