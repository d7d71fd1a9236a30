"""Nobody gets a hundred texts: what is no first word of a new alert is spaced out, then bundled."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select, update

from domain.finding import AlertKind
from domain.message import MessageStatus
from notifier.circle import Person
from notifier.letters import ASKING, Letter, Letters
from notifier.people import person
from notifier.timelines import URGENCY
from store import tables as t

M = t.messages.c
CAN_WAIT = URGENCY[AlertKind.LOW_USE]  # it was found after hours; what is more urgent was told of at once


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrottleRules:
    """To one contact: one text a minute and five in 15 minutes; `burst` first words at once become one text.

    Where a text went to that contact within the minute, such a bundle waits for its end, and takes what comes until
    then: of a whole town without data, a few hundred come to light a second. No call for help waits, nor gas or smoke.
    """

    apart: timedelta = timedelta(minutes=1)
    window: timedelta = timedelta(minutes=15)
    in_window: int = 5
    burst: int = 3


def anything_to_hold(tx: Connection, rules: ThrottleRules, now: datetime) -> bool:
    """Whether `hold_back` has anything to weigh: what is no first word, or first words that are many."""
    due = _due(tx, now).values()
    return any(len(rows) >= rules.burst or any(row["purpose"] != "first" for row in rows) for rows in due)


def hold_back(tx: Connection, letters: Letters, rules: ThrottleRules, now: datetime) -> None:
    """Puts off or bundles what is due: first words go at once, three or more in one text, and such a text a minute."""
    for contact_id, rows in _due(tx, now).items():
        first = [row for row in rows if row["purpose"] == "first"]
        others = [row for row in rows if row["purpose"] in ("reminder", "news", "notice")]
        if len(first) >= rules.burst:
            last = max(_left_lately(tx, contact_id, rules, now), default=now - rules.apart)
            if last + rules.apart > now and first[0]["urgency"] >= CAN_WAIT:
                _put_off(tx, first + others, last + rules.apart)
            else:
                _bundle(tx, letters, first + others, now)
            continue
        if not others:
            continue
        free_at = _free_at(tx, contact_id, rules, now)
        if free_at > now or first:
            _put_off(tx, others, max(free_at, now + rules.apart))
        elif len(others) > 1:
            _bundle(tx, letters, others, now)


def _due(tx: Connection, now: datetime) -> dict[str, list[RowMapping]]:
    rows = tx.execute(
        select(t.messages)
        .where(M.status == MessageStatus.PENDING, M.next_at <= now, M.purpose != "bundle", M.attempts == 0)
        .order_by(M.urgency, M.message_id)
    ).mappings()
    by_contact: dict[str, list[RowMapping]] = defaultdict(list)
    for row in rows:
        by_contact[f"{row['addressee']}:{row['contact_id']}"].append(row)
    return by_contact


def _left_lately(tx: Connection, who: str, rules: ThrottleRules, now: datetime) -> list[datetime]:
    """When texts went to this contact within the window, the last one first."""
    addressee, contact_id = who.split(":", 1)
    left_at = func.coalesce(M.sent_at, M.status_at)
    return [
        min(left, now)  # a clock that went back must not hold anybody back
        for left in tx.execute(
            select(left_at)
            .where(
                M.contact_id == contact_id,
                M.addressee == addressee,
                left_at > now - rules.window,
                M.attempts > 0,
            )
            .order_by(left_at.desc())
        ).scalars()
    ]


def _free_at(tx: Connection, who: str, rules: ThrottleRules, now: datetime) -> datetime:
    """From when on this contact may be reminded again."""
    sent, free = _left_lately(tx, who, rules, now), now
    if sent:
        free = max(free, sent[0] + rules.apart)
    if len(sent) >= rules.in_window:
        free = max(free, sent[rules.in_window - 1] + rules.window)
    return free


def _put_off(tx: Connection, rows: Sequence[RowMapping], until: datetime) -> None:
    ids = [row["message_id"] for row in rows]
    tx.execute(update(t.messages).where(M.message_id.in_(ids)).values(next_at=until))


def _bundle(tx: Connection, letters: Letters, rows: Sequence[RowMapping], now: datetime) -> None:
    """One text for all: how many, and the two most urgent."""
    reader = person(tx, rows[0]["contact_id"], rows[0]["addressee"])
    if reader is None or not reader.reachable:
        return
    variables = {
        "count": str(len(rows)),
        "first": _gist(rows[0]),
        "second": _gist(rows[1]),
        "answer": _answer(letters, reader, rows, now),
    }
    bundle_id = letters.write(
        tx,
        Letter(
            cause=f"bundle:{rows[0]['message_id']}:{len(rows)}:{now.isoformat()}",
            person=reader,
            template="bundle",
            variables=variables,
            purpose="bundle",
            urgency=min(row["urgency"] for row in rows),
            why="bundled",
            now=now,
            community_id=rows[0]["community_id"],
        ),
    )
    values: dict[str, Any] = {
        "status": MessageStatus.BUNDLED.value,
        "status_at": now,
        "next_at": None,
        "bundle_id": bundle_id,
    }
    tx.execute(update(t.messages).where(M.message_id.in_([row["message_id"] for row in rows])).values(values))


def _answer(letters: Letters, reader: Person, rows: Sequence[RowMapping], now: datetime) -> str:
    """As to an alert, where there is one among them."""
    alert = any(row["purpose"] in ASKING for row in rows)
    kind = AlertKind.SOS if alert else AlertKind.CHANGE_IN_USE
    return letters.answer(reader, kind, letters.capabilities(reader, now), now)


def _gist(row: RowMapping) -> str:
    """Where, who and what in a few words; the rest is on the desk."""
    variables = row["variables"]
    return f"{variables.get('place', '')} {variables.get('who', '')}{variables.get('gist', '')}".strip()
