"""What people text back or press: matched by phone, done once, answered; a stranger's does nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select

from domain.alert import ImpossibleStepError, Outcome, State
from domain.finding import AlertKind
from domain.people import Language
from notifier.letters import Letter, Letters
from notifier.life import Life
from notifier.people import people_with_phone, person
from notifier.policy import Person
from notifier.understanding import Meaning, Understood, understand
from store import tables as t

__all__ = ["Inbound", "Meaning", "Pressed", "Replies", "Said", "understand"]
A, M, R = t.alerts.c, t.messages.c, t.replies.c
HELP_ONCE_IN = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A text to us. `key` is the provider's id of it, the same however often it is handed over."""

    key: str
    phone: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A key pressed in a call that said our text `message_id`; `call` is the provider's id of it."""

    message_id: int
    call: str
    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the call says next; not `done`: the text again, as no key that means anything was pressed."""

    words: str
    language: Language
    done: bool


@dataclass(frozen=True, slots=True)
class _Reply:
    """One reply being taken in a transaction."""

    tx: Connection
    inbound: Inbound
    said: Understood
    now: datetime
    people: tuple[Person, ...]


class Replies:
    """`Replies(life, letters).take(tx, inbound, now)`; texts back go through the outbox."""

    def __init__(self, life: Life, letters: Letters) -> None:
        self._life = life
        self._letters = letters

    def take(self, tx: Connection, inbound: Inbound, now: datetime) -> Meaning | None:
        """Does what the reply says, once; None when it was handed over before."""
        if tx.execute(select(R.reply_id).where(R.key == inbound.key)).first() is not None:
            return None
        people = people_with_phone(tx, inbound.phone)
        reply = _Reply(tx, inbound, understand(inbound.body), now, people)
        if reply.said.meaning in (Meaning.STOP, Meaning.START):
            self._block(reply)
        elif not people:
            return _keep(reply, Meaning.STRANGER)
        reader, alert_id = self._asked(reply) or (None, None)
        if reply.said.meaning is Meaning.UNKNOWN:
            self._help(reply, reader or people[0])
        elif reader is not None and alert_id is not None and reply.said.meaning in _ABOUT_AN_ALERT:
            self._do(reply, reader, alert_id)
        return _keep(reply, reply.said.meaning, reader, alert_id)

    def press(self, tx: Connection, pressed: Pressed, now: datetime) -> Said:
        """A key in a call about one text of ours: done as a reply is, said in the call, and done once."""
        row = tx.execute(select(t.messages).where(M.message_id == pressed.message_id)).mappings().first()
        reader = person(tx, row["contact_id"], row["addressee"]) if row else None
        if row is None or reader is None or row["alert_id"] is None:
            return Said(words="", language=Language.EN, done=False)
        key = f"{pressed.call}:{pressed.digits}"
        reply = _Reply(
            tx,
            Inbound(key=key, phone=reader.phone or "", body=pressed.digits),
            understand(pressed.digits),
            now,
            (reader,),
        )
        again = Said(words=row["body"], language=reader.language, done=False)
        if reply.said.meaning not in _BY_KEY:
            return again
        if tx.execute(select(R.reply_id).where(R.key == key)).first() is None:
            try:
                if not self._moves(reply, reader, row["alert_id"]):
                    return again
            except ImpossibleStepError:
                pass  # settled meanwhile, and they have been told
            _keep(reply, reply.said.meaning, reader, row["alert_id"])
        words = self._letters.texts.say(reader.language, "reply", reply.said.meaning.value)
        return Said(words=words, language=reader.language, done=True)

    def _asked(self, reply: _Reply) -> tuple[Person, int] | None:
        """The newest running alert of which this phone was told; with a code, the one of that door or number."""
        by_id = {person.contact_id: person for person in reply.people}
        rows = reply.tx.execute(
            select(A.alert_id, M.contact_id, t.households.c.door)
            .join_from(t.messages, t.alerts, M.alert_id == A.alert_id)
            .outerjoin(t.households, A.household_id == t.households.c.household_id)
            .where(M.contact_id.in_(by_id), A.state != State.RESOLVED, M.purpose.in_(("first", "reminder")))
            .order_by(M.message_id.desc())
        ).all()
        for row in rows:
            if reply.said.code in (None, row.door, str(row.alert_id)):
                return by_id[row.contact_id], row.alert_id
        return None

    def _do(self, reply: _Reply, reader: Person, alert_id: int) -> None:
        """The alert moves, and the reader hears what their reply did."""
        try:
            done = self._moves(reply, reader, alert_id)
        except ImpossibleStepError:
            return  # settled meanwhile, and they have been told
        if not done:
            self._help(reply, reader)
            return
        what = self._letters.texts.say(reader.language, "reply", reply.said.meaning.value)
        self._answer(reply, reader, "reply_thanks", {"what": what})

    def _moves(self, reply: _Reply, reader: Person, alert_id: int) -> bool:
        """False where this person can't say this of this alert."""
        tx, now, by, meaning = reply.tx, reply.now, reader.contact_id, reply.said.meaning
        why, resident = f"reply: {meaning.value}", reader.addressee == "resident"
        if meaning is Meaning.AWAY and not _an_absence_explains(tx, alert_id):
            return False
        if meaning is Meaning.AWAY:
            until = now + timedelta(days=reply.said.days)
            self._life.leave(tx, alert_id, by=by, until=until, now=now, why=why)
        elif meaning is Meaning.CANNOT:
            self._life.decline(tx, alert_id, by=by, now=now, why=why)
        elif meaning is Meaning.GOING and not resident:
            self._life.acknowledge(tx, alert_id, by=by, now=now, why=why)
        elif meaning is Meaning.WELL and (not resident or _residents_word_settles(tx, alert_id)):
            self._life.resolve(tx, alert_id, by=by, outcome=Outcome.SAFE, now=now, note=why)
        else:
            return False
        return True

    def _block(self, reply: _Reply) -> None:
        """STOP is obeyed at once, and the operator hears who can't be reached any more."""
        b, phone = t.blocked_phones, reply.inbound.phone
        known = reply.tx.execute(select(b.c.phone).where(b.c.phone == phone)).first() is not None
        if reply.said.meaning is Meaning.STOP and not known:
            reply.tx.execute(insert(b).values(phone=phone, reason="stopped", at=reply.now))
            for person in reply.people:
                self._life.contact_lost(reply.tx, person, "STOP", reply.now)
        elif reply.said.meaning is Meaning.START and known:
            reply.tx.execute(b.delete().where(b.c.phone == phone, b.c.reason == "stopped"))
            for person in reply.people:
                self._life.contact_back(reply.tx, person, reply.now)

    def _help(self, reply: _Reply, reader: Person) -> None:
        """How to answer, once: two machines must not talk to each other."""
        asked = select(M.message_id).where(
            M.contact_id == reader.contact_id, M.template == "reply_help", M.created_at > reply.now - HELP_ONCE_IN
        )
        if reply.tx.execute(asked.limit(1)).first() is None:
            can = self._letters.capabilities(reader, reply.now)
            how = self._letters.answer(reader, AlertKind.LOW_USE, can, reply.now)
            self._answer(reply, reader, "reply_help", {"answer": how})

    def _answer(self, reply: _Reply, reader: Person, template: str, variables: dict[str, str]) -> None:
        letter = Letter(
            cause=f"reply:{reply.inbound.key}",
            person=reader,
            template=template,
            variables=variables,
            purpose="reply",
            urgency=3,
            why="reply",
            now=reply.now,
        )
        self._letters.write(reply.tx, letter)


