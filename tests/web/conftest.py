"""The town, and staff who sign in to it."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from shutil import copy
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, insert

from detectors.household import HouseholdWatch
from detectors.parameters import WatchParameters
from store.records import Records
from store.tables import absences, detector_states
from tests.web import town
from web.app import create_app

URL = town.URL
SignIn = Callable[[str], TestClient]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town's file, made once: hashing its passwords takes a while."""
    path = tmp_path_factory.mktemp("town") / "records.db"
    town.build(path)
    return path


@pytest.fixture
def records(built: Path, tmp_path: Path) -> Iterator[Records]:
    path = tmp_path / "records.db"
    copy(built, path)
    own = Records(path)
    yield own
    own.close()


@pytest.fixture
def clock() -> town.Clock:
    return town.Clock()


@pytest.fixture
def watched(records: Records) -> None:
    """The states that the service would have kept of the town's meters."""
    watch, registers = HouseholdWatch(WatchParameters(), ZoneInfo("Asia/Shanghai")), town.readings()
    with records.write() as tx:
        tx.execute(delete(absences))
        for meter_id in ("M1", "M2", "M3"):
            state = watch.start()
            for at, register_l in registers.registers(meter_id, town.NOW - timedelta(days=30), town.NOW + town.HOUR):
                watch.observe(state, at, register_l)
            tx.execute(insert(detector_states).values(meter_id=meter_id, body=watch.dump(state)))


@pytest.fixture
def visitor(records: Records, clock: town.Clock) -> TestClient:
    """A browser that hasn't signed in."""
    app = create_app(records, town.readings(), town.life(), now=clock, public_url=URL)
    return TestClient(app, base_url=URL, headers={"accept-language": "en"})


@pytest.fixture
def sign_in(visitor: TestClient) -> SignIn:
    """Signs the browser in as one of the town's staff."""

    def signed_in(login: str) -> TestClient:
        visitor.cookies.clear()
        answer = visitor.post("/sign-in", data={"login": login, "password": town.PASSWORD})
        assert answer.url.path == "/", answer.text
        return visitor

    return signed_in


def csrf(page: str) -> str:
    """The token of a page's forms."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page
    return found[1]
