"""Somebody draws water where nobody should be; said once an absence."""

from datetime import UTC, datetime

from domain.finding import AlertKind, Finding, Level, Reason


def finding(at_s: float, left_s: float) -> Finding:
    at, left_at = datetime.fromtimestamp(at_s, UTC), datetime.fromtimestamp(left_s, UTC)
    return Finding(
        kind=AlertKind.USE_WHILE_ABSENT,
        level=Level.ALERT,
        at=at,
        since=left_at,
        reason=Reason(key="use_while_absent", values={"left_at": left_at.isoformat(), "used_at": at.isoformat()}),
    )
