"""Texts into staff groups (WeCom, DingTalk, Feishu, ntfy, ...) by Apprise, for contacts whose address is such a URL."""

from datetime import datetime
from importlib import import_module
from typing import Any

from notifier.contract import Capabilities, ChannelError, Failure, MissingExtraError, Outgoing, Sent


class AppriseGroup:
    """`AppriseGroup()` needs `pip install anju[apprise]`. Apprise answers yes or no only: it can't prove delivery."""

    name = "apprise"

    def __init__(self) -> None:
        try:
            self._apprise: Any = import_module("apprise")
        except ImportError as e:
            raise MissingExtraError("apprise isn't installed: pip install 'anju[apprise]'") from e

    def capabilities(self, phone: str) -> Capabilities | None:
        return Capabilities(links=True) if "://" in phone else None

    def send(self, text: Outgoing) -> Sent:
        group = self._apprise.Apprise()
        if not group.add(text.to):
            raise ChannelError(Failure.PERMANENT, "not an address that Apprise knows")
        if not group.notify(body=text.body):
            raise ChannelError(Failure.BUSY, "the group did not take it")
        return Sent(sid=f"apprise-{text.reference}")

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        return None

    def status(self, sid: str, to: str, sent_at: datetime) -> Sent | None:
        return None
