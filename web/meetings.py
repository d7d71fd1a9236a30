"""A finder with a wearer: who was told, what they wrote to each other, where; forgotten soon."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from domain.alert import State
from domain.finding import AlertKind, Level, Reason
from domain.wristband import Band, Stage
from notifier.life import Concern
from store.tables import alerts, meeting_lines, meetings, scans
from web.session import hash_of
from web.wearers import Wearer

MEETING_LASTS = timedelta(hours=2)  # the finder's page shows the name for so long
TOLD_AGAIN_AFTER = timedelta(minutes=15)  # one text a band and quarter of an hour
PLACE_KEPT = timedelta(hours=24)
LINES_KEPT = timedelta(days=30)
SCANS_KEPT = timedelta(days=400)
LONGEST_LINE = 300  # characters
FINDER = "finder"


class RaisesAlerts(Protocol):
    """The notifier's `Life`, as far as a scan needs it."""

    def raise_or_join(self, tx: Connection, concern: Concern, now: datetime) -> int: ...

    def tell_more(
        self, tx: Connection, alert_id: int, reason: Reason, *, cause: str, now: datetime, worse: bool = False
    ) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One message; `by` is "finder" or a contact's id."""

    at: datetime
    by: str
    body: str


_POSITION = re.compile(r"(-?\d{1,2}\.\d{3}), (-?\d{1,3}\.\d{3})")  # as `web.finder_pages` writes it


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """One finder's time with a wearer."""

    meeting_id: int
    band_id: int
    alert_id: int | None
    started_at: datetime
    medical: bool
    place: str | None

    @property
    def stage(self) -> Stage:
        return Stage.MEDICAL if self.medical else Stage.PRESENT

    @property
    def map_link(self) -> str | None:
        """Opens the phone's own map, where the place is a position and not words."""
        found = _POSITION.fullmatch(self.place or "")
        return f"geo:{found[1]},{found[2]}" if found else None


def of_token(tx: Connection, token: str, band_id: int, now: datetime) -> Meeting | None:
    """The finder's running meeting with this band."""
    if not token:
        return None
    row = tx.execute(
        select(meetings).where(
            meetings.c.token_hash == hash_of(token), meetings.c.band_id == band_id, meetings.c.ends_at > now
        )
    ).mappings()
    found = row.one_or_none()
    return None if found is None else _meeting(found)


def begin(tx: Connection, band: Band, now: datetime) -> tuple[str, Meeting]:
    """A new meeting and the secret for its finder's cookie."""
    token = secrets.token_urlsafe(24)
    values = {"band_id": band.band_id, "token_hash": hash_of(token), "started_at": now, "ends_at": now + MEETING_LASTS}
    meeting_id = tx.scalars(insert(meetings).values(values).returning(meetings.c.meeting_id)).one()
    return token, Meeting(
        meeting_id=meeting_id, band_id=band.band_id, alert_id=None, started_at=now, medical=False, place=None
    )


def tell(
    tx: Connection,
    life: RaisesAlerts,
    band: Band,
    who: Wearer,
    meeting: Meeting,
    *,
    medical: bool,
    reason: Reason,
    now: datetime,
) -> None:
    """The found person's alert: raised, or, within a quarter of an hour, the running one without another text.

    But an emergency is told at once, once, also to those who heard only that a passer-by is there.
    """
    alert_id = _told_lately(tx, band.band_id, now)
    if alert_id is None:
        concern = Concern(
            kind=AlertKind.FOUND,
            level=Level.ALERT,
            subject=who.household_id,
            household_id=who.household_id,
            at=now,
            since=now,
            reason=reason,
            reported=True,
            momentary=True,
        )
        alert_id = life.raise_or_join(tx, concern, now)
    elif medical and not _known_to_be_medical(tx, alert_id):
        life.tell_more(tx, alert_id, reason, cause=f"medical:{alert_id}", now=now, worse=True)
    tx.execute(
        update(meetings).where(meetings.c.meeting_id == meeting.meeting_id).values(alert_id=alert_id, medical=medical)
    )


