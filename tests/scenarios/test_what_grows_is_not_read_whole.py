"""Texts and alerts grow for years: what the service does at every turn must not read all that there ever were."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from domain.finding import AlertKind, Level
from domain.reading import DeviceEvent
from notifier.audit import audit
from notifier.outbox import OutboxRules
from notifier.service import NotifierRules
from tests.notifier.world import HOME, World, at, silence

GROWING = ("messages", "alerts", "alert_events", "replies")


@contextmanager
def queries() -> Iterator[set[tuple[str, tuple[Any, ...]]]]:
    """What is asked of the records meanwhile."""
    asked: set[tuple[str, tuple[Any, ...]]] = set()

    def note(_: object, __: object, statement: str, parameters: tuple[Any, ...], *___: object) -> None:
        if statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE")):
            asked.add((statement, tuple(parameters)))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_no_turn_and_no_look_at_the_services_health_reads_every_text_or_alert_there_ever_was(tmp_path: Path) -> None:
    world = World(tmp_path, rules=NotifierRules(outbox=OutboxRules(daily_cost=0.2)))
    with queries() as asked:
        alert_id = world.raise_alert(silence(Level.ASK, world.now))
        with world.records.write() as tx:
            world.life.service_down(tx, "twilio", "HTTP 500", world.now)
        world.happens(DeviceEvent(device_id="sos1", at=world.now, kind="sos"))
        world.until(at("09:00"))
        with world.records.write() as tx:
            world.life.acknowledge(tx, alert_id, by="daughter", now=world.now)
            world.life.ease(tx, HOME, AlertKind.LOW_USE, world.now, world.now)
        world.until(at("10:00"))
        with world.records.read() as tx:
            audit(tx, world.now, channels=["twilio"])
    whole = set()
    with sqlite3.connect(tmp_path / "records.db") as db:
        for statement, parameters in asked:
            for *_, step in db.execute(f"EXPLAIN QUERY PLAN {statement}", parameters):
                if any(step.startswith(f"SCAN {name}") for name in GROWING):
                    whole.add((step, statement))
    assert len(asked) > 100
    assert not whole
