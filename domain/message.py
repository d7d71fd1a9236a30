"""One text to one person: where it stands, and that receipts move it forward only."""

from enum import StrEnum


class MessageStatus(StrEnum):
    """Where a message stands on its way out."""

    PENDING = "pending"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    CANCELLED = "cancelled"
    BUNDLED = "bundled"

    @property
    def may_have_left(self) -> bool:
        """Somebody may have read it: whoever was told is told that it is settled."""
        return self in _MAY_HAVE_LEFT

    @property
    def lost(self) -> bool:
        """It will not reach the phone."""
        return self in (MessageStatus.FAILED, MessageStatus.UNDELIVERED)


_MAY_HAVE_LEFT = frozenset(
    {MessageStatus.SENDING, MessageStatus.UNCERTAIN, MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.BUNDLED}
)

_RANK = {
    MessageStatus.SENDING: 0,
    MessageStatus.UNCERTAIN: 0,
    MessageStatus.SENT: 1,
    MessageStatus.PENDING: 2,  # of what has left before: to be sent again, as it could not be delivered
    MessageStatus.UNDELIVERED: 2,
    MessageStatus.FAILED: 2,
    MessageStatus.DELIVERED: 3,
}


def after_receipt(current: MessageStatus, receipt: MessageStatus) -> MessageStatus:
    """Receipts come late, twice and out of order: a message never goes back, and delivered is final."""
    if current not in _RANK or _RANK[receipt] <= _RANK[current]:
        return current
    return receipt
