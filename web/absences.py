"""From when until when somebody may be announced as away, and by whom."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from notifier.replies import LONGEST_BY_FAMILY_DAYS
from notifier.understanding import LONGEST_DAYS
from web.sent import LONGEST_SHOWN, Fault

LONGEST = timedelta(days=LONGEST_DAYS)  # a longer one is announced again: nobody is forgotten behind it
LONGEST_BY_FAMILY = timedelta(days=LONGEST_BY_FAMILY_DAYS)  # staff hear of it at once; for a longer one they are asked
LONGEST_BY_LINK = timedelta(days=3)  # a link may have been passed on
STILL_NOW = timedelta(minutes=10)  # while which somebody fills in the form


def span_of(
    begins: str,
    until: str,
    timezone: str,
    now: datetime,
    *,
    longest: timedelta = LONGEST,
    why: str = "page.absence_when",
) -> tuple[datetime | None, datetime] | list[Fault]:
    """Dates and times as the browser's fields give them, on the household's clock; `why` says what end would do.

    The beginning is none where it is now.
    """
    begins_at, until_at, last = _moment(begins, timezone), _moment(until, timezone), now + longest
    ends = until_at if until_at and now < until_at <= last else None
    faults = [] if ends else [_fault("until", "household.away_until", why, until)]
    if not begins.strip():
        wrong = ""
    elif begins_at is None or begins_at < now - STILL_NOW:
        wrong = "page.absence_begins"
    elif begins_at > last:
        wrong = why
    else:
        wrong = "page.absence_order" if ends and begins_at >= ends else ""
    if wrong:
        faults.insert(0, _fault("begins", "household.away_from", wrong, begins))
    if faults or ends is None:
        return faults
    return begins_at if begins_at and begins_at > now else None, ends


def _moment(text: str, timezone: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _fault(name: str, label: str, why: str, typed: str) -> Fault:
    return Fault(name=name, label=label, why=why, value=typed.strip().replace("T", " ")[:LONGEST_SHOWN])
