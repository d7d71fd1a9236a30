"""From a decision to rows in the outbox: words in the reader's language, a channel, segments and cost."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import insert

from domain.finding import AlertKind
from domain.message import MessageStatus
from domain.people import Language, Role
from notifier.contract import Capabilities
from notifier.messages import LONGEST_FREE, LONGEST_VARIABLE, Texts, short, size
from notifier.people import Home, person
from notifier.policy import Person
from notifier.router import NoChannelError, Router
from store import tables as t


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One text to one person. `cause` makes it unique: the same cause never writes to the same person twice."""

    cause: str
    person: Person
    template: str
    variables: dict[str, str]
    purpose: str
    urgency: int
    why: str
    now: datetime
    alert_id: int | None = None
    community_id: str | None = None
    not_before: datetime | None = None


class Letters:
    """Writes texts into the outbox, in the caller's transaction."""

    def __init__(self, texts: Texts, router: Router) -> None:
        self.texts = texts
        self.router = router

    def write(self, tx: Connection, letter: Letter) -> int | None:
        """The new row's id; None when this cause has written to this person before, or nothing serves the number."""
        key = f"{letter.cause}/{letter.person.addressee}:{letter.person.contact_id}"
        try:
            channel, can = self.router.route(letter.person.phone or "", letter.now)
            name, error, status = channel.name, None, MessageStatus.PENDING
        except NoChannelError as e:
            name, can, error, status = "none", Capabilities(), str(e), MessageStatus.FAILED
        longest = LONGEST_FREE if can.free_text else LONGEST_VARIABLE
        variables = {k: short(v, longest) for k, v in letter.variables.items()}
        body = self.texts.render(letter.person.language, letter.template, variables, signed=not can.signs)
        segments = size(body).segments
        row = {
            "key": key,
            "alert_id": letter.alert_id,
            "contact_id": letter.person.contact_id,
            "addressee": letter.person.addressee,
            "community_id": letter.community_id,
            "purpose": letter.purpose,
            "urgency": letter.urgency,
            "why": letter.why,
            "channel": name,
            "template": letter.template,
            "variables": variables,
            "language": letter.person.language.value,
            "body": body,
            "segments": segments,
            "cost": segments * can.cost,
            "status": status.value,
            "created_at": letter.now,
            "status_at": letter.now,
            "next_at": letter.not_before or letter.now,
            "error": error,
        }
        put = insert(t.messages).values(row).on_conflict_do_nothing(index_elements=["key"])
        message_id = tx.execute(put.returning(t.messages.c.message_id)).scalar_one_or_none()
        return None if message_id is None else int(message_id)

    def capabilities(self, reader: Person, now: datetime) -> Capabilities:
        try:
            return self.router.route(reader.phone or "", now)[1]
        except NoChannelError:
            return Capabilities()

    def answer(self, reader: Person, kind: AlertKind, now: datetime) -> str:
        """How this person can answer on the channel that reaches them."""
        if kind.is_notice:
            return self.texts.say(reader.language, "answer", "notice")
        replies = self.capabilities(reader, now).replies
        if reader.role is None:
            key = "resident_replies" if replies else "resident"
        elif reader.role is Role.OPERATOR:
            key = "operator"
        elif replies:
            key = "replies"
        else:
            key = "guardian" if reader.role is Role.GUARDIAN else "staff"
        return self.texts.say(reader.language, "answer", key)

    def who(self, home: Home, language: Language) -> str:
        return home.residents or self.texts.say(language, "someone", "resident")

    def name_of(self, tx: Connection, by: str, language: Language) -> str:
        """The name of whoever did something; the ledger may not know them by that id."""
        found = person(tx, by, "contact") or person(tx, by, "resident")
        return found.name if found else self.texts.say(language, "someone", "anju" if by == "anju" else "colleague")
