"""Where a recorded register breaks off is said; ordinary ones are not spoken of."""

import numpy as np
import pytest

from domain.recording import Recording
from ingest.odd_registers import oddities
from ingest.recorded import NAMED

BEGIN_S = 1_772_323_200  # 2026-03-01


def said_of(*registers_l: float) -> list[str]:
    """Of hourly readings."""
    at_s = BEGIN_S + 3600 * np.arange(len(registers_l))
    return oddities(Recording(meter_id="home", at_s=at_s, register_l=np.array(registers_l, float)))


@pytest.mark.parametrize(
    ("registers_l", "said"),
    [
        ((100, 120, 115, 130), []),  # a few litres back
        ((999_970, 999_995, 3, 20), []),  # the dial begins anew
        ((100, 120, 1_000_120, 1_000_140), ["jump at 2026-03-01T02:00:00Z, 120 to 1000120 L: the volume is not known"]),
        ((90_100, 90_120, 40, 60), ["replaced at 2026-03-01T02:00:00Z, 90120 to 40 L: the volume is not known"]),
        (
            (90_100, 90_120, 0, 90_140),
            [
                "replaced at 2026-03-01T02:00:00Z, 90120 to 0 L: the volume is not known",
                "return at 2026-03-01T03:00:00Z, 0 to 90140 L: the volume is not known",
            ],
        ),
        (
            (90_100, 90_120, 90.13, 90.14, 90.15),
            [
                "unit_change at 2026-03-01T02:00:00Z, 90120 to 90.13 L: the volume is not known, "
                "nor of the 2 intervals after it"
            ],
        ),
    ],
)
def test_each_break_is_said_once(registers_l: tuple[float, ...], said: list[str]) -> None:
    assert said_of(*registers_l) == said


@pytest.mark.parametrize("stands_at", [0, 5000])
def test_a_register_that_never_moves_is_named_once_the_safety_net_would_ring(stands_at: int) -> None:
    assert said_of(*[stands_at] * 36) == []
    assert said_of(*[stands_at] * 37) == [
        f"register_l stands at {stands_at} L in all lines: stuck, or nobody draws water"
    ]
    assert said_of(*[stands_at] * 37, stands_at + 1) == []


def test_a_register_that_breaks_off_again_and_again_is_cut_short() -> None:
    said = said_of(*(50_000.0 * hour for hour in range(NAMED + 6)))
    assert len(said) == 1  # one run
    said = said_of(*(register_l for turn in range(NAMED + 5) for register_l in (50_000.0 * turn, 50_000.0 * turn + 9)))
    assert (len(said), said[-1]) == (NAMED + 1, "and 4 more such")
