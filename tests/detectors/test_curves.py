"""Hours and days of the fleet's clock, which are found without a division."""

from typing import TypeVar, cast

from hypothesis import example, given
from hypothesis import strategies as st

from detectors.fleet import curves

F = TypeVar("F")


def plain(function: F) -> F:
    """As it stands, uncompiled."""
    return cast("F", getattr(function, "py_func", function))


@given(hour=st.integers(0, 2**32 // 3600), second=st.sampled_from([0.0, 15.0, 16.0, 3599.0]))
@example(hour=2**32 // 3600 - 1, second=3599.0)
def test_hours_and_days_are_those_of_a_division_until_2106(hour: int, second: float) -> None:
    at_s = 3600.0 * hour + second
    if at_s < 2**32:
        assert plain(curves.hour_of)(at_s) == hour
    assert plain(curves.day_of)(hour) == hour // 24
