"""Family comes in by a link or a code to the phone, sees how things are, and acts; nobody else gets anything."""

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, insert, select, update

from config.sms import load_words
from domain.wristband import BandField
from notifier.channels.log import LogChannel
from notifier.contract import Capabilities
from notifier.letters import Letters
from notifier.life import Life
from notifier.messages import Texts
from notifier.router import Router
from store import consents
from store.records import Records
from store.tables import absences, alerts, contacts, guardians, messages, security_events, wristbands
from tests.web import town
from tests.web.conftest import URL, csrf
from web import bands, guardian_access, wearers
from web.links import LASTS, LinkKeyError, Links
from web.notes import Notes, NotesCipher, new_key

KEY, LINK_KEY = new_key(), "a key for links of 32 characters or more"
PHONE = "13800000011"  # the daughter's, as she writes it herself
LINKS = Links(URL, [LINK_KEY])


@dataclass(slots=True)
class Scene:
    """Mrs Wang's daughter with her phone; a band; the records behind."""

    records: Records
    clock: town.Clock
    band: bands.Issued
    browser: TestClient

    def ask(self, phone: str = PHONE) -> str:
        return self.browser.post("/family/code", data={"phone": phone}).text

    def code(self) -> str:
        """The newest code on the daughter's phone."""
        with self.records.read() as tx:
            rows = tx.scalars(select(messages.c.body).where(messages.c.purpose == "code")).all()
        found = re.search(r"\d{6}", rows[-1])
        assert found, rows
        return found[0]

    def enter(self, code: str) -> str:
        return self.browser.post("/family/enter", data={"code": code}).text

    def come_in(self) -> str:
        self.ask()
        return self.enter(self.code())

    def follow_link(self) -> str:
        link = LINKS.link_for("daughter", self.clock())
        assert link is not None
        return self.browser.post(link).text

    def kinds(self) -> list[str]:
        with self.records.read() as tx:
            return list(tx.scalars(select(security_events.c.kind)))

    def alert_state(self, alert_id: int = 1) -> str:
        with self.records.read() as tx:
            return str(tx.scalar(select(alerts.c.state).where(alerts.c.alert_id == alert_id)))


@pytest.fixture
def scene(records: Records, clock: town.Clock) -> Scene:
    letters = Letters(Texts(words=load_words()), Router([LogChannel(lambda _: None)]), LINKS.link_for)
    with records.write() as tx:
        tx.execute(update(contacts).where(contacts.c.role == "guardian").values(language="en"))  # as the tests read
        for field in BandField:
            consents.consent(tx, "R1", field, given_by="王秀兰", paper="2026-17", recorded_by="duty", now=clock())
        cipher, notes = NotesCipher([KEY]), Notes(allergies="青霉素")
        bands.save_profile(
            tx, "R1", salutation="王奶奶", all_at_once=False, notes=notes, cipher=cipher, by="duty", now=clock()
        )
        band = bands.issue(tx, "R1", by="duty", now=clock(), below=secrets.randbelow)
    app = town.pages(records, clock, letters, key=KEY, links=LINKS)
    return Scene(records, clock, band, TestClient(app, base_url=URL, headers={"accept-language": "en"}))


def test_a_guardian_comes_in_by_a_code_to_the_phone_and_sees_the_home(scene: Scene) -> None:
    page = scene.come_in()
    assert "王秀兰" in page
    assert "No water for 20 h" in page
    assert "if nobody answers, go there, knock and call out" in page
    assert "I&#39;m going" in page
    assert scene.kinds() == ["guardian_came_in"]


@pytest.mark.parametrize("phone", ["+8613800000011", "138 0000 0011", "0086-138-0000-0011", "008613800000011"])
def test_the_phone_may_be_typed_as_people_write_it(scene: Scene, phone: str) -> None:
    digits = phone if phone != "0086-138-0000-0011" else "00 86 138 0000 0011"
    scene.ask(digits)
    assert "王秀兰" in scene.enter(scene.code())


