"""Until when somebody may be announced as away, and by whom."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from notifier.replies import LONGEST_BY_FAMILY_DAYS
from notifier.understanding import LONGEST_DAYS
from web.sent import LONGEST_SHOWN, Fault

LONGEST = timedelta(days=LONGEST_DAYS)  # a longer one is announced again: nobody is forgotten behind it
LONGEST_BY_FAMILY = timedelta(days=LONGEST_BY_FAMILY_DAYS)  # staff hear of it at once; for a longer one they are asked
LONGEST_BY_LINK = timedelta(days=3)  # a link may have been passed on


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
