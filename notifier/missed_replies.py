"""Replies that came while nobody listened: a provider hands each over once alone, and is asked for them here."""

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from notifier.contract import ChannelError, Records
from notifier.people import people_with_phone
from notifier.replies import Inbound, Replies
from store import cursors
from store.contracts import StoreUnavailableError

CURSOR = "replies"  # up to when the provider was asked [s since 1970]
AGAIN = timedelta(minutes=2)  # the provider's clock and ours, and what it was slow to write down
log = logging.getLogger(__name__)


class MissedReplies:
    """`look` once a minute: what the service took before, by its own address, counts no second time.

    `since`: the provider's replies from then on, oldest first; raises `ChannelError` where it can't be asked.
    """

    def __init__(self, records: Records, replies: Replies, since: Callable[[datetime], Iterable[Inbound]]) -> None:
        self._records = records
        self._replies = replies
        self._since = since
        self._mute = False

    def look(self, now: datetime) -> int:
        """Returns how many had been missed."""
        with self._records.read() as tx:
            asked_s = cursors.position(tx, CURSOR)
        asked_at = datetime.fromtimestamp(asked_s, UTC) if asked_s else now
        try:
            found = list(self._since(min(asked_at, now) - AGAIN))
        except ChannelError as e:
            if not self._mute:
                log.warning("the provider can't be asked which replies came: %s", e)
            self._mute = True
            return 0
        self._mute = False
        taken = sum(self._take(one, now) for one in found)
        with self._records.write() as tx:
            cursors.move(tx, CURSOR, int(now.timestamp()))
        return taken

    def _take(self, one: Inbound, now: datetime) -> bool:
        """Not a stranger's: it may be of somebody whose every word was deleted since."""
        try:
            with self._records.write() as tx:
                known = people_with_phone(tx, one.phone)
                taken = bool(known) and self._replies.take(tx, one, now) is not None
        except StoreUnavailableError:
            raise
        except Exception:  # one reply must not keep the others from being heard
            log.exception("a reply sent at %s can't be taken", one.sent_at)
            return False
        if taken:
            log.warning("a reply sent at %s came by no webhook, and is taken now", one.sent_at)
        return taken
