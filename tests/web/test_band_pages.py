"""Staff issue, print and end bands; who may see medical notes is a matter of role; every view is written down."""

import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, func, select, update

from domain.wristband import BandField
from store import consents
from store.contracts import BandScan, Batch
from store.records import Records
from store.tables import alerts, security_events, wristbands
from store.tables import consents as consents_table
from tests.web import town
from tests.web.conftest import URL
from web import bands, wearers
from web.app import create_app
from web.notes import NotesCipher, new_key

KEY = new_key()


@pytest.fixture
def browser(records: Records, clock: town.Clock) -> TestClient:
    app = create_app(records, town.readings(), town.life(), now=clock, public_url=URL, notes_keys=[KEY])
    return TestClient(app, base_url=URL, headers={"accept-language": "en"})


def sign_in(browser: TestClient, login: str) -> str:
    """Signs in and returns the session's token."""
    browser.cookies.clear()
    page = browser.post("/sign-in", data={"login": login, "password": town.PASSWORD})
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def consent_to(browser: TestClient, token: str, *fields: BandField, resident: str = "R1") -> None:
    for field in fields:
        form = {"csrf": token, "field": field.value, "given_by": "王秀兰本人", "paper": "同意书 2026-17"}
        browser.post(f"/residents/{resident}/consent", data=form)


def issue(browser: TestClient, token: str) -> str:
    """Issues a band and returns its card id, from the one page that shows it."""
    page = browser.post("/residents/R1/bands", data={"csrf": token}).text
    found = re.search(r'name="card_id" value="(\w{26})"', page)
    assert found, page
    return found[1]


def test_a_band_that_a_scanner_of_staff_read_stands_in_the_log(records: Records, clock: town.Clock) -> None:
    readings = town.readings()
    app = create_app(records, readings, town.life(), now=clock, public_url=URL, notes_keys=[KEY])
    browser = TestClient(app, base_url=URL, headers={"accept-language": "en"})
    token = sign_in(browser, "duty")
    consent_to(browser, token, BandField.SALUTATION)
    issue(browser, token)
    with records.read() as tx:
        band = bands.of_resident(tx, "R1")[0]
    scans = [BandScan(band_no=no, at=town.NOW, stage="scanned", source=f"kiosk-{no}") for no in (band.band_id, 4711)]
    readings.commit(Batch(scans=scans))
    page = browser.get("/residents/R1").text
    assert "Read by a scanner of staff" in page
    assert f"kiosk-{band.band_id}" in page
    assert "kiosk-4711" not in page


def test_a_band_is_issued_printed_and_works_and_its_code_is_never_shown_again(browser: TestClient) -> None:
    token = sign_in(browser, "duty")
    consent_to(browser, token, BandField.SALUTATION, BandField.NAME)
    card_id = issue(browser, token)
    form = {"csrf": token, "card_id": card_id, "layout": "iron_on"}
    printed = browser.post("/residents/R1/print", data={**form, "form": "pdf"})
    assert printed.content.startswith(b"%PDF")
    assert browser.post("/residents/R1/print", data={**form, "form": "svg"}).text.startswith("<svg")
    assert browser.post("/residents/R1/print", data={**form, "form": "纸\r\nx: y"}).status_code == 404
    assert card_id not in browser.get("/residents/R1").text
    assert browser.get(f"/1/{card_id}").status_code == 200


def test_the_page_of_a_new_band_says_what_to_do_with_it_and_which_file_is_for_whom(browser: TestClient) -> None:
    token = sign_in(browser, "duty")
    consent_to(browser, token, BandField.NAME)
    page = browser.post("/residents/R1/bands", data={"csrf": token}).text
    assert "print it on A4 at 100 %" in page
    assert "<button>Card PDF</button>" in page
    assert 'aria-label="Card SVG">SVG</button>' in page
    assert "SVG is for a print shop" in page


def test_without_consent_no_band(browser: TestClient) -> None:
    token = sign_in(browser, "duty")
    answer = browser.post("/residents/R2/bands", data={"csrf": token})
    assert answer.status_code == 409
    assert "write the consent down first" in answer.text
    assert 'class="button" href="/residents/R2"' in answer.text
    assert 'href="/households"' in answer.text  # the way about the console, too


