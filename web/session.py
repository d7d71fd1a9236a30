"""Who is signed in: accounts with argon2 passwords, sessions as rows, a token against forged forms."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from pwdlib import PasswordHash
from sqlalchemy import Connection, delete, insert, select, update

from domain.people import Language, Role
from store.tables import accounts, contacts, sessions

SESSION_LENGTH = timedelta(hours=12)
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 200

_passwords = PasswordHash.recommended()
_nobody = _passwords.hash(secrets.token_urlsafe(16))  # an unknown login takes as long as a wrong password


class AccountError(ValueError):
    """The account can't be made; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A member of staff who is signed in, and where he or she works."""

    login: str
    contact_id: str
    name: str
    role: Role
    community_id: str | None
    grid_id: str | None
    language: Language
    csrf: str

    @property
    def serves_all(self) -> bool:
        """An operator of all communities: a building's number alone doesn't tell where it is."""
        return self.role is Role.OPERATOR and self.community_id is None


def add_account(tx: Connection, login: str, contact_id: str, password: str, now: datetime) -> None:
    """Lets a member of staff in the ledger sign in. Raises `AccountError`."""
    check_account(tx, login, contact_id)
    _require_long(password)
    tx.execute(
        insert(accounts).values(
            login=login, contact_id=contact_id, password_hash=_passwords.hash(password), created_at=now
        )
    )


def check_account(tx: Connection, login: str, contact_id: str) -> None:
    """Whether it could be made, before anybody thinks of a password. Raises `AccountError`."""
    role = tx.scalar(select(contacts.c.role).where(contacts.c.contact_id == contact_id))
    if role is None:
        raise AccountError(f"contact: no {contact_id!r} in the ledger")
    if Role(role) is Role.GUARDIAN:
        raise AccountError(f"contact: {contact_id!r} is a guardian; the console is for staff")
    if tx.scalar(select(accounts.c.login).where(accounts.c.login == login)) is not None:
        raise AccountError(f"login: {login!r} is taken")


def set_password(tx: Connection, login: str, password: str) -> None:
    """A new password, which ends every session that the old one opened. Raises `AccountError`."""
    _require_long(password)
    _change(tx, login, password_hash=_passwords.hash(password))


def disable_account(tx: Connection, login: str, now: datetime) -> None:
    """Whoever leaves signs in no more, and is signed out at once; what he or she did stays. Raises `AccountError`."""
    _change(tx, login, disabled_at=now)


def enable_account(tx: Connection, login: str) -> None:
    """Lets a disabled account sign in again. Raises `AccountError`."""
    _change(tx, login, disabled_at=None)


def who_may_sign_in(tx: Connection) -> list[tuple[str, str, str, bool]]:
    """Of every account: login, name, role, and whether it is open."""
    query = select(accounts.c.login, contacts.c.name, contacts.c.role, accounts.c.disabled_at.is_(None))
    return [tuple(row) for row in tx.execute(query.join_from(accounts, contacts).order_by(accounts.c.login))]


def _change(tx: Connection, login: str, **values: object) -> None:
    if tx.execute(update(accounts).where(accounts.c.login == login).values(**values)).rowcount == 0:
        raise AccountError(f"login: no account {login!r}")
    tx.execute(delete(sessions).where(sessions.c.login == login))


def password_is_long(password: str) -> bool:
    return SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD


def _require_long(password: str) -> None:
    if not password_is_long(password):
        raise AccountError(f"password: {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters, please")


def password_fits(tx: Connection, login: str, password: str) -> bool:
    """Whether an account that isn't disabled has this password; takes as long for logins that don't exist."""
    query = select(accounts.c.password_hash).where(accounts.c.login == login, accounts.c.disabled_at.is_(None))
    stored = tx.scalar(query)
    fits = len(password) <= LONGEST_PASSWORD and _passwords.verify(password, stored or _nobody)
    return fits and stored is not None


def open_session(tx: Connection, login: str, now: datetime) -> str:
    """Begins a session and returns its secret; only the secret's hash is stored."""
    secret = secrets.token_urlsafe(32)
    tx.execute(delete(sessions).where(sessions.c.expires_at <= now))
    tx.execute(
        insert(sessions).values(
            session_hash=hash_of(secret),
            login=login,
            csrf_token=secrets.token_urlsafe(24),
            created_at=now,
            expires_at=now + SESSION_LENGTH,
        )
    )
    return secret


def close_session(tx: Connection, secret: str) -> None:
    tx.execute(delete(sessions).where(sessions.c.session_hash == hash_of(secret)))


def viewer_of(tx: Connection, secret: str, now: datetime) -> Viewer | None:
    """Who holds this session, if it runs and the account isn't disabled."""
    row = tx.execute(
        _people.add_columns(sessions.c.csrf_token)
        .join(sessions, sessions.c.login == accounts.c.login)
        .where(
            sessions.c.session_hash == hash_of(secret), sessions.c.expires_at > now, accounts.c.disabled_at.is_(None)
        )
    ).one_or_none()
    return None if row is None else _viewer(tuple(row))


def viewer_named(tx: Connection, login: str, csrf: str) -> Viewer | None:
    """The viewer of an account without a session, for the demonstration."""
    row = tx.execute(_people.where(accounts.c.login == login)).one_or_none()
    return None if row is None else _viewer((*row, csrf))


def same_token(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode())


_people = select(
    accounts.c.login,
    contacts.c.contact_id,
    contacts.c.name,
    contacts.c.role,
    contacts.c.community_id,
    contacts.c.grid_id,
    contacts.c.language,
).join_from(accounts, contacts, contacts.c.contact_id == accounts.c.contact_id)


def _viewer(row: tuple[object, ...]) -> Viewer:
    login, contact_id, name, role, community_id, grid_id, language, csrf = row
    return Viewer(
        login=str(login),
        contact_id=str(contact_id),
        name=str(name),
        role=Role(str(role)),
        community_id=None if community_id is None else str(community_id),
        grid_id=None if grid_id is None else str(grid_id),
        language=Language(str(language)),
        csrf=str(csrf),
    )


def hash_of(secret: str) -> bytes:
    """What is kept of a random secret; it needs no salt."""
    return sha256(secret.encode()).digest()
