"""One alert: why, who was told in which words, its days of water, and every step up to its outcome."""

import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, select, update

from notifier.people import person
from store.records import Records
from store.tables import alert_events, alerts, contacts, messages
from tests.web import town
from tests.web.conftest import URL, SignIn, csrf
from web.app import create_app


def test_an_alert_whose_device_moved_to_another_home_says_so_until_it_is_settled(
    records: Records, sign_in: SignIn
) -> None:
    browser = sign_in("duty")
    assert "No reading ends this alert any more" not in browser.get("/alerts/1").text
    with records.write() as tx:
        row = {"event": "moved", "from_state": "notified", "to_state": "notified", "by": "anju", "why": "M1 → H2"}
        tx.execute(insert(alert_events).values(alert_id=1, at=town.NOW, **row))
    page = browser.get("/alerts/1").text
    assert "No reading ends this alert any more" in page
    assert "M1 → H2" in page


def test_an_alert_tells_why_in_the_viewers_language_and_who_was_told(sign_in: SignIn) -> None:
    browser = sign_in("duty")
    assert "No water for 20 h" in browser.get("/").text
    chinese = browser.get("/?language=zh").text
    assert "已20小时没有用水" in chinese
    assert "王丽" in chinese and "刘芳" in chinese  # noqa: PT018  both were told


def test_who_asked_for_help_by_text_pressed_no_button(records: Records, sign_in: SignIn) -> None:
    with records.write() as tx:
        resident = person(tx, "R3", "resident")
        assert resident
        town.life().call_for_help(tx, resident, town.NOW)
    page = sign_in("operator").get("/").text
    assert "The resident asked for help at" in page
    assert not re.search("sos_said|button pressed", page)


def test_the_history_says_whom_each_step_told(sign_in: SignIn, records: Records) -> None:
    with records.write() as tx:
        notify = select(alert_events.c.event_id).where(alert_events.c.alert_id == 1, alert_events.c.event == "notify")
        cause = f"event:{tx.execute(notify).scalar_one()}/contact:"
        tx.execute(update(messages).where(messages.c.alert_id == 1).values(key=cause + messages.c.contact_id))
    page = sign_in("duty").get("/alerts/1").text
    (step,) = re.findall(r"<b>People told</b>(.*?)</li>", page, re.S)
    assert re.findall(r'"person">(\w+)<', step) == ["王丽", "刘芳"]
    with records.write() as tx:
        tx.execute(update(alert_events).where(alert_events.c.event == "notify").values(event="worsen"))
    assert re.search(r"<b>Got worse</b> [^b]*anju · Told <span", sign_in("duty").get("/alerts/1").text)


def test_why_a_text_did_not_arrive_is_said_in_the_viewers_language(sign_in: SignIn, records: Records) -> None:
    with records.write() as tx:
        lost = {"status": "undelivered", "channel": "voice", "error": "no-answer"}
        tx.execute(update(messages).where(messages.c.alert_id == 1).values(lost))
    browser = sign_in("duty")
    assert "· call · " in browser.get("/alerts/1").text
    page = browser.get("/alerts/1?language=zh").text
    assert "· 电话 · " in page
    assert "· 没有人接</p>" in page


def test_staff_see_whom_nothing_that_is_set_up_reaches(records: Records, clock: town.Clock) -> None:
    with records.write() as tx:
        tx.execute(update(contacts).where(contacts.c.contact_id == "daughter").values(phone="+865516551234"))
    app = create_app(
        records,
        town.readings(),
        town.life(),
        now=clock,
        public_url=URL,
        signed_in_as="operator",
        reaches=lambda phone: not phone.startswith("+86551"),
    )
    browser = TestClient(app, base_url=URL)
    for path in ("/alerts/1", "/households/H1"):
        page = browser.get(path).text
        assert page.count("短信发不到这里，也没有设置电话通知") == 1
        assert "0551 6551234" in page


@pytest.mark.parametrize(
    ("address", "shown", "hidden"),
    [
        ("+8613800000011", 'href="tel:+8613800000011"', "mailto:"),
        ("+8613800000011", "<span>138 0000 0011</span>", "<span>+86"),
        ("wang.li@example.org", 'href="mailto:wang.li@example.org"', "tel:wang"),
        ("wecombot://the-key", "王丽", "the-key"),
    ],
)
def test_staff_call_a_phone_write_to_an_address_and_never_see_a_groups_key(
    sign_in: SignIn, records: Records, address: str, shown: str, hidden: str
) -> None:
    with records.write() as tx:
        tx.execute(update(contacts).where(contacts.c.contact_id == "daughter").values(phone=address))
    for path in ("/alerts/1", "/households/H1"):
        page = sign_in("duty").get(path).text
        assert shown in page
        assert hidden not in page


def days_of_chart(page: str) -> list[tuple[str, bool]]:
    """The names of the rows, latest first, and which of them hold the alert."""
    rows = re.findall(r'<div class="day([^"]*)">\s*<span class="label">([^<]*)', page)
    return [(name, "marked" in classes) for classes, name in rows]


