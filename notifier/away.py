"""An absence is announced or taken back; who looks after the home hears of it, for missing water is not told then."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection, delete, insert, select

from domain.alert import State
from domain.finding import AlertKind, Reason
from notifier.circle import Group, Person
from notifier.letters import Letter, Letters
from notifier.messages import When
from notifier.people import circle_of
from notifier.places import home_of
from notifier.timelines import URGENCY
from store import tables as t

KIND = AlertKind.USE_WHILE_ABSENT  # its urgency and words, where a text has none of its own


def tell(
    tx: Connection,
    letters: Letters,
    household_id: str,
    readers: Iterable[Person],
    *,
    by: str,
    until: datetime,
    now: datetime,
    from_at: datetime | None = None,
) -> None:
    """One text for each announcement to each of these."""
    home = home_of(tx, household_id)
    for reader in readers:
        values = {"name": letters.name_of(tx, by, reader.language), "until_at": until.isoformat()}
        texts, reason = letters.texts, Reason(key="away_announced", values=values)
        if from_at:
            reason = Reason(key="away_announced_from", values=values | {"from_at": from_at.isoformat()})
        letter = Letter(
            cause=f"away:{household_id}:{now.isoformat()}",
            person=reader,
            template="notice",
            variables={
                "place": home.place,
                "who": letters.who(home, reader.language),
                "what": texts.reason(reader.language, "what", KIND, reason, When(now=now, zone=home.timezone)),
                "gist": texts.say(reader.language, "gist", "away_announced"),
                "answer": texts.say(reader.language, "answer", "notice" if reader.is_staff else "first_use"),
            },
            purpose="notice",
            urgency=URGENCY[KIND],
            why="away_announced",
            now=now,
            community_id=home.community_id,
        )
        letters.write(tx, letter)


class Rests(Protocol):
    """`Life`, as far as an absence needs it."""

    def leave(self, tx: Connection, alert_id: int, *, by: str, until: datetime, now: datetime) -> None: ...

    def back(self, tx: Connection, household_id: str, *, by: str, now: datetime) -> bool: ...


def announce_away(
    tx: Connection,
    life: Rests,
    household_id: str,
    *,
    by: str,
    until: datetime,
    now: datetime,
    from_at: datetime | None = None,
) -> None:
    """Known to be away until then, from now on where no beginning to come is named.

    An alert for missing use that runs is put to rest until the end of one that begins now. Behind one to come it goes
    on: they have not left yet, and nobody has looked.
    """
    running = tx.scalars(
        select(t.alerts.c.alert_id).where(
            t.alerts.c.household_id == household_id,
            t.alerts.c.kind == AlertKind.LOW_USE.value,
            t.alerts.c.state != State.RESOLVED.value,
        )
    ).all()
    if running and not from_at:
        for alert_id in running:
            life.leave(tx, alert_id, by=by, until=until, now=now)
        return
    values = {"household_id": household_id, "from_at": from_at or now, "until_at": until, "announced_by": by}
    tx.execute(insert(t.absences).values(values))


def take_back(tx: Connection, life: Rests, household_id: str, absence_id: int, *, by: str, now: datetime) -> None:
    """One to come is gone as if never announced; where this one runs, they are back. One that is over stays."""
    c = t.absences.c
    this = (c.absence_id == absence_id, c.household_id == household_id)
    to_come = tx.execute(delete(t.absences).where(*this, c.from_at > now)).rowcount
    if not to_come and tx.scalar(select(c.absence_id).where(*this, c.until_at > now)):
        life.back(tx, household_id, by=by, now=now)


def homes_of(tx: Connection, reader: Person) -> list[tuple[str, str]]:
    """The home in which they live, or those whose family they are: household and door."""
    h, r, g = t.households.c, t.residents.c, t.guardians.c
    lives, cares = r.resident_id == reader.contact_id, g.contact_id == reader.contact_id
    its = select(r.household_id).where(lives) if reader.addressee == "resident" else select(g.household_id).where(cares)
    rows = tx.execute(select(h.household_id, h.door).where(h.household_id.in_(its)).order_by(h.household_id))
    return [(row.household_id, row.door) for row in rows]


def keepers(tx: Connection, household_id: str) -> tuple[Person, ...]:
    """Staff and volunteers who look after the home; duty staff where nobody does."""
    circle = circle_of(tx, household_id, home_of(tx, household_id).community_id)
    near = (*circle.get(Group.PAIRED, ()), *circle.get(Group.OTHER_CONTACTS, ()))
    theirs = tuple(one for one in near if one.reachable and one.is_staff)
    return theirs or tuple(one for one in circle.get(Group.DUTY_STAFF, ()) if one.reachable)
