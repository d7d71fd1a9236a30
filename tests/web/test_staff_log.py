"""Which member of staff opened whose page, and who signed in: on record, shown to who keeps the home, kept a time."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from store import held
from store.records import Records
from store.security import ROUTINE_KEPT, purge, security_event
from store.tables import security_events
from tests.web import town
from tests.web.conftest import SignIn, csrf


def written(records: Records, *kinds: str) -> list[tuple[str, str, str]]:
    e = security_events.c
    with records.read() as tx:
        rows = tx.execute(select(e.kind, e.subject, e.detail).where(e.kind.in_(kinds)).order_by(e.event_id))
        return [(kind, subject, detail) for kind, subject, detail in rows]


@pytest.mark.parametrize("path", ["/households/H1", "/alerts/1", "/residents/R1"])
def test_whoever_opens_a_homes_page_is_written_down_once_an_hour(
    sign_in: SignIn, records: Records, clock: town.Clock, path: str
) -> None:
    browser = sign_in("duty")
    for _ in range(3):
        browser.get(path)
    assert written(records, "home_viewed") == [("home_viewed", "H1", "by duty")]
    clock.at += timedelta(hours=1)
    browser.get(path)
    assert len(written(records, "home_viewed")) == 2


def test_what_nobody_was_shown_is_not_written_down(sign_in: SignIn, records: Records) -> None:
    browser = sign_in("other_duty")
    for path in ("/households/H1", "/alerts/1", "/residents/R1", "/", "/households"):
        browser.get(path)
    assert written(records, "home_viewed") == []


def test_who_keeps_a_home_reads_on_its_page_who_looked(sign_in: SignIn) -> None:
    sign_in("volunteer").get("/households/H3")
    page = sign_in("duty").get("/households/H3?language=en").text
    assert "孙强" in page.partition("Who looked at this home")[2]
    assert "Who looked at this home" not in sign_in("volunteer").get("/households/H3?language=en").text


def test_a_page_is_shown_also_where_nothing_can_be_written_and_the_log_says_who_looked(
    sign_in: SignIn, records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    browser = sign_in("duty")
    with records.write() as tx:
        tx.exec_driver_sql("PRAGMA query_only=ON")  # as on a disk that has become read-only
    assert browser.get("/households/H1").status_code == 200
    assert [r.exc_info for r in caplog.records if "duty opened the page of home H1" in r.getMessage()] == [None]


def test_a_resident_who_asks_gets_the_looks_with_everything_else(sign_in: SignIn, records: Records) -> None:
    sign_in("duty").get("/households/H1")
    with records.read() as tx:
        events = held.read(tx, held.whose(tx, "R1"))["security_events"]
    assert [(event["kind"], event["detail"]) for event in events] == [("home_viewed", "by duty")]


def test_signing_in_and_guessing_are_written_down_without_what_was_typed(visitor: TestClient, records: Records) -> None:
    for number in range(15):
        visitor.post("/sign-in", data={"login": f"secret-{number}", "password": "guessed"})
    assert written(records, "password_guessing") == [("password_guessing", "testclient", "too many tries")]


def test_a_sign_in_and_a_new_password_are_on_record(sign_in: SignIn, records: Records) -> None:
    browser = sign_in("duty")
    new = {"password": town.PASSWORD, "new": "another long password", "again": "another long password"}
    browser.post("/account", data=new | {"csrf": csrf(browser.get("/account").text)})
    assert written(records, "signed_in", "account_changed") == [
        ("signed_in", "duty", "from testclient"),
        ("account_changed", "duty", "by duty"),
    ]


def test_the_operator_finds_routine_apart_from_what_is_news(sign_in: SignIn, records: Records) -> None:
    with records.write() as tx:
        security_event(tx, "exported", "R1", "by duty", town.NOW)
    browser = sign_in("operator")
    browser.get("/households/H1")
    news, routine = browser.get("/security").text, browser.get("/security?kind=routine").text
    assert "data was exported" in news
    assert "looked at a home" not in news
    assert "looked at a home" in routine
    assert "data was exported" not in routine
    assert 'class="status urgent"' not in routine
    assert browser.get("/security?kind=other").status_code == 404


def test_what_is_routine_goes_after_its_time_and_all_else_stays(records: Records) -> None:
    with records.write() as tx:
        for kind in ("home_viewed", "exported"):
            security_event(tx, kind, "H1", "by duty", town.NOW)
        purge(tx, town.NOW + ROUTINE_KEPT)
        assert tx.scalar(select(func.count()).select_from(security_events)) == 2
        purge(tx, town.NOW + ROUTINE_KEPT + timedelta(seconds=1))
        assert tx.scalars(select(security_events.c.kind)).all() == ["exported"]
