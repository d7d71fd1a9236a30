"""Texts leave once: claimed by a conditional update, written down before the call, looked up when in doubt."""

import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from domain.message import MessageStatus
from notifier.book import LONGEST_WAIT, Book, Job, OutboxRules, outgoing
from notifier.caps import full_until
from notifier.contract import ChannelError, Failure, Records, Sent
from notifier.cost import guard_cost
from notifier.doubts import LISTED_WITHIN, Doubts
from notifier.letters import Letters, way
from notifier.life import Life
from notifier.people import is_theirs, person
from notifier.receipts import Receipts
from notifier.router import NoChannelError
from notifier.throttle import anything_to_hold, hold_back
from store import tables as t
from store.contracts import StoreUnavailableError

__all__ = ["Outbox", "OutboxRules"]
M = t.messages.c
log = logging.getLogger(__name__)


class Outbox:
    """`Outbox(records=..., letters=..., life=...)`; `send_due(now)` is called after every round, in its own thread.

    Without `pool` each call is made in turn, inside `send_due`; with one (a ThreadPoolExecutor) calls run beside
    each other and a slow provider holds nobody up, and each waits for `turnstile` (a pace.Turnstile) before it begins.
    `steady_s`: a clock that nobody sets, for how long a call took.
    """

    def __init__(
        self,
        *,
        records: Records,
        letters: Letters,
        life: Life,
        rules: OutboxRules | None = None,
        pool: Executor | None = None,
        turnstile: Callable[[], None] = lambda: None,
        steady_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._records = records
        self._letters = letters
        self._life = life
        self._rules = rules or OutboxRules()
        self._pool = pool
        self._turnstile = turnstile
        self._steady_s = steady_s
        self._book = Book(letters, life, self._rules)
        self._receipts = Receipts(records, self._book)
        self._doubts = Doubts(records, self._book, self._sent, self._call, self._is_down)
        self._asking = False
        self._in_hand: set[int] = set()
        self._in_line: set[int] = set()  # of those in hand, the ones not yet let through the turnstile
        self._begun: deque[datetime] = deque()
        self._unwritable = False
        with records.read() as tx:
            self._down = life.services_down(tx)

    def send_due(self, now: datetime) -> int:
        """Sends what is due, the most urgent first; returns how many texts were looked at."""
        self._forget_old_seconds(now)
        self._doubts.give_up_waiting(self._in_hand, now)
        with self._records.read() as tx:
            many = anything_to_hold(tx, self._rules.throttle, now)
        if many:
            with self._records.write() as tx:
                hold_back(tx, self._letters, self._rules.throttle, now)
        due, begun_s = self._due(now), self._steady_s()
        for message_id, status in due:
            self._run(message_id, MessageStatus(status), lambda: self._later(now, begun_s))
        if due and self._rules.daily_cost is not None:
            with self._records.write() as tx:
                guard_cost(tx, self._life, self._rules.daily_cost, now)
        return len(due)

    def receipt(self, tx: Connection, heard: Sent, now: datetime) -> bool:
        """A provider says what became of a text; late, twice or out of order does no harm. False: not ours."""
        return self._receipts.take(tx, heard, now)

    def ask_soon(self, tx: Connection, sid: str, now: datetime) -> bool:
        """A callback that proves nothing says that a text's fate is known: the provider is asked at the next poll."""
        return self._receipts.ask_soon(tx, sid, now)

    def poll(self, now: datetime) -> int:
        """Asks the provider about texts of which nothing was heard for a while; returns about how many.

        Beside the texts that leave, and one round at a time: a provider that hangs when asked holds no text up.
        """
        if self._asking or not (rows := self._receipts.unheard(now)):
            return 0
        if self._pool is None:
            self._receipts.ask(rows, now)
            return len(rows)
        self._asking = True
        self._pool.submit(self._receipts.ask, rows, now).add_done_callback(self._asked)
        return len(rows)

    # Claiming

    def _due(self, now: datetime) -> list[tuple[int, str]]:
        """What waits to be sent or looked up, and is in nobody's hands."""
        waiting = M.status.in_((MessageStatus.PENDING.value, MessageStatus.UNCERTAIN.value))
        due = select(M.message_id, M.status).where(waiting, M.next_at <= now, M.message_id.not_in(tuple(self._in_hand)))
        with self._records.read() as tx:
            rows = tx.execute(due.order_by(M.urgency, M.created_at, M.message_id).limit(self._free_hands())).all()
        return [(row.message_id, row.status) for row in rows]

    def _free_hands(self) -> int:
        """With a pool the turnstile minds the rate, at the very call; without one it is minded here.

        No more stand in line there than pass in a second: who comes later may be more urgent than all of them.
        """
        free, a_second = self._rules.at_once - len(self._in_hand), self._rules.a_second
        return max(0, min(free, max(2, a_second) - len(self._in_line) if self._pool else a_second - len(self._begun)))

    def _forget_old_seconds(self, now: datetime) -> None:
        """What counts against the rate is what was begun within the last second."""
        while self._begun and not now - timedelta(seconds=1) < self._begun[0] <= now:
            self._begun.popleft()

    def _later(self, then: datetime, then_s: float) -> datetime:
        return then + timedelta(seconds=self._steady_s() - then_s)

    def _run(self, message_id: int, status: MessageStatus, now: Callable[[], datetime]) -> None:
        """`now`: when its turn comes, which is behind calls that take long."""
        handle = self._send if status is MessageStatus.PENDING else self._doubts.look_up
        if self._pool is None or self._unwritable:  # raised where the turn waits then, and says so once
            self._begun.append(now())
            handle(message_id, now())
            self._unwritable = False
            return
        self._in_hand.add(message_id)
        if status is MessageStatus.PENDING:
            self._in_line.add(message_id)
        self._pool.submit(lambda: handle(message_id, now())).add_done_callback(
            lambda done: self._let_go(message_id, done)
        )

    def _asked(self, done: "Future[None]") -> None:
        self._asking = False
        if (error := done.exception()) is not None:
            log.error("receipts: %s", error, exc_info=error)

    def _let_go(self, message_id: int, done: "Future[None]") -> None:
        self._in_hand.discard(message_id)
        self._in_line.discard(message_id)
        error = done.exception()
        if isinstance(error, StoreUnavailableError):
            self._unwritable = True
        elif error is not None:
            log.error("message %s: %s", message_id, error, exc_info=error)

    def _send(self, message_id: int, now: datetime) -> None:
        """One text: claimed, called, written down."""
        with self._records.write() as tx:
            row = tx.execute(select(t.messages).where(M.message_id == message_id)).mappings().one()
            job = self._prepare(tx, dict(row), now)
            mine = job is not None and self._book.take(tx, job.row, MessageStatus.PENDING, now)
        self._in_line.discard(message_id)  # a provider that is slow to say what it has holds nobody up
        if mine and job is not None and not self._doubts.has_come(job, now):
            self._in_line.add(message_id)
            self._call(job, now)

    def _prepare(self, tx: Connection, row: dict[str, Any], now: datetime) -> Job | None:
        """The reader as the ledger has them now, and the channel; a text that can't go is failed with its reason."""
        reader = person(tx, row["contact_id"], row["addressee"])
        if reader is None or not reader.reachable:
            reason = "no longer in the ledger" if reader is None else reader.blocked or "has no phone"
            self._book.fail(tx, row, reason, now)
            return None
        if not is_theirs(tx, reader, row["alert_id"]):
            self._book.fail(tx, row, "no longer a guardian of this home", now)
            return None
        if self._book.is_too_late(row, now):
            self._book.fail(tx, row, "its time has passed", now)
            return None
        written, row = row, self._book.of_today(tx, row, now)
        router, channel = self._letters.router, self._letters.router.channel(row["channel"])
        serves = channel is not None and channel.capabilities(reader.phone or "") is not None
        if channel is None or not serves or router.resting(channel.name, now):
            try:
                channel, _ = router.route(reader.phone or "", now, by=way(reader, row["purpose"]))
            except NoChannelError as e:
                self._book.fail(tx, row, str(e), now)
                return None
        if channel.name != row["channel"] or row is not written:
            row = self._book.reworded(tx, row, reader, channel, now)
        job = Job(row=row, to=reader, text=outgoing(row, reader), channel=channel)
        return self._with_room(tx, job, now)

    def _with_room(self, tx: Connection, job: Job, now: datetime) -> Job | None:
        """Through a provider that still takes texts to this number; a short wait is waited, a long one is tried."""
        free_at = self._free_at(tx, job, now)
        if free_at <= now:
            return job
        for other in self._book.others(job, now):
            row = self._book.reworded(tx, job.row, job.to, other, now)
            elsewhere = Job(row=row, to=job.to, text=outgoing(row, job.to), channel=other)
            if self._free_at(tx, elsewhere, now) <= now:
                return elsewhere
        if free_at - now > LONGEST_WAIT:
            return job  # the provider's own count decides
        tx.execute(update(t.messages).where(M.message_id == job.row["message_id"]).values(next_at=free_at))
        return None

    def _free_at(self, tx: Connection, job: Job, now: datetime) -> datetime:
        can = job.channel.capabilities(job.to.phone or "")
        return full_until(tx, job.row, job.channel.name, can.caps if can else (), now)

    # Calling

    def _call(self, job: Job, now: datetime) -> None:
        self._turnstile()
        self._in_line.discard(job.row["message_id"])
        begun_s = self._steady_s()
        try:
            sent = job.channel.send(job.text)
        except ChannelError as e:
            self._failed(job, e, now, self._later(now, begun_s))
        except Exception as e:  # whatever a provider's client throws: the text may have left
            log.exception("channel %s, message %s", job.channel.name, job.row["message_id"])
            unknown = ChannelError(Failure.UNCERTAIN, type(e).__name__)
            self._failed(job, unknown, now, self._later(now, begun_s))
        else:
            with self._records.write() as tx:
                self._sent(tx, job.row, sent, now)
                if job.channel.name in self._down:
                    self._down.discard(job.channel.name)
                    self._life.service_up(tx, job.channel.name, now)

    def _sent(self, tx: Connection, row: dict[str, Any], sent: Sent, now: datetime) -> None:
        self._book.sent(tx, row, sent, now)
        self._receipts.early(tx, sent.sid, now)

    def _is_down(self, tx: Connection, channel: str, error: str, now: datetime) -> None:
        self._down.add(channel)
        self._life.service_down(tx, channel, error, now)

    def _failed(self, job: Job, e: ChannelError, begun_at: datetime, now: datetime) -> None:
        """What was long on its way may be taken yet: it is in doubt only when `call_within` is over."""
        counts = e.failure in (Failure.DOWN, Failure.UNCERTAIN, Failure.CONFIGURATION)
        rests = self._letters.router.failed(job.channel.name, now) if counts else False
        with self._records.write() as tx:
            if rests or e.failure is Failure.CONFIGURATION:
                self._is_down(tx, job.channel.name, str(e), now)
            if e.failure is Failure.UNCERTAIN:
                if now - begun_at < LISTED_WITHIN:
                    self._book.doubt(tx, job.row, now, str(e))
            elif e.failure is Failure.PERMANENT:
                self._book.block(tx, job.to, str(e), now)
                self._book.fail(tx, job.row, str(e), now)
            elif e.failure is Failure.CAPPED:
                self._book.capped(tx, job, e, now)
            elif now - job.row["created_at"] > self._rules.last_try_after:
                self._book.fail(tx, job.row, str(e), now)
            else:
                self._book.again(tx, job, e, now)
