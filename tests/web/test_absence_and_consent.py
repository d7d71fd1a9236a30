"""Who answers for a home says when it is empty, when they are back, and whether its water may be watched."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from notifier.devices import bound
from store.ledger import read_ledger, version
from store.records import Records
from store.tables import absences, alerts
from tests.web import town
from tests.web.conftest import SignIn, csrf


def test_an_announced_absence_puts_the_running_alert_to_rest_until_it_ends(sign_in: SignIn, records: Records) -> None:
    browser = sign_in("duty")
    token = csrf(browser.get("/households/H1").text)
    answer = browser.post("/households/H1/absence", data={"csrf": token, "until": "2026-03-20T18:00"})
    assert "Absences" in answer.text
    with records.read() as tx:
        assert tx.scalar(select(alerts.c.state).where(alerts.c.alert_id == 1)) == "absent"
    assert "Announced to be away until 20 Mar 18:00" in browser.get("/alerts/1").text
    with records.read() as tx:
        (until,) = tx.scalars(select(absences.c.until_at).where(absences.c.household_id == "H1"))
    assert until == datetime(2026, 3, 20, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize("until", ["", "soon", "2026-03-18T16:29", "2027-03-18T16:30"])
def test_an_absence_in_the_past_without_end_or_too_long_is_not_taken(
    sign_in: SignIn, records: Records, until: str
) -> None:
    browser = sign_in("duty")
    token = csrf(browser.get("/households/H2").text)
    assert browser.post("/households/H2/absence", data={"csrf": token, "until": until}).status_code == 422
    with records.read() as tx:
        assert tx.scalars(select(absences.c.absence_id)).all() == []


def test_nobody_announces_an_absence_for_another_community(sign_in: SignIn, records: Records) -> None:
    browser = sign_in("other_duty")
    token = csrf(browser.get("/households/H9").text)
    answer = browser.post("/households/H1/absence", data={"csrf": token, "until": "2026-03-20T18:00"})
    assert answer.status_code == 404
    with records.read() as tx:
        assert tx.scalars(select(absences.c.absence_id)).all() == []


def test_they_are_back_ends_the_absence_and_the_alert_waits_to_be_settled(
    sign_in: SignIn, records: Records, clock: town.Clock
) -> None:
    browser = sign_in("duty")
    token = csrf(browser.get("/households/H1").text)
    browser.post("/households/H1/absence", data={"csrf": token, "until": "2026-03-20T18:00"})
    clock.at += timedelta(hours=3)
    (absence_id,) = re.findall(r'name="absence_id" value="(\d+)"', browser.get("/households/H1").text)
    answer = browser.post("/households/H1/back", data={"csrf": token, "absence_id": absence_id})
    assert "They are back" not in answer.text
    with records.read() as tx:
        assert tx.scalar(select(alerts.c.state).where(alerts.c.alert_id == 1)) == "eased"
        assert tx.scalars(select(absences.c.until_at).where(absences.c.household_id == "H1")).all() == [clock.at]


def test_nobody_of_another_community_says_that_they_are_back(sign_in: SignIn) -> None:
    browser = sign_in("other_duty")
    token = csrf(browser.get("/households/H9").text)
    assert browser.post("/households/H1/back", data={"csrf": token}).status_code == 404


def test_a_home_is_watched_only_with_consent_and_staff_see_which_is_not(sign_in: SignIn, records: Records) -> None:
    browser = sign_in("duty")
    token = csrf(browser.get("/households/H1").text)
    with records.read() as tx:
        before = version(tx)
    browser.post("/households/H1/water-consent", data={"csrf": token, "sure": "1"})
    assert "This home&#39;s water is not watched" in browser.get("/households/H1").text
    assert "nobody consents to it: 1." in browser.get("/").text
    assert "not watched" in browser.get("/households").text
    with records.read() as tx:
        assert read_ledger(tx).without_consent == {"M1"}
        assert bound(tx, {"M1"}) == {}
        assert version(tx) == before + 1
    form = {"csrf": token, "given_by": "王秀兰", "paper": "同意书 3"}
    page = browser.post("/households/H1/water-consent", data=form).text
    assert "王秀兰, 18 Mar 2026, 同意书 3" in page
    assert "王秀兰，2026年3月18日，同意书 3" in browser.get("/households/H1?language=zh").text
    with records.read() as tx:
        assert read_ledger(tx).without_consent == set()
        assert set(bound(tx, {"M1"})) == {"M1"}


@pytest.mark.parametrize("login", ["volunteer", "operator", "other_duty"])
def test_consent_to_the_water_is_written_by_who_answers_for_the_home(
    sign_in: SignIn, records: Records, login: str
) -> None:
    browser = sign_in(login)
    token = csrf(browser.get("/").text)
    assert browser.post("/households/H3/water-consent", data={"csrf": token, "sure": "1"}).status_code == 404
    with records.read() as tx:
        assert read_ledger(tx).without_consent == set()
