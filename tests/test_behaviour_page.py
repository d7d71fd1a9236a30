"""The page of behaviours names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_row_of_the_behaviour_page_is_proved_by_a_test_that_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "alert-behaviour.md").read_text(encoding="utf-8")))
    there = {
        name for file in ROOT.glob("tests/**/*.py") for name in re.findall(r"def (test_\w+)", file.read_text("utf-8"))
    }
    assert len(named) > 20
    assert named - there == set()