def test_the_chart_of_an_alert_names_days_as_its_page_does(sign_in: SignIn, clock: town.Clock) -> None:
    browser = sign_in("duty")
    page = browser.get("/alerts/1").text
    assert days_of_chart(page) == [("Today", True), ("Tue 17 Mar", False), ("Mon 16 Mar", False)]
    assert "Water in the last 3 days" in page
    assert re.search(r"Alert raised <time[^>]*>today 13:30</time>", page)
    clock.at += timedelta(hours=9)  # past midnight
    page = browser.get("/alerts/1").text
    assert days_of_chart(page) == [("Today", False), ("Wed 18 Mar", True), ("Tue 17 Mar", False)]
    assert re.search(r"Alert raised <time[^>]*>18 Mar 13:30</time>", page)


def test_a_bar_that_is_cut_off_is_explained_where_there_is_one(sign_in: SignIn) -> None:
    browser = sign_in("duty")
    page = browser.get("/households/H1").text
    assert 'class="bar over"' in page
    assert re.search(r"More than \d+ L in an hour", page)
    assert "L in an hour" not in browser.get("/households/H4").text  # no readings


def test_the_chart_of_a_settled_alert_shows_its_days_and_says_so(sign_in: SignIn) -> None:
    page = sign_in("duty").get("/alerts/5").text  # of five days ago
    assert days_of_chart(page) == [("Fri 13 Mar", True), ("Thu 12 Mar", False), ("Wed 11 Mar", False)]
    assert "Water around the alert, 3 days" in page


def test_the_chart_of_an_alert_that_runs_for_days_reaches_back_to_it(sign_in: SignIn, clock: town.Clock) -> None:
    clock.at += timedelta(days=4)
    browser = sign_in("duty")
    assert ("Wed 18 Mar", True) in days_of_chart(browser.get("/alerts/1").text)


def test_an_alerts_page_shows_every_text_word_for_word_and_how_far_it_came(sign_in: SignIn) -> None:
    page = sign_in("duty").get("/alerts/1").text
    assert "自昨天20:30起没有用水，请尽快联系或上门看看。收到请回复1。" in page
    assert "Delivered" in page
    assert "Resident asked" in page


def test_a_text_that_was_only_logged_is_not_called_delivered(sign_in: SignIn, records: Records) -> None:
    browser = sign_in("duty")
    with records.write() as tx:
        tx.execute(update(messages).values(channel="log", status="delivered"))
    page = browser.get("/alerts/1").text
    assert "Only written to the log, sent to nobody" in page
    assert "Delivered" not in page


def test_staff_acknowledge_arrive_and_settle_with_an_outcome(sign_in: SignIn, records: Records) -> None:
    browser = sign_in("duty")
    token = csrf(browser.get("/alerts/1").text)
    assert "Acknowledged" in browser.post("/alerts/1/acknowledge", data={"csrf": token}).text
    assert "On site" in browser.post("/alerts/1/arrive", data={"csrf": token}).text
    settled = browser.post("/alerts/1/resolve", data={"csrf": token, "outcome": "safe", "note": "在家，水管停水"}).text
    assert "Settled: Safe" in settled
    assert "Open again" in settled
    with records.read() as tx:
        row = tx.execute(select(alerts).where(alerts.c.alert_id == 1)).one()
    assert (row.state, row.outcome, row.outcome_note) == ("resolved", "safe", "在家，水管停水")


def test_staff_open_again_what_was_settled_too_early(sign_in: SignIn, records: Records) -> None:
    browser = sign_in("duty")
    token = csrf(browser.get("/alerts/1").text)
    assert browser.post("/alerts/1/reopen", data={"csrf": token}).status_code == 409
    browser.post("/alerts/1/resolve", data={"csrf": token, "outcome": "safe", "note": "x"})
    assert "Opened again" in browser.post("/alerts/1/reopen", data={"csrf": token}).text
    with records.read() as tx:
        row = tx.execute(select(alerts).where(alerts.c.alert_id == 1)).one()
    assert (row.state, row.outcome) == ("notified", None)


def test_a_step_that_somebody_else_was_faster_with_is_said_kindly(sign_in: SignIn) -> None:
    browser = sign_in("duty")
    token = csrf(browser.get("/alerts/1").text)
    browser.post("/alerts/1/resolve", data={"csrf": token, "outcome": "safe", "note": "x"})
    answer = browser.post("/alerts/1/arrive", data={"csrf": token})
    assert answer.status_code == 409
    assert "someone may have been faster" in answer.text
    assert 'class="button" href="/alerts/1"' in answer.text  # back to the alert


def test_a_note_as_long_as_the_page_allows_is_kept_whole_whatever_its_lines(sign_in: SignIn, records: Records) -> None:
    browser = sign_in("duty")
    note = "\n".join(["x" * 9] * 50)  # 499 characters, as a browser counts them
    form = {"csrf": csrf(browser.get("/alerts/1").text), "outcome": "safe", "note": note.replace("\n", "\r\n")}
    browser.post("/alerts/1/resolve", data=form)
    with records.read() as tx:
        assert tx.scalar(select(alerts.c.outcome_note).where(alerts.c.alert_id == 1)) == note


def test_what_is_over_by_itself_is_called_water_only_where_water_was_missed(sign_in: SignIn, records: Records) -> None:
    with records.write() as tx:
        tx.execute(update(alerts).where(alerts.c.alert_id.in_([1, 2])).values(state="eased"))
    browser = sign_in("duty")
    missed, running = (browser.get(f"/alerts/{alert_id}").text for alert_id in (1, 2))
    assert "Water or a sign of life, to be checked" in missed
    assert "Over by itself, to be checked" in running
