"""Until when anybody can tell whether water runs in a home: no data is never taken for no water."""

from datetime import datetime

from sqlalchemy import Connection, select

from detectors.household_state import StateError, load
from store import tables as t

D, H, M, U = t.detector_states.c, t.households.c, t.meters.c, t.unwatched.c


def told_until(tx: Connection, household_id: str, now: datetime) -> datetime | None:
    """Now, where a meter of the home is heard; else its last reading; None where no meter is watched there any more."""
    meters = t.meters.join(t.households, H.household_id == M.household_id)
    here = (M.household_id == household_id, H.water_consent_by.is_not(None))
    query = select(U.since).select_from(meters.outerjoin(t.unwatched, U.meter_id == M.meter_id)).where(*here)
    silent_since = list(tx.execute(query).scalars())
    if not silent_since:
        return None
    return max(min(since, now) if since else now for since in silent_since)


def read_until(tx: Connection, household_id: str) -> datetime | None:
    """The newest reading of the home's meters that tells whether water ran; None before the first.

    What has happened since then nobody knows yet, so no text counts an hour beyond it.
    """
    states = t.meters.join(t.detector_states, D.meter_id == M.meter_id)
    query = select(D.body, U.since).select_from(states.outerjoin(t.unwatched, U.meter_id == M.meter_id))
    known = []
    for body, since in tx.execute(query.where(M.household_id == household_id)):
        last_at = _last_reading(body)
        if last_at is not None:
            known.append(min(last_at, since) if since else last_at)
    return max(known, default=None)


def _last_reading(body: bytes) -> datetime | None:
    try:
        return load(body).register.last_at
    except StateError:
        return None  # it is learned anew when its next reading comes
