"""Every role and every field: who sees what, on every page that a visitor of this kind can open."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copy

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, select, update

from config.sms import load_words
from domain.wristband import BandField, BandState, spaced
from notifier.channels.log import LogChannel
from notifier.letters import Letters
from notifier.messages import Texts
from notifier.router import Router
from store import consents
from store.records import Records
from store.security import security_event
from store.tables import alerts, contacts, guardians, messages, pairings
from tests.web import roles, town
from tests.web.conftest import URL
from web import bands, guardian_access
from web.links import Links
from web.notes import Notes, NotesCipher, new_key

DOCS = Path(__file__).parents[2] / "docs/wristbands.md"
STAFF = ("volunteer", "grid_worker", "duty", "operator", "other_duty")


@dataclass(slots=True)
class Street:
    """The town with one band scanned by a finder who wrote and said where; all that anybody can open."""

    app: object
    records: Records
    clock: town.Clock
    card: str
    number: str
    old_card: str
    links: Links
    secrets: dict[str, str]

    def browser(self) -> TestClient:
        return TestClient(self.app, base_url=URL, headers={"accept-language": "en"}, client=("203.0.113.7", 5))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def street(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    path, clock, key = tmp_path_factory.mktemp("street") / "records.db", town.Clock(), new_key()
    copy(built, path)
    records, links = Records(path), Links(URL, ["a key for links of 32 characters or more"])
    letters = Letters(Texts(words=load_words()), Router([LogChannel(lambda _: None)]), links.link_for)
    with records.write() as tx:
        for field in BandField:
            consents.consent(
                tx, "R1", field, given_by="王秀兰", paper="同意书 2026-17", recorded_by="duty", now=clock()
            )
        cipher, notes = NotesCipher([key]), Notes(allergies="青霉素")
        bands.save_profile(
            tx, "R1", salutation="王奶奶", all_at_once=False, notes=notes, cipher=cipher, by="duty", now=clock()
        )
        band, old = (bands.issue(tx, "R1", by="duty", now=clock(), below=secrets.randbelow) for _ in range(2))
        bands.change(tx, old.band_id, BandState.LOST, by="duty", why="", now=clock())
        tx.execute(insert(pairings).values(household_id="H1", contact_id="volunteer"))
        nephew = {
            "contact_id": "nephew",
            "name": "李强",
            "role": "guardian",
            "phone": "+8613800000099",
            "language": "zh",
        }
        tx.execute(insert(contacts).values(nephew))
        tx.execute(insert(guardians).values(household_id="H2", contact_id="nephew", order=1))
        security_event(tx, "guessing", "198.51.100.0/24", "10 unknown codes", clock())
    app = town.pages(records, clock, letters, key=key, links=links)
    marks = {
        "salutation": "王奶奶",
        "age": "aged 85",
        "name": "王秀兰",
        "contacts": "+8613800000011",
        "health": "青霉素",
        "address": "2单元402",
        "phone": "+8613900000001",
        "alert": "No water for 20 h",
        "water": 'class="chart"',
        "texts": "请尽快联系或上门看看",
        "talk": "公园东门",
        "place": "42.022, 121.670",
        "number": spaced(band.number),
        "consent": "同意书 2026-17",
        "scans": "203.0.113.0/24",
        "export": '"resident_id":"R1"',
        "security": "198.51.100.0/24",
    }
    yield Street(app, records, clock, band.card_id, band.number, old.card_id, links, marks)
    records.close()


def finder(street: Street, path: str, deed: str = "") -> str:
    """What this passer-by's page shows after the deed."""
    browser = street.browser()
    if deed:
        browser.post(f"{path}/{deed}", data={"why": "injured"})
        browser.post(f"{path}/say", data={"body": "我们在公园东门"})
        browser.post(f"{path}/place", data={"at": "42.0218213,121.6702341"})
    return browser.get(path).text


def family(street: Street, contact_id: str, *, by_code: bool) -> str:
    browser = street.browser()
    if by_code:
        with street.records.read() as tx:
            phone = tx.scalar(select(contacts.c.phone).where(contacts.c.contact_id == contact_id))
        browser.post("/family/code", data={"phone": phone})
        with street.records.read() as tx:
            body = tx.scalars(select(messages.c.body).where(messages.c.purpose == "code")).all()[-1]
        code = "".join(character for character in body if character.isdigit())[: guardian_access.CODE_DIGITS]
        browser.post("/family/enter", data={"code": code})
    else:
        browser.post(street.links.link_for(contact_id, street.clock()) or "")
    browser.get("/family?language=en")
    return browser.get("/family").text + browser.get("/family/residents/R1").text


def staff(street: Street, login: str | None) -> str:
    browser = street.browser()
    if login:
        browser.get("/?language=en")
        browser.post("/sign-in", data={"login": login, "password": town.PASSWORD})
    with street.records.read() as tx:
        found = tx.scalars(select(alerts.c.alert_id).where(alerts.c.kind == "found")).all()
    pages = [
        "/",
        "/alerts/1",
        "/households",
        "/households/H1",
        "/residents/R1",
        "/residents/R1/notes",
        "/residents/R1/export",
        "/api/alerts",
    ]
    pages += ["/security", "/family", "/family/residents/R1", *(f"/alerts/{alert_id}" for alert_id in found)]
    return "".join(browser.get(page).text for page in pages)


def shown_to(street: Street, who: str) -> str:
    """All pages of one visitor."""
    path = f"/1/{street.card}"
    if who in STAFF:
        return staff(street, who)
    return {
        "viewed": lambda: finder(street, path),
        "present": lambda: finder(street, path, "here"),
        "medical": lambda: finder(street, path, "medical"),
        "typed": lambda: finder(street, f"/n/{street.number}", "here"),
        "old_band": lambda: finder(street, f"/1/{street.old_card}", "here"),
        "link": lambda: family(street, "daughter", by_code=False),
        "code": lambda: family(street, "daughter", by_code=True),
        "other_guardian": lambda: family(street, "nephew", by_code=True),
        "signed_out": lambda: staff(street, None),
    }[who]()


@pytest.mark.parametrize("who", roles.COLUMNS)
def test_each_role_sees_exactly_its_fields(street: Street, who: str) -> None:
    finder(street, f"/1/{street.card}", "here")  # somebody scanned it before
    pages = shown_to(street, who)
    assert {field for field, mark in street.secrets.items() if mark in pages} == roles.COLUMNS[who].sees


def test_a_supervisor_sees_what_duty_staff_see(street: Street) -> None:
    with street.records.write() as tx:
        tx.execute(update(contacts).where(contacts.c.contact_id == "duty").values(role="supervisor"))
    try:
        test_each_role_sees_exactly_its_fields(street, "duty")
    finally:
        with street.records.write() as tx:
            tx.execute(update(contacts).where(contacts.c.contact_id == "duty").values(role="duty_staff"))


def test_the_table_in_the_docs_is_the_one_that_is_tested() -> None:
    assert roles.table() in DOCS.read_text("utf-8"), "python -m tests.web.roles prints what should stand there"
    assert set(roles.FIELDS) >= {field.value for field in BandField} - {BandField.WHEREABOUTS.value}
