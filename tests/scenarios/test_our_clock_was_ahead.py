"""Our clock was an hour ahead and is set right: what sensors say from then on is newer than what they said before."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from ingest.bindings import Bindings
from ingest.decode import Decoder
from ingest.receive import Receiver
from ingest.sorted import Message
from store import tables as t
from tests.notifier.world import HOME, put
from tests.scenarios.detector import HOUR, MINUTE, Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Whose sensors' clocks are right."""
    home = Home(tmp_path, clock=None)
    with home.world.records.write() as tx:
        row = {"device_id": "door1", "household_id": HOME, "gateway_id": "gw1", "kind": "door_contact"}
        put(tx, "sensors", row)
    bindings = Bindings({"gas1": "gw1", "door1": "gw1"})
    home.receiver = Receiver(decoder=Decoder(), bindings=bindings, readings=home.world.readings)
    return home


def says(home: Home, event: str, on: bool, at: datetime) -> int:
    said = {"device_id": {"gas": "gas1", "open": "door1"}[event], "event": event, "on": on, "at": at.isoformat()}
    return home.hears(Message("anju/gw1/events", json.dumps(said).encode(), home.now))


def while_it_was_ahead(home: Home, event: str) -> None:
    """It said all three and was known to be an hour behind."""
    right = home.now
    home.world.now += HOUR
    for n in range(3):
        says(home, event, n == 2, right + n * 6 * MINUTE)
        home.world.now += 6 * MINUTE
    home.world.turn()
    home.world.now -= HOUR
    home.world.turn()


def test_a_danger_is_over_as_soon_as_its_detector_says_so(home: Home) -> None:
    while_it_was_ahead(home, "gas")
    (alert,) = home.world.alerts()
    assert alert["ended_at"] is None
    says(home, "gas", False, home.now)
    (alert,) = home.world.alerts()
    assert alert["ended_at"] is not None


def test_a_door_is_heard_at_once(home: Home) -> None:
    while_it_was_ahead(home, "open")
    home.world.now += MINUTE
    says(home, "open", False, home.now)
    with home.world.records.read() as tx:
        said = tx.execute(select(t.last_said.c.value, t.last_said.c.at)).one()
    assert tuple(said) == (False, home.world.now.astimezone(UTC))
