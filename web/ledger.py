"""What the pages read from the records: only the households that the viewer answers for."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Select, false, or_, select, true
from sqlalchemy.sql import ColumnElement

from domain.doors import in_a_row
from domain.people import Category, Role
from store.tables import (
    absences,
    accounts,
    buildings,
    communities,
    contacts,
    grids,
    guardians,
    households,
    meters,
    pairings,
    resident_categories,
    residents,
)
from web.session import Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A resident, guardian or member of staff as a page shows them."""

    name: str
    role: str
    person_id: str = ""
    phone: str | None = None
    birth_year: int | None = None
    categories: tuple[Category, ...] = ()

    @property
    def link(self) -> str | None:
        """What a tap opens: a call, or a letter. A group's URL is nobody's to see: it holds the group's key."""
        if self.phone is None or "://" in self.phone:
            return None
        return f"{'mailto' if '@' in self.phone else 'tel'}:{self.phone}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """A household, where it is, and who lives there."""

    household_id: str
    community: str
    timezone: str
    address: str
    residents: tuple[Person, ...] = ()
    meter_ids: tuple[str, ...] = ()
    guardians: tuple[Person, ...] = field(default=())
    staff: tuple[Person, ...] = field(default=())

    @property
    def names(self) -> str:
        return "、".join(person.name for person in self.residents)


def seen_by(viewer: Viewer) -> ColumnElement[bool]:
    """The condition on households, joined up to grids, that this viewer may see."""
    paired = households.c.household_id.in_(
        select(pairings.c.household_id).where(pairings.c.contact_id == viewer.contact_id)
    )
    if viewer.role is Role.OPERATOR:
        return true() if viewer.community_id is None else grids.c.community_id == viewer.community_id
    if viewer.role in {Role.DUTY_STAFF, Role.SUPERVISOR}:
        return grids.c.community_id == viewer.community_id
    if viewer.role is Role.GRID_WORKER:
        own = false() if viewer.grid_id is None else grids.c.grid_id == viewer.grid_id
        return or_(own, paired)
    return paired if viewer.role is Role.VOLUNTEER else false()


def _households() -> Select[str, str, str, str, str, str | None]:
    return (
        select(
            households.c.household_id,
            households.c.door,
            communities.c.name,
            communities.c.timezone,
            buildings.c.name,
            buildings.c.address,
        )
        .join_from(households, buildings)
        .join(grids)
        .join(communities)
    )


def seen_ids(viewer: Viewer) -> Select[str]:
    """The ids of all households that the viewer may see."""
    return select(households.c.household_id).join_from(households, buildings).join(grids).where(seen_by(viewer))


def find(
    tx: Connection, viewer: Viewer, words: str, limit: int, among: Collection[str] | None = None
) -> tuple[list[Household], int]:
    """Households (`among` these) whose address or residents match every word, door by door, and how many in all."""
    condition = seen_by(viewer)
    if among is not None:
        condition &= households.c.household_id.in_(among)
    for word in words.split()[:5]:
        like = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        lives_there = select(residents.c.household_id).where(residents.c.name.like(like, escape="\\"))
        condition &= or_(
            households.c.household_id.in_(lives_there),
            (buildings.c.name + " " + households.c.door).like(like, escape="\\"),
            buildings.c.address.like(like, escape="\\"),
        )
    b, h = buildings.c, households.c
    doors = select(h.household_id, communities.c.name, b.name, b.building_id, h.door)
    there = doors.join_from(households, buildings).join(grids).join(communities).where(condition)
    matching = [(in_a_row(*door), home_id) for home_id, *door in tx.execute(there)]
    first = [home_id for _, home_id in sorted(matching)[:limit]]
    homes = several(tx, first)
    return [homes[home_id] for home_id in first], len(matching)


def household(tx: Connection, viewer: Viewer, household_id: str) -> Household | None:
    """One household with all its people, if the viewer may see it."""
    query = _households().where(seen_by(viewer), households.c.household_id == household_id)
    return next(iter(_with_residents(tx, query, everybody=True)), None)


def resident(tx: Connection, viewer: Viewer, resident_id: str) -> tuple[Household, Person] | None:
    """A resident and the household, if the viewer may see it."""
    household_id = tx.scalar(select(residents.c.household_id).where(residents.c.resident_id == resident_id))
    home = household(tx, viewer, household_id) if household_id else None
    person = next((one for one in home.residents if one.person_id == resident_id), None) if home else None
    return (home, person) if home and person else None


def several(tx: Connection, household_ids: Iterable[str]) -> dict[str, Household]:
    """Households by id, with their residents. Asks nobody's permission: pass ids already seen."""
    query = _households().where(households.c.household_id.in_(set(household_ids)))
    return {one.household_id: one for one in _with_residents(tx, query)}


