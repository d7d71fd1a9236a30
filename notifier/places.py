"""Where a household, a gateway or a community is: what a text says of the place, and its clock."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, String, bindparam, select

from domain.finding import AlertKind
from store import tables as t

Subject = tuple[AlertKind, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What a text says of a household: where, who, in which zone; never anything medical."""

    household_id: str | None
    community_id: str | None
    place: str
    residents: str
    timezone: ZoneInfo
    phone: str | None = None
    community: str = ""  # its name

    def place_for(self, *, serves_all: bool) -> str:
        """For who serves several communities, with the community's name: each has a building 1."""
        if not serves_all or not self.community or self.place == self.community:
            return self.place
        return _joined(self.community, self.place)


def place_of(tx: Connection, kind: AlertKind, household_id: str | None, subject: str) -> Home:
    """An alert's: its household's, or what `places_of` says of its subject."""
    if household_id is not None and kind is not AlertKind.GATEWAY_SILENT:
        return home_of(tx, household_id)
    return places_of(tx, [(kind, subject)])[kind, subject]


def places_of(tx: Connection, subjects: Collection[Subject]) -> dict[Subject, Home]:
    """Of alerts without a household: a gateway's; a community's, where it is "community/what"; else nobody's."""
    gateways = _of_gateways(tx, {subject for kind, subject in subjects if kind is AlertKind.GATEWAY_SILENT})
    communities = _of_communities(tx, {subject.partition("/")[0] for _, subject in subjects if "/" in subject})
    nowhere = _nowhere(shared_zone(tx))

    def place(kind: AlertKind, subject: str) -> Home:
        if kind is AlertKind.GATEWAY_SILENT:
            return gateways.get(subject) or replace(nowhere, place=subject)
        return communities.get(subject.partition("/")[0], nowhere) if "/" in subject else nowhere

    return {one: place(*one) for one in subjects}


def are_several(tx: Connection) -> bool:
    """Whether the ledger knows more than one community."""
    return len(tx.scalars(select(t.communities.c.community_id).limit(2)).all()) > 1


def shared_zone(tx: Connection) -> ZoneInfo:
    """For what belongs to no place: the zone that all communities share; UTC where they differ."""
    zones = tx.scalars(select(t.communities.c.timezone).distinct().limit(2)).all()
    return ZoneInfo(zones[0] if len(zones) == 1 else "UTC")


def home_of(tx: Connection, household_id: str) -> Home:
    """The household's place in the ledger; a place without words where the ledger does not know it."""
    home = {"home": household_id}
    row = tx.execute(_AT_HOME, home).mappings().first()
    if row is None:
        return _nowhere(shared_zone(tx), household_id, place=household_id)
    names = tx.execute(_NAMES, home).scalars()
    return Home(
        household_id=household_id,
        community_id=row["community_id"],
        place=_joined(row["name"], row["door"]),
        residents=" ".join(names),
        timezone=ZoneInfo(row["timezone"]),
        phone=row["phone"],
        community=row["community"],
    )


def _of_gateways(tx: Connection, gateway_ids: Collection[str]) -> dict[str, Home]:
    """A gateway stands in a community."""
    if not gateway_ids:
        return {}
    g, c = t.gateways.c, t.communities.c
    query = select(g.gateway_id, c.community_id, c.timezone, c.phone, g.name, c.name.label("community"))
    rows = tx.execute(query.join_from(t.gateways, t.communities).where(g.gateway_id.in_(gateway_ids)))
    return {
        row.gateway_id: Home(
            household_id=None,
            community_id=row.community_id,
            place=row.name or row.gateway_id,
            residents="",
            timezone=ZoneInfo(row.timezone),
            phone=row.phone,
            community=row.community,
        )
        for row in rows
    }


def _of_communities(tx: Connection, community_ids: Collection[str]) -> dict[str, Home]:
    """For what concerns a whole community."""
    if not community_ids:
        return {}
    c = t.communities.c
    rows = tx.execute(select(c.community_id, c.name, c.timezone, c.phone).where(c.community_id.in_(community_ids)))
    return {
        row.community_id: Home(
            household_id=None,
            community_id=row.community_id,
            place=row.name,
            residents="",
            timezone=ZoneInfo(row.timezone),
            phone=row.phone,
        )
        for row in rows
    }


def _nowhere(zone: ZoneInfo, household_id: str | None = None, place: str = "") -> Home:
    return Home(household_id=household_id, community_id=None, place=place, residents="", timezone=zone)


def _joined(larger: str, smaller: str) -> str:
    """Chinese addresses are written without spaces."""
    return f"{larger}{smaller}" if larger and ord(larger[-1]) > 0x2E80 else f"{larger} {smaller}"


_PLACE = select(
    t.buildings.c.name,
    t.households.c.door,
    t.communities.c.community_id,
    t.communities.c.timezone,
    t.communities.c.phone,
    t.communities.c.name.label("community"),
).select_from(t.households.join(t.buildings).join(t.grids).join(t.communities))
_HOME = bindparam("home", type_=String)
_AT_HOME = _PLACE.where(t.households.c.household_id == _HOME)
_NAMES = select(t.residents.c.name).where(t.residents.c.household_id == _HOME)
