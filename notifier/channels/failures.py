"""How long to wait before a text that did not leave is tried again."""

from datetime import datetime, timedelta

WAITS_S = (5, 15, 30, 60, 120, 300)


def retry_at(attempts: int, retry_after_s: float | None, now: datetime) -> datetime:
    """Ever longer, up to 5 minutes; later where the provider asks for it."""
    wait = WAITS_S[min(max(attempts - 1, 0), len(WAITS_S) - 1)]
    return now + timedelta(seconds=max(wait, retry_after_s or 0))
