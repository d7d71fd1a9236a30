"""What comes back from phones, and what a call says next."""

from dataclasses import dataclass
from datetime import datetime

from domain.people import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A text to us. `key` is the provider's id of it, the same however often it is handed over; `sent_at`: where the
    provider says when it was sent."""

    key: str
    phone: str
    body: str
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A key pressed in a call that said our text `message_id`; `call` is the provider's id of it."""

    message_id: int
    call: str
    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the call says next; not `done`: the text again, as no key that means anything was pressed."""

    words: str
    language: Language
    done: bool
