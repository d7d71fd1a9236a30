"""The demonstration's scan goes through the public page, over HTTP."""

import socket
from threading import Thread

import uvicorn
from sqlalchemy import select

from store.records import Records
from store.tables import alerts
from tests.web import town
from web.app import create_app
from web.notes import new_key
from web.rehearsal import dress, pass_by


def test_a_rehearsed_scan_raises_the_alert_found(records: Records, clock: town.Clock) -> None:
    key = new_key()
    band = dress(records, "R1", by="grid_worker", key=key, now=clock())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = create_app(records, town.readings(), town.life(), now=clock, public_url=url, notes_keys=[key])
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            pass_by(url, band.card_id)
        finally:
            server.should_exit = True
            thread.join()
    with records.read() as tx:
        assert tx.scalars(select(alerts.c.household_id).where(alerts.c.kind == "found")).all() == ["H1"]