def test_family_reads_the_ledgers_language_until_the_switch_says_another_and_before_the_code_the_browsers(
    scene: Scene,
) -> None:
    with scene.records.write() as tx:
        tx.execute(update(contacts).where(contacts.c.contact_id == "daughter").values(language="zh"))
    link = LINKS.link_for("daughter", scene.clock())
    assert link is not None
    assert "只给您本人" in scene.browser.get(link).text  # of an English browser
    scene.ask()
    assert '<html lang="en">' in scene.browser.get("/family/code").text
    assert "我去不了" in scene.enter(scene.code())
    assert "页面已过期" in scene.browser.post("/family/alerts/1/going", data={"csrf": "old"}).text
    scene.browser.get("/family?language=en")
    assert "I&#39;m going" in scene.browser.get("/family").text


@pytest.mark.parametrize("phone", ["13899999999", "10000000", "+8613800000014"])
def test_a_phone_of_nobody_in_the_family_gets_the_same_answer_and_no_text(scene: Scene, phone: str) -> None:
    known = scene.ask()
    scene.browser.cookies.clear()
    assert scene.ask(phone) == known
    with scene.records.read() as tx:
        assert len(tx.scalars(select(messages.c.contact_id).where(messages.c.purpose == "code")).all()) == 1
    assert "doesn&#39;t fit" in scene.enter("000000")


@pytest.mark.parametrize("phone", ["1", "00011", "%", "😀" * 50])
def test_what_is_no_phone_number_is_said_so_and_stays_to_be_mended(scene: Scene, phone: str) -> None:
    answer = scene.browser.post("/family/code", data={"phone": phone})
    assert answer.status_code == 422
    assert f"“{phone[:60]}” won&#39;t do" in answer.text
    assert f'value="{phone}"' in answer.text


def test_five_wrong_codes_end_the_code_and_the_operator_hears_of_it(scene: Scene) -> None:
    scene.ask()
    right = scene.code()
    wrong = f"{(int(right) + 1) % 10**6:06}"
    for _ in range(guardian_access.TRIES):
        assert "doesn&#39;t fit" in scene.enter(wrong)
    assert "doesn&#39;t fit" in scene.enter(right)
    assert scene.kinds() == ["guardian_guessing"]


def test_a_code_is_good_for_ten_minutes_once_and_in_the_browser_that_asked(scene: Scene) -> None:
    scene.ask()
    code = scene.code()
    kept = dict(scene.browser.cookies)
    scene.browser.cookies.clear()
    assert "doesn&#39;t fit" in scene.enter(code)
    scene.browser.cookies.update(kept)
    assert "王秀兰" in scene.enter(code)
    assert "doesn&#39;t fit" in scene.enter(code)
    scene.ask()
    scene.clock.at += guardian_access.CODE_LASTS
    assert "doesn&#39;t fit" in scene.enter(scene.code())


def test_codes_are_limited_by_phone_and_by_address(scene: Scene) -> None:
    answers = [scene.browser.post("/family/code", data={"phone": PHONE}).status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]


def test_many_people_of_one_carriers_address_come_in_and_guesses_from_it_count(scene: Scene) -> None:
    for _ in range(4):
        scene.ask()
        assert "王秀兰" in scene.enter(scene.code())
    others = [f"1390000000{n}" for n in range(6)]
    answers = [scene.browser.post("/family/code", data={"phone": phone}).status_code for phone in others]
    assert answers == [200] * 5 + [429]


@pytest.mark.parametrize("typed", [PHONE + "{}", PHONE + " " * 40 + "{}", "{}" + PHONE])
def test_no_way_of_typing_a_phone_gets_around_its_limit(scene: Scene, typed: str) -> None:
    answers = []
    for n, more in enumerate(("", "\u00b2", "\u0663", "x", "\u00b3\u00b2", "\u2074")):
        browser = TestClient(scene.browser.app, base_url=URL, client=(f"10.0.0.{n}", 1))
        answers.append(browser.post("/family/code", data={"phone": typed.format(more)}).status_code)
    assert answers == [200] * 5 + [429]