def test_a_consent_says_who_when_and_on_which_paper_and_can_be_withdrawn(browser: TestClient, records: Records) -> None:
    token = sign_in(browser, "duty")
    consent_to(browser, token, BandField.HEALTH)
    assert "王秀兰本人" in browser.get("/residents/R1").text
    page = browser.get("/residents/R1").text
    assert "Yes, withdraw: Medical notes (sensitive)" in page
    assert "deleted with it, for good" in page
    browser.post("/residents/R1/withdraw", data={"csrf": token, "field": "health"})
    with records.read() as tx:
        row = tx.execute(select(consents_table)).one()
    assert (row.field, row.given_by, row.paper, row.recorded_by) == ("health", "王秀兰本人", "同意书 2026-17", "duty")
    assert row.withdrawn_at is not None


def test_a_consent_shows_its_day_with_the_year_as_the_paper_does(browser: TestClient, clock: town.Clock) -> None:
    token = sign_in(browser, "duty")
    consent_to(browser, token, BandField.NAME)
    assert "18 Mar 2026" in browser.get("/residents/R1").text
    clock.at += timedelta(hours=11)
    assert "18 Mar 2026" in browser.get("/residents/R1").text


def test_who_consented_on_which_paper_is_typed_once_but_for_what_wants_a_paper_of_its_own(browser: TestClient) -> None:
    token = sign_in(browser, "duty")
    consent_to(browser, token, BandField.NAME)
    forms = re.findall(r'action="/residents/R1/consent".*?</form>', browser.get("/residents/R1").text, re.S)
    filled = {re.findall('value="([^"]*)"', form)[1] for form in forms if 'value="同意书 2026-17"' in form}
    assert filled == {"salutation", "age", "contacts"}


@pytest.mark.parametrize(("lacks", "status"), [("given_by", 422), ("paper", 422), ("field", 404)])
def test_a_consent_that_lacks_something_is_asked_for_and_not_written(
    browser: TestClient, records: Records, lacks: str, status: int
) -> None:
    token = sign_in(browser, "duty")
    form = {"csrf": token, "field": "name", "given_by": "王秀兰本人", "paper": "17"} | {lacks: " "}
    answer = browser.post("/residents/R1/consent", data=form)
    assert answer.status_code == status
    with records.read() as tx:
        assert tx.execute(select(consents_table)).all() == []


def test_notes_are_kept_only_with_consent_and_encrypted(browser: TestClient, records: Records) -> None:
    token = sign_in(browser, "duty")
    browser.post("/residents/R1/notes", data={"csrf": token, "allergies": "青霉素"})
    with records.read() as tx:
        assert wearers.wearer(tx, "R1").sealed is None
    consent_to(browser, token, BandField.HEALTH)
    browser.post("/residents/R1/notes", data={"csrf": token, "allergies": "青霉素"})
    browser.post("/residents/R1/profile", data={"csrf": token, "salutation": "王奶奶"})
    assert "青霉素" in browser.get("/residents/R1/notes").text
    with records.read() as tx:
        sealed = wearers.wearer(tx, "R1").sealed
    assert sealed is not None
    assert "青霉素".encode() not in sealed
    assert NotesCipher([KEY]).open(sealed, "R1").allergies == "青霉素"


def test_every_view_of_the_notes_is_written_down(browser: TestClient, records: Records) -> None:
    token = sign_in(browser, "duty")
    consent_to(browser, token, BandField.HEALTH)
    browser.post("/residents/R1/notes", data={"csrf": token, "allergies": "青霉素"})
    with records.write() as tx:
        tx.execute(delete(security_events))
    browser.get("/residents/R1")
    with records.read() as tx:
        assert "notes_viewed" not in tx.scalars(select(security_events.c.kind)).all()
    browser.get("/residents/R1/notes")
    browser.get("/residents/R1/export")
    with records.read() as tx:
        events = tx.execute(select(security_events.c.kind, security_events.c.subject, security_events.c.detail)).all()
    assert ("notes_viewed", "R1", "by duty") in [tuple(row) for row in events]
    assert ("exported", "R1", "by duty") in [tuple(row) for row in events]


