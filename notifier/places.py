"""Where a household, a gateway or a community is: what a text says of the place, and its clock."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, String, bindparam, select

from domain.finding import AlertKind
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
    community: str = ""  # its name

    def place_for(self, *, serves_all: bool) -> str:
        """For who serves several communities, with the community's name: each has a building 1."""
        if not serves_all or not self.community or self.place == self.community:
            return self.place
        return _joined(self.community, self.place)


def place_of(tx: Connection, kind: AlertKind, household_id: str | None, subject: str) -> Home:
    """An alert's: its household's; a gateway's; a community's, where the subject is "community/what"; else nobody's."""
    if kind is AlertKind.GATEWAY_SILENT:
        return home_of_gateway(tx, subject)
    if household_id is None and "/" in subject:
        return home_of_community(tx, subject.partition("/")[0])
    return _nowhere(tx) if household_id is None else home_of(tx, household_id)


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
        return _nowhere(tx, household_id, place=household_id)
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


def home_of_gateway(tx: Connection, gateway_id: str) -> Home:
    """A gateway stands in a community."""
    g, c = t.gateways.c, t.communities.c
    row = (
        tx.execute(
            select(c.community_id, c.timezone, c.phone, g.name, c.name.label("community"))
            .join_from(t.gateways, t.communities)
            .where(g.gateway_id == gateway_id)
        )
        .mappings()
        .first()
    )
    if row is None:
        return _nowhere(tx, place=gateway_id)
    return Home(
        household_id=None,
        community_id=row["community_id"],
        place=row["name"] or gateway_id,
        residents="",
        timezone=ZoneInfo(row["timezone"]),
        phone=row["phone"],
        community=row["community"],
    )


def home_of_community(tx: Connection, community_id: str) -> Home:
    """For what concerns a whole community."""
    c = t.communities.c
    row = tx.execute(select(c.name, c.timezone, c.phone).where(c.community_id == community_id)).mappings().first()
    if row is None:
        return _nowhere(tx)
    return Home(
        household_id=None,
        community_id=community_id,
        place=row["name"],
        residents="",
        timezone=ZoneInfo(row["timezone"]),
        phone=row["phone"],
    )


def _nowhere(tx: Connection, household_id: str | None = None, place: str = "") -> Home:
    zone = shared_zone(tx)
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
