"""Away and back: announced until a time, ended at once, by staff or by family."""

from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select

from domain.alert import State
from domain.finding import AlertKind
from notifier.replies import LONGEST_BY_FAMILY_DAYS
from notifier.understanding import LONGEST_DAYS
from store.tables import absences, alerts
from web.sent import LONGEST_SHOWN, Fault

LONGEST = timedelta(days=LONGEST_DAYS)  # a longer one is announced again: nobody is forgotten behind it
LONGEST_BY_FAMILY = timedelta(days=LONGEST_BY_FAMILY_DAYS)  # staff hear of it at once; for a longer one they are asked
LONGEST_BY_LINK = timedelta(days=3)  # a link may have been passed on


class Rests(Protocol):
    """The notifier's `Life`, as far as an absence needs it."""

    def leave(self, tx: Connection, alert_id: int, *, by: str, until: datetime, now: datetime) -> None: ...


def announce(tx: Connection, life: Rests, household_id: str, *, by: str, until: datetime, now: datetime) -> None:
    """Known to be away until then. An alert for missing use that runs is put to rest until the end with it."""
    running = tx.scalars(
        select(alerts.c.alert_id).where(
            alerts.c.household_id == household_id,
            alerts.c.kind == AlertKind.LOW_USE.value,
            alerts.c.state != State.RESOLVED.value,
        )
    ).all()
    for alert_id in running:
        life.leave(tx, alert_id, by=by, until=until, now=now)
    if not running:
        values = {"household_id": household_id, "from_at": now, "until_at": until, "announced_by": by}
        tx.execute(insert(absences).values(values))


def end_of(
    text: str, timezone: str, now: datetime, longest: timedelta = LONGEST, why: str = "page.absence_when"
) -> datetime | Fault:
    """A date and time as the browser's field gives it, on the household's clock; `why` says what would do."""
    try:
        until = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)
    except (ValueError, OverflowError):
        until = None
    if until and now < until <= now + longest:
        return until
    value = text.strip().replace("T", " ")[:LONGEST_SHOWN]
    return Fault(name="until", label="household.away_until", why=why, value=value)
