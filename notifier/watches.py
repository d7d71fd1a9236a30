"""How a home's own watch is come by: one a time zone, and its state from the bytes that were kept."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from detectors.household import HouseholdWatch
from detectors.household_state import HouseholdState, StateError

WatchIn = Callable[[ZoneInfo], HouseholdWatch]


def loaded(watch: HouseholdWatch, body: bytes) -> HouseholdState | None:
    """None where it must be learned anew, when its own readings come."""
    try:
        return watch.load(body)
    except StateError:
        return None
