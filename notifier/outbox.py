"""Texts leave once: claimed by a conditional update, written down before the call, looked up when in doubt."""

import logging
from collections import deque
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, select, true, update

from domain.alert import State
from domain.message import MessageStatus, after_receipt
from domain.people import Language
from notifier.channels.failures import retry_at
from notifier.contract import Channel, ChannelError, Failure, Outgoing, Records, Sent
from notifier.cost import guard_cost
from notifier.letters import Letters
from notifier.life import Life
from notifier.messages import size
from notifier.people import person
from notifier.policy import Person
from notifier.router import NoChannelError
from notifier.throttle import ThrottleRules, hold_back
from store import tables as t

M = t.messages.c
DOUBTS = 5  # after so many calls without an answer the next people are told instead
EARLY_RECEIPTS = 1000  # that came before the answer to the send; lost in a crash, they are polled
ATTEMPTS = 3  # of a text that the provider takes and can't deliver
CLOCKS_APART = timedelta(minutes=1)  # the provider's clock and ours
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRules:
    """`call_within`: a call that has not answered by then may have been taken (a crash looks the same).

    `at_once`: in hand at one time; `a_second`: never above the provider's rate. `last_try_after`: a text that does not
    leave is given up then; the alert has gone on to the next people long before. `daily_cost`: a community's texts of
    one day may cost so much before the operator is alarmed [currency of the settings]; none is dropped for it.
    """

    call_within: timedelta = timedelta(seconds=90)
    at_once: int = 50
    last_try_after: timedelta = timedelta(hours=4)
    poll_after: timedelta = timedelta(seconds=90)
    poll_for: timedelta = timedelta(hours=1)
    a_second: int = 50
    daily_cost: float | None = None
    throttle: ThrottleRules = ThrottleRules()  # noqa: RUF009  frozen, without state


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """A claimed row, with all that the call needs: no transaction is held while the provider thinks."""

    row: dict[str, Any]
    to: Person
    text: Outgoing
    channel: Channel


