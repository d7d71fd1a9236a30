"""Who answers for a household, read from the ledger."""

from collections.abc import Mapping

from sqlalchemy import Connection, RowMapping, Select, String, bindparam, select

from domain.people import Language, Role, ToldBy
from notifier.circle import Circle, Group, Person
from store import tables as t

C = t.contacts.c


def circle_of(tx: Connection, household_id: str | None, community_id: str | None) -> Circle:
    """All groups of a household (or, without one, of a community)."""
    everybody = _staff_of(tx, community_id)
    if household_id is None:
        return everybody
    home = {"home": household_id}
    guardians, paired, workers = (_people(tx, query, home) for query in (_GUARDIANS, _PAIRED, _WORKERS))
    told_first = {p.contact_id for p in (*guardians[:1], *paired)}
    return everybody | {
        Group.RESIDENT: _people(tx, _RESIDENTS, home),
        Group.FIRST_GUARDIAN: guardians[:1],
        Group.PAIRED: paired,
        Group.OTHER_CONTACTS: tuple(p for p in (*guardians[1:], *workers) if p.contact_id not in told_first),
    }


def person(tx: Connection, contact_id: str, addressee: str) -> Person | None:
    """One contact or resident, as the ledger has them now."""
    found = _people(tx, _BY_ID["resident" if addressee == "resident" else "contact"], {"id": contact_id})
    return found[0] if found else None


def people_with_phone(tx: Connection, phone: str) -> tuple[Person, ...]:
    """All who share this number."""
    return _people(tx, _CONTACT.where(t.contacts.c.phone == phone)) + _people(
        tx, _RESIDENT.where(t.residents.c.phone == phone)
    )


_BLOCKED = t.blocked_phones.c.reason.label("blocked")

_CONTACT = select(
    t.contacts.c.contact_id,
    t.contacts.c.name,
    t.contacts.c.role,
    t.contacts.c.phone,
    t.contacts.c.language,
    t.contacts.c.told_by,
    t.contacts.c.community_id,
    _BLOCKED,
).select_from(t.contacts.outerjoin(t.blocked_phones, t.blocked_phones.c.phone == t.contacts.c.phone))

_RESIDENT = select(
    t.residents.c.resident_id.label("contact_id"),
    t.residents.c.name,
    t.residents.c.phone,
    t.residents.c.language,
    t.residents.c.told_by,
    _BLOCKED,
).select_from(t.residents.outerjoin(t.blocked_phones, t.blocked_phones.c.phone == t.residents.c.phone))


# Made once: to put a query together takes longer than to answer it.
_HOME = bindparam("home", type_=String)
_RESIDENTS = _RESIDENT.where(t.residents.c.household_id == _HOME).order_by(t.residents.c.resident_id)
_GUARDIANS = (
    _CONTACT.join(t.guardians, t.guardians.c.contact_id == C.contact_id)
    .where(t.guardians.c.household_id == _HOME)
    .order_by(t.guardians.c.order)
)
_PAIRED = (
    _CONTACT.join(t.pairings, t.pairings.c.contact_id == C.contact_id)
    .where(t.pairings.c.household_id == _HOME)
    .order_by(C.contact_id)
)
_GRID = select(t.buildings.c.grid_id).join(t.households).where(t.households.c.household_id == _HOME)
_WORKERS = _CONTACT.where(C.role == Role.GRID_WORKER, C.grid_id == _GRID.scalar_subquery()).order_by(C.contact_id)
_STAFF_ROLES = {Role.DUTY_STAFF: Group.DUTY_STAFF, Role.SUPERVISOR: Group.SUPERVISOR, Role.OPERATOR: Group.OPERATOR}
_STAFF = _CONTACT.where(
    (C.community_id == bindparam("community", type_=String)) | (C.role == Role.OPERATOR),
    C.role.in_([role.value for role in _STAFF_ROLES]),
).order_by(C.contact_id)
_BY_ID = {"contact": _CONTACT.where(C.contact_id == bindparam("id", type_=String))}
_BY_ID["resident"] = _RESIDENT.where(t.residents.c.resident_id == bindparam("id", type_=String))


def is_theirs(tx: Connection, reader: Person, alert_id: int | None) -> bool:
    """A guardian hears of a home no more once the ledger says so, though a text was written before."""
    if reader.role is not Role.GUARDIAN or alert_id is None:
        return True
    a, g = t.alerts.c, t.guardians.c
    home = tx.execute(select(a.household_id).where(a.alert_id == alert_id)).scalar()
    theirs = select(g.contact_id).where(g.household_id == home, g.contact_id == reader.contact_id)
    return home is None or tx.execute(theirs).first() is not None


def _staff_of(tx: Connection, community_id: str | None) -> dict[Group, tuple[Person, ...]]:
    """Duty staff and supervisors of the community; its own operators, else those of all communities.

    What concerns no community concerns every operator.
    """
    rows = tx.execute(_STAFF, {"community": community_id}).mappings().all()
    found = {group: tuple(_person(row) for row in rows if row["role"] == role) for role, group in _STAFF_ROLES.items()}
    own = tuple(_person(r) for r in rows if r["role"] == Role.OPERATOR and r["community_id"] == community_id)
    general = tuple(_person(r) for r in rows if r["role"] == Role.OPERATOR and r["community_id"] is None)
    if community_id is not None:
        found[Group.OPERATOR] = own or general
    return found


def _people(
    tx: Connection, query: Select[*tuple[object, ...]], named: Mapping[str, str] | None = None
) -> tuple[Person, ...]:
    return tuple(_person(row) for row in tx.execute(query, named).mappings())


def _person(row: RowMapping) -> Person:
    role = row.get("role")
    return Person(
        contact_id=row["contact_id"],
        addressee="contact" if role else "resident",
        name=row["name"],
        role=Role(role) if role else None,
        phone=row["phone"] or None,
        language=Language(row["language"]),
        blocked=row["blocked"],
        by_call=row["told_by"] == ToldBy.CALL,
        serves_all=role == Role.OPERATOR and row["community_id"] is None,
    )
