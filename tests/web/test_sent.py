"""A form that can't be taken names every fault by field and value, and gives back what was typed; secrets never."""

import re
from collections.abc import Mapping

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

from domain.wristband import BandField
from store import consents
from store.records import Records
from store.tables import absences, alerts, households, wristband_profiles
from store.tables import consents as consents_table
from tests.web import town
from tests.web.conftest import URL, SignIn, csrf
from web.app import create_app
from web.notes import new_key

LONG = "很长" * 300
OUTSIDE = "2026-12-24T10:00"  # long after town.NOW
SETTLE, AWAY, WATER = "/alerts/1/resolve", "/households/H1/absence", "/households/H1/water-consent"
CONSENT, PROFILE, NOTES = "/residents/R1/consent", "/residents/R1/profile", "/residents/R1/notes"
MISSING = "please fill this in."
FROM, NOT_PAST = "Away from (empty: now): ", "won&#39;t do; please give a time still to come, or none."


@pytest.fixture
def staff(records: Records, clock: town.Clock) -> TestClient:
    """The duty staff's browser; medical notes may be written, and consent to the water has no paper yet."""
    with records.write() as tx:
        tx.execute(update(households).values(water_consent_paper=None))
        consents.consent(tx, "R1", BandField.HEALTH, given_by="王秀兰", paper="17", recorded_by="duty", now=clock())
    app = create_app(records, town.readings(), town.life(), now=clock, public_url=URL, notes_keys=[new_key()])
    browser = TestClient(app, base_url=URL)
    browser.post("/sign-in", data={"login": "duty", "password": town.PASSWORD})
    return browser


def faults(page: str) -> list[str]:
    """What the page says is wrong, one a line."""
    (said,) = re.findall(r'<div class="wrong" role="alert"[^>]*>(.*?)</div>', page)
    return [re.sub("<[^>]+>", "", one) for one in re.findall("<p>(.*?)</p>", said)]


def send(browser: TestClient, path: str, **form: str) -> str:
    page = browser.get(path.rpartition("/")[0]).text
    answer = browser.post(path, data={"csrf": csrf(page)} | form)
    assert answer.status_code == 422
    return answer.text


@pytest.mark.parametrize(
    ("path", "form", "said"),
    [
        (SETTLE, {}, ["Outcome: please take one of the choices.", f"What you found: {MISSING}"]),
        (SETTLE, {"outcome": "safe", "note": " "}, [f"What you found: {MISSING}"]),
        (SETTLE, {"note": "她在家"}, ["Outcome: please take one of the choices."]),
        (SETTLE, {"outcome": "x", "note": "她在家"}, ["Outcome: “x” won&#39;t do; please take one of the choices."]),
        (SETTLE, {"outcome": "safe", "note": LONG}, ["What you found: too long, 600 characters of at most 500."]),
        (
            AWAY,
            {"until": OUTSIDE},
            ["Away until: “2026-12-24 10:00” won&#39;t do; please give a time within the next 60 days."],
        ),
        (AWAY, {"until": "soon"}, ["Away until: “soon” won&#39;t do; please give a time within the next 60 days."]),
        (AWAY, {}, ["Away until: please give a time within the next 60 days."]),
        (AWAY, {"begins": "2026-03-18T16:19", "until": "2026-03-20T08:00"}, [f"{FROM}“2026-03-18 16:19” {NOT_PAST}"]),
        (AWAY, {"begins": "soon", "until": "2026-03-20T08:00"}, [f"{FROM}“soon” {NOT_PAST}"]),
        (
            AWAY,
            {"begins": "2026-03-20T08:00", "until": "2026-03-20T08:00"},
            [f"{FROM}“2026-03-20 08:00” won&#39;t do; it must be before the end."],
        ),
        (
            AWAY,
            {"begins": OUTSIDE, "until": "2026-12-25T10:00"},
            [
                f"{FROM}“2026-12-24 10:00” won&#39;t do; please give a time within the next 60 days.",
                "Away until: “2026-12-25 10:00” won&#39;t do; please give a time within the next 60 days.",
            ],
        ),
        (WATER, {}, [f"Who consented: {MISSING}", f"On which paper: {MISSING}"]),
        (WATER, {"given_by": "女儿王丽"}, [f"On which paper: {MISSING}"]),
        (CONSENT, {"field": "name"}, [f"Who consented: {MISSING}", f"On which paper: {MISSING}"]),
        (CONSENT, {"field": "name", "paper": "同意书 2026-18"}, [f"Who consented: {MISSING}"]),
        (
            PROFILE,
            {"salutation": LONG, "all_at_once": "1"},
            ["Form of address (for example: Grandma Wang): too long, 600 characters of at most 30."],
        ),
        (
            NOTES,
            {"care": "耳背", "history": LONG},
            ["Medical history: too long, 600 characters of at most 500."],
        ),
    ],
)
def test_every_fault_is_named_at_once_what_was_typed_stays_and_nothing_is_written(
    staff: TestClient, records: Records, path: str, form: Mapping[str, str], said: list[str]
) -> None:
    before = written(records)
    page = send(staff, path, **form)
    assert faults(page) == said
    for name, typed in form.items():
        if name not in {"outcome", "field", "all_at_once"}:
            assert f'name="{name}" value="{typed}"' in page or re.search(f'name="{name}"[^>]*>{typed}</textarea>', page)
    if form.get("outcome") == "safe":
        assert 'value="safe" required checked' in page
    if "all_at_once" in form:
        assert 'name="all_at_once" value="1" checked' in page
    assert page.count('aria-invalid="true"') == len(said)
    assert f'data-page="{path.rpartition("/")[0]}"' in page
    assert written(records) == before


