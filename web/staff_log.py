"""Who of staff opened whose pages, once an hour each: for the resident who asks, and for whoever checks."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select
from starlette.background import BackgroundTask
from starlette.responses import Response

from store.contracts import StoreUnavailableError
from store.security import HOME_VIEWED
from store.tables import security_events
from web.desk import Desk
from web.ledger import Person, people_called
from web.session import Viewer

SHOWN_FOR, MOST_SHOWN = timedelta(days=90), 50
_BY = "by "
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Somebody opened a page of the home."""

    at: datetime
    login: str
    by: Person | None


def noted(desk: Desk, answer: Response, who: Viewer, household_id: str) -> Response:
    """The page, at once; that it was opened is written down behind it, for no alert may wait for a log."""
    answer.background = BackgroundTask(_note, desk, who.login, household_id, desk.now())
    return answer


def of_home(tx: Connection, household_id: str, now: datetime) -> list[Look]:
    """The latest looks at the home, newest first."""
    e = security_events.c
    its = (e.kind == HOME_VIEWED, e.subject == household_id, e.at >= now - SHOWN_FOR)
    rows = tx.execute(select(e.at, e.detail).where(*its).order_by(e.event_id.desc()).limit(MOST_SHOWN)).all()
    people = people_called(tx, {detail.removeprefix(_BY) for _, detail in rows})
    logins = [(at, detail.removeprefix(_BY)) for at, detail in rows]
    return [Look(at=at, login=login, by=people.get(login)) for at, login in logins]


def _note(desk: Desk, login: str, household_id: str, at: datetime) -> None:
    try:
        desk.security.note(at=at, kind=HOME_VIEWED, subject=household_id, detail=f"{_BY}{login}")
    except StoreUnavailableError as e:
        log.warning("that %s opened the page of home %s can't be written down: %s", login, household_id, e)
