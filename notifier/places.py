"""Where a household, a gateway or a community is: what a text says of the place, and its clock."""

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, String, bindparam, select

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
    home = {"home": household_id}
    row = tx.execute(_AT_HOME, home).mappings().first()
    if row is None:
        return replace(NOWHERE, household_id=household_id, place=household_id)
    names = tx.execute(_NAMES, home).scalars()
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
        return replace(NOWHERE, place=gateway_id)
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


def _place(building: str, door: str) -> str:
    """Chinese addresses are written without spaces."""
    return f"{building}{door}" if building and ord(building[-1]) > 0x2E80 else f"{building} {door}"


_PLACE = select(
    t.buildings.c.name,
    t.households.c.door,
    t.communities.c.community_id,
    t.communities.c.timezone,
    t.communities.c.phone,
).select_from(t.households.join(t.buildings).join(t.grids).join(t.communities))
_HOME = bindparam("home", type_=String)
_AT_HOME = _PLACE.where(t.households.c.household_id == _HOME)
_NAMES = select(t.residents.c.name).where(t.residents.c.household_id == _HOME)
