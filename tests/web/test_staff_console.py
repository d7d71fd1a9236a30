"""Staff see their own community's alerts, act on them, and nobody else can."""

import re
from datetime import datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event, insert, select, update

from store.records import Records
from store.tables import alerts, communities, contacts, gateways, unwatched
from tests.web import town
from tests.web.conftest import URL, SignIn, csrf
from web.app import create_app
from web.health import Health


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


def test_where_consent_is_withdrawn_while_an_alert_runs_staff_read_before_and_after_that_it_goes_on(
    sign_in: SignIn,
) -> None:
    browser = sign_in("duty")
    before = browser.get("/households/H1").text
    assert "this home isn&#39;t watched" in before
    assert "An alert is open here: it goes on" in before
    assert "An alert is open here" not in browser.get("/households/H3").text
    browser.post("/households/H1/water-consent", data={"csrf": csrf(before), "sure": "1"}, headers={"origin": URL})
    assert "Buttons, detectors and wristbands go on. An alert is open here" in browser.get("/households/H1").text
    assert "No reading ends this alert any more" in browser.get("/alerts/1").text
    assert "No reading ends this alert any more" not in browser.get("/alerts/2").text


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


def test_many_technical_alerts_ask_the_ledger_no_more_often_than_one(sign_in: SignIn, records: Records) -> None:
    console = sign_in("operator")

    def questions() -> int:
        asked = []
        event.listen(Engine, "before_cursor_execute", note := lambda *_: asked.append(1))
        try:
            console.get("/")
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        return len(asked)

    def more(first: int) -> None:
        with records.write() as tx:
            tx.execute(insert(gateways), [{"gateway_id": f"g{first}", "community_id": "xh", "name": f"门口{first}"}])
            kinds = {
                f"g{first}": "gateway_silent",
                "xh/no_data": "street",
                f"nobody/{first}": "street",
                "xh": "no_data",
            }
            for n, (subject, kind) in enumerate(kinds.items()):
                town.raise_alert(tx, first + n, None, kind, subject=subject)

    more(100)
    console.get("/")
    few = questions()
    for first in range(200, 300, 10):
        more(first)
    assert questions() == few
    assert all(f"门口{first}" in console.get("/").text for first in (100, 200, 290))


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
    assert "alerts may be missed" in browser.get("/").text


def test_what_ails_the_service_is_told_in_the_viewers_language(records: Records, clock: town.Clock) -> None:
    problem = "broker is away since 08:00:00 UTC"
    well = (records, town.readings(), town.life())
    app = create_app(
        *well, now=clock, public_url=URL, signed_in_as="duty", is_healthy=lambda: Health(problems=(problem,))
    )
    browser = TestClient(app, base_url=URL)
    assert "Tell the operator; until it is mended, call or visit" in browser.get("/?language=en").text
    assert f"<li>{problem}</li>" in browser.get("/?language=en").text
    assert "<li>自08:00:00 UTC起连不上消息服务器<br>" in browser.get("/?language=zh").text
    assert browser.get("/health/ready").json()["problems"] == [problem]


def test_what_isnt_there_or_cannot_be_read_is_a_friendly_page(sign_in: SignIn) -> None:
    for path in ("/alerts/999", "/alerts/abc", "/households/%00", "/nothing"):
        answer = sign_in("duty").get(path)
        assert answer.status_code in {404, 422}, path
        assert "isn&#39;t yours to see" in answer.text, path
