"""A passer-by scans a wristband: helped at once, shown what was consented to, and GET tells nobody."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, func, insert, select, update

from domain.wristband import BandField, BandState
from store import consents
from store.memory import MemoryReadings
from store.records import Records
from store.tables import (
    alerts,
    contacts,
    guardians,
    meeting_lines,
    meetings,
    messages,
    scans,
    security_events,
    wristband_profiles,
)
from tests.web import town
from tests.web.conftest import URL
from web import bands
from web.app import create_app
from web.meetings import purge, say
from web.notes import Notes, NotesCipher, new_key

KEY = new_key()
NOTES = Notes(care="慢慢说，她耳背", history="糖尿病、高血压", allergies="青霉素", medicines="二甲双胍", blood_type="O")


@dataclass(slots=True)
class Scene:
    """Mrs Wang wears a band; a passer-by's browser; the records behind."""

    records: Records
    readings: MemoryReadings
    clock: town.Clock
    band: bands.Issued
    browser: TestClient

    @property
    def path(self) -> str:
        return f"/1/{self.band.card_id}"

    def see(self, path: str | None = None) -> str:
        return self.browser.get(path or self.path).text

    def count(self, table: str) -> int:
        with self.records.read() as tx:
            tables = {"alerts": alerts, "messages": messages, "security": security_events, "scans": scans}
            query = select(func.count()).select_from(tables[table])
            if table == "alerts":
                query = query.where(alerts.c.kind == "found")
            if table == "messages":
                query = query.where(messages.c.alert_id.in_(select(alerts.c.alert_id).where(alerts.c.kind == "found")))
            return int(tx.scalar(query) or 0)

    def change(self, after: BandState) -> None:
        with self.records.write() as tx:
            bands.change(tx, self.band.band_id, after, by="duty", why="", now=self.clock())


def consent(records: Records, *fields: BandField) -> None:
    with records.write() as tx:
        for field in fields:
            consents.consent(
                tx, "R1", field, given_by="王秀兰", paper="知情同意书 2026-17", recorded_by="duty", now=town.NOW
            )


@pytest.fixture
def scene(records: Records, clock: town.Clock) -> Scene:
    readings = town.readings()
    consent(records, *BandField)
    with records.write() as tx:
        bands.save_profile(
            tx,
            "R1",
            salutation="王奶奶",
            all_at_once=False,
            notes=NOTES,
            cipher=NotesCipher([KEY]),
            by="duty",
            now=clock(),
        )
        band = bands.issue(tx, "R1", by="duty", now=clock(), below=secrets.randbelow)
    app = create_app(records, readings, town.life(), now=clock, public_url=URL, notes_keys=[KEY])
    browser = TestClient(app, base_url=URL, headers={"accept-language": "zh-CN"})
    return Scene(records, readings, clock, band, browser)


def test_opening_the_page_helps_and_tells_nobody(scene: Scene) -> None:
    page = scene.see()
    assert "请帮帮这位王奶奶" in page
    assert "85 岁" in page
    assert "tel:04182900000" in page and "tel:120" in page  # noqa: PT018  both can be called
    assert (scene.count("alerts"), scene.count("messages")) == (0, 0)


def test_the_first_page_shows_neither_name_nor_contacts_nor_illness(scene: Scene) -> None:
    page = scene.see()
    for secret in ("王秀兰", "王丽", "+8613800000011", "糖尿病", "青霉素", "3号楼", "+8613900000001"):
        assert secret not in page


def test_being_there_shows_name_and_contacts_and_tells_guardian_and_staff_once(scene: Scene) -> None:
    page = scene.browser.post(f"{scene.path}/here").text
    assert "王秀兰" in page
    assert "tel:+8613800000011" in page
    assert "糖尿病" not in page
    assert scene.count("alerts") == 1
    with scene.records.read() as tx:
        told = set(tx.scalars(select(messages.c.contact_id).where(messages.c.body.contains("手环"))))
    assert {"daughter", "grid_worker"} <= told


