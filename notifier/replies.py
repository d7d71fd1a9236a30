"""What people text back or press: matched by phone, done once, answered; a stranger's does nothing."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select

from domain.alert import ImpossibleStepError, Outcome
from domain.finding import AlertKind
from domain.people import Language
from notifier.answers import Answers
from notifier.asked import Asked, asked, of_one_home
from notifier.away import announce_away, homes_of
from notifier.circle import Person
from notifier.heard import Inbound, Pressed, Said
from notifier.letters import Letters
from notifier.life import Life
from notifier.people import people_with_phone, person
from notifier.places import home_of
from notifier.policy import Why
from notifier.understanding import LONGEST_DAYS, Meaning, Understood, understand
from store import tables as t

__all__ = ["Inbound", "Meaning", "Pressed", "Replies", "Said", "understand"]
M, R = t.messages.c, t.replies.c
LONG_AGO = timedelta(hours=1)  # what "I'm going" and "all is well" meant then, they may not mean now
LONGEST_BY_FAMILY_DAYS = 14  # as on the pages: for longer they ask the community


@dataclass(frozen=True, slots=True)
class _Reply:
    """One reply being taken in a transaction."""

    tx: Connection
    inbound: Inbound
    said: Understood
    now: datetime
    reader: Person | None
    back: Answers


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
        open_ = asked(tx, people, inbound.sent_at or now)
        reader = open_[0].reader if open_ else people[0] if people else None
        said = understand(inbound.body, resident=_lives_there(reader))
        at_home = reader if _lives_there(reader) else next(filter(_lives_there, people), None)
        cries = understand(inbound.body).meaning is Meaning.HELP  # whether asked or not
        if said.meaning is Meaning.HELP and (at_home is None or not (open_ or cries)):
            said = replace(said, meaning=Meaning.CANNOT)
        reply = _Reply(tx, inbound, said, now, reader, Answers(self._letters, tx, inbound.key, now))
        if said.meaning in (Meaning.STOP, Meaning.START):
            self._block(reply, people, open_)
        elif reader is None:
            return _keep(reply, Meaning.STRANGER)
        elif at_home is not None and said.meaning is Meaning.HELP:
            self._help_wanted(reply, at_home)
        elif now - (inbound.sent_at or now) > LONG_AGO:
            pass  # kept, where staff can read it
        elif said.meaning is Meaning.UNKNOWN:
            reply.back.how(reader)
        else:
            return self._about(reply, reader, open_)
        return _keep(reply, said.meaning)

    def press(self, tx: Connection, pressed: Pressed, now: datetime) -> Said:
        """A key in a call about one text of ours: done as a reply is, said in the call, and done once."""
        row = tx.execute(select(t.messages).where(M.message_id == pressed.message_id)).mappings().first()
        reader = person(tx, row["contact_id"], row["addressee"]) if row else None
        if row is None or reader is None or row["alert_id"] is None:
            return Said(words="", language=Language.EN, done=False)
        key = f"{pressed.call}:{pressed.digits}"
        inbound = Inbound(key=key, phone=reader.phone or "", body=pressed.digits)
        said = understand(pressed.digits, resident=_lives_there(reader))
        reply = _Reply(tx, inbound, said, now, reader, Answers(self._letters, tx, key, now))
        again = Said(words=row["body"], language=reader.language, done=False)
        if said.meaning not in _BY_KEY:
            return again
        words: str | None = reply.back.said(reader, said.meaning.value)
        if tx.execute(select(R.reply_id).where(R.key == key)).first() is None:
            with suppress(ImpossibleStepError):  # settled meanwhile, and they have been told
                words = self._moves(reply, reader, row["alert_id"])
            if words is None:
                return again
            _keep(reply, said.meaning, row["alert_id"])
        return Said(words=words or "", language=reader.language, done=True)

    def _about(self, reply: _Reply, reader: Person, open_: Sequence[Asked]) -> Meaning:
        """The alert moves, and the reader hears what their reply did, or why it did nothing."""
        meaning = reply.said.meaning
        if meaning is Meaning.AWAY and not open_:  # of another alert it may mean that they can't go
            return self._away(reply, reader)
        meant = of_one_home(open_, reply.said.code)
        if not open_:
            reply.back.nothing_open(reader)
        elif not meant:
            reply.back.which(reader, _DIGITS.get(meaning, reply.inbound.body.strip()[:8]), open_)
        if not meant:
            return _keep(reply, meaning)
        if meaning is Meaning.AWAY:
            meant = [one for one in meant if one.kind is AlertKind.LOW_USE] or meant
        every = meant if meaning in (Meaning.GOING, Meaning.CANNOT) else meant[:1]
        done = [words for one in every if (words := self._done(reply, one)) is not None]
        if done:
            reply.back.thanks(reader, meant[0].place, done[0])
        else:
            reply.back.how(reader)
        return _keep(reply, meaning, meant[0].alert_id)

    def _away(self, reply: _Reply, reader: Person) -> Meaning:
        """Said unasked, of the home where they live or whose family they are; of several none is guessed."""
        tx, now, by, days = reply.tx, reply.now, reader.contact_id, reply.said.days
        homes = [
            Asked(number, AlertKind.LOW_USE, household_id, door, home_of(tx, household_id).place, reader)
            for number, (household_id, door) in enumerate(homes_of(tx, reader), 1)
        ]
        meant = of_one_home(homes, reply.said.code)
        if not homes:
            reply.back.nothing_open(reader)
        elif not meant:
            reply.back.which(reader, reply.inbound.body.strip()[:8], homes)
        elif not 1 <= days <= LONGEST_BY_FAMILY_DAYS:
            reply.back.thanks(reader, meant[0].place, reply.back.said(reader, "away_how"))
        else:
            until = now + timedelta(days=days)
            announce_away(tx, self._life, meant[0].subject, by=by, until=until, now=now)
            self._life.away_announced(tx, meant[0].subject, by=by, until=until, now=now)
            reply.back.thanks(reader, meant[0].place, reply.back.said(reader, "away"))
        return _keep(reply, Meaning.AWAY)

    def _done(self, reply: _Reply, one: Asked) -> str | None:
        try:
            return self._moves(reply, one.reader, one.alert_id)
        except ImpossibleStepError:
            return None

    def _moves(self, reply: _Reply, reader: Person, alert_id: int) -> str | None:
        """What is said back; None where this person can't say this of this alert."""
        tx, now, by, meaning = reply.tx, reply.now, reader.contact_id, reply.said.meaning
        why, resident = Why.BY_REPLY, _lives_there(reader)
        if meaning is Meaning.HELP:
            self._life.call_for_help(tx, reader, now)
        elif meaning is Meaning.AWAY and _kind(tx, alert_id) is AlertKind.LOW_USE:
            if not 1 <= reply.said.days <= (LONGEST_DAYS if reader.is_staff else LONGEST_BY_FAMILY_DAYS):
                return reply.back.said(reader, "away_how")
            until = now + timedelta(days=reply.said.days)
            self._life.leave(tx, alert_id, by=by, until=until, now=now, why=why)
            if not reader.is_staff:
                self._life.away_announced(tx, _home(tx, alert_id), by=by, until=until, now=now)
        elif meaning is Meaning.CANNOT:
            self._life.decline(tx, alert_id, by=by, now=now, why=why)
        elif meaning is Meaning.GOING and not resident:
            self._life.acknowledge(tx, alert_id, by=by, now=now, why=why)
            if (holder := self._life.holder(tx, alert_id)) and holder != by:
                return reply.back.taken_by(reader, holder)
        elif meaning is Meaning.WELL and (not resident or _kind(tx, alert_id) in _RESIDENTS_WORD_SETTLES):
            self._life.resolve(tx, alert_id, by=by, outcome=Outcome.SAFE, now=now)
        else:
            return None
        return reply.back.said(reader, meaning.value)

    def _help_wanted(self, reply: _Reply, reader: Person) -> None:
        """Who lives there asks for help, asked or not: that is a call like that of a button."""
        self._life.call_for_help(reply.tx, reader, reply.now, said_at=reply.inbound.sent_at)
        reply.back.thanks(reader, reader.name, reply.back.said(reader, reply.said.meaning.value))

    def _block(self, reply: _Reply, people: Sequence[Person], open_: Sequence[Asked]) -> None:
        """STOP is obeyed at once, the operator hears who can't be reached any more, and the next people are told."""
        b, phone, tx = t.blocked_phones, reply.inbound.phone, reply.tx
        known = tx.execute(select(b.c.phone).where(b.c.phone == phone)).first() is not None
        if reply.said.meaning is Meaning.STOP and not known:
            tx.execute(insert(b).values(phone=phone, reason="stopped", at=reply.now))
            for one in people:
                self._life.contact_lost(tx, one, "STOP", reply.now)
            for alert in open_:
                self._life.passes_on(tx, alert.alert_id, by=alert.reader.contact_id, now=reply.now, why=Why.BY_REPLY)
        elif reply.said.meaning is Meaning.START and known:
            tx.execute(b.delete().where(b.c.phone == phone, b.c.reason == "stopped"))
            for one in people:
                self._life.contact_back(tx, one, reply.now)


