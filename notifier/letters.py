"""From a decision to rows in the outbox: words in the reader's language, a channel, segments and cost."""

from collections.abc import Callable
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


LinkFor = Callable[[str, datetime], str | None]


class Letters:
    """Writes texts into the outbox, in the caller's transaction. `link_for` makes a guardian's link to the pages."""

    def __init__(self, texts: Texts, router: Router, link_for: LinkFor | None = None) -> None:
        self.texts = texts
        self.router = router
        self._link_for = link_for

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
        can = self.capabilities(reader, now)
        replies = can.replies
        if reader.role is None:
            key = "resident_replies" if replies else "resident"
        elif reader.role is Role.OPERATOR:
            key = "operator"
        elif replies:
            key = "replies"
        else:
            key = "guardian" if reader.role is Role.GUARDIAN else "staff"
        how = self.texts.say(reader.language, "answer", key)
        link = (
            self._link_for(reader.contact_id, now)
            if self._link_for and can.links and reader.role is Role.GUARDIAN
            else None
        )
        return self.texts.say(reader.language, "answer", "link", answer=how, link=link) if link else how

    def code(self, tx: Connection, reader: Person, code: str, *, cause: str, now: datetime) -> int | None:
        """A code that lets this person in, at once."""
        letter = Letter(
            cause=cause,
            person=reader,
            template="code",
            variables={"what": code},
            purpose="code",
            urgency=0,
            why="code",
            now=now,
        )
        return self.write(tx, letter)

    def who(self, home: Home, language: Language) -> str:
        return home.residents or self.texts.say(language, "someone", "resident")

    def name_of(self, tx: Connection, by: str, language: Language) -> str:
        """The name of whoever did something; the ledger may not know them by that id."""
        found = person(tx, by, "contact") or person(tx, by, "resident")
        return found.name if found else self.texts.say(language, "someone", "anju" if by == "anju" else "colleague")
