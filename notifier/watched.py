"""Until when anybody can tell whether water runs in a home: no data is never taken for no water."""

from datetime import datetime

from sqlalchemy import Connection, select

from store import tables as t

H, M, U = t.households.c, t.meters.c, t.unwatched.c


def told_until(tx: Connection, household_id: str, now: datetime) -> datetime | None:
    """Now, where a meter of the home is heard; else its last reading; None where no meter is watched there any more."""
    meters = t.meters.join(t.households, H.household_id == M.household_id)
    here = (M.household_id == household_id, H.water_consent_by.is_not(None))
    query = select(U.since).select_from(meters.outerjoin(t.unwatched, U.meter_id == M.meter_id)).where(*here)
    silent_since = list(tx.execute(query).scalars())
    if not silent_since:
        return None
    return max(min(since, now) if since else now for since in silent_since)
