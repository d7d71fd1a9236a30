"""Who looked at a wristband: every scan and look as the log keeps it, and what staff see of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, func, insert, select

from domain.wristband import BandField, BandState, Stage, coarse
from store.tables import residents, scans, wristbands


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One look at a band, as the log keeps it: what was shown, when, and to which address."""

    band_id: int
    at: datetime
    address: str
    fields: frozenset[BandField] = frozenset()
    stage: Stage = Stage.VIEWED
    why: str = ""


def bands_there(tx: Connection, views: Sequence[View]) -> list[View]:
    """Those looks whose band has not been deleted since."""
    wanted = {view.band_id for view in views}
    there = set(tx.scalars(select(wristbands.c.band_id).where(wristbands.c.band_id.in_(wanted))))
    return [view for view in views if view.band_id in there]


def log_views(tx: Connection, *views: View) -> None:
    """All of them together; of an address its coarse part alone."""
    rows = [
        {
            "band_id": view.band_id,
            "at": view.at,
            "stage": view.stage.value,
            "source": "web",
            "address": coarse(view.address),
            "fields": " ".join(sorted(view.fields)),
            "why": view.why,
        }
        for view in views
    ]
    if rows:
        tx.execute(insert(scans), rows)


def scan_log(tx: Connection, resident_id: str, limit: int) -> list[Mapping[str, object]]:
    """The scans of all bands of a resident, latest first."""
    query = (
        select(scans, wristbands.c.number)
        .join_from(scans, wristbands, wristbands.c.band_id == scans.c.band_id)
        .where(wristbands.c.resident_id == resident_id)
        .order_by(scans.c.scan_id.desc())
        .limit(limit)
    )
    return [dict(row) for row in tx.execute(query).mappings()]


def inactive_scans(tx: Connection, household_ids: Select[str], since: datetime) -> list[Mapping[str, object]]:
    """Bands out of use that somebody has scanned since, with their wearers; the latest scan of each, latest first."""
    latest = func.max(scans.c.at).label("at")
    query = (
        select(wristbands.c.band_id, wristbands.c.number, residents.c.resident_id, residents.c.name, latest)
        .join_from(scans, wristbands, wristbands.c.band_id == scans.c.band_id)
        .join(residents, residents.c.resident_id == wristbands.c.resident_id)
        .where(
            residents.c.household_id.in_(household_ids),
            wristbands.c.state != BandState.ACTIVE.value,
            scans.c.at > wristbands.c.state_at,
            scans.c.at >= since,
        )
        .group_by(wristbands.c.band_id)
        .order_by(latest.desc())
    )
    return [dict(row) for row in tx.execute(query).mappings()]
