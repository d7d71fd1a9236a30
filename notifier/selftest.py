"""A real alert through every stage to the operator's own phone, and an outside heartbeat that stops when we do."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPException
from urllib.error import URLError
from urllib.request import urlopen

from sqlalchemy import select

from domain.alert import Outcome, State
from domain.finding import Reason
from domain.message import MessageStatus
from notifier.audit import audit
from notifier.contract import Records
from notifier.life import ANJU, Life
from store import tables as t

A, M = t.alerts.c, t.messages.c
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """How far one text of the test has come."""

    contact_id: str
    channel: str
    status: MessageStatus
    error: str | None


class SelfTest:
    """`begin`, then `heard` until `over`, then `end`; the running service sends, so it is what is tested."""

    def __init__(self, records: Records, life: Life) -> None:
        self._records = records
        self._life = life

    def begin(self, now: datetime) -> int:
        number = f"{now:%H%M%S}"
        with self._records.write() as tx:
            reason = Reason(key="selftest", values={"number": number})
            return self._life.tell_operator(tx, f"selftest {now:%Y-%m-%d} {number}", reason, now)

    def heard(self, alert_id: int) -> list[Heard]:
        """Each text of it; none: there is no operator who can be reached."""
        query = select(M.contact_id, M.channel, M.status, M.error).where(M.alert_id == alert_id, M.purpose != "news")
        with self._records.read() as tx:
            rows = tx.execute(query).all()
        return [
            Heard(contact_id=r.contact_id, channel=r.channel, status=MessageStatus(r.status), error=r.error)
            for r in rows
        ]

    def over(self, alert_id: int) -> bool:
        """Whether every text has reached its phone, or will not."""
        heard = self.heard(alert_id)
        return all(h.status is MessageStatus.DELIVERED or h.status.lost for h in heard)

    def end(self, alert_id: int, now: datetime) -> None:
        """Settled; whoever got the test hears that it is over."""
        with self._records.write() as tx:
            state = tx.execute(select(A.state).where(A.alert_id == alert_id)).scalar_one()
            if state != State.RESOLVED:
                self._life.resolve(tx, alert_id, by=ANJU, outcome=Outcome.FALSE_ALARM, now=now, note="selftest")


class Heartbeat:
    """`Heartbeat(records, url).beat(now)` once a minute: pings the outside watch only if every due step ran."""

    def __init__(self, records: Records, url: str, *, is_well: Callable[[], bool] = lambda: True) -> None:
        if url and not url.startswith(("https://", "http://")):
            raise ValueError(f"heartbeat url {url[:40]!r}: wants http:// or https://")
        self._records = records
        self._url = url
        self._is_well = is_well
        self._silent = False

    def beat(self, now: datetime) -> bool:
        """True when it was pinged. A silence is what calls for help from outside."""
        with self._records.read() as tx:
            found = audit(tx, now)
        if not found.passed or not self._is_well():
            if not self._silent:
                log.warning("no heartbeat: %s", "; ".join(found.problems) or "a part of the service is not well")
            self._silent = True
            return False
        self._silent = False
        return not self._url or _ping(self._url)


def _ping(url: str, wait: timedelta = timedelta(seconds=10)) -> bool:
    try:
        with urlopen(url, timeout=wait.total_seconds()) as answer:  # noqa: S310  checked to be http(s)
            return bool(answer.status < 400)
    except (URLError, OSError, HTTPException) as e:
        log.warning("the outside watch can't be reached: %s", type(e).__name__)
        return False