def people_called(tx: Connection, ids: Iterable[str]) -> dict[str, Person]:
    """Contacts, residents and accounts by the id that an event or a text names."""
    wanted = set(ids)
    people: dict[str, Person] = {}
    for key, name, role in tx.execute(
        select(accounts.c.login, contacts.c.name, contacts.c.role)
        .join_from(accounts, contacts, contacts.c.contact_id == accounts.c.contact_id)
        .where(accounts.c.login.in_(wanted))
    ):
        people[key] = Person(name=name, role=role)
    for key, name in tx.execute(
        select(residents.c.resident_id, residents.c.name).where(residents.c.resident_id.in_(wanted))
    ):
        people[key] = Person(name=name, role="resident")
    for key, name, role in tx.execute(
        select(contacts.c.contact_id, contacts.c.name, contacts.c.role).where(contacts.c.contact_id.in_(wanted))
    ):
        people[key] = Person(name=name, role=role)
    return people


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """From when until when nobody is at home."""

    absence_id: int
    from_at: datetime
    until_at: datetime


def announced_absences(tx: Connection, household_id: str, since: datetime) -> list[Absence]:
    """Absences of a household that end after `since`."""
    rows = tx.execute(
        select(absences.c.absence_id, absences.c.from_at, absences.c.until_at)
        .where(absences.c.household_id == household_id, absences.c.until_at > since)
        .order_by(absences.c.from_at)
    )
    return [Absence(absence_id=row.absence_id, from_at=row.from_at, until_at=row.until_at) for row in rows]


def _with_residents(
    tx: Connection, query: Select[str, str, str, str, str, str | None], *, everybody: bool = False
) -> list[Household]:
    rows = tx.execute(query).all()
    ids = [row[0] for row in rows]
    people, devices = _residents(tx, ids), _meters(tx, ids)
    family = _linked(tx, ids, guardian=True) if everybody else {}
    staff = _linked(tx, ids, guardian=False) if everybody else {}
    return [
        Household(
            household_id=household_id,
            community=community,
            timezone=timezone,
            address=f"{building} {door}" + (f"（{address}）" if address else ""),
            residents=tuple(people.get(household_id, ())),
            meter_ids=tuple(devices.get(household_id, ())),
            guardians=tuple(family.get(household_id, ())),
            staff=tuple(staff.get(household_id, ())),
        )
        for household_id, door, community, timezone, building, address in rows
    ]


def _residents(tx: Connection, ids: Sequence[str]) -> dict[str, list[Person]]:
    categories = defaultdict(list)
    for resident_id, category in tx.execute(
        select(resident_categories.c.resident_id, resident_categories.c.category)
        .join(residents, residents.c.resident_id == resident_categories.c.resident_id)
        .where(residents.c.household_id.in_(ids))
    ):
        categories[resident_id].append(Category(category))
    found = defaultdict(list)
    for resident_id, household_id, name, birth_year, phone in tx.execute(
        select(
            residents.c.resident_id,
            residents.c.household_id,
            residents.c.name,
            residents.c.birth_year,
            residents.c.phone,
        )
        .where(residents.c.household_id.in_(ids))
        .order_by(residents.c.resident_id)
    ):
        found[household_id].append(
            Person(
                name=name,
                role="resident",
                person_id=resident_id,
                phone=phone,
                birth_year=birth_year,
                categories=tuple(categories[resident_id]),
            )
        )
    return found


def _meters(tx: Connection, ids: Sequence[str]) -> dict[str, list[str]]:
    found = defaultdict(list)
    for household_id, meter_id in tx.execute(
        select(meters.c.household_id, meters.c.meter_id)
        .where(meters.c.household_id.in_(ids))
        .order_by(meters.c.meter_id)
    ):
        found[household_id].append(meter_id)
    return found


def _linked(tx: Connection, ids: Sequence[str], *, guardian: bool) -> dict[str, list[Person]]:
    link = guardians if guardian else pairings
    order = guardians.c.order if guardian else contacts.c.name
    found = defaultdict(list)
    for household_id, name, role, phone in tx.execute(
        select(link.c.household_id, contacts.c.name, contacts.c.role, contacts.c.phone)
        .join_from(link, contacts, contacts.c.contact_id == link.c.contact_id)
        .where(link.c.household_id.in_(ids))
        .order_by(order)
    ):
        found[household_id].append(Person(name=name, role=role, phone=phone))
    return found