def test_nobody_gets_more_than_ten_codes_a_day_and_the_operator_hears_of_it(scene: Scene) -> None:
    for _ in range(24):
        scene.ask()
        scene.clock.at += timedelta(minutes=5)
    with scene.records.read() as tx:
        sent = tx.scalars(select(messages.c.message_id).where(messages.c.purpose == "code")).all()
    assert len(sent) == guardian_access.CODES_A_DAY
    assert scene.kinds() == ["guardian_guessing"]
    assert "No water" not in scene.enter("000000")
    scene.clock.at += timedelta(days=1)
    assert "No water" in scene.come_in()


def test_the_code_leaves_no_word_behind(scene: Scene) -> None:
    scene.ask()
    code = scene.code()
    with scene.records.write() as tx:
        guardian_access.purge(tx, scene.clock() + guardian_access.CODE_LASTS)
        (row,) = tx.execute(select(messages).where(messages.c.purpose == "code")).all()
    assert code not in row.body + str(row.variables)
    assert row.status == "cancelled"


def test_a_link_opens_nothing_until_it_is_tapped_so_that_previews_see_nothing(scene: Scene) -> None:
    link = LINKS.link_for("daughter", scene.clock()) or ""
    page = scene.browser.get(link).text
    assert "王" not in page
    assert not scene.browser.cookies
    assert "王秀兰" in scene.browser.post(link).text


def test_a_link_ends_after_a_day_and_cannot_be_changed(scene: Scene) -> None:
    link = LINKS.link_for("daughter", scene.clock()) or ""
    token = link.rpartition("/")[2]
    for other in (
        token.replace("daughter", "duty"),
        token[:-1] + "x",
        token.replace(".", "", 1),
        "",
        "..",
        "😀",
        "a.b.c",
    ):
        assert LINKS.contact_of(other, scene.clock()) is None
    assert LINKS.contact_of(token, scene.clock() + LASTS - timedelta(seconds=1)) == "daughter"
    scene.clock.at += LASTS
    assert scene.browser.get(link).status_code == 410
    assert "王" not in scene.browser.post(link).text


def test_links_survive_a_change_of_key_and_a_weak_key_is_refused(scene: Scene) -> None:
    token = (LINKS.link_for("daughter", scene.clock()) or "").rpartition("/")[2]
    assert Links(URL, ["x" * 32, LINK_KEY]).contact_of(token, scene.clock()) == "daughter"
    assert Links(URL, ["x" * 32]).contact_of(token, scene.clock()) is None
    assert Links(URL).link_for("daughter", scene.clock()) is None
    with pytest.raises(LinkKeyError):
        Links(URL, ["short"])


@pytest.mark.parametrize("contact_id", ["a.b", "家属", "a/1", "x" * 99, "%2e", ""])
def test_an_id_that_no_address_can_hold_gets_no_link(clock: town.Clock, contact_id: str) -> None:
    assert LINKS.link_for(contact_id, clock()) is None


def test_a_guardian_says_i_am_going_and_everybody_else_is_left_in_peace(scene: Scene) -> None:
    page = scene.follow_link()
    assert "王丽 has it" in scene.browser.post("/family/alerts/1/going", data={"csrf": csrf(page)}).text
    assert scene.alert_state() == "acknowledged"


def test_of_two_homes_the_one_with_an_alert_comes_first(scene: Scene) -> None:
    with scene.records.write() as tx:
        tx.execute(insert(guardians).values(household_id="H3", contact_id="daughter", order=1))
        town.raise_alert(tx, 60, "H3", "sos")
        tx.execute(update(alerts).where(alerts.c.household_id == "H1").values(state="resolved"))
    page = scene.follow_link()
    assert page.index("张桂英") < page.index("王秀兰")


def test_a_guardian_is_there_and_settles_after_having_seen_the_person(scene: Scene) -> None:
    form = {"csrf": csrf(scene.follow_link())}
    for deed, state in (("going", "acknowledged"), ("there", "on_site"), ("well", "resolved")):
        scene.browser.post(f"/family/alerts/1/{deed}", data=form)
        assert scene.alert_state() == state


