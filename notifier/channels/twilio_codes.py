"""What Twilio's error codes mean for us (source: twilio.com/docs/api/errors); others go by their HTTP status."""

from dataclasses import dataclass
from datetime import timedelta

from domain.message import MessageStatus
from notifier.contract import Failure

REFUSALS: dict[int, tuple[Failure, str]] = {
    20003: (Failure.CONFIGURATION, "account SID or token is wrong"),
    20008: (Failure.CONFIGURATION, "test credentials can't do this"),
    20429: (Failure.BUSY, "too many requests"),
    21211: (Failure.PERMANENT, "not a valid number"),
    21214: (Failure.PERMANENT, "number can't be reached"),
    21217: (Failure.PERMANENT, "not a valid number"),
    21408: (Failure.CONFIGURATION, "texts to this country aren't enabled"),
    21606: (Failure.CONFIGURATION, "sending number can't send texts"),
    21608: (Failure.CONFIGURATION, "a trial account texts verified numbers only"),
    21609: (Failure.CONFIGURATION, "callback address isn't valid"),
    21610: (Failure.PERMANENT, "opted out with STOP"),
    21611: (Failure.BUSY, "the sending number's queue is full"),
    21612: (Failure.CONFIGURATION, "this sender can't reach this number"),
    21614: (Failure.PERMANENT, "a landline, gets no texts"),
    21617: (Failure.REFUSED, "text too long"),
    63038: (Failure.BUSY, "the account's daily cap is reached"),
}

STATUSES: dict[str, MessageStatus] = {
    "accepted": MessageStatus.SENT,
    "scheduled": MessageStatus.SENT,
    "queued": MessageStatus.SENT,
    "sending": MessageStatus.SENT,
    "sent": MessageStatus.SENT,
    "delivered": MessageStatus.DELIVERED,
    "read": MessageStatus.DELIVERED,
    "partially_delivered": MessageStatus.DELIVERED,
    "undelivered": MessageStatus.UNDELIVERED,
    "failed": MessageStatus.FAILED,
    "canceled": MessageStatus.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """Why a text that was taken did not arrive; `again_after` None: trying again is of no use."""

    reason: str
    again_after: timedelta | None = None


UNDELIVERED: dict[int, Undelivered] = {
    30001: Undelivered(reason="queue overflow", again_after=timedelta(seconds=30)),
    30002: Undelivered(reason="account suspended"),
    30003: Undelivered(reason="phone is off or out of reach", again_after=timedelta(minutes=10)),
    30004: Undelivered(reason="blocked by its owner or carrier"),
    30005: Undelivered(reason="unknown number"),
    30006: Undelivered(reason="landline or unreachable carrier"),
    30007: Undelivered(reason="filtered by the carrier"),
    30008: Undelivered(reason="unknown error", again_after=timedelta(seconds=30)),
}


def refusal(code: int | None, http_status: int) -> tuple[Failure, str]:
    """By the code; else 429 was never processed, 5xx may have been, and any other refusal is ours to mend."""
    if code in REFUSALS:
        return REFUSALS[code]
    if http_status == 429:
        return Failure.BUSY, "too many requests"
    if http_status >= 500:
        return Failure.UNCERTAIN, f"HTTP {http_status}"
    return Failure.REFUSED, f"HTTP {http_status}"