class Outbox:
    """`Outbox(records=..., letters=..., life=...)`; `send_due(now)` is called after every round, in its own thread.

    Without `pool` each call is made in turn, inside `send_due`; with one (a ThreadPoolExecutor) calls run beside
    each other and a slow provider holds nobody up.
    """

    def __init__(
        self,
        *,
        records: Records,
        letters: Letters,
        life: Life,
        rules: OutboxRules | None = None,
        pool: Executor | None = None,
    ) -> None:
        self._records = records
        self._letters = letters
        self._life = life
        self._rules = rules or OutboxRules()
        self._pool = pool
        self._in_hand: set[int] = set()
        self._begun: deque[datetime] = deque()
        with records.read() as tx:
            self._down = life.services_down(tx)
        self._early: dict[str, Sent] = {}
        self._started = False

    def send_due(self, now: datetime) -> int:
        """Sends what is due, the most urgent first; returns how many texts were looked at."""
        self._forget_old_seconds(now)
        self._give_up_waiting(now)
        if self._anything_due(now):
            with self._records.write() as tx:
                hold_back(tx, self._letters, self._rules.throttle, now)
        due = self._due(now)
        for message_id, status in due:
            self._run(message_id, MessageStatus(status), now)
        if due and self._rules.daily_cost is not None:
            with self._records.write() as tx:
                guard_cost(tx, self._life, self._rules.daily_cost, now)
        return len(due)

    def receipt(self, tx: Connection, sid: str, heard: Sent, now: datetime) -> bool:
        """A provider says what became of a text; late, twice or out of order does no harm. False: not ours."""
        found = tx.execute(select(t.messages).where(M.provider_sid == sid)).mappings().first()
        if found is None:
            self._early[sid] = heard
            while len(self._early) > EARLY_RECEIPTS:
                del self._early[next(iter(self._early))]
            return False
        row = dict(found)
        before = MessageStatus(row["status"])
        after = after_receipt(before, heard.status)
        if after is not before:
            values = {"status": after.value, "status_at": now, "error": heard.error or row["error"], "next_at": None}
            tx.execute(update(t.messages).where(M.message_id == row["message_id"]).values(values))
        if after is not before and after.lost:
            self._nobody_reached(tx, row, now)
            if heard.again_after and row["attempts"] < ATTEMPTS and not self._cancel_if_settled(tx, row, now):
                again = {"status": MessageStatus.PENDING.value, "next_at": now + heard.again_after}
                tx.execute(update(t.messages).where(M.message_id == row["message_id"]).values(again))
        return True

    def poll(self, now: datetime, limit: int = 20) -> int:
        """Asks the provider about texts of which nothing was heard for a while."""
        silent = (
            select(t.messages)
            .where(
                M.status == MessageStatus.SENT,
                M.sent_at <= now - self._rules.poll_after,
                M.sent_at > now - self._rules.poll_for,
                M.next_at <= now,
            )
            .order_by(M.next_at)
            .limit(limit)
        )
        with self._records.read() as tx:
            rows = [dict(row) for row in tx.execute(silent).mappings()]
        for row in rows:
            self._ask(row, now)
        return len(rows)

    # Claiming

    def _anything_due(self, now: datetime) -> bool:
        fresh = (M.status == MessageStatus.PENDING, M.next_at <= now, M.attempts == 0)
        with self._records.read() as tx:
            return tx.execute(select(M.message_id).where(*fresh).limit(1)).first() is not None

    def _due(self, now: datetime) -> list[tuple[int, str]]:
        """What waits to be sent or looked up, and is in nobody's hands."""
        waiting = M.status.in_((MessageStatus.PENDING.value, MessageStatus.UNCERTAIN.value))
        due = select(M.message_id, M.status).where(waiting, M.next_at <= now, M.message_id.not_in(tuple(self._in_hand)))
        with self._records.read() as tx:
            rows = tx.execute(due.order_by(M.urgency, M.created_at, M.message_id).limit(self._free_hands())).all()
        return [(row.message_id, row.status) for row in rows]

    def _free_hands(self) -> int:
        return max(0, min(self._rules.at_once - len(self._in_hand), self._rules.a_second - len(self._begun)))

    def _forget_old_seconds(self, now: datetime) -> None:
        """What counts against the rate is what was begun within the last second."""
        while self._begun and not now - timedelta(seconds=1) < self._begun[0] <= now:
            self._begun.popleft()

    def _run(self, message_id: int, status: MessageStatus, now: datetime) -> None:
        self._begun.append(now)
        handle = self._send if status is MessageStatus.PENDING else self._look_up
        if self._pool is None:
            handle(message_id, now)
            return
        self._in_hand.add(message_id)
        self._pool.submit(handle, message_id, now).add_done_callback(lambda done: self._let_go(message_id, done))

    def _let_go(self, message_id: int, done: "Future[None]") -> None:
        self._in_hand.discard(message_id)
        if (error := done.exception()) is not None:
            log.error("message %s: %s", message_id, error, exc_info=error)

    def _send(self, message_id: int, now: datetime) -> None:
        """One text: claimed, called, written down."""
        with self._records.write() as tx:
            row = tx.execute(select(t.messages).where(M.message_id == message_id)).mappings().one()
            job = self._prepare(tx, dict(row), now)
            mine = job is not None and self._take(tx, job.row, MessageStatus.PENDING, now)
        if mine and job is not None:
            self._call(job, now)

    def _take(self, tx: Connection, row: dict[str, Any], was: MessageStatus, now: datetime) -> bool:
        """True for exactly one of those who try."""
        mine = (M.message_id == row["message_id"], M.status == was)
        values = {
            "status": MessageStatus.SENDING.value,
            "status_at": now,
            "claimed_until": now + self._rules.call_within,
            "attempts": M.attempts + 1,
            **{name: row[name] for name in ("channel", "body", "segments", "cost")},
        }
        row["attempts"] += 1
        return tx.execute(update(t.messages).where(*mine).values(values)).rowcount == 1

    def _prepare(self, tx: Connection, row: dict[str, Any], now: datetime) -> _Job | None:
        """The reader as the ledger has them now, and the channel; a text that can't go is failed with its reason."""
        reader = person(tx, row["contact_id"], row["addressee"])
        if reader is None or not reader.reachable:
            reason = "no longer in the ledger" if reader is None else reader.blocked or "has no phone"
            self._fail(tx, row, reason, now)
            return None
        channel = self._letters.router.channel(row["channel"])
        if channel is None or channel.capabilities(reader.phone or "") is None:
            try:
                channel, _ = self._letters.router.route(reader.phone or "", now)
            except NoChannelError as e:
                self._fail(tx, row, str(e), now)
                return None
            row = self._reworded(row, reader, channel)
        return _Job(row=row, to=reader, text=_outgoing(row, reader), channel=channel)

    def _reworded(self, row: dict[str, Any], reader: Person, channel: Channel) -> dict[str, Any]:
        """Another channel may sign by itself, and has another price."""
        can = channel.capabilities(reader.phone or "")
        body = self._letters.texts.render(
            Language(row["language"]), row["template"], row["variables"], signed=not (can and can.signs)
        )
        segments = size(body).segments
        price = can.cost if can else 0.0
        return row | {"channel": channel.name, "body": body, "segments": segments, "cost": segments * price}

    # Calling

    def _call(self, job: _Job, now: datetime) -> None:
        try:
            sent = job.channel.send(job.text)
        except ChannelError as e:
            self._failed(job, e, now)
        except Exception as e:  # whatever a provider's client throws: the text may have left
            log.exception("channel %s, message %s", job.channel.name, job.row["message_id"])
            self._failed(job, ChannelError(Failure.UNCERTAIN, type(e).__name__), now)
        else:
            with self._records.write() as tx:
                self._sent(tx, job.row, sent, now)
                if job.channel.name in self._down:
                    self._down.discard(job.channel.name)
                    self._life.service_up(tx, job.channel.name, now)

    def _sent(self, tx: Connection, row: dict[str, Any], sent: Sent, now: datetime) -> None:
        values = {
            "status": sent.status.value,
            "status_at": now,
            "sent_at": now,
            "provider_sid": sent.sid,
            "claimed_until": None,
            "next_at": now + self._rules.poll_after if sent.status is MessageStatus.SENT else None,
            "error": sent.error or None,
        }
        open_call = M.status.in_((MessageStatus.SENDING.value, MessageStatus.UNCERTAIN.value))
        tx.execute(update(t.messages).where(M.message_id == row["message_id"], open_call).values(values))
        if sent.status.lost:
            self._nobody_reached(tx, row, now)
        if (heard := self._early.pop(sent.sid, None)) is not None:
            self.receipt(tx, sent.sid, heard, now)

    def _failed(self, job: _Job, e: ChannelError, now: datetime) -> None:
        counts = e.failure in (Failure.DOWN, Failure.UNCERTAIN, Failure.CONFIGURATION)
        rests = self._letters.router.failed(job.channel.name, now) if counts else False
        with self._records.write() as tx:
            if rests or e.failure is Failure.CONFIGURATION:
                self._down.add(job.channel.name)
                self._life.service_down(tx, job.channel.name, str(e), now)
            if e.failure is Failure.UNCERTAIN:
                self._doubt(tx, job.row, now, str(e))
            elif e.failure is Failure.PERMANENT:
                _block(tx, job.to.phone or "", str(e), now)
                self._life.contact_lost(tx, job.to, str(e), now)
                self._fail(tx, job.row, str(e), now)
            elif now - job.row["created_at"] > self._rules.last_try_after:
                self._fail(tx, job.row, str(e), now)
            else:
                self._again(tx, job, e, now)

    def _again(self, tx: Connection, job: _Job, e: ChannelError, now: datetime) -> None:
        """Not sent: later with the same provider, or now with the next."""
        row = dict(job.row)
        if e.failure is not Failure.BUSY:
            other, _ = self._letters.router.route(job.to.phone or "", now, avoid=[job.channel.name])
            row = self._reworded(row, job.to, other)
        elsewhere = row["channel"] != job.channel.name
        values = {
            "status": MessageStatus.PENDING.value,
            "status_at": now,
            "claimed_until": None,
            "next_at": now if elsewhere and row["attempts"] < 2 else retry_at(row["attempts"], e.retry_after_s, now),
            **{name: row[name] for name in ("channel", "body", "segments", "cost")},
            "error": str(e),
        }
        mine = (M.message_id == row["message_id"], M.status == MessageStatus.SENDING)
        tx.execute(update(t.messages).where(*mine).values(values))
        self._cancel_if_settled(tx, row, now)

    # Doubt

    def _give_up_waiting(self, now: datetime) -> None:
        """A call begun and never answered: the process died in it (known at the next start), or the provider hangs."""
        run_out = M.claimed_until <= now if self._started else true()
        open_calls = select(t.messages).where(
            M.status == MessageStatus.SENDING, M.message_id.not_in(tuple(self._in_hand)), run_out
        )
        self._started = True
        with self._records.read() as tx:
            if tx.execute(open_calls.limit(1)).first() is None:
                return
        with self._records.write() as tx:
            for row in tx.execute(open_calls).mappings().all():
                self._doubt(tx, dict(row), now, "no answer from the provider's call")

    def _doubt(self, tx: Connection, row: dict[str, Any], now: datetime, reason: str) -> None:
        values = {
            "status": MessageStatus.UNCERTAIN.value,
            "status_at": now,
            "next_at": now,
            "uncertain_count": M.uncertain_count + 1,
            "error": reason,
        }
        mine = (M.message_id == row["message_id"], M.status == MessageStatus.SENDING)
        tx.execute(update(t.messages).where(*mine).values(values))

    def _look_up(self, message_id: int, now: datetime) -> None:
        """The provider has it: good. It hasn't: sent once more. It can't be asked: again in a while."""
        with self._records.read() as tx:
            row = dict(tx.execute(select(t.messages).where(M.message_id == message_id)).mappings().one())
            reader = person(tx, row["contact_id"], row["addressee"])
        channel = self._letters.router.channel(row["channel"])
        if reader is None or channel is None:
            with self._records.write() as tx:
                self._fail(tx, row, "uncertain, and nobody can be asked", now)
            return
        text = _outgoing(row, reader)
        try:
            found = channel.find(text, row["claimed_until"] - self._rules.call_within - CLOCKS_APART)
        except ChannelError as e:
            self._ask_later(row, e, now)
            return
        except Exception as e:  # whatever a provider's client throws: asked again in a while
            log.exception("channel %s can't look up message %s", channel.name, message_id)
            self._ask_later(row, ChannelError(Failure.UNCERTAIN, type(e).__name__), now)
            return
        with self._records.write() as tx:
            if found is not None:
                self._sent(tx, row, found, now)
                return
            if row["uncertain_count"] > DOUBTS or self._cancel_if_settled(tx, row, now):
                self._fail(tx, row, "uncertain too often; the provider doesn't have it", now)
                return
            mine = self._take(tx, row, MessageStatus.UNCERTAIN, now)
        if mine:
            self._call(_Job(row=row, to=reader, text=text, channel=channel), now)

    def _ask_later(self, row: dict[str, Any], e: ChannelError, now: datetime) -> None:
        waited = now - row["created_at"] > self._rules.last_try_after
        with self._records.write() as tx:
            if waited:
                self._fail(tx, row, f"uncertain, and the provider can't be asked: {e}", now)
                return
            mine = (M.message_id == row["message_id"], M.status == MessageStatus.UNCERTAIN)
            tx.execute(update(t.messages).where(*mine).values(next_at=now + timedelta(seconds=30)))

    def _ask(self, row: dict[str, Any], now: datetime) -> None:
        channel = self._letters.router.channel(row["channel"])
        try:
            heard = channel.status(row["provider_sid"]) if channel else None
        except ChannelError as e:
            log.info("channel %s can't be asked: %s", row["channel"], e.failure)
            heard = None
        except Exception:  # one text must not keep the others from being asked after
            log.exception("channel %s can't say what became of message %s", row["channel"], row["message_id"])
            heard = None
        with self._records.write() as tx:
            if heard is not None and heard.status is not MessageStatus.SENT:
                self.receipt(tx, row["provider_sid"], heard, now)
                return
            still = (M.message_id == row["message_id"], M.status == MessageStatus.SENT)
            tx.execute(update(t.messages).where(*still).values(next_at=now + self._rules.poll_after))

    # Losing

    def _fail(self, tx: Connection, row: dict[str, Any], reason: str, now: datetime) -> None:
        values = {"status": MessageStatus.FAILED.value, "status_at": now, "next_at": None, "claimed_until": None}
        tx.execute(update(t.messages).where(M.message_id == row["message_id"]).values(**values, error=reason))
        self._nobody_reached(tx, row, now)

    def _nobody_reached(self, tx: Connection, row: RowMapping | dict[str, Any], now: datetime) -> None:
        """When every text of the step is lost, the next step does not wait."""
        if row["alert_id"] is None or row["purpose"] not in ("first", "reminder"):
            return
        cause = row["key"].split("/", 1)[0]
        statuses = tx.execute(select(M.status).where(M.alert_id == row["alert_id"], M.key.startswith(f"{cause}/")))
        if all(MessageStatus(s).lost for s in statuses.scalars()):
            self._life.hasten(tx, row["alert_id"], now)

    def _cancel_if_settled(self, tx: Connection, row: dict[str, Any], now: datetime) -> bool:
        """A text that was on its way out when somebody acknowledged is not tried again."""
        if row["alert_id"] is None or row["purpose"] not in ("first", "reminder"):
            return False
        state = tx.execute(select(t.alerts.c.state).where(t.alerts.c.alert_id == row["alert_id"])).scalar()
        if state in (State.OPEN, State.ASKED, State.NOTIFIED):
            return False
        values = {"status": MessageStatus.CANCELLED.value, "status_at": now, "next_at": None}
        waiting = M.status.in_((MessageStatus.PENDING.value, MessageStatus.UNCERTAIN.value))
        tx.execute(update(t.messages).where(M.message_id == row["message_id"], waiting).values(values))
        return True


def _block(tx: Connection, phone: str, reason: str, now: datetime) -> None:
    """This number can't be reached any more: the next contact instead, and staff see why."""
    known = tx.execute(select(t.blocked_phones.c.phone).where(t.blocked_phones.c.phone == phone)).first()
    if known is None:
        tx.execute(t.blocked_phones.insert().values(phone=phone, reason=reason, at=now))


def _outgoing(row: dict[str, Any], reader: Person) -> Outgoing:
    return Outgoing(
        reference=str(row["message_id"]),
        to=reader.phone or "",
        name=reader.name,
        language=Language(row["language"]),
        body=row["body"],
        template=row["template"],
        variables=dict(row["variables"]),
    )