@pytest.mark.parametrize(
    ("login", "status"),
    [("duty", 200), ("grid_worker", 200), ("volunteer", 404), ("other_duty", 404), ("operator", 404)],
)
def test_bands_and_notes_are_for_those_who_answer_for_the_resident(
    browser: TestClient, records: Records, login: str, status: int
) -> None:
    token = sign_in(browser, "duty")
    consent_to(browser, token, *BandField)
    browser.post("/residents/R1/notes", data={"csrf": token, "allergies": "青霉素"})
    issue(browser, token)
    token = sign_in(browser, login)
    assert "青霉素" not in browser.get("/residents/R1").text
    for path in ("/residents/R1/notes", "/residents/R1/export"):
        answer = browser.get(path)
        assert answer.status_code == status
        assert ("青霉素" in answer.text) == (status == 200)
    before = _count(records)
    browser.post("/residents/R1/bands", data={"csrf": token})
    assert (_count(records) > before) == (status == 200)
    with records.write() as tx:
        tx.execute(update(alerts).values(state="resolved"))
    browser.post("/residents/R1/forget", data={"csrf": token, "sure": "1"})
    with records.read() as tx:
        assert (consents.consented(tx, "R1") == set()) == (login == "duty")


def test_a_lost_band_is_found_again_or_replaced_and_a_revoked_one_stays_so(browser: TestClient) -> None:
    token = sign_in(browser, "duty")
    consent_to(browser, token, BandField.NAME)
    card_id = issue(browser, token)
    at = "/residents/R1/bands/1"

    def page_works() -> bool:
        return browser.get(f"/1/{card_id}").status_code == 200

    browser.post(f"{at}/state", data={"csrf": token, "after": "lost"})
    assert not page_works()
    browser.post(f"{at}/state", data={"csrf": token, "after": "active"})
    assert page_works()
    assert "A new band was issued" in browser.post(f"{at}/replace", data={"csrf": token, "why": "faded"}).text
    assert not page_works()
    again = browser.post(f"{at}/state", data={"csrf": token, "after": "active"})
    assert again.status_code == 409
    assert not page_works()


def test_staff_see_that_a_band_out_of_use_was_scanned_and_nobody_elses_staff_does(
    browser: TestClient, clock: town.Clock
) -> None:
    token = sign_in(browser, "duty")
    consent_to(browser, token, BandField.NAME)
    card_id = issue(browser, token)
    browser.get(f"/1/{card_id}")
    browser.post("/residents/R1/bands/1/state", data={"csrf": token, "after": "revoked"})
    said = "Wristbands out of use that somebody scanned"
    assert said not in browser.get("/").text
    clock.at += timedelta(minutes=1)
    browser.get(f"/1/{card_id}")
    assert said in browser.get("/").text
    sign_in(browser, "other_duty")
    assert said not in browser.get("/").text


def test_a_band_can_be_changed_through_its_own_resident_only(browser: TestClient, records: Records) -> None:
    token = sign_in(browser, "duty")
    consent_to(browser, token, BandField.NAME)
    issue(browser, token)
    answer = browser.post("/residents/R2/bands/1/state", data={"csrf": token, "after": "revoked"})
    assert answer.status_code == 404
    with records.read() as tx:
        assert tx.scalars(select(wristbands.c.state)).all() == ["active"]


def test_who_wears_a_band_gets_one_more_beside_it_or_another_in_its_place_and_the_page_says_which(
    browser: TestClient,
) -> None:
    token = sign_in(browser, "duty")
    consent_to(browser, token, BandField.NAME)
    assert "Issue a band and print it" in browser.get("/residents/R1").text
    first, second = issue(browser, token), issue(browser, token)
    assert all("I am with" in browser.get(f"/1/{card}").text for card in (first, second))
    page = browser.get("/residents/R1").text
    assert "Issue one more beside those above" in page
    assert "the old one ends then" in page
    for band_id in re.findall(r"bands/(\d+)/replace", page):
        browser.post(f"/residents/R1/bands/{band_id}/state", data={"csrf": token, "after": "lost"})
    assert "Issue a band and print it" in browser.get("/residents/R1").text


