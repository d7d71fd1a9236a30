"""How long the finder's page takes in the server, with a million cards: `make soak ARGS="-s -k finder_speed"`."""

import secrets
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert

from domain.wristband import BandField, BandState
from store.records import Records
from store.tables import wristbands
from tests.web import town
from tests.web.conftest import URL
from web import bands
from web.app import create_app

CARDS, VIEWS, BATCH = 1_000_000, 2_000, 50_000


@pytest.mark.soak
def test_a_finders_page_among_a_million_cards(records: Records, clock: town.Clock) -> None:
    with records.write() as tx:
        for field in BandField:
            bands.consent(tx, "R1", field, given_by="x", paper="y", recorded_by="duty", now=clock())
        card = bands.issue(tx, "R1", by="duty", now=clock(), below=secrets.randbelow).card_id
        same = {
            "resident_id": "R2", "state": BandState.ACTIVE.value, "issued_at": clock(), "issued_by": "x",
            "state_at": clock(), "state_by": "x", "state_why": "",
        }  # fmt: skip
        for start in range(0, CARDS, BATCH):
            rows = [
                same | {"card_hash": secrets.token_bytes(32), "number": f"{n:08}"} for n in range(start, start + BATCH)
            ]
            tx.execute(insert(wristbands), rows)
    browser = TestClient(create_app(records, town.readings(), town.life(), now=clock, public_url=URL), base_url=URL)
    took = []
    for _ in range(VIEWS):
        clock.at += timedelta(seconds=8)  # as often as one address may
        start_at = perf_counter()
        assert browser.get(f"/1/{card}").status_code == 200
        took.append(perf_counter() - start_at)
    took.sort()
    median, p99 = took[VIEWS // 2] * 1e3, took[-VIEWS // 100] * 1e3
    print(f"\n{CARDS} cards, {Path(records.path).stat().st_size / 1e6:.0f} MB: {median:.1f} ms, p99 {p99:.1f} ms")
    assert len(took) == VIEWS