def test_a_guardian_who_cannot_go_hands_it_on(scene: Scene) -> None:
    scene.browser.post("/family/alerts/1/cannot", data={"csrf": csrf(scene.follow_link())})
    with scene.records.read() as tx:
        assert "decline" in tx.exec_driver_sql("SELECT event FROM alert_events WHERE alert_id = 1").scalars().all()


def test_a_guardian_who_took_it_and_cannot_go_after_all_hands_it_on(scene: Scene) -> None:
    form = {"csrf": csrf(scene.follow_link())}
    page = scene.browser.post("/family/alerts/1/going", data=form).text
    assert re.findall(r"/family/alerts/1/(\w+)", page) == ["there", "going", "cannot", "well"]
    page = scene.browser.post("/family/alerts/1/cannot", data=form).text
    assert scene.alert_state() == "notified"
    assert "has it" not in page


def test_family_announces_an_absence_and_ends_it(scene: Scene) -> None:
    form = {"csrf": csrf(scene.follow_link())}
    scene.browser.post("/family/households/H1/away", data=form | {"until": "2026-03-20T18:00"})
    assert scene.alert_state() == "absent"
    scene.clock.at += timedelta(hours=1)
    page = scene.browser.get("/family").text
    (absence_id,) = re.findall(r'name="absence_id" value="(\d+)"', page)
    scene.browser.post("/family/households/H1/back", data=form | {"absence_id": absence_id})
    assert scene.alert_state() == "eased"
    with scene.records.read() as tx:
        assert tx.scalars(select(absences.c.announced_by)).all() == ["daughter"]


def test_staff_hear_at_once_that_family_announced_an_absence(scene: Scene) -> None:
    scene.clock.at += timedelta(hours=8)  # at night, too
    form = {"csrf": csrf(scene.follow_link())}
    scene.browser.post("/family/households/H1/away", data=form | {"until": "2026-03-20T18:00"})
    with scene.records.read() as tx:
        said = select(messages.c.contact_id, messages.c.body, messages.c.next_at).where(
            messages.c.why == "away_announced"
        )
        ((contact_id, body, next_at),) = tx.execute(said).all()
    assert contact_id == "grid_worker"
    assert "王丽登记外出到3月20日18:00" in body
    assert next_at == scene.clock()


def test_family_announces_an_absence_to_come_staff_hear_when_it_begins_and_family_takes_it_back(scene: Scene) -> None:
    form = {"csrf": csrf(scene.come_in())}
    span = {"begins": "2026-03-21T08:00", "until": "2026-03-22T20:00"}
    page = scene.browser.post("/family/households/H1/away", data=form | span).text
    assert scene.alert_state() == "notified"
    with scene.records.read() as tx:
        (body,) = tx.scalars(select(messages.c.body).where(messages.c.why == "away_announced"))
    assert "王丽登记3月21日8:00外出到3月22日20:00" in body
    (absence_id,) = re.findall(r'name="absence_id" value="(\d+)"', page)
    assert "Take it back" in page
    scene.browser.post("/family/households/H1/back", data=form | {"absence_id": absence_id})
    with scene.records.read() as tx:
        assert tx.scalars(select(absences.c.absence_id)).all() == []


@pytest.mark.parametrize(("by_code", "days", "may"), [(0, 3, 1), (0, 4, 0), (1, 14, 1), (1, 15, 0)])
def test_a_long_absence_is_for_a_code_and_a_longer_one_for_staff(
    scene: Scene, by_code: int, days: int, may: int
) -> None:
    form = {"csrf": csrf(scene.come_in() if by_code else scene.follow_link())}
    until = (scene.clock() + timedelta(days=days, hours=8)).replace(tzinfo=None).isoformat()
    answer = scene.browser.post("/family/households/H1/away", data=form | {"until": until})
    assert answer.status_code == (200 if may else 422)
    with scene.records.read() as tx:
        assert len(tx.scalars(select(absences.c.absence_id)).all()) == may


