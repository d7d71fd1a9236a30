"""What Aliyun's and Tencent's callbacks say: unsigned, so the address is secret and the provider is asked as well."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from notifier.channels.aliyun import CHINA
from notifier.contract import ChannelError, Records
from notifier.outbox import Outbox
from notifier.replies import Inbound, Replies

MOST = 500  # of one callback


class Replied(Protocol):
    """A provider that can be asked whether a number sent us these words at that time."""

    def replied(self, phone: str, text: str, at: datetime) -> bool: ...


class UnbelievedError(Exception):
    """The callback can't be confirmed just now; the provider will send it again."""


class ChinaInbound:
    """`ChinaInbound(records=..., outbox=..., replies=..., secret=..., tencent=...)`; no secret: nothing is believed.

    A receipt only hastens the question to the provider. A reply through Tencent is looked up there; Aliyun offers no
    such query, so a reply through Aliyun rests on the secret address alone, and on the phone having been told.
    """

    def __init__(
        self, *, records: Records, outbox: Outbox, replies: Replies, secret: str, tencent: Replied | None = None
    ) -> None:
        self._records = records
        self._outbox = outbox
        self._replies = replies
        self._secret = secret
        self._tencent = tencent

    def believes(self, secret: str) -> bool:
        return bool(self._secret) and hmac.compare_digest(secret.encode(), self._secret.encode())

    def receipts(self, rows: Any, key: str, now: datetime) -> int:
        """`key`: under which each row has the provider's number, biz_id or sid. Returns how many are ours."""
        sids = [str(row[key]) for row in _rows(rows) if row.get(key)]
        with self._records.write() as tx:
            return sum(self._outbox.ask_soon(tx, sid, now) for sid in sids)

    def aliyun_replies(self, rows: Any, now: datetime) -> None:
        for row in _rows(rows):
            phone, text = _phone(str(row.get("phone_number", ""))), str(row.get("content", ""))
            if phone:
                said_at = row.get("send_time")
                key = f"aliyun:{row.get('sequence_id')}:{said_at}:{phone}"
                self._take(Inbound(key=key, phone=phone, body=text, sent_at=_clock(said_at)), now)

    def tencent_reply(self, row: Any, now: datetime) -> None:
        """Raises `UnbelievedError` where Tencent doesn't know of it, or can't be asked."""
        if not isinstance(row, Mapping) or self._tencent is None:
            return
        phone, text = _phone(f"+{row.get('nationcode', '86')}{row.get('mobile', '')}"), str(row.get("text", ""))
        if not phone:
            return
        at = _seconds(row.get("time"))
        try:
            known = self._tencent.replied(phone, text, at)
        except ChannelError as e:
            raise UnbelievedError(str(e)) from e
        if not known:
            raise UnbelievedError("Tencent doesn't know of this reply")
        key = f"tencent:{at.timestamp():.0f}:{phone}:{_short_hash(text)}"
        self._take(Inbound(key=key, phone=phone, body=text, sent_at=at), now)

    def _take(self, inbound: Inbound, now: datetime) -> None:
        with self._records.write() as tx:
            self._replies.take(tx, inbound, now)


def _rows(rows: Any) -> Iterable[Mapping[str, Any]]:
    """What is no list of objects holds nothing."""
    found = rows if isinstance(rows, list) else []
    return [row for row in found[:MOST] if isinstance(row, Mapping)]


def _phone(number: str) -> str:
    """In international form; empty where it is no number of mainland China."""
    match = re.fullmatch(r"(?:\+?86|0086)?(1\d{10})", number.strip())
    return f"+86{match[1]}" if match else ""


def _seconds(value: Any) -> datetime:
    try:
        return datetime.fromtimestamp(float(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def _clock(value: Any) -> datetime | None:
    """Aliyun's wall clock; None where it says none that can be read."""
    try:
        return datetime.strptime(str(value), "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
    except ValueError:
        return None


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
