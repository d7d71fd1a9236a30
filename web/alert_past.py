"""What has come of an alert so far: every step of its life, and every text word for word."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from domain.alert import Event
from store.tables import alert_events, messages
from web.ledger import Person, people_called

_TAKEN = ("sent", "delivered")
_LINK = re.compile(r"/l/\S+")  # a guardian's way in isn't for staff


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One row of an alert's life."""

    at: datetime
    event: str  # of domain.alert.Event, or "raise", "remind"
    by: Person | None
    why: str
    was: str = ""  # the outcome before a correction


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text, word for word, with how far it came."""

    to: Person | None
    contact_id: str
    channel: str
    body: str
    why: str
    status: str
    created_at: datetime
    sent_at: datetime | None
    attempts: int
    error: str | None


def life(tx: Connection, alert_id: int) -> list[Step]:
    """Every change of the alert, oldest first."""
    rows = tx.execute(
        select(alert_events.c.at, alert_events.c.event, alert_events.c.by, alert_events.c.why)
        .where(alert_events.c.alert_id == alert_id)
        .order_by(alert_events.c.event_id)
    ).all()
    people = people_called(tx, {row.by for row in rows})
    return [_step(at, event, people.get(by), why) for at, event, by, why in rows]


def _step(at: datetime, event: str, by: Person | None, why: str) -> Step:
    was, _, note = why.partition(" ") if event == Event.CORRECT else ("", "", why)
    return Step(at=at, event=event, by=by, why=note, was=was)


def texts(tx: Connection, alert_id: int) -> list[Text]:
    """Every text for the alert, oldest first."""
    rows = tx.execute(select(messages).where(messages.c.alert_id == alert_id).order_by(messages.c.message_id)).all()
    people = people_called(tx, {row.contact_id for row in rows})
    return [
        Text(
            to=people.get(row.contact_id),
            contact_id=row.contact_id,
            channel=row.channel,
            body=_LINK.sub("/l/…", row.body),
            why=row.why,
            status="logged" if row.channel == "log" and row.status in _TAKEN else row.status,  # by nobody
            created_at=row.created_at,
            sent_at=row.sent_at,
            attempts=row.attempts,
            error=row.error,
        )
        for row in rows
    ]
