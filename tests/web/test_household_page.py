"""A home's page: first what holds now, then its meters' water, then its people and its past."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from detectors.household_state import dump, load
from store.records import Records
from store.tables import absences, alerts, detector_states, households, messages, meters, unwatched
from tests.web import town
from tests.web.conftest import SignIn


def test_what_runs_and_where_they_are_stand_before_the_chart_and_what_is_settled_after_it(
    sign_in: SignIn, records: Records
) -> None:
    with records.write() as tx:
        until_at = town.NOW + timedelta(days=2)
        tx.execute(insert(absences).values(household_id="H1", from_at=town.NOW - town.HOUR, until_at=until_at))
    page = sign_in("duty").get("/households/H1").text
    order = ["away until", 'href="/alerts/1"', "Water in the last 14 days", "Wristbands", 'class="alert settled"']
    assert [*sorted(order, key=page.index)] == order
    assert page.count('<li class="alert') == 2


def test_on_a_phone_one_tap_leads_past_the_chart_to_whom_to_call(sign_in: SignIn) -> None:
    page = sign_in("duty").get("/households/H1").text
    order = ['<a class="button" href="#people">', "Water in the last 14 days", 'id="people"', "tel:"]
    assert [*sorted(order, key=page.index)] == order


def test_a_running_alert_is_never_pushed_off_the_page_by_newer_ones(sign_in: SignIn, records: Records) -> None:
    with records.write() as tx:
        for alert_id in range(100, 125):
            town.raise_alert(tx, alert_id, "H1", "first_use", state="resolved", hours=1)
        tx.execute(update(alerts).where(alerts.c.alert_id >= 100).values(raised_at=town.NOW))
    assert 'href="/alerts/1"' in sign_in("duty").get("/households/H1").text


def test_an_absence_to_come_is_not_told_as_one_that_holds(sign_in: SignIn, records: Records) -> None:
    with records.write() as tx:
        begins, ends = town.NOW + timedelta(days=1), town.NOW + timedelta(days=2)
        tx.execute(insert(absences).values(household_id="H1", from_at=begins, until_at=ends))
    assert "away until" not in sign_in("duty").get("/households/H1").text


def test_of_several_meters_each_chart_is_named_and_what_colours_mean_is_said_once(
    sign_in: SignIn, records: Records
) -> None:
    with records.write() as tx:
        tx.execute(update(meters).where(meters.c.meter_id == "M3").values(household_id="H1"))
    for path in ("/households/H1", "/alerts/1"):
        page = sign_in("duty").get(path).text
        assert page.index("Meter M1") < page.index("Meter M3")
        assert page.count('class="legend"') == 1
    assert "Meter M2" not in sign_in("duty").get("/households/H2").text


@pytest.mark.usefixtures("watched")
def test_water_was_last_used_when_the_watch_says_so_not_when_a_drip_last_moved_the_meter(
    sign_in: SignIn, records: Records
) -> None:
    d = detector_states.c
    with records.write() as tx:
        state = load(tx.execute(select(d.body).where(d.meter_id == "M1")).scalar_one())
        state.low_use.last_use_s = (town.NOW - 26 * town.HOUR).timestamp()
        tx.execute(update(detector_states).where(d.meter_id == "M1").values(body=dump(state)))
    facts = sign_in("duty").get("/households/H1").text.split('<dl class="facts">')[1].split("</dl>")[0]
    assert "14:30" in facts
    assert "26 h" in facts


def test_a_home_that_nobody_consented_to_says_so_before_its_chart(sign_in: SignIn, records: Records) -> None:
    with records.write() as tx:
        tx.execute(update(households).where(households.c.household_id == "H1").values(water_consent_by=None))
    page = sign_in("duty").get("/households/H1").text
    assert page.index("is not watched") < page.index("Water in the last 14 days")


@pytest.mark.parametrize(("status", "said"), [("pending", "Nobody told yet"), ("delivered", "Told, not taken yet")])
def test_an_alert_whose_text_waits_for_the_morning_is_not_said_to_be_told(
    sign_in: SignIn, records: Records, status: str, said: str
) -> None:
    with records.write() as tx:
        tx.execute(update(messages).where(messages.c.alert_id == 1).values(status=status))
    card = sign_in("duty").get("/households/H1").text.split('<li class="alert')[1].split("</li>")[0]
    assert [one for one in ("Nobody told yet", "Told, not taken yet") if one in card] == [said]


@pytest.mark.parametrize(
    ("only", "homes"),
    [
        ("all", {"H1", "H2", "H3", "H4"}),
        ("alerts", {"H1", "H2", "H4"}),
        ("unheard", {"H3"}),
        ("not_watched", {"H2"}),
    ],
)
def test_homes_are_listed_by_what_is_up_with_them_and_searched_among_these(
    sign_in: SignIn, records: Records, only: str, homes: set[str]
) -> None:
    with records.write() as tx:
        tx.execute(update(alerts).where(alerts.c.alert_id == 3).values(household_id=None))
        tx.execute(insert(unwatched).values(meter_id="M3", since=town.NOW, household_id="H3", reason={}))
        tx.execute(update(households).where(households.c.household_id == "H2").values(water_consent_by=None))
    browser = sign_in("duty")
    for meant in (f"/households?only={only}", f"/households?only={only}&q=号楼"):
        assert set(re.findall(r'"/households/(H\d)"', browser.get(meant).text)) == homes, meant
    assert set(re.findall(r'"/households/(H\d)"', browser.get(f"/households?only={only}&q=7号楼").text)) == homes & {
        "H3",
        "H4",
    }
    assert f'href="/households?only={only}" aria-current' in browser.get(f"/households?only={only}").text


def test_the_alert_list_leads_to_the_homes_that_it_counts(sign_in: SignIn, records: Records) -> None:
    assert "only=not_watched" not in sign_in("duty").get("/").text
    with records.write() as tx:
        tx.execute(update(households).where(households.c.household_id == "H2").values(water_consent_by=None))
    page = sign_in("duty").get("/").text
    assert 'href="/households?only=not_watched"' in page
    assert 'href="/households?only=unheard"' in page
    assert sign_in("duty").get("/households?only=none").status_code == 404
