"""Calls that nobody answered: the text is looked up at the provider, and only then sent once more."""

import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, true, update

from domain.message import MessageStatus
from notifier.book import Book, Job, outgoing
from notifier.contract import ChannelError, Failure, Records, Sent
from notifier.letters import ASKING
from notifier.people import person
from store import tables as t

M = t.messages.c
DOUBTS = 5  # after so many calls without an answer the next people are told instead
CLOCKS_APART = timedelta(minutes=1)  # the provider's clock and ours
ASK_AGAIN = timedelta(seconds=30)
ASK_FOR = timedelta(minutes=1)  # then another provider takes what waits for an answer: better twice than never
UNASKED = 2  # so often: where that one fails the text comes back here, and is sent once more each time
LISTED_WITHIN = timedelta(seconds=15)  # what a provider took may stand in its list some seconds later
log = logging.getLogger(__name__)

Found = Callable[[Connection, dict[str, Any], Sent, datetime], None]
Call = Callable[[Job, datetime], None]
Down = Callable[[Connection, str, str, datetime], None]


class Doubts:
    """`found`: writes down what the provider has after all; `call`: sends once more; `down`: it takes nothing."""

    def __init__(self, records: Records, book: Book, found: Found, call: Call, down: Down) -> None:
        self._records = records
        self._book = book
        self._found = found
        self._call = call
        self._down = down
        self._started = False

    def give_up_waiting(self, in_hand: Collection[int], now: datetime) -> None:
        """A call begun and never answered: the process died in it (known at the next start), or the provider hangs."""
        run_out = M.claimed_until <= now if self._started else true()
        open_calls = select(t.messages).where(
            M.status == MessageStatus.SENDING, M.message_id.not_in(tuple(in_hand)), run_out
        )
        self._started = True
        with self._records.read() as tx:
            if tx.execute(open_calls.limit(1)).first() is None:
                return
        with self._records.write() as tx:
            for row in tx.execute(open_calls).mappings().all():
                self._book.doubt(tx, dict(row), now, "no answer from the provider's call")

    def look_up(self, message_id: int, now: datetime) -> None:
        """The provider has it: good. It hasn't, asked twice: sent once more, the next time through another provider.

        It can't be asked: again in a while.
        """
        with self._records.read() as tx:
            row = dict(tx.execute(select(t.messages).where(M.message_id == message_id)).mappings().one())
            reader = person(tx, row["contact_id"], row["addressee"])
        channel = self._book.letters.router.channel(row["channel"])
        if reader is None or channel is None or channel.capabilities(reader.phone or "") is None:
            with self._records.write() as tx:
                self._book.fail(tx, row, "uncertain, and nobody can be asked", now)
            return
        job = Job(row=row, to=reader, text=outgoing(row, reader), channel=channel)
        try:
            found = channel.find(job.text, self._called_at(row))
        except ChannelError as e:
            self._ask_later(job, e, now)
            return
        except Exception as e:  # whatever a provider's client throws: asked again in a while
            log.exception("channel %s can't look up message %s", channel.name, message_id)
            self._ask_later(job, ChannelError(Failure.UNCERTAIN, type(e).__name__), now)
            return
        self._conclude(job, found, now)

    def has_come(self, job: Job, now: datetime) -> bool:
        """Whether the provider has by now what was in doubt: looked for once more before each further call."""
        if not job.row["uncertain_count"] or job.row["claimed_until"] is None:  # none: it was there, and came back
            return False
        try:
            found = job.channel.find(job.text, self._called_at(job.row))
        except Exception:  # noqa: BLE001  nobody knows, as before
            return False
        if found is not None:
            with self._records.write() as tx:
                self._found(tx, job.row, found, now)
        return found is not None

    def _called_at(self, row: dict[str, Any]) -> datetime:
        """About when the last call began, by whichever clock."""
        at: datetime = row["claimed_until"] - self._book.rules.call_within - CLOCKS_APART
        return at

    def _conclude(self, job: Job, found: Sent | None, now: datetime) -> None:
        row = job.row
        with self._records.write() as tx:
            if found is not None:
                self._found(tx, row, found, now)
                return
            if self._book.cancel_if_settled(tx, row, now):
                return
            if timedelta(0) <= now - row["status_at"] < LISTED_WITHIN:
                self._look_again(tx, row, row["status_at"] + LISTED_WITHIN)
                return
            if row["uncertain_count"] > DOUBTS:
                self._down(tx, job.channel.name, row["error"] or "", now)
                self._book.fail(tx, row, "uncertain too often; the provider doesn't have it", now)
                return
            if row["uncertain_count"] > 1 and self._book.elsewhere(tx, job, row["error"] or "", now):
                return
            mine = self._book.take(tx, row, MessageStatus.UNCERTAIN, now)
        if mine:
            self._call(job, now)

    def _ask_later(self, job: Job, e: ChannelError, now: datetime) -> None:
        row = job.row
        waited = now - row["created_at"] > self._book.rules.last_try_after
        with self._records.write() as tx:
            if waited:
                self._book.fail(tx, row, f"uncertain, and the provider can't be asked: {e}", now)
                return
            urgent = row["purpose"] in (*ASKING, "bundle") and row["uncertain_count"] <= UNASKED
            if urgent and now - row["status_at"] >= ASK_FOR and self._book.elsewhere(tx, job, str(e), now):
                return
            self._look_again(tx, row, now + ASK_AGAIN)

    def _look_again(self, tx: Connection, row: dict[str, Any], at: datetime) -> None:
        mine = (M.message_id == row["message_id"], M.status == MessageStatus.UNCERTAIN)
        tx.execute(update(t.messages).where(*mine).values(next_at=at))