def test_a_number_told_on_the_telephone_leads_to_the_wearers_home_whoever_may_see_it(
    browser: TestClient, records: Records
) -> None:
    token = sign_in(browser, "duty")
    consent_to(browser, token, BandField.SALUTATION)
    issue(browser, token)
    with records.read() as tx:
        number = bands.of_resident(tx, "R1")[0].number
    told = f"{number[:4]} {number[4:]}".lower()
    found = {}
    for login in ("duty", "grid_worker", "other_duty", "operator"):
        sign_in(browser, login)
        page = browser.get("/households", params={"q": told}).text
        found[login] = re.findall(r"/households/(H\d)", page), bool(re.search("band number|手环编号", page))
    assert found == {
        "duty": (["H1"], True),
        "grid_worker": (["H1"], True),
        "other_duty": ([], True),
        "operator": ([], False),
    }


def test_the_page_of_a_band_to_be_printed_says_whose_it_is(browser: TestClient) -> None:
    token = sign_in(browser, "duty")
    consent_to(browser, token, BandField.SALUTATION)
    page = browser.post("/residents/R1/bands", data={"csrf": token}).text
    assert "王秀兰 · 3号楼 2单元402" in page


def test_a_form_without_the_sessions_token_issues_nothing(browser: TestClient, records: Records) -> None:
    token = sign_in(browser, "duty")
    consent_to(browser, token, BandField.NAME)
    assert browser.post("/residents/R1/bands", data={"csrf": "guessed"}).status_code == 403
    assert _count(records) == 0


def test_staff_and_finder_write_to_each_other_on_the_alerts_page(browser: TestClient) -> None:
    token = sign_in(browser, "duty")
    consent_to(browser, token, *BandField)
    path = f"/1/{issue(browser, token)}"
    browser.post(f"{path}/here")
    browser.post(f"{path}/say", data={"body": "在邮局门口"})
    found = [alert for alert in browser.get("/api/alerts").json()["alerts"] if alert["kind"] == "found"]
    at = f"/alerts/{found[0]['alert_id']}"
    page = browser.get(at).text
    assert "在邮局门口" in page
    meeting = re.search(r'name="meeting_id" value="(\d+)"', page)
    assert meeting
    browser.post(f"{at}/say", data={"csrf": token, "meeting_id": meeting[1], "body": "十分钟就到"})
    assert "十分钟就到" in browser.get(path).text


def test_nobody_of_another_community_reads_or_writes_there(browser: TestClient) -> None:
    token = sign_in(browser, "duty")
    consent_to(browser, token, *BandField)
    path = f"/1/{issue(browser, token)}"
    browser.post(f"{path}/here")
    at = f"/alerts/{browser.get('/api/alerts').json()['alerts'][0]['alert_id']}"
    token = sign_in(browser, "other_duty")
    answer = browser.post(f"{at}/say", data={"csrf": token, "meeting_id": "1", "body": "wrong"})
    assert answer.status_code == 404


def _count(records: Records) -> int:
    with records.read() as tx:
        return int(tx.scalar(select(func.count()).select_from(wristbands)) or 0)


def test_an_address_too_long_to_print_issues_no_band_and_says_so(records: Records, clock: town.Clock) -> None:
    url = "https://anju.community.fuxin.example"
    app = create_app(records, town.readings(), town.life(), now=clock, public_url=url, notes_keys=[KEY])
    browser = TestClient(app, base_url=url, headers={"accept-language": "en"})
    token = sign_in(browser, "duty")
    consent_to(browser, token, BandField.NAME)
    answer = browser.post("/residents/R1/bands", data={"csrf": token})
    assert answer.status_code == 409
    assert "too long to print" in answer.text
    with records.read() as tx:
        assert tx.scalar(select(func.count()).select_from(wristbands)) == 0
