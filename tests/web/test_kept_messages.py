"""Whoever runs the service sees which messages weren't taken, and why."""

import re

import pytest
from fastapi.testclient import TestClient

from store.contracts import Batch, Kept
from store.records import Records
from tests.web import town
from tests.web.conftest import URL, SignIn
from web.app import create_app


def browser(records: Records, clock: town.Clock, login: str) -> TestClient:
    readings = town.readings()
    payloads = {
        "refused": (b'<script>alert(1)</script>\xff\x00"7"', "register_l: a number was expected, not '7'"),
        "quarantined": (b"{}", "device 'meter-9' is in no ledger"),
    }
    for kind, (payload, reason) in payloads.items():
        kept = Kept(kind=kind, received_at=clock(), topic="anju/gw/readings", payload=payload, reason=reason)
        readings.commit(Batch(kept=[kept] * 3))
    app = create_app(records, readings, town.life(), now=clock, public_url=URL)
    client = TestClient(app, base_url=URL, headers={"accept-language": "en"})
    client.post("/sign-in", data={"login": login, "password": town.PASSWORD})
    return client


def test_the_operator_sees_topic_payload_and_reason_and_how_often(records: Records, clock: town.Clock) -> None:
    page = browser(records, clock, "operator").get("/messages").text
    assert "<span>register_l: a number was expected, not &#39;7&#39;</span><b>3</b>" in page
    assert "anju/gw/readings" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\xff\\x00&#34;7&#34;" in page
    assert "is in no ledger" not in page


def test_reasons_that_differ_in_a_value_alone_are_one_kind_told_by_the_newest(
    records: Records, clock: town.Clock
) -> None:
    readings = town.readings()
    for n in (1, 2, 3):
        for reason in (
            f"at: 2026-03-1{n}T08:00:00+00:00 is {n} days ahead of our clock",
            f"[{n}] total_m3: a number was expected, not '{n}'; {n} more of this message",
            f"total_l: a number was expected, not '{n}'",
            "'regster_l' is no field of a reading; did you mean register_l?",
            "'kind' is no field of an event; known are at, event",
            "a reason that nobody has translated",
        ):
            kept = Kept(kind="refused", received_at=clock(), topic="anju/gw/readings", payload=b"{}", reason=reason)
            readings.commit(Batch(kept=[kept]))
    app = create_app(records, readings, town.life(), now=clock, public_url=URL, signed_in_as="operator")
    page = TestClient(app, base_url=URL).get("/messages?language=en").text
    assert re.findall(r"<span>([^<]*)</span><b>(\d+)</b>", page) == [
        ("a reason that nobody has translated", "3"),
        ("&#39;kind&#39; is no field of an event; known are at, event", "3"),
        ("&#39;regster_l&#39; is no field of a reading; did you mean register_l?", "3"),
        ("total_l: a number was expected, not &#39;3&#39;", "3"),
        ("[3] total_m3: a number was expected, not &#39;3&#39;; 3 more of this message", "3"),
        ("at: 2026-03-13T08:00:00+00:00 is 3 days ahead of our clock", "3"),
    ]


def test_in_chinese_the_reason_is_told_in_chinese_with_the_sentence_of_the_log_below(
    records: Records, clock: town.Clock
) -> None:
    page = browser(records, clock, "operator").get("/messages?language=zh").text
    assert "register_l：应为数字，却是&#39;7&#39;<br><small" in page
    assert "register_l: a number was expected, not &#39;7&#39;</small>" in page


def test_what_is_in_quarantine_stands_apart(records: Records, clock: town.Clock) -> None:
    page = browser(records, clock, "operator").get("/messages?kind=quarantined").text
    assert "<span>device &#39;meter-9&#39; is in no ledger</span><b>3</b>" in page
    assert "a number was expected" not in page


def test_another_kind_is_no_page(records: Records, clock: town.Clock) -> None:
    assert browser(records, clock, "operator").get("/messages?kind=nonsense").status_code == 404


@pytest.mark.parametrize("login", ["duty", "grid_worker", "volunteer", "other_duty"])
def test_messages_are_for_whoever_runs_the_whole_service(sign_in: SignIn, login: str) -> None:
    assert sign_in(login).get("/messages").status_code == 404
