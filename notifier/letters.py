"""From a decision to rows in the outbox: words in the reader's language, a channel, segments and cost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite import insert

from domain.finding import AlertKind
from domain.message import MessageStatus
from domain.people import Language, Role
from notifier.circle import Person
from notifier.contract import Capabilities
from notifier.messages import LONGEST_FREE, LONGEST_VARIABLE, Texts, fill, short, size
from notifier.people import person
from notifier.places import Home
from notifier.router import By, NoChannelError, Router
from notifier.speech import spoken
from store import tables as t

ASKING = ("first", "reminder")  # purposes that wait for an answer


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
    by_call: bool = False

    @property
    def asks(self) -> bool:
        return self.purpose in ASKING


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A text as one channel carries it."""

    variables: dict[str, str]
    body: str
    segments: int
    cost: float


LinkFor = Callable[[str, datetime], str | None]


class Letters:
    """Writes texts into the outbox, in the caller's transaction. `link_for` makes a guardian's link to the pages."""

    def __init__(self, texts: Texts, router: Router, link_for: LinkFor | None = None) -> None:
        self.texts = texts
        self.router = router
        self._link_for = link_for
        self.written = 0  # so many rows since the start; those of a transaction that failed count, too

    def write(self, tx: Connection, letter: Letter) -> int | None:
        """The new row's id; None when this cause has written to this person before.

        Where nothing serves the number, the outbox finds that out, too, and the next people are told.
        """
        key = f"{letter.cause}/{letter.person.addressee}:{letter.person.contact_id}"
        try:
            by = way(letter.person, letter.purpose, by_call=letter.by_call)
            channel, can = self.router.route(letter.person.phone or "", letter.now, by=by)
            name = channel.name
        except NoChannelError:
            name, can = "none", Capabilities()
        worded = self.worded(letter.person.language, letter.template, letter.variables, can)
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
            "variables": worded.variables,
            "language": letter.person.language.value,
            "body": worded.body,
            "segments": worded.segments,
            "cost": worded.cost,
            "status": MessageStatus.PENDING.value,
            "created_at": letter.now,
            "status_at": letter.now,
            "next_at": letter.not_before or letter.now,
        }
        put = insert(t.messages).values(row).on_conflict_do_nothing(index_elements=["key"])
        message_id = tx.execute(put.returning(t.messages.c.message_id)).scalar_one_or_none()
        self.written += 1
        return None if message_id is None else int(message_id)

    def worded(self, language: Language, template: str, variables: Mapping[str, str], can: Capabilities) -> Wording:
        """Said, written freely, or in the approved wording, which is in Chinese alone and signed by the provider."""
        cut = {k: short(v, LONGEST_FREE if can.free_text else LONGEST_VARIABLE) for k, v in variables.items()}
        if can.voice:
            body = spoken(self.texts, language, template, cut)
            return Wording(variables=cut, body=body, segments=1, cost=can.cost)
        if can.free_text:
            body = self.texts.render(language, template, cut, signed=can.sign is None)
        else:
            body = fill(self.texts.approved(template), cut, template)
        if can.sign:
            body = f"【{can.sign}】{body}"
        segments = size(body).segments
        return Wording(variables=cut, body=body, segments=segments, cost=segments * can.cost)

    def capabilities(self, reader: Person, now: datetime, *, by_call: bool = False) -> Capabilities:
        """Of the channel that an urgent text to this person would take."""
        try:
            return self.router.route(reader.phone or "", now, by=way(reader, "first", by_call=by_call))[1]
        except NoChannelError:
            return Capabilities()

    def answer(self, reader: Person, kind: AlertKind, can: Capabilities, now: datetime) -> str:
        """How this person can answer on a channel that can so much."""
        if kind.is_notice:
            return self.texts.say(reader.language, "answer", "notice")
        how = self.texts.say(reader.language, "answer", _answer(reader, can))
        link = None
        if self._link_for and can.links and reader.role is Role.GUARDIAN:
            link = self._link_for(reader.contact_id, now)
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


def way(reader: Person, purpose: str, *, by_call: bool = False) -> By:
    """As the reader chose; else written, and urgent words are called out where no text gets through."""
    if reader.by_call or by_call:
        return By.CALL
    return By.TEXT_ELSE_CALL if purpose in ASKING else By.TEXT


def _answer(reader: Person, can: Capabilities) -> str:
    if reader.role is None:
        return "resident_keys" if can.voice else "resident_replies" if can.replies else "resident"
    if reader.role is Role.OPERATOR:
        return "operator"
    if can.voice:
        return "keys"
    if can.replies:
        return "replies"
    return "guardian" if reader.role is Role.GUARDIAN else "staff"