def test_staff_read_what_the_band_showed_in_order_and_that_nothing_was_written(
    scene: Scene,
) -> None:
    scene.browser.post(f"{scene.path}/here")
    scene.browser.post("/sign-in", data={"login": "duty", "password": town.PASSWORD})
    with scene.records.read() as tx:
        alert_id = tx.scalars(select(meetings.c.alert_id)).one()
    page = scene.see(f"/alerts/{alert_id}?language=zh")
    assert scene.band.number not in page.replace(" ", "")  # volunteers and operators see the alert, and no numbers
    assert "还没有留言" in page
    log = scene.see("/residents/R1").split("扫码记录")[1]
    assert log.index("称呼") < log.index("年龄") < log.index("姓名") < log.index("联系人和电话")


def test_a_finder_is_offered_family_whom_a_phone_can_call_and_no_groups_key(scene: Scene) -> None:
    with scene.records.write() as tx:
        for order, (contact_id, address) in enumerate([("son", "son@example.org"), ("group", "wecombot://the-key")]):
            told = {"contact_id": contact_id, "name": contact_id, "role": "guardian", "language": "zh"}
            tx.execute(insert(contacts).values(**told, phone=address))
            tx.execute(insert(guardians).values(household_id="H1", contact_id=contact_id, order=order - 2))
    page = scene.browser.post(f"{scene.path}/here").text
    assert "tel:+8613800000011" in page
    assert "example.org" not in page
    assert "the-key" not in page


def test_of_somebody_without_family_nobody_says_that_family_was_told(scene: Scene) -> None:
    assert "已通知家人和社区" in scene.browser.post(f"{scene.path}/here").text
    with scene.records.write() as tx:
        tx.execute(delete(guardians))
    assert "已通知社区" in scene.see()
    assert "已通知家人" not in scene.see()


def test_a_double_tap_a_reload_and_a_second_finder_tell_nobody_again_within_a_quarter(scene: Scene) -> None:
    scene.browser.post(f"{scene.path}/here")
    texts = scene.count("messages")
    scene.browser.post(f"{scene.path}/here")
    scene.see()
    scene.browser.cookies.clear()
    scene.clock.at += timedelta(minutes=14)
    scene.browser.post(f"{scene.path}/here")
    assert (scene.count("alerts"), scene.count("messages")) == (1, texts)


def test_after_a_quarter_of_an_hour_a_new_finder_is_news_again(scene: Scene) -> None:
    scene.browser.post(f"{scene.path}/here")
    texts = scene.count("messages")
    for _ in range(2):  # joins in between don't push the next news away
        scene.clock.at += timedelta(minutes=8)
        scene.browser.cookies.clear()
        scene.browser.post(f"{scene.path}/here")
    assert scene.count("messages") > texts


def test_an_emergency_opens_the_notes_with_its_reason_in_the_log(scene: Scene) -> None:
    page = scene.browser.post(f"{scene.path}/medical", data={"why": "unconscious"}).text
    assert page.index("tel:120") < page.index("青霉素") < page.index("慢慢说话")  # the ambulance first
    assert page.count("tel:120") == 1
    for note in ("慢慢说，她耳背", "糖尿病、高血压", "青霉素", "二甲双胍"):
        assert note in page
    with scene.records.read() as tx:
        rows = tx.execute(select(scans.c.stage, scans.c.why, scans.c.fields).order_by(scans.c.scan_id)).all()
    assert ("medical", "unconscious") in [(row.stage, row.why) for row in rows]
    assert "health" in rows[-1].fields
    assert scene.count("alerts") == 1


