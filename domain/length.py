"""A length of time as people say it, in one unit: 364 days, not 364 days, 23:32:55."""

from datetime import timedelta

_UNITS = (("days", timedelta(days=1)), ("hours", timedelta(hours=1)), ("minutes", timedelta(minutes=1)))


def in_words(length: timedelta) -> str:
    """The largest unit of which it holds two or more, never rounded up; seconds below."""
    for name, unit in _UNITS:
        if length >= 2 * unit:
            return f"{length // unit} {name}"
    return f"{length // timedelta(seconds=1)} seconds"
