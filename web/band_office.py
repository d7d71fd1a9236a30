"""Wristbands by the hundred: one print file for all of a community who consented and have none."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, select

from domain.doors import in_a_row
from domain.wristband import BandState, card_url
from store.tables import buildings, communities, consents, grids, households, residents, wristbands
from web.band_print import LAYOUTS, Label, pdf, sheets
from web.bands import issue
from web.wearers import wearer


def print_for_community(
    tx: Connection,
    community_id: str,
    layout: str,
    *,
    public_url: str,
    by: str,
    now: datetime,
    below: Callable[[int], int],
) -> tuple[list[str], bytes]:
    """Whose band has which number, in the order of the print, and the PDF: the codes are in it alone.

    Raises `KeyError`, `ValueError`.
    """
    if tx.scalar(select(communities.c.name).where(communities.c.community_id == community_id)) is None:
        raise ValueError(f"{community_id!r} is no community_id of the ledger")
    kind = LAYOUTS[layout]
    labels, handed = list[Label](), list[str]()
    for resident_id, whose in waiting(tx, community_id, now):
        issued = issue(tx, resident_id, by=by, now=now, below=below)
        line = wearer(tx, resident_id).line
        labels.append(Label(url=card_url(public_url, issued.card_id), number=issued.number, line=line))
        handed.append(f"{issued.number[:4]} {issued.number[4:]}  {whose}")
    return handed, pdf(sheets(labels, kind)) if labels else b""


def waiting(tx: Connection, community_id: str, now: datetime) -> list[tuple[str, str]]:
    """Residents who consented to something and wear no active band, and where they live, house by house."""
    worn = select(wristbands.c.resident_id).where(
        wristbands.c.state == BandState.ACTIVE.value, wristbands.c.expires_at > now
    )
    agreed = select(consents.c.resident_id).where(consents.c.withdrawn_at.is_(None))
    query = (
        select(residents.c.resident_id, residents.c.name, buildings.c.name, buildings.c.building_id, households.c.door)
        .join_from(residents, households)
        .join(buildings)
        .join(grids)
        .where(
            grids.c.community_id == community_id,
            residents.c.resident_id.in_(agreed),
            residents.c.resident_id.not_in(worn),
        )
    )
    placed = sorted(
        (in_a_row(building, building_id, door), resident_id, f"{building} {door}  {name}")
        for resident_id, name, building, building_id, door in tx.execute(query)
    )
    return [(resident_id, whose) for _, resident_id, whose in placed]
