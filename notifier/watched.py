"""Until when anybody can tell whether water runs in a home: no data is never taken for no water."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from detectors.household_state import HouseholdState, StateError, load
from detectors.localtime import LocalClock
from detectors.low_use import expected_uses
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Up to the reading at `until` a home is known to be silent; its habit lets expect so many `uses` in that time."""

    until: datetime
    uses: float


def known_silence(tx: Connection, household_id: str, since: datetime, zone: ZoneInfo) -> Known | None:
    """By the newest reading of the home's meters that tells whether water ran; None before the first.

    What has happened since then nobody knows yet, so no text counts an hour beyond it.
    """
    states = t.meters.join(t.detector_states, D.meter_id == M.meter_id)
    query = select(D.body, U.since).select_from(states.outerjoin(t.unwatched, U.meter_id == M.meter_id))
    hour = LocalClock(zone).hour
    known = []
    for body, unwatched_since in tx.execute(query.where(M.household_id == household_id)):
        state = state_in(body)
        last_at = state.register.last_at if state else None
        if state and last_at:
            until = min(last_at, unwatched_since or last_at)
            uses = expected_uses(state.low_use.rate, hour(since.timestamp()), hour(until.timestamp()))
            known.append(Known(until=until, uses=uses))
    return max(known, key=lambda one: one.until, default=None)


def state_in(body: bytes) -> HouseholdState | None:
    """None where it must be learned anew, when its own readings come."""
    try:
        return load(body)
    except StateError:
        return None
