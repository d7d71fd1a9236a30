"""The channel that shows each text instead of sending it: for a first look, and for tests."""

from collections.abc import Callable
from datetime import datetime

from domain.message import MessageStatus
from notifier.contract import Capabilities, Outgoing, Sent

Show = Callable[[Outgoing], None]


class LogChannel:
    """Hands each text to `show`, word for word, and calls it delivered."""

    name = "log"

    def __init__(self, show: Show, *, capabilities: Capabilities | None = None) -> None:
        self._show = show
        self._capabilities = capabilities or Capabilities(receipts=False, replies=False, links=True)

    def capabilities(self, phone: str) -> Capabilities | None:
        return self._capabilities

    def send(self, text: Outgoing) -> Sent:
        self._show(text)
        return Sent(sid=f"log-{text.reference}", status=MessageStatus.DELIVERED)

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        return None

    def status(self, sid: str, to: str, sent_at: datetime) -> Sent | None:
        return Sent(sid=sid, status=MessageStatus.DELIVERED)
