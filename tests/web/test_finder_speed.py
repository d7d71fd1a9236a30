"""How long the finder's page takes in the server, with a million cards, beside a bare one.

nice -n -10 .venv/bin/pytest -m soak -s tests/web/test_finder_speed.py
"""

import asyncio
import secrets
from collections.abc import MutableMapping
from os import getloadavg
from time import perf_counter
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import insert

from domain.wristband import BandField, BandState
from store.records import Records
from store.tables import wristbands
from tests.web import town
from tests.web.conftest import URL
from web import bands
from web.app import create_app

CARDS, VIEWS, BATCH, RATE = 1_000_000, 2_000, 50_000, 200


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
    app = create_app(records, town.readings(), town.life(), now=clock, public_url=URL)
    for name, path in (("bare page", "/health"), ("finder's page", f"/1/{card}")):
        took = asyncio.run(serve(app, path, clock))
        took.sort()
        median, p99 = took[VIEWS // 2] * 1e3, took[-VIEWS // 100] * 1e3
        print(
            f"\n{CARDS} cards, {RATE}/s, {name}: median {median:.1f} ms, p99 {p99:.1f} ms, load {getloadavg()[0]:.1f}"
        )
        assert len(took) == VIEWS


async def serve(app: FastAPI, path: str, clock: town.Clock) -> list[float]:
    """Seconds from each request to the last byte of its answer, begun RATE times a second whatever the others do."""
    took: list[float] = []

    async def one(number: int) -> None:
        client = (f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", 1)
        scope = {
            "type": "http", "http_version": "1.1", "method": "GET", "path": path, "raw_path": path.encode(),
            "query_string": b"", "headers": [(b"host", b"127.0.0.1:8000")], "client": client, "scheme": "http",
            "server": ("127.0.0.1", 8000), "root_path": "", "asgi": {"version": "3.0"},
        }  # fmt: skip
        begun_at = perf_counter()

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            assert message.get("status", 200) == 200
            if message["type"] == "http.response.body" and not message.get("more_body"):
                took.append(perf_counter() - begun_at)

        await app(scope, receive, send)

    begin, running = perf_counter(), []
    for number in range(VIEWS):
        await asyncio.sleep(max(0.0, begin + number / RATE - perf_counter()))
        running.append(asyncio.create_task(one(number)))
    await asyncio.gather(*running)
    return took