def written(records: Records) -> list[object]:
    with records.read() as tx:
        counted = [absences, consents_table, wristband_profiles]
        return [
            *(tx.scalar(select(func.count()).select_from(table)) for table in counted),
            tx.execute(select(alerts.c.state, alerts.c.outcome).order_by(alerts.c.alert_id)).all(),
            tx.execute(select(households.c.water_consent_by, households.c.water_consent_paper)).all(),
        ]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, [f"Login: {MISSING}", f"Password: {MISSING}"]),
        ({"login": "liu.fang"}, [f"Password: {MISSING}"]),
        ({"login": "liu.fang", "password": "geheimnis!"}, ["Login or password is wrong."]),
    ],
)
def test_who_signs_in_keeps_the_login_and_types_the_password_again(
    visitor: TestClient, form: Mapping[str, str], said: list[str]
) -> None:
    page = visitor.post("/sign-in", data=dict(form)).text
    assert faults(page) == said
    assert f'name="login" value="{form.get("login", "")}"' in page
    assert "geheimnis!" not in page


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, [f"Current password: {MISSING}", f"New password (10 characters or more): {MISSING}"]),
        (
            {"password": town.PASSWORD, "new": "kurz!", "again": "anders"},
            [
                "New password (10 characters or more): A password has 10 to 200 characters.",
                "New password once more: The two new passwords differ.",
            ],
        ),
        (
            {"password": "falsch", "new": "ein neues Passwort", "again": "ein neues Passwort"},
            ["Current password: The current password is wrong."],
        ),
    ],
)
def test_a_new_password_s_faults_are_named_at_once_and_no_secret_comes_back(
    sign_in: SignIn, form: Mapping[str, str], said: list[str]
) -> None:
    browser = sign_in("duty")
    page = browser.post("/account", data={"csrf": csrf(browser.get("/account").text)} | dict(form)).text
    assert faults(page) == said
    assert not any(secret in page for secret in form.values())


def test_the_switch_of_the_language_leads_to_what_is_shown_and_not_where_nothing_is(staff: TestClient) -> None:
    assert 'href="?q=%E7%8E%8B&amp;language=zh"' in staff.get("/households", params={"q": "王"}).text
    assert 'href="/alerts/1?language=zh"' in send(staff, SETTLE)
    gone = staff.post("/alerts/1/arrive", data={"csrf": "of yesterday"}).text
    assert "language=zh" not in gone