def say(tx: Connection, meeting_id: int, by: str, body: str, now: datetime) -> None:
    """One message, cut to what a page shows; nothing where nothing was written."""
    text = "".join(character for character in body if character.isprintable() or character == "\n").strip()
    if text:
        tx.execute(insert(meeting_lines).values(meeting_id=meeting_id, at=now, by=by, body=text[:LONGEST_LINE]))


def say_as_finder(tx: Connection, life: RaisesAlerts, meeting: Meeting, body: str, now: datetime) -> None:
    """Those who were told of the scan hear that there is a message: once in a quarter of an hour."""
    say(tx, meeting.meeting_id, FINDER, body, now)
    if meeting.alert_id is not None:
        quarter = (now - meeting.started_at) // TOLD_AGAIN_AFTER
        reason = Reason(key="found_message", values={"at": now.isoformat()})
        life.tell_more(tx, meeting.alert_id, reason, cause=f"message:{meeting.meeting_id}:{quarter}", now=now)


def lines(tx: Connection, meeting_id: int) -> list[Line]:
    rows = tx.execute(
        select(meeting_lines.c.at, meeting_lines.c.by, meeting_lines.c.body)
        .where(meeting_lines.c.meeting_id == meeting_id)
        .order_by(meeting_lines.c.line_id)
    )
    return [Line(at=at, by=by, body=body) for at, by, body in rows]


def keep_place(tx: Connection, meeting_id: int, place: str) -> None:
    tx.execute(update(meetings).where(meetings.c.meeting_id == meeting_id).values(place=place[:200]))


def of_alert(tx: Connection, alert_id: int) -> list[tuple[Meeting, list[Line]]]:
    """The finders of one alert with what was written, latest first."""
    rows = tx.execute(
        select(meetings).where(meetings.c.alert_id == alert_id).order_by(meetings.c.meeting_id.desc())
    ).mappings()
    return [(_meeting(row), lines(tx, row["meeting_id"])) for row in rows.all()]


def purge(tx: Connection, now: datetime) -> int:
    """Forgets places after a day, messages after a month, scans after 400 days; returns how many rows it touched."""
    old = select(meetings.c.meeting_id).where(meetings.c.started_at < now - LINES_KEPT)
    place_over = meetings.c.place.is_not(None) & (meetings.c.started_at < now - PLACE_KEPT)
    return sum(
        tx.execute(statement).rowcount
        for statement in (
            update(meetings).where(place_over).values(place=None),
            delete(meeting_lines).where(meeting_lines.c.meeting_id.in_(old)),
            delete(meetings).where(meetings.c.started_at < now - LINES_KEPT),
            delete(scans).where(scans.c.at < now - SCANS_KEPT),
        )
    )


def _known_to_be_medical(tx: Connection, alert_id: int) -> bool:
    medical = (meetings.c.alert_id == alert_id, meetings.c.medical)
    return tx.execute(select(meetings.c.meeting_id).where(*medical).limit(1)).first() is not None


def _told_lately(tx: Connection, band_id: int, now: datetime) -> int | None:
    """The alert that this band raised within the last quarter of an hour, if it still waits for a person."""
    return tx.scalar(
        select(meetings.c.alert_id)
        .join_from(meetings, alerts, alerts.c.alert_id == meetings.c.alert_id)
        .where(
            meetings.c.band_id == band_id,
            alerts.c.last_at > now - TOLD_AGAIN_AFTER,
            alerts.c.state != State.RESOLVED.value,
        )
        .order_by(meetings.c.meeting_id.desc())
        .limit(1)
    )


def _meeting(row: RowMapping) -> Meeting:
    return Meeting(
        meeting_id=row["meeting_id"],
        band_id=row["band_id"],
        alert_id=row["alert_id"],
        started_at=row["started_at"],
        medical=bool(row["medical"]),
        place=row["place"],
    )
