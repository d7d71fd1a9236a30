"""What goes on for hours is noted once an hour, not with every message."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from store.migrations import migrate
from store.records import Records
from store.security import SecurityLog
from store.tables import security_events

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_the_same_event_is_noted_once_an_hour(tmp_path: Path) -> None:
    migrate(tmp_path / "records.db")
    records = Records(tmp_path / "records.db")
    log = SecurityLog(records)
    for minute in range(150):
        log.note(at=NOW + timedelta(minutes=minute), kind="wrong_gateway", subject="m1", detail="gw2 for gw1")
    log.note(at=NOW, kind="wrong_gateway", subject="m2", detail="gw2 for gw1")
    with records.read() as tx:
        found = [tuple(row) for row in tx.execute(select(security_events.c.at, security_events.c.subject))]
    assert found == [(NOW + timedelta(minutes=m), "m1") for m in (0, 60, 120)] + [(NOW, "m2")]
    records.close()


def test_a_clock_that_was_set_back_silences_no_event(tmp_path: Path) -> None:
    migrate(tmp_path / "records.db")
    records = Records(tmp_path / "records.db")
    log = SecurityLog(records)
    for at in (NOW + timedelta(days=365), NOW):
        log.note(at=at, kind="wrong_gateway", subject="m1", detail="gw2 for gw1")
    with records.read() as tx:
        assert len(tx.execute(select(security_events)).all()) == 2
    records.close()
