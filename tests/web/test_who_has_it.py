"""Each page offers what the next step is for whoever looks at it, and says who has the alert."""

import re
from datetime import timedelta

from sqlalchemy import select

from store.records import Records
from store.tables import alerts
from tests.web import town
from tests.web.conftest import SignIn, csrf


def deeds(page: str) -> list[str]:
    """The steps that an alert's page offers, in order."""
    return re.findall(r'action="/alerts/1/(\w+)"', page)


def primary(page: str) -> list[str]:
    """The words on its filled buttons."""
    return re.findall(r'<button class="primary">([^<]+)</button>', page)


def state(records: Records) -> tuple[str, str | None]:
    with records.read() as tx:
        row = tx.execute(select(alerts.c.state, alerts.c.acknowledged_by).where(alerts.c.alert_id == 1)).one()
    return row.state, row.acknowledged_by


def test_what_comes_next_is_the_filled_button(sign_in: SignIn) -> None:
    browser = sign_in("duty")
    page = browser.get("/alerts/1").text
    form = {"csrf": csrf(page)}
    assert deeds(page) == ["acknowledge", "arrive", "resolve"]
    assert primary(page)[0] == "I have it (acknowledge)"
    page = browser.post("/alerts/1/acknowledge", data=form).text
    assert deeds(page) == ["arrive", "acknowledge", "decline", "resolve"]
    assert primary(page)[0] == "I am there"
    page = browser.post("/alerts/1/arrive", data=form).text
    assert deeds(page) == ["resolve"]
    assert "周敏 is there; please settle it by" in page
    assert "Please go and look" not in page


def test_an_alerts_page_says_what_to_do_first_and_what_each_outcome_means(sign_in: SignIn, records: Records) -> None:
    browser = sign_in("duty")
    page = browser.get("/alerts/1").text
    assert "Call first; if nobody answers, go there" in page
    assert page.index("for missing water this home is given a little longer") < page.index('value="away"')
    with records.write() as tx:
        tx.execute(alerts.update().where(alerts.c.alert_id == 1).values(kind="gas"))
    of_gas = browser.get("/alerts/1").text
    assert "touch no switch" in of_gas
    assert "it was told for nothing" in of_gas
    assert "longer from now on" not in of_gas
    browser.post("/alerts/1/resolve", data={"csrf": csrf(page), "outcome": "safe", "note": "all is well"})
    assert "touch no switch" not in browser.get("/alerts/1").text


def test_a_wrong_outcome_is_corrected_in_the_form_that_shows_what_stands_there(
    sign_in: SignIn, records: Records
) -> None:
    browser = sign_in("duty")
    form = {"csrf": csrf(browser.get("/alerts/1").text)}
    page = browser.post("/alerts/1/resolve", data=form | {"outcome": "false_alarm", "note": "在家看电视"}).text
    assert deeds(page) == ["correct", "reopen"]
    assert re.search(r'value="false_alarm" required checked', page)
    assert ">在家看电视</textarea>" in page
    page = browser.post("/alerts/1/correct", data=form | {"outcome": "safe", "note": "在家看电视"}).text
    assert "Settled: Safe" in page
    assert re.search("Outcome corrected.*before: False alarm", page, re.S)
    assert state(records)[0] == "resolved"
    page = browser.post("/alerts/1/correct", data=form | {"outcome": "safe", "note": "在邻居家"}).text
    page = browser.post("/alerts/1/correct", data=form | {"outcome": "incident", "note": "摔倒，已送医"}).text
    told = re.findall(r'<span class="quote">([^<]+)', page[page.index('id="life"') :])
    notes = ["before: False alarm", "在家看电视", "before: Safe", "在邻居家", "before: Safe", "摔倒，已送医"]
    assert told[-6:] == notes
    assert browser.post("/alerts/1/correct", data=form | {"outcome": "", "note": ""}).status_code == 422


def test_what_somebody_else_has_is_not_offered_to_be_taken_once_more(sign_in: SignIn) -> None:
    browser = sign_in("grid_worker")
    form = {"csrf": csrf(browser.get("/alerts/1").text)}
    browser.post("/alerts/1/acknowledge", data=form)
    page = sign_in("duty").get("/alerts/1?language=en").text
    assert "刘芳 has it" in page
    assert deeds(page) == ["arrive", "resolve"]


def test_the_list_says_who_has_what_so_that_a_shift_can_be_handed_over(sign_in: SignIn) -> None:
    browser = sign_in("grid_worker")
    form = {"csrf": csrf(browser.get("/alerts/1").text)}
    browser.post("/alerts/1/acknowledge", data=form)
    assert "刘芳 has it and should be there by today 17:00" in sign_in("duty").get("/?language=en").text
    browser = sign_in("duty")
    browser.post("/alerts/1/arrive", data={"csrf": csrf(browser.get("/").text)})
    assert "周敏 is there; please settle it by" in browser.get("/?language=en").text


def test_who_is_still_on_the_way_keeps_it_for_another_half_hour(
    sign_in: SignIn, records: Records, clock: town.Clock
) -> None:
    browser = sign_in("duty")
    form = {"csrf": csrf(browser.get("/alerts/1").text)}
    assert "by Today 17:00" in browser.post("/alerts/1/acknowledge", data=form).text.replace("today", "Today")
    clock.at += timedelta(minutes=25)
    assert "by Today 17:25" in browser.post("/alerts/1/acknowledge", data=form).text.replace("today", "Today")
    assert state(records) == ("acknowledged", "duty")


def test_who_took_it_and_cannot_go_hands_it_on_at_once(sign_in: SignIn, records: Records) -> None:
    browser = sign_in("duty")
    form = {"csrf": csrf(browser.get("/alerts/1").text)}
    browser.post("/alerts/1/acknowledge", data=form)
    page = browser.post("/alerts/1/decline", data=form).text
    assert state(records) == ("notified", None)
    assert deeds(page)[0] == "acknowledge"
    assert "周敏 has it" not in page
    assert "who had it can&#39;t go" in page
    assert "expired" not in page


def test_how_long_it_is_kept_is_that_of_the_alerts_own_timeline(sign_in: SignIn) -> None:
    browser = sign_in("operator")
    assert "Be there within 30 min" in browser.get("/alerts/1").text
    assert "Be there within 12 h" in browser.get("/alerts/3").text
