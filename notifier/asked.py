"""Which alert a reply is about: one that runs and of which this phone was told; of several homes none is guessed."""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, or_, select

from domain.alert import State
from domain.finding import AlertKind
from domain.message import MessageStatus
from notifier.circle import Person
from notifier.letters import ASKING
from store import tables as t

CLOCKS_APART = timedelta(minutes=1)  # the provider's clock and ours
A, M = t.alerts.c, t.messages.c
_LEFT = [status.value for status in MessageStatus if status.may_have_left]


class Asked(NamedTuple):
    """A running alert, and who was asked to see to it."""

    alert_id: int
    kind: AlertKind
    subject: str
    door: str
    place: str
    reader: Person


def asked(tx: Connection, people: Iterable[Person], sent_at: datetime) -> list[Asked]:
    """The newest text first, each alert once; what was written after the reply was sent, it doesn't answer."""
    by_id = {(person.addressee, person.contact_id): person for person in people}
    rows = tx.execute(
        select(A.alert_id, A.kind, A.subject, t.households.c.door, M.variables, M.contact_id, M.addressee)
        .join_from(t.messages, t.alerts, M.alert_id == A.alert_id)
        .outerjoin(t.households, A.household_id == t.households.c.household_id)
        .where(
            M.contact_id.in_({contact_id for _, contact_id in by_id}),
            M.purpose.in_(ASKING),
            or_(M.status.in_(_LEFT), M.sent_at.is_not(None)),
            M.created_at <= sent_at + CLOCKS_APART,
            A.state != State.RESOLVED,
        )
        .order_by(M.message_id.desc())
    ).all()
    found: dict[int, Asked] = {}
    for row in rows:
        reader = by_id.get((row.addressee, row.contact_id))
        if reader is not None and row.alert_id not in found:
            place = row.variables.get("place", "")
            found[row.alert_id] = Asked(row.alert_id, AlertKind(row.kind), row.subject, row.door or "", place, reader)
    return list(found.values())


def of_one_home(open_: Sequence[Asked], code: str | None) -> list[Asked]:
    """Those of the home that is meant; empty where it can't be told which. 301 may mean 2单元301."""
    if code is None:
        meant = list(open_)
    else:
        wanted = _plain(code)
        meant = [one for one in open_ if wanted in (_plain(one.door), str(one.alert_id))]
        meant = meant or [one for one in open_ if len(wanted) > 1 and _plain(one.door).endswith(wanted)]
    return meant if len({one.subject for one in meant}) == 1 else []


def _plain(door: str) -> str:
    return unicodedata.normalize("NFKC", door).lower().removesuffix("室")


def code_of(one: Asked, open_: Sequence[Asked]) -> str:
    """What to write behind the number: the door, or where two homes have the same, the alert's number."""
    same = {other.subject for other in open_ if other.door == one.door}
    return one.door if one.door and len(same) == 1 else str(one.alert_id)
