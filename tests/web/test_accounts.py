"""Staff change their password, leave, and the operator sees what concerns the service's safety."""

import re
from html import unescape

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert
from typer.testing import CliRunner

from anju import app
from store.records import Records
from store.tables import security_events
from tests.web import town
from tests.web.conftest import SignIn, csrf
from web.account_pages import EVENTS_SHOWN
from web.app import create_app
from web.session import AccountError, disable_account, enable_account, password_fits, set_password

NEW = "another long password"


def sign(browser_of: SignIn, password: str) -> str:
    """Where the duty staff's browser lands with this password."""
    browser = browser_of("grid_worker")
    browser.cookies.clear()
    return browser.post("/sign-in", data={"login": "duty", "password": password}).url.path


def test_a_member_of_staff_changes_the_password_and_every_session_ends(sign_in: SignIn) -> None:
    browser = sign_in("duty")
    kept = dict(browser.cookies)
    form = {"csrf": csrf(browser.get("/account").text), "password": town.PASSWORD, "new": NEW, "again": NEW}
    assert browser.post("/account", data=form).url.path == "/sign-in"
    browser.cookies.update(kept)
    assert browser.get("/").url.path == "/sign-in"
    assert (sign(sign_in, town.PASSWORD), sign(sign_in, NEW)) == ("/sign-in", "/")


def test_a_visitor_of_the_demonstration_locks_no_other_out(records: Records, clock: town.Clock) -> None:
    demo = create_app(records, town.readings(), town.life(), now=clock, public_url=town.URL, signed_in_as="duty")
    browser = TestClient(demo, base_url=town.URL, headers={"accept-language": "en"})
    assert 'type="password"' not in browser.get("/account").text
    token = csrf(browser.get("/alerts/1").text)
    for _ in range(12):  # more than may be tried
        form = {"csrf": token, "password": town.PASSWORD, "new": NEW, "again": NEW}
        answer = browser.post("/account", data=form, follow_redirects=False)
        assert (answer.status_code, "all visitors share this account" in answer.text) == (403, True)
    with records.read() as tx:
        assert password_fits(tx, "duty", town.PASSWORD)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"password": "wrong"}, "current password is wrong"),
        ({"again": "something else"}, "differ"),
        ({"new": "short", "again": "short"}, "10 to 200"),
    ],
)
def test_a_password_that_will_not_do_is_said_so_and_nothing_changes(
    sign_in: SignIn, changed: dict[str, str], said: str
) -> None:
    browser = sign_in("duty")
    form = {"csrf": csrf(browser.get("/account").text), "password": town.PASSWORD, "new": NEW, "again": NEW}
    answer = browser.post("/account", data=form | changed)
    assert answer.status_code == 422
    assert said in answer.text
    assert sign(sign_in, town.PASSWORD) == "/"


def test_who_leaves_is_signed_out_at_once_and_signs_in_no_more(
    sign_in: SignIn, records: Records, clock: town.Clock
) -> None:
    browser = sign_in("duty")
    with records.write() as tx:
        disable_account(tx, "duty", clock())
    assert browser.get("/").url.path == "/sign-in"
    assert sign(sign_in, town.PASSWORD) == "/sign-in"
    with records.write() as tx:
        enable_account(tx, "duty")
    assert sign(sign_in, town.PASSWORD) == "/"


def test_an_account_that_is_not_there_can_be_neither_disabled_nor_changed(records: Records, clock: town.Clock) -> None:
    with records.write() as tx:
        with pytest.raises(AccountError, match="no account 'dutty'"):
            disable_account(tx, "dutty", clock())
        with pytest.raises(AccountError, match="no account 'dutty'"):
            set_password(tx, "dutty", NEW)


def test_the_operator_sees_security_events_and_marks_them_as_seen(
    sign_in: SignIn, records: Records, clock: town.Clock
) -> None:
    with records.write() as tx:
        event = {"at": clock(), "kind": "guessing", "subject": "203.0.113.0/24", "detail": "10 unknown codes"}
        tx.execute(insert(security_events).values(event))
    browser = sign_in("operator")
    page = browser.get("/security").text
    assert "Somebody guesses wristband codes" in page
    assert "203.0.113.0/24" in page
    browser.post("/security/seen", data={"csrf": csrf(page), "up_to": "1"})
    assert "Mark all as seen" not in browser.get("/security").text


def test_older_security_events_than_a_page_holds_stand_on_the_next(
    sign_in: SignIn, records: Records, clock: town.Clock
) -> None:
    with records.write() as tx:
        for number in range(1, EVENTS_SHOWN + 2):
            event = {"at": clock(), "kind": "guessing", "subject": f"net-{number}.", "detail": "10 unknown codes"}
            tx.execute(insert(security_events).values(event))
    browser = sign_in("operator")
    first = browser.get("/security").text
    assert ("net-2." in first, "net-1." in first) == (True, False)
    older = re.search(r'href="(/security\?kind=events&before=\d+)"', unescape(first))
    assert older is not None
    second = browser.get(older[1]).text
    assert ("net-2." in second, "net-1." in second, "Older ones" in second) == (False, True, False)
    assert "Mark all as seen" not in second  # it would leave the newer ones unseen


@pytest.mark.parametrize("login", ["duty", "grid_worker", "volunteer", "other_duty"])
def test_security_events_are_the_operators_alone(sign_in: SignIn, login: str) -> None:
    browser = sign_in(login)
    assert browser.get("/security").status_code == 404
    token = csrf(browser.get("/").text)
    assert browser.post("/security/seen", data={"csrf": token, "up_to": "9"}).status_code == 404


@pytest.mark.parametrize(
    ("login", "contact", "said"),
    [
        ("new", "nobody", "no 'nobody' in the ledger"),
        ("new", "daughter", "is a guardian"),
        ("duty", "duty", "is taken"),
    ],
)
def test_an_account_that_cannot_be_is_said_so_before_anybody_thinks_of_a_password(
    records: Records, monkeypatch: pytest.MonkeyPatch, login: str, contact: str, said: str
) -> None:
    monkeypatch.setenv("ANJU_STORE_FOLDER", str(records.path.parent))
    result = CliRunner().invoke(app, ["account", "add", login, "--contact", contact])
    assert said in result.stderr
    assert "assword" not in result.output


def test_who_may_sign_in_is_listed_and_whose_account_is_closed(
    records: Records, monkeypatch: pytest.MonkeyPatch, clock: town.Clock
) -> None:
    monkeypatch.setenv("ANJU_STORE_FOLDER", str(records.path.parent))
    with records.write() as tx:
        disable_account(tx, "duty", clock())
    said = CliRunner().invoke(app, ["account", "list"]).stdout.splitlines()
    assert len(said) == 5
    assert said[:2] == ["duty  周敏  duty_staff  (closed)", "grid_worker  刘芳  grid_worker"]


def test_an_account_is_made_with_the_password_typed_twice(
    records: Records, monkeypatch: pytest.MonkeyPatch, sign_in: SignIn
) -> None:
    monkeypatch.setenv("ANJU_STORE_FOLDER", str(records.path.parent))
    typed = f"{NEW}\n{NEW}\n"
    result = CliRunner().invoke(app, ["account", "add", "second", "--contact", "duty"], input=typed)
    assert "second can sign in" in result.stdout
    assert sign_in("duty").post("/sign-in", data={"login": "second", "password": NEW}).url.path == "/"
