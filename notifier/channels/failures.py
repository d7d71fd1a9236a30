"""Whether a text that did not leave may have been taken, and how long to wait before it is tried again."""

from datetime import datetime, timedelta

from requests.exceptions import ConnectionError as Unreachable
from requests.exceptions import ConnectTimeout
from urllib3.exceptions import MaxRetryError, NewConnectionError

WAITS_S = (5, 15, 30, 60, 120, 300)


def retry_at(attempts: int, retry_after_s: float | None, now: datetime) -> datetime:
    """Ever longer, up to 5 minutes; later where the provider asks for it."""
    wait = WAITS_S[min(max(attempts - 1, 0), len(WAITS_S) - 1)]
    return now + timedelta(seconds=max(wait, retry_after_s or 0))


def never_stood(e: BaseException | None) -> bool:
    """Whether the connection behind this error never stood, however often a client has wrapped it."""
    while e is not None:
        if isinstance(e, ConnectTimeout):
            return True
        if isinstance(e, Unreachable) and e.args and isinstance(e.args[0], MaxRetryError):
            return isinstance(e.args[0].reason, NewConnectionError)
        e = getattr(e, "inner_exception", None) or e.__cause__ or e.__context__
    return False
