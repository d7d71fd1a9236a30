"""Staff see their own community's alerts, act on them, and nobody else can."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, select, update

from notifier.devices import bound
from store.ledger import read_ledger, version
from store.records import Records
from store.tables import absences, alert_events, alerts, communities, contacts, gateways, messages, unwatched
from tests.web import town
from tests.web.conftest import URL, SignIn
from web.app import create_app
from web.health import Health


def csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page
    return found[1]


def order_of(page: str, *names: str) -> list[str]:
    return sorted(names, key=page.index)


def test_the_most_urgent_alert_stands_first_and_one_somebody_has_taken_comes_after_it(sign_in: SignIn) -> None:
    page = sign_in("duty").get("/").text
    assert order_of(page, "李德福", "王秀兰", "赵玉珍") == ["王秀兰", "李德福", "赵玉珍"]


def test_a_home_whose_readings_are_back_is_not_among_those_that_cannot_be_seen(
    records: Records, sign_in: SignIn
) -> None:
    browser = sign_in("duty")
    page = browser.get("/").text
    assert order_of(page, "can&#39;t see now", "张桂英") == ["can&#39;t see now", "张桂英"]
    assert "without readings now: 1." in page
    with records.write() as tx:
        tx.execute(update(alerts).where(alerts.c.kind == "no_data").values(state="eased", ended_at=town.NOW))
    page = browser.get("/").text
    assert "can&#39;t see now" not in page
    assert order_of(page, "Readings are back", "张桂英") == ["Readings are back", "张桂英"]
    assert re.search(r"since <time[^>]*>[^<]*</time> until <time[^>]*>today 16:30</time>", page)
    assert "without readings now: 0." in page


def test_homes_behind_a_silent_gateway_count_as_not_seen(records: Records, sign_in: SignIn) -> None:
    with records.write() as tx:
        row = {"household_id": "H2", "since": town.NOW, "reason": {}, "behind_gateway": "GW7"}
        tx.execute(insert(unwatched).values(meter_id="M2", **row))
    assert "without readings now: 2." in sign_in("duty").get("/").text


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


def test_where_consent_is_withdrawn_while_an_alert_runs_staff_read_before_and_after_that_it_goes_on(
    sign_in: SignIn,
) -> None:
    browser = sign_in("duty")
    before = browser.get("/households/H1").text
    assert "this home isn&#39;t watched" in before
    assert "An alert is open here: it goes on" in before
    assert "An alert is open here" not in browser.get("/households/H3").text
    browser.post("/households/H1/water-consent", data={"csrf": csrf(before), "sure": "1"}, headers={"origin": URL})
    assert "nobody is told of anything. An alert is open here" in browser.get("/households/H1").text
    assert "No reading ends this alert any more" in browser.get("/alerts/1").text
    assert "No reading ends this alert any more" not in browser.get("/alerts/2").text


def test_an_alert_tells_why_in_the_viewers_language_and_who_was_told(sign_in: SignIn) -> None:
    browser = sign_in("duty")
    assert "No water for 20 h" in browser.get("/").text
    chinese = browser.get("/?language=zh").text
    assert "已20小时没有用水" in chinese
    assert "王丽" in chinese and "刘芳" in chinese  # noqa: PT018  both were told


@pytest.mark.parametrize(
    ("address", "shown", "hidden"),
    [
        ("+8613800000011", 'href="tel:+8613800000011"', "mailto:"),
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


def test_the_language_switch_wins_over_the_browser_and_is_remembered(sign_in: SignIn) -> None:
    browser = sign_in("duty")
    browser.get("/?language=zh")
    assert "待办结" in browser.get("/").text


def test_the_language_chosen_before_signing_in_is_kept(visitor: TestClient) -> None:
    assert "密码" in visitor.get("/?language=zh").text
    visitor.post("/sign-in", data={"login": "duty", "password": town.PASSWORD})
    assert "待办结" in visitor.get("/").text


def test_who_signed_in_reads_the_ledgers_language_until_the_switch_says_another(
    records: Records, sign_in: SignIn
) -> None:
    with records.write() as tx:
        tx.execute(update(contacts).where(contacts.c.contact_id == "duty").values(language="zh"))
    browser = sign_in("duty")  # of an English browser
    assert "待办结" in browser.get("/").text
    assert "已20小时没有用水" in browser.get("/api/alerts").text
    assert "您无权查看" in browser.get("/alerts/999").text
    assert "页面已过期" in browser.post("/alerts/1/arrive", data={"csrf": "old"}).text
    browser.get("/?language=en")
    assert "To be settled" in browser.get("/").text


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


def test_what_belongs_to_no_home_is_told_on_its_communitys_clock_or_that_of_all_or_in_utc_and_named_so(
    records: Records, sign_in: SignIn
) -> None:
    browser, he = sign_in("operator"), communities.c.community_id == "he"

    def told() -> tuple[str, str]:
        page = browser.get("/alerts/7").text
        found = re.search(r"gateway since ([^;]*);.*?since <time[^>]*>([^<]*)</time>", page, re.DOTALL)
        assert found
        return found[2], found[1]

    with records.write() as tx:
        reason = {"key": "gateway_silent", "values": {"last_at": (town.NOW - 11 * town.HOUR).isoformat()}}
        tx.execute(update(alerts).where(alerts.c.alert_id == 7).values(reason=reason))
    assert told() == ("today 05:30", "Wed 18 Mar 05:30")
    with records.write() as tx:
        tx.execute(update(communities).where(he).values(timezone="Europe/Madrid"))
    assert told() == ("17 Mar 21:30 UTC", "Tue 17 Mar 21:30 UTC")
    with records.write() as tx:
        tx.execute(insert(gateways).values(gateway_id="GW7", community_id="he", name=""))
    assert told() == ("17 Mar 22:30", "Tue 17 Mar 22:30")


@pytest.mark.parametrize(
    ("login", "seen"),
    [
        ("duty", {"H1", "H2", "H3", "H4"}),
        ("grid_worker", {"H1", "H2"}),
        ("volunteer", {"H3"}),
        ("other_duty", {"H9"}),
        ("operator", {"H1", "H2", "H3", "H4", "H9"}),
    ],
)
def test_staff_see_only_the_households_they_answer_for(sign_in: SignIn, login: str, seen: set[str]) -> None:
    browser = sign_in(login)
    opened = {f"H{n}" for n in (1, 2, 3, 4, 9) if browser.get(f"/households/H{n}").status_code == 200}
    listed = {alert["household_id"] for alert in browser.get("/api/alerts").json()["alerts"]} - {None}
    assert opened == seen
    assert listed == seen
    assert set(re.findall(r"/households/(H\d)", browser.get("/households").text)) == seen


@pytest.mark.parametrize(("login", "named"), [("operator", True), ("duty", False)])
def test_who_serves_several_communities_reads_in_which_a_home_is(sign_in: SignIn, login: str, named: bool) -> None:
    browser = sign_in(login)
    for path in ("/", "/alerts/1", "/households", "/mornings"):
        assert ("幸福社区 3号楼 2单元402" in browser.get(path).text) is named, path


def test_what_concerns_no_home_is_called_by_its_name_in_the_ledger(sign_in: SignIn, records: Records) -> None:
    with records.write() as tx:
        tx.execute(insert(gateways).values(gateway_id="GW7", community_id="xh", name="门卫室网关"))
        town.raise_alert(tx, 50, None, "street", subject="xh/low_use")
    page = sign_in("operator").get("/").text
    assert "<strong>门卫室网关</strong>" in page
    assert "<strong>幸福社区</strong>" in page


def test_staff_can_neither_read_nor_change_an_alert_of_another_community(sign_in: SignIn, records: Records) -> None:
    browser = sign_in("other_duty")
    token = csrf(browser.get("/alerts/6").text)
    assert browser.get("/alerts/1").status_code == 404
    form = {"csrf": token, "outcome": "safe", "note": "x"}
    assert browser.post("/alerts/1/resolve", data=form).status_code == 404
    with records.read() as tx:
        assert tx.scalar(select(alerts.c.state).where(alerts.c.alert_id == 1)) == "notified"


@pytest.mark.usefixtures("watched")
def test_a_home_unheard_for_longer_than_its_chart_still_says_when_water_was_last_used(
    sign_in: SignIn, clock: town.Clock
) -> None:
    """Nor does it take the readings themselves, which are kept for a time."""
    clock.at += timedelta(days=60)
    page = sign_in("duty").get("/households/H1").text
    assert "No reading in this time" in page
    used, heard = re.findall(r'<dd><time datetime="([^"]+)">', page)[:2]
    assert timedelta(hours=20) <= town.NOW - datetime.fromisoformat(used) < timedelta(hours=30)
    assert datetime.fromisoformat(heard) == town.NOW


def test_a_silent_gateway_concerns_the_operator_alone(sign_in: SignIn) -> None:
    assert "GW7" in sign_in("operator").get("/").text
    assert "GW7" not in sign_in("duty").get("/").text


def test_an_operator_of_one_community_sees_nothing_of_anothers_devices(sign_in: SignIn, records: Records) -> None:
    technical = {"xh-gateway": "xh", "he-gateway": "he"}
    with records.write() as tx:
        tx.execute(contacts.update().where(contacts.c.contact_id == "operator").values(community_id="he"))
        tx.execute(insert(gateways), [{"gateway_id": g, "community_id": c} for g, c in technical.items()])
        subjects = [*technical, "xh/no_data", "he/no_data", "contact:duty", "contact:other_duty", "a-provider"]
        for alert_id, subject in enumerate(subjects, start=100):
            town.raise_alert(tx, alert_id, None, "channel_down", subject=subject)
    listed = {alert["alert_id"] for alert in sign_in("operator").get("/api/alerts").json()["alerts"]}
    assert {n for n in listed if n >= 100} == {101, 103, 105, 106}


def test_a_household_without_readings_is_listed_as_unseen_never_as_without_water(sign_in: SignIn) -> None:
    page = sign_in("duty").get("/").text
    unseen = page[page.index("Households we can&#39;t see now") :]
    assert "张桂英" in unseen
    assert "Whether water is used there can&#39;t be told" in unseen


def test_nobody_gets_in_without_signing_in(visitor: TestClient) -> None:
    for path in ("/", "/alerts/1", "/households", "/households/H1"):
        assert visitor.get(path).url.path == "/sign-in", path
    assert visitor.get("/api/alerts").status_code == 401


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


def test_who_guessed_while_the_clock_was_ahead_is_not_shut_out_until_that_day(
    visitor: TestClient, clock: town.Clock
) -> None:
    right, clock.at = clock.at, clock.at + timedelta(days=365)
    for _ in range(10):
        visitor.post("/sign-in", data={"login": "duty", "password": "wrong"})
    clock.at = right
    assert visitor.post("/sign-in", data={"login": "duty", "password": town.PASSWORD}).url.path == "/"


def test_a_note_as_long_as_the_page_allows_is_kept_whole_whatever_its_lines(sign_in: SignIn, records: Records) -> None:
    browser = sign_in("duty")
    note = "\n".join(["x" * 9] * 50)  # 499 characters, as a browser counts them
    form = {"csrf": csrf(browser.get("/alerts/1").text), "outcome": "safe", "note": note.replace("\n", "\r\n")}
    browser.post("/alerts/1/resolve", data=form)
    with records.read() as tx:
        assert tx.scalar(select(alerts.c.outcome_note).where(alerts.c.alert_id == 1)) == note


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


def test_names_from_the_ledger_cannot_become_markup(sign_in: SignIn) -> None:
    page = sign_in("duty").get("/households", params={"q": "<script>alert(1)</script>"}).text
    assert "<script>alert" not in page
    assert "Nothing found" in page


@pytest.mark.parametrize(("words", "found"), [("王秀", "H1"), ("7号楼 603", "H3"), ("100%", None), ("_", None)])
def test_a_household_is_found_by_name_or_address(sign_in: SignIn, words: str, found: str | None) -> None:
    listed = re.findall(r"/households/(H\d)", sign_in("duty").get("/households", params={"q": words}).text)
    assert listed == ([found] if found else [])


def test_the_demonstration_needs_no_password_and_says_so(records: Records, clock: town.Clock) -> None:
    app = create_app(records, town.readings(), town.life(), now=clock, public_url=URL, signed_in_as="duty")
    page = TestClient(app, base_url=URL).get("/", headers={"accept-language": "en"}).text
    assert "Demonstration: no password" in page
    assert "王秀兰" in page


def test_a_service_that_is_down_says_so_on_the_page_and_to_its_watcher(records: Records, clock: town.Clock) -> None:
    app = create_app(
        records,
        town.readings(),
        town.life(),
        now=clock,
        public_url=URL,
        signed_in_as="duty",
        is_healthy=lambda: Health(problems=("mqtt: not connected since 08:00",)),
    )
    browser = TestClient(app, base_url=URL, headers={"accept-language": "en"})
    assert browser.get("/health").status_code == 200
    ready = browser.get("/health/ready")
    assert (ready.status_code, ready.json()["problems"]) == (503, ["mqtt: not connected since 08:00"])
    assert "Alerts may be missed" in browser.get("/").text


def test_what_ails_the_service_is_told_in_the_viewers_language(records: Records, clock: town.Clock) -> None:
    problem = "broker is away since 08:00:00 UTC"
    well = (records, town.readings(), town.life())
    app = create_app(
        *well, now=clock, public_url=URL, signed_in_as="duty", is_healthy=lambda: Health(problems=(problem,))
    )
    browser = TestClient(app, base_url=URL)
    assert f"<li>{problem}</li>" in browser.get("/?language=en").text
    assert "<li>自08:00:00 UTC起连不上消息服务器<br>" in browser.get("/?language=zh").text
    assert browser.get("/health/ready").json()["problems"] == [problem]


def test_what_isnt_there_or_cannot_be_read_is_a_friendly_page(sign_in: SignIn) -> None:
    for path in ("/alerts/999", "/alerts/abc", "/households/%00", "/nothing"):
        answer = sign_in("duty").get(path)
        assert answer.status_code in {404, 422}, path
        assert "isn&#39;t yours to see" in answer.text, path


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
    answer = browser.post("/households/H1/back", data={"csrf": token})
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
    assert "This home is not watched" in browser.get("/households/H1").text
    assert "nobody consented to it yet: 1." in browser.get("/").text
    assert "not watched" in browser.get("/households").text
    with records.read() as tx:
        assert read_ledger(tx).without_consent == {"M1"}
        assert bound(tx, {"M1"}) == {}
        assert version(tx) == before + 1
    form = {"csrf": token, "given_by": "王秀兰", "paper": "同意书 3"}
    page = browser.post("/households/H1/water-consent", data=form).text
    assert "王秀兰, 2026-03-18, 同意书 3" in page
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


def test_what_is_over_by_itself_is_called_water_only_where_water_was_missed(sign_in: SignIn, records: Records) -> None:
    with records.write() as tx:
        tx.execute(update(alerts).where(alerts.c.alert_id.in_([1, 2])).values(state="eased"))
    browser = sign_in("duty")
    missed, running = (browser.get(f"/alerts/{alert_id}").text for alert_id in (1, 2))
    assert "Water or a sign of life, to be checked" in missed
    assert "Over by itself, to be checked" in running
