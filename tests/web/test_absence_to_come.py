"""An absence may be announced before it begins, and be taken back by itself."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from store.records import Records
from store.tables import absences, alerts, communities
from tests.web import town
from tests.web.conftest import SignIn, csrf

SATURDAY = {"begins": "2026-03-21T08:00", "until": "2026-03-22T20:00"}


def kept(records: Records) -> list[tuple[datetime, datetime]]:
    with records.read() as tx:
        rows = tx.execute(select(absences.c.from_at, absences.c.until_at).order_by(absences.c.from_at))
        return [(row.from_at, row.until_at) for row in rows]


def ids(page: str) -> list[str]:
    return re.findall(r'name="absence_id" value="(\d+)"', page)


def put(records: Records, household_id: str, begins: timedelta, ends: timedelta) -> None:
    with records.write() as tx:
        row = {"household_id": household_id, "from_at": town.NOW + begins, "until_at": town.NOW + ends}
        tx.execute(insert(absences).values(row))


def test_it_is_listed_with_its_beginning_and_an_alert_that_runs_goes_on(sign_in: SignIn, records: Records) -> None:
    browser = sign_in("duty")
    token = csrf(browser.get("/households/H1").text)
    page = browser.post("/households/H1/absence", data={"csrf": token, **SATURDAY}).text
    begins, ends = datetime(2026, 3, 21, 0, 0, tzinfo=UTC), datetime(2026, 3, 22, 12, 0, tzinfo=UTC)
    assert kept(records) == [(begins, ends)]
    assert "21 Mar 08:00</time> – <time" in page
    assert "Take it back" in page
    assert "They are back" not in page
    with records.read() as tx:
        assert tx.scalar(select(alerts.c.state).where(alerts.c.alert_id == 1)) == "notified"


def test_what_began_while_the_form_was_filled_in_begins_now(sign_in: SignIn, records: Records) -> None:
    browser = sign_in("duty")
    token = csrf(browser.get("/households/H1").text)
    form = {"csrf": token, "begins": "2026-03-18T16:20", "until": "2026-03-20T18:00"}
    assert browser.post("/households/H1/absence", data=form).status_code == 200
    with records.read() as tx:
        assert tx.scalar(select(alerts.c.state).where(alerts.c.alert_id == 1)) == "absent"
    assert kept(records)[0][0] <= town.NOW


@pytest.mark.parametrize(
    ("begins", "until", "end"),
    [("2026-03-29T01:30", "2026-03-29T03:30", 1), ("2026-03-29T01:30", "2026-03-30T01:30", 23)],
)
def test_on_the_day_on_which_clocks_change_it_lasts_as_long_as_the_homes_clock_says(
    sign_in: SignIn, records: Records, begins: str, until: str, end: int
) -> None:
    with records.write() as tx:
        tx.execute(update(communities).values(timezone="Europe/Madrid"))
    browser = sign_in("duty")
    token = csrf(browser.get("/households/H2").text)
    form = {"csrf": token, "begins": begins, "until": until}
    assert browser.post("/households/H2/absence", data=form).status_code == 200
    at = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert kept(records) == [(at, at + end * town.HOUR)]


def test_each_is_taken_back_by_itself_one_to_come_without_a_trace_and_one_that_runs_ends_now(
    sign_in: SignIn, records: Records, clock: town.Clock
) -> None:
    put(records, "H2", -town.HOUR, timedelta(days=1))
    put(records, "H2", timedelta(days=3), timedelta(days=4))
    browser = sign_in("duty")
    page = browser.get("/households/H2").text
    token, (running, coming) = csrf(page), ids(page)
    page = browser.post("/households/H2/back", data={"csrf": token, "absence_id": coming}).text
    assert kept(records) == [(town.NOW - town.HOUR, town.NOW + timedelta(days=1))]
    assert ids(page) == [running]
    browser.post("/households/H2/back", data={"csrf": token, "absence_id": coming})  # from a page of before
    assert kept(records)[0][1] == town.NOW + timedelta(days=1)
    clock.at += town.HOUR
    page = browser.post("/households/H2/back", data={"csrf": token, "absence_id": running}).text
    assert kept(records) == [(town.NOW - town.HOUR, clock.at)]
    assert ids(page) == []


def test_one_that_has_begun_since_the_page_was_opened_ends_now(
    sign_in: SignIn, records: Records, clock: town.Clock
) -> None:
    put(records, "H2", town.HOUR, timedelta(days=1))
    browser = sign_in("duty")
    page = browser.get("/households/H2").text
    clock.at += 2 * town.HOUR
    browser.post("/households/H2/back", data={"csrf": csrf(page), "absence_id": ids(page)[0]})
    assert kept(records) == [(town.NOW + town.HOUR, clock.at)]


@pytest.mark.parametrize("begins", [-town.HOUR, town.HOUR])
def test_another_homes_is_out_of_reach(sign_in: SignIn, records: Records, begins: timedelta) -> None:
    put(records, "H1", begins, timedelta(days=1))
    before = kept(records)
    browser = sign_in("duty")
    (absence_id,) = ids(browser.get("/households/H1").text)
    token = csrf(browser.get("/households/H2").text)
    browser.post("/households/H2/back", data={"csrf": token, "absence_id": absence_id})
    browser = sign_in("other_duty")
    form = {"csrf": csrf(browser.get("/households/H9").text), "absence_id": absence_id}
    assert browser.post("/households/H1/back", data=form).status_code == 404
    assert kept(records) == before
