"""What became of texts that left: the provider says so, or is asked where it is silent."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from domain.message import MessageStatus, after_receipt
from notifier.book import Book
from notifier.contract import ChannelError, Failure, Records, Sent
from notifier.people import person
from store import tables as t

M = t.messages.c
EARLY_RECEIPTS = 1000  # that came before the answer to the send; lost in a crash, they are polled
ATTEMPTS = 3  # of a text that the provider takes and can't deliver
log = logging.getLogger(__name__)


class Receipts:
    """Receipts come late, twice, out of order, and before the answer to the send."""

    def __init__(self, records: Records, book: Book) -> None:
        self._records = records
        self._book = book
        self._early: dict[str, Sent] = {}
        self._mute: set[str] = set()  # channels that could not be asked the last time

    def take(self, tx: Connection, heard: Sent, now: datetime) -> bool:
        """A provider says what became of a text. False: not ours, or not yet known."""
        row = _row(tx, heard.sid)
        if row is None:
            self._keep(heard)
            return False
        before = MessageStatus(row["status"])
        after = after_receipt(before, heard.status)
        if after is not before:
            values = {"status": after.value, "status_at": now, "error": heard.error or row["error"], "next_at": None}
            tx.execute(update(t.messages).where(M.message_id == row["message_id"]).values(values))
        if after is not before and after.lost:
            self._book.nobody_reached(tx, row, now)
            if heard.again_after and row["attempts"] < ATTEMPTS and not self._book.cancel_if_settled(tx, row, now):
                again = {"status": MessageStatus.PENDING.value, "next_at": now + heard.again_after}
                tx.execute(update(t.messages).where(M.message_id == row["message_id"]).values(again))
        return True

    def ask_soon(self, tx: Connection, sid: str, now: datetime) -> bool:
        """Somebody says that a text's fate is known: the provider is asked, and only the provider is believed."""
        still = (M.provider_sid == sid, M.status == MessageStatus.SENT)
        if tx.execute(update(t.messages).where(*still).values(next_at=now)).rowcount:
            return True
        if _row(tx, sid) is None:
            self._keep(Sent(sid=sid))
        return False

    def early(self, tx: Connection, sid: str, now: datetime) -> None:
        """The answer to the send has come at last: what was heard of the text before."""
        heard = self._early.pop(sid, None)
        if heard is not None and heard.status is MessageStatus.SENT:
            self.ask_soon(tx, sid, now)
        elif heard is not None:
            self.take(tx, heard, now)

    def unheard(self, now: datetime, limit: int = 20) -> list[dict[str, Any]]:
        """Texts of which nothing was heard for a while."""
        silent = (
            select(t.messages)
            .where(
                M.status == MessageStatus.SENT,
                M.sent_at > now - self._book.rules.poll_for,
                M.next_at <= now,
            )
            .order_by(M.next_at)
            .limit(limit)
        )
        with self._records.read() as tx:
            return [dict(row) for row in tx.execute(silent).mappings()]

    def ask(self, rows: Sequence[dict[str, Any]], now: datetime) -> None:
        """The provider, about each; of one that can't be asked just now no more is wanted in this round."""
        mute: set[str] = set()
        for row in rows:
            heard = None if row["channel"] in mute else self._answer(row, mute)
            self._write_down(row, heard, now)
        for name in self._mute & {row["channel"] for row in rows} - mute:
            log.info("channel %s can be asked again what became of texts", name)
            self._mute.discard(name)

    def _write_down(self, row: dict[str, Any], heard: Sent | None, now: datetime) -> None:
        with self._records.write() as tx:
            if heard is not None and heard.status is not MessageStatus.SENT:
                self.take(tx, heard, now)
                return
            still = (M.message_id == row["message_id"], M.status == MessageStatus.SENT)
            tx.execute(update(t.messages).where(*still).values(next_at=now + self._book.rules.poll_after))

    def _answer(self, row: dict[str, Any], mute: set[str]) -> Sent | None:
        channel = self._book.letters.router.channel(row["channel"])
        with self._records.read() as tx:
            reader = person(tx, row["contact_id"], row["addressee"])
        if channel is None or reader is None:
            return None
        try:
            return channel.status(row["provider_sid"], reader.phone or "", row["sent_at"])
        except ChannelError as e:
            if e.failure in (Failure.REFUSED, Failure.PERMANENT):
                return None  # of this text alone
            mute.add(row["channel"])
            if row["channel"] not in self._mute:
                log.warning("channel %s can't be asked what became of texts: %s", row["channel"], e)
            self._mute.add(row["channel"])
        except Exception:  # one text must not keep the others from being asked after
            log.exception("channel %s can't say what became of message %s", row["channel"], row["message_id"])
        return None

    def _keep(self, heard: Sent) -> None:
        self._early[heard.sid] = heard
        while len(self._early) > EARLY_RECEIPTS:
            del self._early[next(iter(self._early))]


def _row(tx: Connection, sid: str) -> dict[str, Any] | None:
    found = tx.execute(select(t.messages).where(M.provider_sid == sid)).mappings().first()
    return None if found is None else dict(found)