_BY_KEY = frozenset({Meaning.GOING, Meaning.WELL, Meaning.CANNOT})
_ABOUT_AN_ALERT = frozenset({Meaning.GOING, Meaning.WELL, Meaning.CANNOT, Meaning.AWAY})


def _an_absence_explains(tx: Connection, alert_id: int) -> bool:
    """A silence, that is; nobody is away who calls for help, and gas in an empty home is still gas."""
    kind = tx.execute(select(A.kind).where(A.alert_id == alert_id)).scalar_one()
    return AlertKind(kind) is AlertKind.LOW_USE


def _residents_word_settles(tx: Connection, alert_id: int) -> bool:
    """Residents answer for a silence or a tap; after a call for help, somebody looks."""
    kind = tx.execute(select(A.kind).where(A.alert_id == alert_id)).scalar_one()
    return kind in (AlertKind.LOW_USE, AlertKind.CONSTANT_FLOW)


def _keep(reply: _Reply, meaning: Meaning, reader: Person | None = None, alert_id: int | None = None) -> Meaning:
    """Every reply is kept, where staff can read it."""
    row = {"key": reply.inbound.key, "at": reply.now, "phone": reply.inbound.phone, "body": reply.inbound.body[:500]}
    who = reader.contact_id if reader else reply.people[0].contact_id if reply.people else None
    reply.tx.execute(insert(t.replies).values(**row, meaning=meaning.value, contact_id=who, alert_id=alert_id))
    return meaning
