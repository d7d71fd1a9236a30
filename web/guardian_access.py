"""How a guardian comes in: by a signed link in a text, or by a code to the phone; and what a session may open."""

import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from domain.message import MessageStatus
from domain.people import Language, Role
from notifier.circle import Person
from notifier.people import person
from store.security import security_event
from store.tables import contacts, guardian_codes, guardian_sessions, guardians, messages
from web.session import hash_of

CODE_LASTS, TRIES = timedelta(minutes=10), 5
CODES_A_DAY = 10  # to one guardian: more is somebody who guesses, or who wants to annoy
SESSION_LASTS = timedelta(hours=2)
CODE_DIGITS = 6
_SHORTEST_TYPED = 8  # digits: fewer would fit several phones


class SendsCodes(Protocol):
    """The notifier's `Letters`, as far as a code needs it."""

    def code(self, tx: Connection, reader: Person, code: str, *, cause: str, now: datetime) -> int | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardian:
    """Who is there. `by_code` opens notes and consent; a link, which may have been passed on, doesn't."""

    contact_id: str
    name: str
    phone: str | None
    language: Language
    by_code: bool
    csrf: str
    household_ids: tuple[str, ...]


def send_code(tx: Connection, letters: SendsCodes, typed: str, *, below: Callable[[int], int], now: datetime) -> str:
    """Returns the secret for the asking browser's cookie, whether or not a guardian has this phone."""
    secret, code = secrets.token_urlsafe(24), f"{below(10**CODE_DIGITS):0{CODE_DIGITS}}"
    contact_id = _contact_with(tx, typed)
    if contact_id and not _may_have_a_code(tx, contact_id, now):
        contact_id = None
    reader = person(tx, contact_id, "contact") if contact_id else None
    values = {
        "secret_hash": hash_of(secret),
        "contact_id": contact_id,
        "code_hash": hash_of(secret + code),
        "message_id": letters.code(tx, reader, code, cause=f"code:{hash_of(secret).hex()}", now=now)
        if reader
        else None,
        "expires_at": now + CODE_LASTS,
    }
    tx.execute(insert(guardian_codes).values(values))
    return secret


def enter(tx: Connection, secret: str, code: str, now: datetime) -> str | None:
    """A session's secret for the right code; five tries, ten minutes, once."""
    c = guardian_codes.c
    row = tx.execute(select(guardian_codes).where(c.secret_hash == hash_of(secret), c.expires_at > now)).one_or_none()
    if row is None or row.tries >= TRIES:
        return None
    tx.execute(update(guardian_codes).where(c.code_id == row.code_id).values(tries=row.tries + 1))
    digits = re.sub(r"\D", "", code)
    if row.contact_id is None or not hmac.compare_digest(row.code_hash, hash_of(secret + digits)):
        if row.tries + 1 == TRIES and row.contact_id is not None:
            security_event(tx, "guardian_guessing", row.contact_id, f"{TRIES} wrong codes", now)
        return None
    _end_codes(tx, c.code_id == row.code_id)
    return open_session(tx, row.contact_id, by_code=True, now=now)


def open_session(tx: Connection, contact_id: str, *, by_code: bool, now: datetime) -> str | None:
    """None where the contact is no guardian (any more)."""
    if not _households(tx, contact_id):
        return None
    secret = secrets.token_urlsafe(32)
    tx.execute(
        insert(guardian_sessions).values(
            session_hash=hash_of(secret),
            contact_id=contact_id,
            by_code=by_code,
            csrf_token=secrets.token_urlsafe(24),
            expires_at=now + SESSION_LASTS,
        )
    )
    security_event(tx, "guardian_came_in", contact_id, "by code" if by_code else "by link", now)
    return secret


def close_session(tx: Connection, secret: str) -> None:
    tx.execute(delete(guardian_sessions).where(guardian_sessions.c.session_hash == hash_of(secret)))