def test_family_reads_what_a_band_shows_in_the_order_in_which_people_say_it(scene: Scene) -> None:
    scene.follow_link()
    shown = scene.browser.get("/family/residents/R1").text.split("With the person")[1]
    assert shown.index("王奶奶") < shown.index("aged 85") < shown.index("王秀兰") < shown.index("王丽")


def test_family_reports_a_band_lost_and_it_shows_nobody(scene: Scene) -> None:
    token = csrf(scene.follow_link())
    page = scene.browser.get("/family/residents/R1").text
    assert "Yes, it is lost" in page
    scene.browser.post("/family/residents/R1/lost", data={"csrf": token, "band_id": str(scene.band.band_id)})
    with scene.records.read() as tx:
        assert tx.execute(select(wristbands.c.state, wristbands.c.state_by)).all() == [("lost", "daughter")]
    assert "王" not in scene.browser.get(f"/1/{scene.band.card_id}").text


def test_notes_and_consent_are_for_a_code_not_for_a_link_that_may_have_been_passed_on(scene: Scene) -> None:
    token = csrf(scene.follow_link())
    page = scene.browser.get("/family/residents/R1").text
    assert "青霉素" not in page
    assert "Withdraw" not in page
    form = {"csrf": token, "field": "health", "agree": "no"}
    assert scene.browser.post("/family/residents/R1/consent", data=form).status_code == 403
    with scene.records.read() as tx:
        assert BandField.HEALTH in consents.consented(tx, "R1")


def test_by_a_code_family_sees_what_the_band_shows_and_the_look_is_written_down(scene: Scene) -> None:
    scene.come_in()
    page = scene.browser.get("/family/residents/R1").text
    assert "王奶奶" in page
    assert "青霉素" in page
    assert scene.kinds() == ["guardian_came_in", "notes_viewed"]


def test_family_changes_consent_field_by_field_with_name_and_paper(scene: Scene) -> None:
    form = {"csrf": csrf(scene.come_in()), "field": "health"}
    scene.browser.post("/family/residents/R1/consent", data=form | {"agree": "no"})
    with scene.records.read() as tx:
        assert wearers.wearer(tx, "R1").sealed is None
        assert BandField.HEALTH not in consents.consented(tx, "R1")
    scene.browser.post("/family/residents/R1/consent", data=form | {"agree": "yes"})
    with scene.records.read() as tx:
        newest = bands.consents_of(tx, "R1")[-1]
    assert (newest["given_by"], newest["recorded_by"]) == ("王丽", "daughter")
    assert newest["paper"].endswith("phone ending in 0011")


def test_finder_and_family_write_to_each_other_and_neither_sees_a_number(scene: Scene) -> None:
    with scene.records.write() as tx:
        consents.withdraw(tx, "R1", BandField.CONTACTS, scene.clock(), by="duty")
    finder = TestClient(scene.browser.app, base_url=URL, headers={"accept-language": "zh"})
    finder.post(f"/1/{scene.band.card_id}/here")
    finder.post(f"/1/{scene.band.card_id}/say", data={"body": "我们在公园东门"})
    page = scene.follow_link()
    assert "我们在公园东门" in page
    found = re.search(r"/family/say/(\d+)", page)
    assert found
    scene.browser.post(f"/family/say/{found[1]}", data={"csrf": csrf(page), "body": "我十分钟到"})
    answer = finder.get(f"/1/{scene.band.card_id}").text
    assert "我十分钟到" in answer
    assert "13800000011" not in answer


