"""What the notifier asks of the records, of a channel, and of the one who finds the channel."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from sqlalchemy import Connection

from domain.message import MessageStatus
from domain.people import Language


class Records(Protocol):
    """The records file: one writer at a time, many readers."""

    def write(self) -> AbstractContextManager[Connection]: ...

    def read(self) -> AbstractContextManager[Connection]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """A provider takes so many texts to one number `within` a time; `alike`: of the same template only."""

    texts: int
    within: timedelta
    alike: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a channel can do in one country. `cost` is per segment or call [currency of the settings].

    `free_text` false: approved templates only, in their own wording. `sign`: the provider sets this one before the
    text, so ours is left out. `voice`: a call that says the text and takes a key.
    """

    receipts: bool = False
    replies: bool = False
    links: bool = False
    free_text: bool = True
    voice: bool = False
    sign: str | None = None
    cost: float = 0.0
    caps: tuple[Cap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One text as a channel gets it. `reference` is ours, the same at every try; template and variables for
    channels that take approved templates only. `asks`: an answer is waited for."""

    reference: str
    to: str
    name: str
    language: Language
    body: str
    template: str
    variables: dict[str, str]
    asks: bool = False


class Failure(StrEnum):
    """What a failed send means for the next step."""

    BUSY = "busy"  # never processed; the same provider later
    CAPPED = "capped"  # certainly not sent: this number has had its share there; the next provider now
    DOWN = "down"  # certainly not sent; the next provider now
    CONFIGURATION = "configuration"  # our account is wrong; the next provider now, and the operator
    PERMANENT = "permanent"  # this number can't be reached; the next contact now, and staff
    REFUSED = "refused"  # this text can't be sent this way; another provider, never the same
    UNCERTAIN = "uncertain"  # it may have left


class MissingExtraError(Exception):
    """The optional package of a channel isn't installed; the text says how to."""


class ChannelError(Exception):
    """A text did not leave, or nobody knows. `code` is the provider's."""

    def __init__(self, failure: Failure, reason: str, code: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(f"{reason} ({code})" if code else reason)
        self.failure = failure
        self.code = code
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The provider took it: its id, and what it says of it so far. `again_after`: worth another try then."""

    sid: str
    status: MessageStatus = MessageStatus.SENT
    error: str = ""
    again_after: timedelta | None = None


class Channel(Protocol):
    """One way to a phone. Raises `ChannelError`; anything else counts as uncertain."""

    @property
    def name(self) -> str: ...

    def capabilities(self, phone: str) -> Capabilities | None:
        """For the country of this number; None: not served."""
        ...

    def send(self, text: Outgoing) -> Sent: ...

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        """Whether the provider has this text (sent at or after `since`); raises where it can't be asked."""
        ...

    def status(self, sid: str, to: str, sent_at: datetime) -> Sent | None:
        """What became of a text to that number, sent then; None where the provider can't say."""
        ...
