"""Times as gateways write them: UTC, or none where no clock can have said so."""

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from math import isfinite

EARLIEST_YEAR, LATEST_YEAR = 2000, 2100
EARLIEST_AT = datetime(2000, 1, 1, tzinfo=UTC)  # before it no clock was set: placeholders and clocks at zero
EARLIEST_S, LATEST_S = EARLIEST_AT.timestamp(), datetime(2100, 1, 1, tzinfo=UTC).timestamp()


def clock(value: object, zone: tzinfo | None) -> datetime | None:
    """An ISO 8601 time as UTC; None where there is none, it is implausible, or it lacks its zone and `zone` is None."""
    if not isinstance(value, str):
        return None
    return _clock(value) if zone is None else _read_clock(value, zone)


@lru_cache(maxsize=1_000)
def _clock(value: str) -> datetime | None:
    """What many send in one second is read once."""
    return _read_clock(value, None)


def _read_clock(value: str, zone: tzinfo | None) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    if at.tzinfo is UTC and EARLIEST_YEAR <= at.year < LATEST_YEAR:
        return at  # the common case
    if at.tzinfo is None:
        if zone is None or len(value) < 11:
            return None
        at = at.replace(tzinfo=zone)
    return plausible(at)


def epoch(value: object, per_second: float = 1.0) -> datetime | None:
    """Seconds (or parts of them) since 1970 as UTC; None where it is no number or implausible."""
    if (type(value) is not int and type(value) is not float) or not isfinite(value):
        return None
    seconds = value / per_second
    return datetime.fromtimestamp(seconds, UTC) if EARLIEST_S <= seconds < LATEST_S else None


def plausible(at: datetime) -> datetime | None:
    """The time as UTC, None outside the years in which a clock can have been set."""
    if not EARLIEST_YEAR <= at.year < LATEST_YEAR:
        return None
    return at if at.tzinfo is UTC else at.astimezone(UTC)
