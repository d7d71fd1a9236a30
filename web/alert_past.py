"""What has come of an alert so far: every step of its life, and every text word for word."""

import re
from collections import defaultdict
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
    told: tuple[Person, ...] = ()


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
    e, told = alert_events.c, _told(tx, alert_id)
    rows = tx.execute(
        select(e.event_id, e.at, e.event, e.by, e.why).where(e.alert_id == alert_id).order_by(e.event_id)
    ).all()
    people = people_called(tx, {row.by for row in rows}.union(*told.values()))
    steps = []
    for row in rows:
        was, _, note = row.why.partition(" ") if row.event == Event.CORRECT else ("", "", row.why)
        whom = tuple(people[one] for one in told[row.event_id] if one in people)
        steps.append(Step(at=row.at, event=row.event, by=people.get(row.by), why=note, was=was, told=whom))
    return steps


def _told(tx: Connection, alert_id: int) -> dict[int, list[str]]:
    """Whom each step asked or told, by the cause that its texts bear."""
    m, told = messages.c, defaultdict[int, list[str]](list)
    due = (m.alert_id == alert_id, m.purpose.in_(("first", "reminder", "notice")), m.key.startswith("event:"))
    for key, contact_id in tx.execute(select(m.key, m.contact_id).where(*due).order_by(m.message_id)):
        told[int(key.removeprefix("event:").partition("/")[0])].append(contact_id)
    return told


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
