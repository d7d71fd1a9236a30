"""The positive sign: when water was first drawn this morning, told once a day to family who want to hear it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from domain.finding import AlertKind, Reason
from notifier.letters import Letter, Letters
from notifier.messages import When
from notifier.people import person
from notifier.places import home_of
from notifier.quiet import QuietHours
from notifier.timelines import URGENCY
from store import tables as t

FRESH = timedelta(hours=6)  # a first use that is read of later, after an outage or the night, tells nothing of now
WANTED = "yes"  # in the ledger's guardians.first_use
G = t.guardians.c


def wanted_for(tx: Connection, household_ids: Iterable[str]) -> set[str]:
    """Those homes of which somebody wants to hear each morning."""
    wanted = (G.household_id.in_(set(household_ids)), G.first_use == WANTED)
    return set(tx.execute(select(G.household_id).where(*wanted).distinct()).scalars())


def tell(
    tx: Connection, letters: Letters, household_id: str, up_at: datetime, *, now: datetime, quiet: QuietHours
) -> None:
    """One text a morning to each guardian who chose it, not before the quiet hours end, nor long afterwards."""
    home = home_of(tx, household_id)
    not_before = quiet.not_before(now, home.timezone)
    if (not_before or now) - up_at > FRESH:
        return
    morning = up_at.astimezone(home.timezone).date().isoformat()
    reason = Reason(key=AlertKind.FIRST_USE.value, values={"at": up_at.isoformat()})
    chosen = select(G.contact_id).where(G.household_id == household_id, G.first_use == WANTED).order_by(G.order)
    for contact_id in tx.execute(chosen).scalars().all():
        reader = person(tx, contact_id, "contact")
        if reader is None or not reader.reachable:
            continue
        texts, when = letters.texts, When(now=now, zone=home.timezone)
        variables = {
            "place": home.place,
            "who": letters.who(home, reader.language),
            "what": texts.reason(reader.language, "what", AlertKind.FIRST_USE, reason, when),
            "gist": texts.say(reader.language, "gist", AlertKind.FIRST_USE.value),
            "answer": texts.say(reader.language, "answer", "first_use"),
        }
        letter = Letter(
            cause=f"first_use:{household_id}:{morning}",
            person=reader,
            template="notice",
            variables=variables,
            purpose="notice",
            urgency=URGENCY[AlertKind.FIRST_USE],
            why=AlertKind.FIRST_USE.value,
            now=now,
            community_id=home.community_id,
            not_before=not_before,
        )
        letters.write(tx, letter)
