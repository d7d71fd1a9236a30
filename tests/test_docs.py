"""Every page of the docs is found from their first one, and no link of any page leads nowhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
FIRST = ROOT / "docs" / "README.md"


def linked(page: Path) -> set[Path]:
    """What of the project a page leads to."""
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    return {(page.parent / one.split("#")[0]).resolve() for one in targets if not re.match(r"\w+:|#", one)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_leads_nowhere(page: Path) -> None:
    assert [str(one) for one in linked(page) if not one.exists()] == []


def test_every_page_is_found_from_the_first() -> None:
    assert set((ROOT / "docs").glob("*.md")) - linked(FIRST) == {FIRST}
    assert all(FIRST in linked(ROOT / name) for name in ("README.md", "README.zh-CN.md"))
