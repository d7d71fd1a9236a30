"""Who answers for a household, read from the ledger."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, Select, select

from domain.people import Language, Role, ToldBy
from notifier.policy import Circle, Group, Person
from store import tables as t


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What a text says of a household: where, who, in which zone; never anything medical."""

    household_id: str | None
    community_id: str | None
    place: str
    residents: str
    timezone: ZoneInfo
    phone: str | None = None


NOWHERE = Home(household_id=None, community_id=None, place="", residents="", timezone=ZoneInfo("UTC"))


def home_of(tx: Connection, household_id: str | None) -> Home:
    """The household's place in the ledger; a place without words where the ledger does not know it."""
    if household_id is None:
        return NOWHERE
    row = tx.execute(_PLACE.where(t.households.c.household_id == household_id)).mappings().first()
    if row is None:
        return Home(
            household_id=household_id, community_id=None, place=household_id, residents="", timezone=NOWHERE.timezone
        )
    names = tx.execute(select(t.residents.c.name).where(t.residents.c.household_id == household_id)).scalars()
    return Home(
        household_id=household_id,
        community_id=row["community_id"],
        place=_place(row["name"], row["door"]),
        residents=" ".join(names),
        timezone=ZoneInfo(row["timezone"]),
        phone=row["phone"],
    )


def home_of_gateway(tx: Connection, gateway_id: str) -> Home:
    """A gateway stands in a community."""
    g, c = t.gateways.c, t.communities.c
    row = (
        tx.execute(
            select(c.community_id, c.timezone, c.phone, g.name)
            .join_from(t.gateways, t.communities)
            .where(g.gateway_id == gateway_id)
        )
        .mappings()
        .first()
    )
    if row is None:
        return Home(household_id=None, community_id=None, place=gateway_id, residents="", timezone=NOWHERE.timezone)
    return Home(
        household_id=None,
        community_id=row["community_id"],
        place=row["name"] or gateway_id,
        residents="",
        timezone=ZoneInfo(row["timezone"]),
        phone=row["phone"],
    )


def home_of_community(tx: Connection, community_id: str) -> Home:
    """For what concerns a whole community."""
    c = t.communities.c
    row = tx.execute(select(c.name, c.timezone, c.phone).where(c.community_id == community_id)).mappings().first()
    if row is None:
        return NOWHERE
    return Home(
        household_id=None,
        community_id=community_id,
        place=row["name"],
        residents="",
        timezone=ZoneInfo(row["timezone"]),
        phone=row["phone"],
    )


def circle_of(tx: Connection, household_id: str | None, community_id: str | None) -> Circle:
    """All groups of a household (or, without one, of a community)."""
    c = t.contacts.c
    everybody = _staff_of(tx, community_id)
    if household_id is None:
        return everybody
    guardians = _people(
        tx,
        _CONTACT.join(t.guardians, t.guardians.c.contact_id == c.contact_id)
        .where(t.guardians.c.household_id == household_id)
        .order_by(t.guardians.c.order),
    )
    paired = _people(
        tx,
        _CONTACT.join(t.pairings, t.pairings.c.contact_id == c.contact_id)
        .where(t.pairings.c.household_id == household_id)
        .order_by(c.contact_id),
    )
    grid = select(t.buildings.c.grid_id).join(t.households).where(t.households.c.household_id == household_id)
    workers = _people(
        tx, _CONTACT.where(c.role == Role.GRID_WORKER, c.grid_id == grid.scalar_subquery()).order_by(c.contact_id)
    )
    told_first = {p.contact_id for p in (*guardians[:1], *paired)}
    return everybody | {
        Group.RESIDENT: _residents(tx, household_id),
        Group.FIRST_GUARDIAN: guardians[:1],
        Group.PAIRED: paired,
        Group.OTHER_CONTACTS: tuple(p for p in (*guardians[1:], *workers) if p.contact_id not in told_first),
    }


def person(tx: Connection, contact_id: str, addressee: str) -> Person | None:
    """One contact or resident, as the ledger has them now."""
    if addressee == "resident":
        found = _people(tx, _RESIDENT.where(t.residents.c.resident_id == contact_id))
    else:
        found = _people(tx, _CONTACT.where(t.contacts.c.contact_id == contact_id))
    return found[0] if found else None


def people_with_phone(tx: Connection, phone: str) -> tuple[Person, ...]:
    """All who share this number."""
    return _people(tx, _CONTACT.where(t.contacts.c.phone == phone)) + _people(
        tx, _RESIDENT.where(t.residents.c.phone == phone)
    )


_PLACE = select(
    t.buildings.c.name,
    t.households.c.door,
    t.communities.c.community_id,
    t.communities.c.timezone,
    t.communities.c.phone,
).select_from(t.households.join(t.buildings).join(t.grids).join(t.communities))

_BLOCKED = t.blocked_phones.c.reason.label("blocked")

_CONTACT = select(
    t.contacts.c.contact_id,
    t.contacts.c.name,
    t.contacts.c.role,
    t.contacts.c.phone,
    t.contacts.c.language,
    t.contacts.c.told_by,
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


def _residents(tx: Connection, household_id: str) -> tuple[Person, ...]:
    return _people(tx, _RESIDENT.where(t.residents.c.household_id == household_id).order_by(t.residents.c.resident_id))


def _staff_of(tx: Connection, community_id: str | None) -> dict[Group, tuple[Person, ...]]:
    """Duty staff and supervisors of the community; its own operators, else those of all communities.

    What concerns no community concerns every operator.
    """
    c = t.contacts.c
    theirs = (c.community_id == community_id) | (c.role == Role.OPERATOR)
    roles = {Role.DUTY_STAFF: Group.DUTY_STAFF, Role.SUPERVISOR: Group.SUPERVISOR, Role.OPERATOR: Group.OPERATOR}
    wanted = _CONTACT.add_columns(c.community_id).where(theirs, c.role.in_([r.value for r in roles]))
    rows = tx.execute(wanted.order_by(c.contact_id)).mappings().all()
    found = {group: tuple(_person(row) for row in rows if row["role"] == role) for role, group in roles.items()}
    own = tuple(_person(r) for r in rows if r["role"] == Role.OPERATOR and r["community_id"] == community_id)
    general = tuple(_person(r) for r in rows if r["role"] == Role.OPERATOR and r["community_id"] is None)
    if community_id is not None:
        found[Group.OPERATOR] = own or general
    return found


def _people(tx: Connection, query: Select[*tuple[object, ...]]) -> tuple[Person, ...]:
    return tuple(_person(row) for row in tx.execute(query).mappings())


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
    )


def _place(building: str, door: str) -> str:
    """Chinese addresses are written without spaces."""
    return f"{building}{door}" if building and ord(building[-1]) > 0x2E80 else f"{building} {door}"
