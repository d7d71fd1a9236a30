"""What is written of a text on its way out, and what its loss does to its alert."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from domain.alert import State
from domain.finding import AlertKind, Reason
from domain.message import MessageStatus
from domain.people import Language
from notifier.case import Case
from notifier.channels.failures import retry_at
from notifier.circle import Person
from notifier.contract import Capabilities, Channel, ChannelError, Failure, Outgoing, Sent
from notifier.letters import ASKING, Letters, way
from notifier.life import Life
from notifier.messages import When
from notifier.policy import Why
from notifier.throttle import ThrottleRules
from store import tables as t

M = t.messages.c
LONGEST_WAIT = timedelta(minutes=10)  # for a provider's cap; after that the next people are told instead
WORDING = ("channel", "variables", "body", "segments", "cost")  # what changes with the channel


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRules:
    """`call_within`: a call that has not answered by then may have been taken (a crash looks the same).

    `answer_within`: so long a call keeps its worker, however its answer drips; longer than the clients' own patience.
    `at_once`: in hand at one time; `a_second`: never above the provider's rate. `last_try_after`: a text that does not
    leave is given up then; the alert has gone on to the next people long before. `daily_cost`: a community's texts of
    one day may cost so much before the operator is alarmed [currency of the settings]; none is dropped for it.
    """

    call_within: timedelta = timedelta(seconds=90)
    answer_within: timedelta = timedelta(seconds=60)
    at_once: int = 50
    last_try_after: timedelta = timedelta(hours=4)
    poll_after: timedelta = timedelta(seconds=90)
    poll_for: timedelta = timedelta(hours=1)
    a_second: int = 60
    daily_cost: float | None = None
    throttle: ThrottleRules = ThrottleRules()  # noqa: RUF009  frozen, without state


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A claimed row, with all that the call needs: no transaction is held while the provider thinks."""

    row: dict[str, Any]
    to: Person
    text: Outgoing
    channel: Channel


