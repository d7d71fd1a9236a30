"""Nobody gets in without a password, and no other site gets anything done in the name of who is in."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, select

from store.contracts import StoreUnavailableError
from store.records import Records
from store.tables import alerts, security_events
from tests.web import town
from tests.web.conftest import URL, SignIn, csrf
from web.app import create_app


def test_nobody_gets_in_without_signing_in(visitor: TestClient) -> None:
    for path in ("/", "/alerts/1", "/households", "/households/H1"):
        assert visitor.get(path).url.path == "/sign-in", path
    assert visitor.get("/api/alerts").status_code == 401


def test_who_forgot_the_password_reads_whom_to_ask(visitor: TestClient) -> None:
    assert "运维人员可以给您重设" in visitor.get("/sign-in?language=zh").text


def test_who_asked_for_a_page_comes_to_it_by_signing_in_also_at_the_second_try(visitor: TestClient) -> None:
    def sign_in(at: str, password: str) -> tuple[str, str]:
        answer = visitor.post(at, data={"login": "duty", "password": password})
        found = re.search(r'action="(/sign-in[^"]*)"', answer.text)
        return answer.url.path, found[1] if found else ""

    form = re.search(r'action="(/sign-in[^"]*)"', visitor.get("/alerts/1").text)
    assert form
    path, again = sign_in(form[1], "wrong")
    assert path == "/sign-in"
    assert sign_in(again, town.PASSWORD) == ("/alerts/1", "")


def test_whose_session_ended_over_a_form_comes_back_to_its_page(visitor: TestClient) -> None:
    answer = visitor.post("/households/H%201/absence", data={"csrf": "old"}, follow_redirects=False)
    assert answer.headers["location"] == "/sign-in?page=/households/H%25201"


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/alerts/1//evil.example",
        "/alerts/1\r\nset-cookie: a=b",
        "javascript:alert(1)",
        "/@evil.example",
        "evil.example",
        "",
    ],
)
def test_signing_in_leads_to_no_other_site_whatever_the_link_says(visitor: TestClient, page: str) -> None:
    assert 'action="/sign-in"' in visitor.get("/sign-in", params={"page": page}).text
    form = {"login": "duty", "password": town.PASSWORD}
    answer = visitor.post("/sign-in", params={"page": page}, data=form, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_a_wrong_password_and_an_unknown_login_look_the_same(visitor: TestClient) -> None:
    wrong = visitor.post("/sign-in", data={"login": "duty", "password": "wrong"})
    unknown = visitor.post("/sign-in", data={"login": "nobody", "password": "wrong"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text == unknown.text.replace('value="nobody"', 'value="duty"')


def test_guessing_passwords_is_slowed_down_and_ends_by_itself(visitor: TestClient, clock: town.Clock) -> None:
    answers = [visitor.post("/sign-in", data={"login": "duty", "password": "guess"}).status_code for _ in range(11)]
    assert answers == [401] * 10 + [429]
    clock.at += timedelta(minutes=16)
    assert visitor.post("/sign-in", data={"login": "duty", "password": town.PASSWORD}).url.path == "/"


class FullDisk(Records):
    """Can be read, and for a while not written."""

    full = True

    @contextmanager
    def write(self) -> Iterator[Connection]:
        if self.full:
            raise StoreUnavailableError("records.db: database or disk is full")
        with super().write() as tx:
            yield tx


def test_who_guesses_is_refused_politely_on_a_full_disk_too_and_written_down_once_there_is_room(
    records: Records, clock: town.Clock
) -> None:
    disk = FullDisk(records.path)
    visitor = TestClient(create_app(disk, town.readings(), town.life(), now=clock, public_url=URL), base_url=URL)

    def guess() -> int:
        return visitor.post("/sign-in", data={"login": "duty", "password": "guess"}).status_code

    assert [guess() for _ in range(12)] == [401] * 10 + [429] * 2
    disk.full = False
    assert guess() == 429
    with closing(disk), disk.read() as tx:
        assert tx.scalars(select(security_events.c.kind)).all() == ["password_guessing"]


def test_an_office_behind_one_address_signs_in_whole_and_guesses_from_it_count(visitor: TestClient) -> None:
    def sign_in(login: str, password: str) -> int:
        return visitor.post("/sign-in", data={"login": login, "password": password}, follow_redirects=False).status_code

    assert [sign_in(f"guess-{n}", "guess") for n in range(9)] == [401] * 9
    assert [sign_in("duty", town.PASSWORD) for _ in range(12)] == [303] * 12
    assert [sign_in("nobody", "guess"), sign_in("duty", town.PASSWORD)] == [401, 429]


def test_who_guessed_while_the_clock_was_ahead_is_not_shut_out_until_that_day(
    visitor: TestClient, clock: town.Clock
) -> None:
    right, clock.at = clock.at, clock.at + timedelta(days=365)
    for _ in range(10):
        visitor.post("/sign-in", data={"login": "duty", "password": "wrong"})
    clock.at = right
    assert visitor.post("/sign-in", data={"login": "duty", "password": town.PASSWORD}).url.path == "/"


def test_a_session_ends_after_twelve_hours(sign_in: SignIn, clock: town.Clock) -> None:
    browser = sign_in("duty")
    clock.at += timedelta(hours=12, seconds=1)
    assert browser.get("/").url.path == "/sign-in"


def test_signing_out_ends_the_session_for_copies_of_the_cookie_too(sign_in: SignIn) -> None:
    browser = sign_in("duty")
    kept = dict(browser.cookies)
    browser.post("/sign-out", data={"csrf": csrf(browser.get("/").text)})
    browser.cookies.update(kept)
    assert browser.get("/").url.path == "/sign-in"


def test_over_https_the_session_cookie_is_bound_to_the_host(records: Records, clock: town.Clock) -> None:
    url = "https://anju.example"
    app = create_app(records, town.readings(), town.life(), now=clock, public_url=url)
    browser = TestClient(app, base_url=url, follow_redirects=False)
    answer = browser.post("/sign-in", data={"login": "duty", "password": town.PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-anju=")
    assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"))
    assert "Domain" not in cookie


def test_a_form_from_an_address_that_is_not_the_set_one_names_both(visitor: TestClient) -> None:
    form = {"login": "duty", "password": town.PASSWORD}
    refused = visitor.post("/sign-in", data=form, headers={"origin": "http://127.0.0.1:9999"})
    assert refused.status_code == 403
    assert "'http://127.0.0.1:9999'" in refused.text
    assert f"these pages are at {town.URL} (web.public_url)" in refused.text


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}],
)
def test_a_form_from_another_site_is_refused(sign_in: SignIn, headers: dict[str, str]) -> None:
    browser = sign_in("duty")
    token = csrf(browser.get("/alerts/1").text)
    answer = browser.post("/alerts/1/acknowledge", data={"csrf": token}, headers=headers)
    assert answer.status_code == 403


def test_a_form_without_the_sessions_token_is_refused(sign_in: SignIn, records: Records) -> None:
    browser = sign_in("duty")
    for form in ({}, {"csrf": "guessed"}):
        assert browser.post("/alerts/1/acknowledge", data=form).status_code == 403
    with records.read() as tx:
        assert tx.scalar(select(alerts.c.state).where(alerts.c.alert_id == 1)) == "notified"


def test_a_request_for_another_host_is_refused_so_that_no_rebound_name_reaches_the_pages(visitor: TestClient) -> None:
    assert visitor.get("/sign-in", headers={"host": "evil.example"}).status_code == 421


def test_a_megabyte_of_form_is_refused_before_it_is_read(visitor: TestClient) -> None:
    assert visitor.post("/sign-in", data={"login": "x" * 1_000_000}).status_code == 413


def test_every_page_carries_the_security_headers_and_is_not_kept(sign_in: SignIn) -> None:
    for path in ("/", "/alerts/1", "/households/H1", "/nowhere"):
        headers = sign_in("duty").get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert "noindex" in headers["x-robots-tag"]