def _lives_there(reader: Person | None) -> bool:
    return reader is not None and reader.addressee == "resident"


_DIGITS = {Meaning.GOING: "1", Meaning.WELL: "2", Meaning.CANNOT: "3"}
_BY_KEY = frozenset({*_DIGITS, Meaning.HELP})
_RESIDENTS_WORD_SETTLES = (AlertKind.LOW_USE, AlertKind.CONSTANT_FLOW)  # after a call for help, somebody looks


def _kind(tx: Connection, alert_id: int) -> AlertKind:
    return AlertKind(tx.execute(select(t.alerts.c.kind).where(t.alerts.c.alert_id == alert_id)).scalar_one())


def _home(tx: Connection, alert_id: int) -> str:
    return str(tx.execute(select(t.alerts.c.household_id).where(t.alerts.c.alert_id == alert_id)).scalar_one())


def _keep(reply: _Reply, meaning: Meaning, alert_id: int | None = None) -> Meaning:
    """Every reply is kept, where staff can read it."""
    row = {"key": reply.inbound.key, "at": reply.now, "phone": reply.inbound.phone, "body": reply.inbound.body[:500]}
    who = reply.reader.contact_id if reply.reader else None
    reply.tx.execute(insert(t.replies).values(**row, meaning=meaning.value, contact_id=who, alert_id=alert_id))
    return meaning