class Book:
    """The writes of the outbox, each in the caller's transaction."""

    def __init__(self, letters: Letters, life: Life, rules: OutboxRules) -> None:
        self.letters = letters
        self.life = life
        self.rules = rules

    def take(self, tx: Connection, row: dict[str, Any], was: MessageStatus, now: datetime) -> bool:
        """True for exactly one of those who try."""
        mine = (M.message_id == row["message_id"], M.status == was)
        values = {
            "status": MessageStatus.SENDING.value,
            "status_at": now,
            "claimed_until": now + self.rules.call_within,
            "attempts": M.attempts + 1,
            **{name: row[name] for name in WORDING},
        }
        row["attempts"] += 1
        return tx.execute(update(t.messages).where(*mine).values(values)).rowcount == 1

    def sent(self, tx: Connection, row: dict[str, Any], sent: Sent, now: datetime) -> None:
        """The provider has it."""
        values = {
            "status": sent.status.value,
            "status_at": now,
            "sent_at": now,
            "provider_sid": sent.sid,
            "claimed_until": None,
            "next_at": now + self.rules.poll_after if sent.status is MessageStatus.SENT else None,
            "error": sent.error or None,
        }
        open_call = M.status.in_((MessageStatus.SENDING.value, MessageStatus.UNCERTAIN.value))
        tx.execute(update(t.messages).where(M.message_id == row["message_id"], open_call).values(values))
        if sent.status.lost:
            self.nobody_reached(tx, row, now)

    def again(self, tx: Connection, job: Job, e: ChannelError, now: datetime) -> None:
        """Not sent: later with the same provider, or with the next: now, until each has been tried."""
        row = dict(job.row)
        others = self.others(job, now) if e.failure is not Failure.BUSY else []
        if others:
            row = self.reworded(tx, row, job.to, others[0], now)
        values = {
            "status": MessageStatus.PENDING.value,
            "status_at": now,
            "next_at": now if row["attempts"] <= len(others) else retry_at(row["attempts"], e.retry_after_s, now),
            **{name: row[name] for name in WORDING},
            "error": str(e),
        }
        mine = (M.message_id == row["message_id"], M.status == MessageStatus.SENDING)
        tx.execute(update(t.messages).where(*mine).values(values))
        self.cancel_if_settled(tx, row, now)

    def elsewhere(self, tx: Connection, job: Job, error: str, now: datetime) -> bool:
        """Whether what may have left goes through another provider now, or need not leave."""
        others = self.others(job, now)
        if not others:
            return False
        if self.cancel_if_settled(tx, job.row, now):
            return True
        row = self.reworded(tx, job.row, job.to, others[0], now)
        values = {"status": MessageStatus.PENDING.value, "status_at": now, "next_at": now, "error": error}
        mine = (M.message_id == row["message_id"], M.status == MessageStatus.UNCERTAIN)
        tx.execute(update(t.messages).where(*mine).values(values | {name: row[name] for name in WORDING}))
        return True

    def others(self, job: Job, now: datetime) -> list[Channel]:
        """The channels to try after this one, in their order."""
        by = way(job.to, job.row["purpose"])
        return self.letters.router.after(job.channel.name, job.to.phone or "", now, by)

    def is_too_late(self, row: dict[str, Any], now: datetime) -> bool:
        """News of long ago would be taken for news of now: that somebody is up, or that water runs again."""
        return row["purpose"] not in (*ASKING, "bundle") and now - row["next_at"] > self.rules.last_try_after

    def of_today(self, tx: Connection, row: dict[str, Any], now: datetime) -> dict[str, Any]:
        """A text that waited past midnight means by 8:00 another day than its reader: said as the alert stands now."""
        if row["alert_id"] is None or row["purpose"] not in (*ASKING, "notice"):
            return row
        case = Case.open(tx, row["alert_id"], now)
        zone, language = case.home.timezone, Language(row["language"])
        if row["created_at"].astimezone(zone).date() == now.astimezone(zone).date():
            return row
        section = {"ask": "ask", "unsettled": "eased"}.get(row["template"], "what")
        reason = case.ending if section == "eased" else case.reason
        what = self.letters.texts.reason(language, section, case.kind, reason, When(now=now, zone=zone))
        return row | {"variables": row["variables"] | {"what": what}}

    def reworded(
        self, tx: Connection, row: dict[str, Any], reader: Person, channel: Channel, now: datetime
    ) -> dict[str, Any]:
        """As another channel carries it: its wording, its way to answer, its price."""
        can = channel.capabilities(reader.phone or "") or Capabilities()
        variables = dict(row["variables"])
        if row["alert_id"] is not None and row["purpose"] in ASKING and "answer" in variables:
            a = t.alerts.c
            kind = AlertKind(tx.execute(select(a.kind).where(a.alert_id == row["alert_id"])).scalar_one())
            variables["answer"] = self.letters.answer(reader, kind, can, now)
        worded = self.letters.worded(Language(row["language"]), row["template"], variables, can)
        return row | {
            "channel": channel.name,
            "variables": worded.variables,
            "body": worded.body,
            "segments": worded.segments,
            "cost": worded.cost,
        }

    def capped(self, tx: Connection, job: Job, e: ChannelError, now: datetime) -> None:
        """This number has had its share there: the next provider, else a short wait, else the next people."""
        if self.others(job, now) or timedelta(seconds=e.retry_after_s or 0) <= LONGEST_WAIT:
            self.again(tx, job, e, now)
            return
        self.fail(tx, job.row, str(e), now)
        reason = Reason(key="capped", values={"name": job.to.name, "channel": job.channel.name})
        self.life.tell_operator(tx, f"capped {job.channel.name} {now.date().isoformat()}", reason, now)

    def doubt(self, tx: Connection, row: dict[str, Any], now: datetime, reason: str) -> None:
        """It may have left: to be looked up, at once the first time, then after ever longer waits."""
        values = {
            "status": MessageStatus.UNCERTAIN.value,
            "status_at": now,
            "next_at": retry_at(row["uncertain_count"], None, now) if row["uncertain_count"] else now,
            "uncertain_count": M.uncertain_count + 1,
            "error": reason,
        }
        mine = (M.message_id == row["message_id"], M.status == MessageStatus.SENDING)
        tx.execute(update(t.messages).where(*mine).values(values))

    def fail(self, tx: Connection, row: dict[str, Any], reason: str, now: datetime) -> None:
        """It will not leave."""
        values = {"status": MessageStatus.FAILED.value, "status_at": now, "next_at": None, "claimed_until": None}
        tx.execute(update(t.messages).where(M.message_id == row["message_id"]).values(**values, error=reason))
        self.nobody_reached(tx, row, now)

    def nobody_reached(self, tx: Connection, row: dict[str, Any], now: datetime) -> None:
        """When every text of the step is lost, the next step does not wait; a bundle is lost with all that is in it."""
        if row["purpose"] == "bundle":
            inside = (M.bundle_id == row["message_id"], M.status == MessageStatus.BUNDLED)
            rows = tx.execute(select(t.messages).where(*inside)).mappings().all()
            tx.execute(update(t.messages).where(*inside).values(status=MessageStatus.FAILED.value, status_at=now))
            for one in rows:
                self.nobody_reached(tx, dict(one), now)
            return
        if row["alert_id"] is None or row["purpose"] not in ASKING:
            return
        cause = row["key"].split("/", 1)[0]
        statuses = tx.execute(select(M.status).where(M.alert_id == row["alert_id"], M.key.startswith(f"{cause}/")))
        if all(MessageStatus(s).lost for s in statuses.scalars()):
            self.life.hasten(tx, row["alert_id"], now)

    def cancel_if_settled(self, tx: Connection, row: dict[str, Any], now: datetime) -> bool:
        """A text that was on its way out when somebody acknowledged is not tried again.

        But what was told since is: to whoever is on the way that it goes on, to staff that it is over and unsettled.
        """
        if row["alert_id"] is None or row["purpose"] not in ASKING:
            return False
        a = t.alerts.c
        state, holder = tx.execute(select(a.state, a.acknowledged_by).where(a.alert_id == row["alert_id"])).one()
        taken = (state, holder) == (State.ACKNOWLEDGED, row["contact_id"])
        goes_on = taken and row["why"] == Why.GOES_ON_SINCE_TAKEN
        unsettled = (state, row["template"]) == (State.EASED, "unsettled")
        if state in (State.OPEN, State.ASKED, State.NOTIFIED) or goes_on or unsettled:
            return False
        values = {"status": MessageStatus.CANCELLED.value, "status_at": now, "next_at": None}
        waiting = M.status.in_((MessageStatus.PENDING.value, MessageStatus.UNCERTAIN.value))
        tx.execute(update(t.messages).where(M.message_id == row["message_id"], waiting).values(values))
        return True

    def block(self, tx: Connection, reader: Person, reason: str, now: datetime) -> None:
        """This number can't be reached any more: the next contact instead, and staff see why."""
        b, phone = t.blocked_phones, reader.phone or ""
        if tx.execute(select(b.c.phone).where(b.c.phone == phone)).first() is None:
            tx.execute(b.insert().values(phone=phone, reason=reason, at=now))
        self.life.contact_lost(tx, reader, reason, now)


def outgoing(row: dict[str, Any], reader: Person) -> Outgoing:
    """The row as a channel gets it."""
    return Outgoing(
        reference=str(row["message_id"]),
        to=reader.phone or "",
        name=reader.name,
        language=Language(row["language"]),
        body=row["body"],
        template=row["template"],
        variables=dict(row["variables"]),
        asks=row["purpose"] in ASKING,
    )
