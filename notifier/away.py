"""An absence is announced: who looks after the home hears of it, for missing water is told to nobody meanwhile."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from domain.finding import AlertKind, Reason
from notifier.circle import Group, Person
from notifier.letters import Letter, Letters
from notifier.messages import When
from notifier.people import circle_of
from notifier.places import home_of
from notifier.timelines import URGENCY

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
) -> None:
    """One text for each announcement to each of these."""
    home = home_of(tx, household_id)
    for reader in readers:
        values = {"name": letters.name_of(tx, by, reader.language), "until_at": until.isoformat()}
        texts, reason = letters.texts, Reason(key="away_announced", values=values)
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


def keepers(tx: Connection, household_id: str) -> tuple[Person, ...]:
    """Staff and volunteers who look after the home; duty staff where nobody does."""
    circle = circle_of(tx, household_id, home_of(tx, household_id).community_id)
    near = (*circle.get(Group.PAIRED, ()), *circle.get(Group.OTHER_CONTACTS, ()))
    theirs = tuple(one for one in near if one.reachable and one.is_staff)
    return theirs or tuple(one for one in circle.get(Group.DUTY_STAFF, ()) if one.reachable)
