"""How long the finder's page takes in the server, with a million cards, beside a bare one."""

from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from store.records import Records
from store.tables import scans
from tests.web.finder_load import crowd, measure, report


@pytest.mark.soak
def test_a_finders_page_among_a_million_cards(tmp_path: Path) -> None:
    print(f"\n{report(tmp_path)}")


def test_every_finder_of_a_small_crowd_is_answered_and_every_look_is_written_down(tmp_path: Path) -> None:
    seen = measure(tmp_path, crowd(tmp_path, cards=50), rate=20, seconds=1.0)
    looked = len(seen["finder's page"].took_s)
    with closing(Records(tmp_path / "records.db")) as records, records.read() as tx:
        written = tx.scalar(select(func.count()).select_from(scans)) or 0
    assert written >= looked == 20
