"""What people get back for a reply: what it did, or how to answer; two machines must not talk to each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from domain.finding import AlertKind
from notifier.asked import Asked, code_of
from notifier.circle import Person
from notifier.letters import Letter, Letters
from store import tables as t

M = t.messages.c
HELP_ONCE_IN = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Answers:
    """Texts back for one reply, through the outbox. `cause`: the reply's own key, so that it is answered once."""

    letters: Letters
    tx: Connection
    cause: str
    now: datetime

    def said(self, reader: Person, key: str, **values: str) -> str:
        return self.letters.texts.say(reader.language, "reply", key, **values)

    def taken_by(self, reader: Person, holder: str) -> str:
        """Somebody else was first."""
        return self.said(reader, "taken", name=self.letters.name_of(self.tx, holder, reader.language))

    def thanks(self, reader: Person, place: str, what: str) -> None:
        """What the reply did, and for which home: who meant another one sees it."""
        self._write(reader, "reply_thanks", place=place, what=what)

    def how(self, reader: Person) -> None:
        """How to answer, once."""
        can = self.letters.capabilities(reader, self.now)
        self._once(reader, "reply_help", answer=self.letters.answer(reader, AlertKind.LOW_USE, can, self.now))

    def nothing_open(self, reader: Person) -> None:
        self._once(reader, "reply_none")

    def which(self, reader: Person, digit: str, open_: Sequence[Asked]) -> None:
        """Of several homes none is guessed: who goes to one must not keep others from going to another."""
        homes = list({one.subject: one for one in open_}.values())
        said = [self.said(reader, "which", answer=f"{digit} {code_of(one, open_)}", place=one.place) for one in homes]
        self._write(reader, "reply_which", count=str(len(homes)), first=said[0], second=said[-1])

    def _once(self, reader: Person, template: str, **variables: str) -> None:
        since = self.now - HELP_ONCE_IN
        lately = (M.contact_id == reader.contact_id, M.template == template, M.created_at > since)
        if self.tx.execute(select(M.message_id).where(*lately).limit(1)).first() is None:
            self._write(reader, template, **variables)

    def _write(self, reader: Person, template: str, **variables: str) -> None:
        letter = Letter(
            cause=f"reply:{self.cause}",
            person=reader,
            template=template,
            variables=variables,
            purpose="reply",
            urgency=3,
            why="reply",
            now=self.now,
        )
        self.letters.write(self.tx, letter)