@pytest.mark.parametrize(
    "path",
    [
        "/family/households/H2/away", "/family/households/H2/back", "/family/residents/R2/lost",
        "/family/residents/R2/consent", "/family/alerts/2/going", "/family/alerts/6/well", "/family/say/1",
    ],
)  # fmt: skip
def test_another_familys_home_is_out_of_reach(scene: Scene, path: str) -> None:
    token = csrf(scene.come_in())
    before = (scene.alert_state(2), scene.alert_state(6))
    form = {"csrf": token, "until": "2026-03-20T18:00", "field": "name", "agree": "yes", "body": "x", "band_id": "1"}
    assert scene.browser.post(path, data=form).url.path == "/family"
    assert scene.browser.get("/family/residents/R2").url.path == "/family"
    assert (scene.alert_state(2), scene.alert_state(6)) == before
    with scene.records.read() as tx:
        assert tx.scalars(select(absences.c.absence_id)).all() == []
        assert consents.consented(tx, "R2") == set()


def test_without_a_session_every_page_asks_who_is_there(scene: Scene) -> None:
    for path in ("/family", "/family/residents/R1"):
        assert "Your phone number" in scene.browser.get(path).text
    assert scene.browser.post("/family/alerts/1/going", data={"csrf": "x"}).url.path == "/family"
    assert scene.alert_state() == "notified"


def test_a_form_of_another_session_is_refused(scene: Scene) -> None:
    scene.follow_link()
    assert scene.browser.post("/family/alerts/1/going", data={"csrf": "guessed"}).status_code == 403


def test_who_is_taken_out_of_the_ledger_sees_nothing_from_then_on(scene: Scene) -> None:
    scene.come_in()
    with scene.records.write() as tx:
        tx.execute(delete(guardians).where(guardians.c.contact_id == "daughter"))
    assert "王秀兰" not in scene.browser.get("/family").text
    assert "王秀兰" not in scene.follow_link()


def test_a_session_ends_after_two_hours_or_by_leaving(scene: Scene) -> None:
    page = scene.come_in()
    kept = dict(scene.browser.cookies)
    scene.browser.post("/family/out", data={"csrf": csrf(page)})
    scene.browser.cookies.update(kept)
    assert "王秀兰" not in scene.browser.get("/family").text
    scene.follow_link()
    scene.clock.at += guardian_access.SESSION_LASTS
    assert "王秀兰" not in scene.browser.get("/family").text


def test_a_guardian_of_two_homes_under_one_phone_sees_both(scene: Scene) -> None:
    with scene.records.write() as tx:
        again = {"contact_id": "niece", "name": "王丽", "role": "guardian", "phone": "+8613800000011", "language": "zh"}
        tx.execute(insert(contacts).values(again))
        tx.execute(insert(guardians).values(household_id="H2", contact_id="niece", order=1))
    page = scene.come_in()
    assert "王秀兰" in page
    assert "李德福" in page


@pytest.mark.parametrize("allowed", [True, False])
def test_the_link_stands_in_the_guardians_text_alone_and_only_where_links_are_allowed(
    records: Records, clock: town.Clock, allowed: bool
) -> None:
    channel = LogChannel(lambda _: None, capabilities=Capabilities(links=allowed))
    letters = Letters(Texts(words=load_words()), Router([channel]), LINKS.link_for)
    with records.write() as tx:
        Life(letters).reopen(tx, 5, by="duty", now=clock())
        bodies = dict(tx.execute(select(messages.c.contact_id, messages.c.body).where(messages.c.alert_id == 5)).all())
    assert "grid_worker" in bodies
    assert {who for who, body in bodies.items() if f"{URL}/l/" in body} == ({"daughter"} if allowed else set())


def test_a_step_that_somebody_else_was_faster_with_shows_how_it_stands(scene: Scene) -> None:
    form = {"csrf": csrf(scene.follow_link())}
    scene.browser.post("/family/alerts/1/well", data=form)
    assert "No alert is open here" in scene.browser.post("/family/alerts/1/there", data=form).text


def test_staff_never_see_a_guardians_link_in_the_texts(scene: Scene) -> None:
    with scene.records.write() as tx:
        town.write_text(tx, 1, "daughter", f"收到请点开 {LINKS.link_for('daughter', scene.clock())} 。")
    scene.browser.post("/sign-in", data={"login": "duty", "password": town.PASSWORD})
    page = scene.browser.get("/alerts/1").text
    assert "/l/…" in page
    assert "/l/daughter" not in page