def guardian_of(tx: Connection, secret: str, now: datetime) -> Guardian | None:
    """Who holds this session, as the ledger stands now: who was taken out of it sees nothing from then on."""
    s = guardian_sessions.c
    row = tx.execute(
        select(s.contact_id, s.by_code, s.csrf_token, contacts.c.name, contacts.c.phone, contacts.c.language)
        .join_from(guardian_sessions, contacts, contacts.c.contact_id == s.contact_id)
        .where(s.session_hash == hash_of(secret), s.expires_at > now)
    ).one_or_none()
    homes = _households(tx, row.contact_id) if row else ()
    if row is None or not homes:
        return None
    return Guardian(
        contact_id=row.contact_id,
        name=row.name,
        phone=row.phone,
        language=Language(row.language),
        by_code=row.by_code,
        csrf=row.csrf_token,
        household_ids=homes,
    )


def purge(tx: Connection, now: datetime) -> None:
    """Codes and sessions whose time is over; the text that carried a code keeps no word of it."""
    _end_codes(tx, guardian_codes.c.expires_at <= now)
    tx.execute(delete(guardian_sessions).where(guardian_sessions.c.expires_at <= now))


def _end_codes(tx: Connection, which: ColumnElement[bool]) -> None:
    ids = tx.scalars(delete(guardian_codes).where(which).returning(guardian_codes.c.message_id)).all()
    its_text = messages.c.message_id.in_([message_id for message_id in ids if message_id])
    tx.execute(update(messages).where(its_text).values(body="…", variables={}))
    waiting = messages.c.status == MessageStatus.PENDING.value
    tx.execute(update(messages).where(its_text, waiting).values(status=MessageStatus.CANCELLED.value, next_at=None))


def _households(tx: Connection, contact_id: str) -> tuple[str, ...]:
    """Those of everybody with this phone: one daughter may stand in the ledger twice."""
    phone = select(contacts.c.phone).where(contacts.c.contact_id == contact_id).scalar_subquery()
    same = select(contacts.c.contact_id).where(contacts.c.phone == phone)
    query = select(guardians.c.household_id).where(
        (guardians.c.contact_id == contact_id) | guardians.c.contact_id.in_(same)
    )
    return tuple(tx.scalars(query.distinct().order_by(guardians.c.household_id)))


def digits_of(typed: str) -> str:
    """A phone as it is compared, however it was typed."""
    return re.sub(r"\D", "", typed[:40], flags=re.ASCII).lstrip("0")


def looks_like_a_phone(typed: str) -> bool:
    return len(digits_of(typed)) >= _SHORTEST_TYPED


def _may_have_a_code(tx: Connection, contact_id: str, now: datetime) -> bool:
    """Counted in the records: neither a restart nor many addresses let anybody guess or annoy for longer."""
    m = messages.c
    a_day = (m.contact_id == contact_id, m.purpose == "code", m.created_at > now - timedelta(days=1))
    sent = tx.scalar(select(func.count()).select_from(messages).where(*a_day)) or 0
    if sent == CODES_A_DAY - 1:
        security_event(tx, "guardian_guessing", contact_id, f"{CODES_A_DAY} codes in a day", now)
    return sent < CODES_A_DAY


def _contact_with(tx: Connection, typed: str) -> str | None:
    """The guardian with this phone; the country's code may be left out where only one phone then fits."""
    if not looks_like_a_phone(typed):
        return None
    digits = digits_of(typed)
    of_guardian = contacts.c.contact_id.in_(select(guardians.c.contact_id)) & (contacts.c.role == Role.GUARDIAN.value)
    rows = tx.execute(
        select(contacts.c.contact_id, contacts.c.phone)
        .where(of_guardian, contacts.c.phone.like(f"+%{digits}") | (contacts.c.phone == typed.strip()))
        .order_by(contacts.c.contact_id)
    ).all()
    exact = [row.contact_id for row in rows if row.phone in {f"+{digits}", typed.strip()}]
    if exact or len({row.phone for row in rows}) == 1:
        return str((exact or [row.contact_id for row in rows])[0])
    return None
