"""Whatever is sent to any address, by anybody: an answer that means something, never a fault, nothing of the inside.

The requests are made from the application's own description of its forms by schemathesis, for a stranger, a member of
staff and a guardian; a third name people, alerts and bands that exist, a third
numbers that no record holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.core.result import Ok

from config.sms import load_words
from notifier.channels.log import LogChannel
from notifier.letters import Letters
from notifier.messages import Texts
from notifier.router import Router
from store.records import Records
from tests.web import town
from tests.web.conftest import URL, csrf
from web.links import Links
from web.notes import new_key
from web.rehearsal import dress

EACH = 6  # requests for each address and visitor
LINKS = Links(URL, ["a key for links of 32 characters or more"])


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser, and the token of its forms."""

    app: FastAPI
    clock: town.Clock
    cookies: dict[str, str]
    token: str
    known: dict[str, object]


@pytest.fixture(scope="module", params=["a stranger", "staff", "a guardian"])
def visitor(request: pytest.FixtureRequest, built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    path, clock, key = tmp_path_factory.mktemp("any") / "records.db", town.Clock(), new_key()
    copy(built, path)
    records = Records(path)
    letters = Letters(Texts(words=load_words()), Router([LogChannel(lambda _: None)]), LINKS.link_for)
    band = dress(records, "R1", by="duty", key=key, now=clock(), salutation="王奶奶")
    app = town.pages(records, clock, letters, key=key, links=LINKS)
    browser, token = TestClient(app, base_url=URL), ""
    browser.post(f"/1/{band.card_id}/here")
    if request.param == "staff":
        token = csrf(browser.post("/sign-in", data={"login": "duty", "password": town.PASSWORD}).text)
    elif request.param == "a guardian":
        token = csrf(browser.post(LINKS.link_for("daughter", clock()) or "").text)
    ids = {"alert_id": 1, "household_id": "H1", "resident_id": "R1", "meeting_id": 1, "band_id": band.band_id}
    yield Visitor(app, clock, dict(browser.cookies), token, ids | {"code": band.card_id})
    records.close()


@settings(
    max_examples=EACH,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def ask(case: Case[Any], visitor: Visitor) -> None:
    visitor.clock.at += timedelta(minutes=1)
    which = len(repr(case.path_parameters) + repr(case.body)) % 3
    if which:
        known = visitor.known if which == 1 else dict.fromkeys(visitor.known, 10**30)
        case.path_parameters = {name: known.get(name, value) for name, value in case.path_parameters.items()}
    if isinstance(case.body, dict) and visitor.token:
        case.body["csrf"] = visitor.token
    answer = case.call(base_url=URL, cookies=visitor.cookies)
    assert answer.status_code < 500, case.as_curl_command()
    assert "Traceback" not in answer.text
    assert "noindex" in answer.headers["x-robots-tag"][0]


def test_any_request_gets_an_answer(visitor: Visitor) -> None:
    schema = schemathesis.openapi.from_dict(visitor.app.openapi())
    schema.app = visitor.app
    asked = set()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        given(case=operation.as_strategy(), visitor=st.just(visitor))(ask)()
        asked.add(operation.path)
    assert {"/1/{code}/medical", "/residents/{resident_id}/consent", "/family/alerts/{alert_id}/{deed}"} <= asked
