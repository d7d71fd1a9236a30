"""Who keeps a resident's bands and notes, and whose page isn't there for whom."""

from sqlalchemy import Connection

from domain.people import Role
from web import bands
from web.ledger import Household, Person, resident
from web.session import Viewer

_KEEPERS = {Role.GRID_WORKER, Role.DUTY_STAFF, Role.SUPERVISOR}


class NotYoursError(Exception):
    """The page isn't there for this viewer."""


def keeps_bands(who: Viewer) -> bool:
    """Medical notes and bands are for those who answer for the resident; not for volunteers and operators."""
    return who.role in _KEEPERS


def may_forget(who: Viewer) -> bool:
    """What can't be undone is for those who answer for the community."""
    return who.role in {Role.DUTY_STAFF, Role.SUPERVISOR}


def require(tx: Connection, who: Viewer, resident_id: str) -> tuple[Household, Person]:
    """The household and the person; raises `NotYoursError`."""
    found = resident(tx, who, resident_id) if keeps_bands(who) else None
    if found is None:
        raise NotYoursError
    return found


def require_band(tx: Connection, who: Viewer, resident_id: str, band_id: int) -> tuple[Household, Person]:
    """As `require`, of one of the person's bands."""
    found = require(tx, who, resident_id)
    band = bands.by_id(tx, band_id)
    if band is None or band.resident_id != resident_id:
        raise NotYoursError
    return found