def test_what_can_not_be_written_into_the_log_is_not_shown_and_the_page_still_helps(scene: Scene) -> None:
    scene.browser.post(f"{scene.path}/medical", data={"why": "unconscious"})
    with scene.records.write() as tx:
        tx.exec_driver_sql("CREATE TRIGGER full BEFORE INSERT ON scans BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    browser = TestClient(scene.browser.app, base_url=URL, raise_server_exceptions=False, cookies=scene.browser.cookies)
    answer = browser.get(scene.path)
    assert answer.status_code == 500
    assert "120" in answer.text
    for secret in ("青霉素", "糖尿病", "王秀兰"):
        assert secret not in answer.text


def test_an_emergency_after_the_first_word_is_told_at_once_and_once(scene: Scene) -> None:
    scene.browser.post(f"{scene.path}/here")
    told = scene.count("messages")
    for _ in range(3):
        scene.browser.post(f"{scene.path}/medical", data={"why": "unconscious"})
    with scene.records.read() as tx:
        more = tx.execute(select(messages.c.contact_id, messages.c.body, messages.c.purpose).offset(2 + told)).all()
        reason = tx.scalar(select(alerts.c.reason).where(alerts.c.kind == "found"))
    assert {row.contact_id for row in more} == {"daughter", "grid_worker"}
    assert {row.purpose for row in more} == {"first"}
    assert all("说需要急救。请接电话，去接老人" in row.body for row in more)
    assert reason is not None
    assert reason["key"] == "found_medical"


def test_what_the_finder_writes_is_told_once_in_a_quarter_of_an_hour(scene: Scene) -> None:
    scene.browser.post(f"{scene.path}/here")
    told = scene.count("messages")
    for words in ("我们在公园东门", "她说冷"):
        scene.browser.post(f"{scene.path}/say", data={"body": words})
    first = scene.count("messages")
    assert first - told == 2  # the guardian and the grid worker
    scene.clock.at += timedelta(minutes=16)
    scene.browser.post(f"{scene.path}/say", data={"body": "还在等"})
    assert scene.count("messages") - first == 2


def test_without_a_reason_the_notes_stay_closed(scene: Scene) -> None:
    page = scene.browser.post(f"{scene.path}/medical", data={"why": "curious"}).text
    assert "糖尿病" not in page
    assert scene.count("alerts") == 0


def test_another_browser_begins_at_the_first_page(scene: Scene) -> None:
    scene.browser.post(f"{scene.path}/medical", data={"why": "injured"})
    scene.browser.cookies.clear()
    assert "王秀兰" not in scene.see()


def test_the_name_is_shown_for_two_hours_only(scene: Scene) -> None:
    scene.browser.post(f"{scene.path}/here")
    assert "王秀兰" in scene.see()
    scene.clock.at += timedelta(hours=2, seconds=1)
    assert "王秀兰" not in scene.see()


@pytest.mark.parametrize(
    ("field", "secret"),
    [
        (BandField.SALUTATION, "王奶奶"),
        (BandField.AGE, "85 岁"),
        (BandField.NAME, "王秀兰"),
        (BandField.CONTACTS, "+8613800000011"),
        (BandField.HEALTH, "糖尿病"),
        (BandField.WHEREABOUTS, "告诉家人您在哪里"),
    ],
)
def test_what_nobody_consented_to_is_never_shown(scene: Scene, field: BandField, secret: str) -> None:
    opened = scene.browser.post(f"{scene.path}/medical", data={"why": "injured"}).text
    assert secret in opened
    with scene.records.write() as tx:
        consents.withdraw(tx, "R1", field, scene.clock(), by="duty")
    assert secret not in scene.see()


def test_the_wearer_may_wish_all_to_be_shown_at_once(scene: Scene) -> None:
    with scene.records.write() as tx:
        bands.save_profile(
            tx,
            "R1",
            salutation="王奶奶",
            all_at_once=True,
            notes=None,
            cipher=NotesCipher([KEY]),
            by="duty",
            now=scene.clock(),
        )
    page = scene.see()
    assert "王秀兰" in page
    assert "青霉素" in page
    assert scene.count("alerts") == 0


@pytest.mark.parametrize("after", [BandState.REVOKED, BandState.LOST, BandState.REPLACED])
def test_a_band_out_of_use_shows_nobody_tells_staff_and_still_helps(scene: Scene, after: BandState) -> None:
    scene.browser.post(f"{scene.path}/here")
    scene.change(after)
    page = scene.see()
    for secret in ("王奶奶", "王秀兰", "+8613800000011", "85 岁"):
        assert secret not in page
    assert "tel:04182900000" in page
    with scene.records.read() as tx:
        events = tx.execute(select(security_events.c.kind, security_events.c.subject)).all()
    assert ("inactive_band_scanned", f"band {scene.band.band_id}") in [tuple(row) for row in events]


def test_an_old_band_still_brings_help_to_the_person_without_showing_anything(scene: Scene) -> None:
    scene.change(BandState.REPLACED)
    page = scene.browser.post(f"{scene.path}/here").text
    assert "已通知社区" in page
    assert "王秀兰" not in page
    assert scene.count("alerts") == 1


def test_a_band_expires_by_itself(scene: Scene) -> None:
    scene.clock.at += bands.LASTS
    assert "这条手环已停用" in scene.see()


def test_a_mistyped_number_stays_in_its_field_to_be_mended_and_a_scanned_code_does_not_get_there(scene: Scene) -> None:
    page = scene.browser.get("/n", params={"number": "k7m4-p9q"}).text
    assert 'name="number" value="K7M4P9Q"' in page
    assert "二维码旁边的编号" in page
    assert 'name="number" value=""' in scene.see("/1/K7M4P9QXK7M4P9QXK7M4P9QX2A")


def test_the_typed_number_opens_the_page_but_never_the_notes(scene: Scene) -> None:
    typed = f"{scene.band.number[:4]}-{scene.band.number[4:]}".lower()
    landed = scene.browser.get("/n", params={"number": typed})
    assert "请帮帮这位王奶奶" in landed.text
    path = f"/n/{scene.band.number}"
    assert "王秀兰" in scene.browser.post(f"{path}/here").text
    scene.browser.post(f"{scene.path}/medical", data={"why": "injured"})
    assert "糖尿病" not in scene.see(path)
    assert "糖尿病" not in scene.browser.post(f"{path}/medical", data={"why": "injured"}).text


def test_lower_case_and_separators_are_read(scene: Scene) -> None:
    assert "王奶奶" in scene.see(f"/1/{scene.band.card_id.lower()}")


@pytest.mark.parametrize(
    "code", ["A" * 26, "A" * 25, "O0I1L" + "A" * 21, "😀" * 26, "A" * 3000, "..%2f..%2fetc", "%00", "' OR 1=1--"]
)
def test_a_code_that_is_none_is_a_friendly_page_that_says_how_to_help(scene: Scene, code: str) -> None:
    answer = scene.browser.get(f"/1/{code}")
    assert answer.status_code == 404
    assert "没有找到" in answer.text
    if "%2f" not in code:
        assert "tel:120" in answer.text


@pytest.mark.parametrize("path", ["/1/", "/1", "/2/ABC", "/n/A/B", "/9"])
def test_an_address_that_can_only_be_a_bands_still_says_how_to_help(scene: Scene, path: str) -> None:
    answer = scene.browser.get(path)
    assert answer.status_code == 404
    assert "tel:120" in answer.text


def test_a_form_that_nobody_can_read_still_says_how_to_help(scene: Scene) -> None:
    answer = scene.browser.post(
        f"{scene.path}/medical", content=b"\x00", headers={"content-type": "multipart/form-data; boundary=x"}
    )
    assert answer.status_code == 400
    assert "tel:120" in answer.text


@pytest.mark.parametrize("door", ["n", "1"])
def test_guessing_is_shut_out_and_staff_hear_of_it(scene: Scene, door: str) -> None:
    answers = [scene.browser.get(f"/{door}/{'ABCD2345'[i % 8] * 8}").status_code for i in range(10)]
    assert answers == [404] * 10
    with scene.records.read() as tx:
        assert tx.scalars(select(security_events.c.kind)).all() == ["guessing"]
    typed = f"/n/{scene.band.number}"
    page = scene.browser.get(typed)
    assert page.status_code == 429
    assert "tel:120" in page.text
    assert scene.browser.post(f"{typed}/here").status_code == 429
    scene.clock.at += timedelta(minutes=16)
    assert "王奶奶" in scene.see(typed)


def test_on_a_full_disk_a_guesser_is_shut_out_too_and_the_log_says_so(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    with scene.records.write() as tx:
        tx.exec_driver_sql("PRAGMA query_only=ON")
    answers = [scene.browser.get(f"/n/{'ABCD2345'[i % 8] * 8}").status_code for i in range(11)]
    assert answers == [404] * 10 + [429]
    assert ["guessed" in r.getMessage() for r in caplog.records if r.name == "web.finder"] == [True]


@pytest.mark.parametrize("door", ["n", "1"])
def test_a_card_opens_though_somebody_behind_the_same_address_guesses(scene: Scene, door: str) -> None:
    """A carrier's customers share one address: who stands beside her must not pay for a guesser."""
    for _ in range(14):
        scene.browser.get(f"/{door}/{'A' * 26}")
    assert scene.count("security") == 1  # not one a miss
    assert "tel:04182900000" in scene.see()
    assert "王秀兰" in scene.browser.post(f"{scene.path}/here").text
    assert "糖尿病" in scene.browser.post(f"{scene.path}/medical", data={"why": "unconscious"}).text
    assert "我们在东门" in scene.browser.post(f"{scene.path}/say", data={"body": "我们在东门"}).text


def test_who_is_to_wait_has_the_number_of_the_community_to_call(scene: Scene) -> None:
    for _ in range(40):
        assert scene.browser.post(f"{scene.path}/here", follow_redirects=False).status_code == 303
    waiting = scene.browser.post(f"{scene.path}/here")
    assert waiting.status_code == 429
    assert "tel:04182900000" in waiting.text
    answers = [scene.browser.get(scene.path) for _ in range(121)]
    assert (answers[-1].status_code, "tel:04182900000" in answers[-1].text) == (429, True)
    scene.clock.at += timedelta(minutes=16)
    assert scene.browser.get(scene.path).status_code == 200


def test_who_looks_at_one_band_again_and_again_keeps_nobody_behind_the_same_address_from_another(scene: Scene) -> None:
    """A hospital's phones share one address."""
    with scene.records.write() as tx:
        other = bands.issue(tx, "R1", by="duty", now=scene.clock(), below=secrets.randbelow)
    for _ in range(130):
        scene.browser.get(scene.path)
    assert scene.browser.get(scene.path).status_code == 429
    assert [scene.browser.get(path).status_code for path in (f"/1/{other.card_id}", f"/n/{other.number}")] == [200, 200]


def test_one_address_alone_closes_the_numbers_to_no_other(scene: Scene) -> None:
    for _ in range(310):
        scene.browser.get(f"/1/{'A' * 26}")
    elsewhere = TestClient(scene.browser.app, base_url=URL, client=("192.0.2.7", 5000))
    assert elsewhere.get(f"/n/{scene.band.number}").status_code == 200


def test_many_addresses_that_guess_close_the_numbers_to_all_and_never_the_cards(scene: Scene) -> None:
    for host in range(30):
        guesser = TestClient(scene.browser.app, base_url=URL, client=(f"198.51.100.{host}", 5000))
        assert [guesser.get("/n/ABCD2345").status_code for _ in range(10)] == [404] * 10
    assert [scene.browser.get(path).status_code for path in (f"/n/{scene.band.number}", scene.path)] == [429, 200]


def test_finder_and_family_write_to_each_other_without_numbers(scene: Scene) -> None:
    scene.browser.post(f"{scene.path}/here")
    page = scene.browser.post(f"{scene.path}/say", data={"body": "我们在公园东门😀<b>"}).text
    assert "我们在公园东门😀&lt;b&gt;" in page


def test_nobody_else_reads_what_the_finder_wrote(scene: Scene) -> None:
    scene.browser.post(f"{scene.path}/here")
    scene.browser.post(f"{scene.path}/say", data={"body": "我们在邮局门口"})
    scene.browser.cookies.clear()
    assert "邮局门口" not in scene.see()
    assert "邮局门口" not in scene.browser.post(f"{scene.path}/here").text


def test_an_answer_comes_to_the_finders_open_page_alone_and_opens_nothing_else(scene: Scene) -> None:
    scene.browser.post(f"{scene.path}/here")
    with scene.records.write() as tx:
        say(tx, tx.scalars(select(meetings.c.meeting_id)).one(), "daughter", "我马上到", town.NOW)
    looks = scene.count("scans")
    said = scene.browser.get(f"{scene.path}/talk")
    assert "我马上到" in said.text
    assert not any(name in said.text for name in ("王丽", "王秀兰", "王奶奶", "tel:"))
    assert "default-src 'none'" in said.headers["content-security-policy"]
    assert scene.count("scans") == looks
    stranger = TestClient(scene.browser.app, base_url=URL)
    doors = (scene.path, f"/n/{scene.band.number}", "/n/ABCD2345", "/1/ABCD2345")
    assert [stranger.get(f"{door}/talk").status_code for door in doors] == [204] * 4
    scene.change(BandState.LOST)
    assert scene.browser.get(f"{scene.path}/talk").content == b""


def test_without_having_said_here_nothing_can_be_written(scene: Scene) -> None:
    scene.browser.post(f"{scene.path}/say", data={"body": "hello"})
    with scene.records.read() as tx:
        assert tx.scalar(select(func.count()).select_from(meeting_lines)) == 0


def test_a_position_is_kept_to_a_hundred_metres_and_for_a_day(scene: Scene) -> None:
    scene.browser.post(f"{scene.path}/here")
    assert "42.022, 121.670" in scene.browser.post(f"{scene.path}/place", data={"at": "42.0218213,121.6702341"}).text
    with scene.records.write() as tx:
        purge(tx, scene.clock() + timedelta(hours=25))
        assert tx.scalars(select(meetings.c.place)).all() == [None]


def test_a_megabyte_of_message_is_refused_with_what_to_do(scene: Scene) -> None:
    answer = scene.browser.post(f"{scene.path}/say", data={"body": "x" * 1_000_000})
    assert answer.status_code == 413
    assert "tel:120" in answer.text


def test_the_page_is_one_small_answer_that_nothing_keeps_indexes_or_frames(scene: Scene) -> None:
    scene.browser.post(f"{scene.path}/medical", data={"why": "injured"})
    answer = scene.browser.get(scene.path)
    assert len(answer.content) < 15_000
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "noindex" in answer.headers["x-robots-tag"]
    assert "src=" not in answer.text


def test_the_language_is_the_finders_and_can_be_switched(scene: Scene) -> None:
    assert "Please help: 王奶奶" in scene.browser.get(scene.path, headers={"accept-language": "en"}).text
    assert "Please help: 王奶奶" in scene.see(f"{scene.path}?language=en")


@pytest.mark.parametrize(
    ("salutation", "english", "chinese"),
    [
        ("王奶奶", "say “王奶奶” (Wáng nǎinai).", "称呼“王奶奶”。"),
        ("<i>&奶奶", "say “&lt;i&gt;&amp;奶奶”.", "称呼“&lt;i&gt;&amp;奶奶”。"),
        ("", "Come from the front, speak slowly.", "从正面走近，慢慢说话。"),
    ],
)
def test_the_finder_reads_what_to_say_and_without_chinese_how(
    scene: Scene, salutation: str, english: str, chinese: str
) -> None:
    with scene.records.write() as tx:
        tx.execute(update(wristband_profiles).values(salutation=salutation or None))
    assert f"{english}</li>" in scene.see(f"{scene.path}?language=en")
    assert f"{chinese}</li>" in scene.see(f"{scene.path}?language=zh")


def test_every_scan_is_a_point_in_the_time_series_without_the_card(scene: Scene) -> None:
    scene.see()
    scene.browser.post(f"{scene.path}/here")
    found = scene.readings.band_scans(town.NOW - town.HOUR, town.NOW + town.HOUR, [scene.band.band_id])
    assert {(scan.band_no, scan.stage, scan.source) for scan in found} >= {
        (scene.band.band_id, "viewed", "web"),
        (scene.band.band_id, "present", "web"),
    }


def test_the_database_holds_neither_card_id_nor_readable_notes(scene: Scene, tmp_path_factory: object) -> None:
    scene.see()
    scene.browser.post(f"{scene.path}/medical", data={"why": "injured"})
    with scene.records.write() as tx:
        tx.exec_driver_sql("SELECT 1")
    raw = b"".join(path.read_bytes() for path in scene.records.path.parent.iterdir() if path.is_file())
    assert scene.band.card_id.encode() not in raw
    assert "青霉素".encode() not in raw


def test_notes_survive_a_change_of_key_and_are_closed_when_the_key_is_gone(scene: Scene) -> None:
    newer = new_key()
    with scene.records.write() as tx:
        assert bands.rotate_notes(tx, NotesCipher([newer, KEY])) == 1
        assert bands.rotate_notes(tx, NotesCipher([newer, KEY])) == 0
    page = scene.browser.post(f"{scene.path}/medical", data={"why": "injured"}).text  # this app has the old key only
    assert "糖尿病" not in page
    assert "没有可显示的病情资料" in page


def test_nobody_gets_a_band_without_consent(records: Records) -> None:
    with records.write() as tx, pytest.raises(bands.ConsentMissingError):
        bands.issue(tx, "R2", by="duty", now=town.NOW, below=secrets.randbelow)


def test_a_crawler_or_a_link_preview_notifies_nobody(scene: Scene) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
        for path in (scene.path, f"{scene.path}/here", f"{scene.path}/medical"):
            scene.browser.request(method, path)
    assert (scene.count("alerts"), scene.count("messages")) == (0, 0)
