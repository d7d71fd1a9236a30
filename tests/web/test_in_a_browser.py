"""The pages in a real Chromium: every stage, small and large, without JavaScript, zoomed, dark, on a slow network."""

import json
import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from threading import Thread
from urllib.request import HTTPCookieProcessor, build_opener

import pytest
import uvicorn

from config.sms import load_words
from domain.wristband import BandState
from notifier.channels.log import LogChannel
from notifier.letters import Letters
from notifier.life import Life
from notifier.messages import Texts
from notifier.router import Router
from store.records import Records
from tests.chromium import Page, chromium
from tests.web import town
from web import bands
from web.app import create_app
from web.links import Links
from web.notes import new_key
from web.rehearsal import dress

PHONE, DESK = (360, 780), (1280, 900)
SLOW = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}  # bytes/s: slow 3G


STICKS_OUT = "document.documentElement.scrollWidth - document.documentElement.clientWidth"  # innerWidth grows with it
FINGER = 44  # pixels; a radio or a box counts with its label, a link inside of a line not at all
TOO_SMALL = f"""[...document.querySelectorAll('a, button, summary, input:not([type=hidden]), textarea')]
  .filter(e => e.checkVisibility() && !e.matches('.skip') && getComputedStyle(e).pointerEvents !== 'none')
  .map(e => [e.outerHTML.slice(0, 90), (e.closest('label:has([type=radio], [type=checkbox])') || e)
    .getBoundingClientRect()])
  .filter(([_, box]) => box.width < {FINGER} || box.height < {FINGER}).map(([html]) => html)"""


@dataclass(slots=True)
class Site:
    """The town, served on loopback, and what a browser may open there."""

    url: str
    card: str
    old_card: str
    family_link: str


@pytest.fixture(scope="module")
def site(built: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    path, clock, key = tmp_path_factory.mktemp("site") / "records.db", town.Clock(), new_key()
    town.build(path)
    records = Records(path)
    band = dress(records, "R1", by="duty", key=key, now=clock(), salutation="王奶奶")
    with records.write() as tx:
        old = bands.issue(tx, "R1", by="duty", now=clock(), below=secrets.randbelow)
        bands.change(tx, old.band_id, BandState.LOST, by="duty", why="", now=clock())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        letters, links = (
            Letters(Texts(words=load_words()), Router([LogChannel(lambda _: None)])),
            Links(url, ["k" * 40]),
        )
        app = create_app(
            records,
            town.readings(),
            Life(letters),
            now=clock,
            public_url=url,
            signed_in_as="duty",
            notes_keys=[key],
            letters=letters,
            links=links,
        )
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield Site(url, band.card_id, old.card_id, links.link_for("daughter", clock()) or "")
        finally:
            server.should_exit = True
            thread.join()
            records.close()


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def axe() -> str:
    return (files("axe_core_python") / "axe.min.js").read_text("utf-8")


def look(page: Page, axe: str | None, what: str) -> None:
    """Nothing sticks out at the side, the policy refuses nothing, axe (where scripts run at all) finds nothing."""
    assert page.evaluate(STICKS_OUT) <= 0, f"{what}: sticks out at the side"
    refused = [event for event in page.events if "Content Security Policy" in json.dumps(event)]
    assert not refused, what
    if axe is None:
        return
    page.evaluate(axe)
    found = page.evaluate(
        "axe.run().then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target + ' ' + n.failureSummary)))"
    )
    assert found == [], what


@pytest.mark.parametrize(("size", "dark"), [(PHONE, False), (DESK, True)], ids=["a light phone", "a dark desk"])
def test_every_page_fits_and_is_accessible(
    site: Site,
    page: Page,
    axe: str,
    size: tuple[int, int],
    dark: bool,
) -> None:
    page.screen(*size, mobile=size == PHONE)
    scheme = "dark" if dark else "light"
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    staff = ["/", "/alerts/1", "/alerts/2", "/households", "/households/H1", "/households/H3", "/residents/R1"]
    staff += ["/residents/R1/notes", "/households?only=alerts", "/mornings", "/account", "/none"]
    finder = [f"/1/{site.card}", f"/1/{site.old_card}", "/1/WRONG", "/n"]
    for path in [*staff, *finder]:
        page.open(site.url + path)
        look(page, axe, f"{path} {size} {scheme}")
        if size == PHONE:
            page.call("Emulation.setTouchEmulationEnabled", enabled=True)
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            assert page.evaluate(TOO_SMALL) == [], path
            assert page.evaluate(STICKS_OUT) <= 0, path


CONTRAST = """(text, ground) => {
  const light = c => { const [r, g, b] = c.match(/[0-9.]+/g).map(v => v / 255).map(
    v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b };
  const [high, low] = [light(text), light(ground)].sort((a, b) => b - a); return (high + 0.05) / (low + 0.05) }"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_may_be_typed_into_a_field_is_shown_in_readable_letters(site: Site, page: Page, scheme: str) -> None:
    """Axe looks at no placeholder."""
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    page.open(f"{site.url}/1/{site.card}?language=zh")
    page.tap("form[action$='/here'] button")
    for path in (None, "/households"):
        if path:
            page.open(site.url + path)
        field = "document.querySelector('[placeholder]')"
        text = f"getComputedStyle({field}, '::placeholder').color"
        assert page.evaluate(f"({CONTRAST})({text}, getComputedStyle({field}).backgroundColor)") >= 4.5, path


def test_on_a_phone_what_to_do_and_whom_to_call_stand_before_the_chart(site: Site, page: Page) -> None:
    page.screen(*PHONE, mobile=True)
    page.open(f"{site.url}/alerts/1")
    parts = (".lead", ".acts", "a.call", ".water", ".past")
    tops = [page.evaluate(f"document.querySelector('{part}').getBoundingClientRect().top") for part in parts]
    assert tops == sorted(tops)
    assert page.evaluate("document.querySelectorAll('.water a').length") == 0


@pytest.mark.parametrize(("size", "scripts"), [(PHONE, False), (DESK, True)], ids=["without JavaScript", "with it"])
def test_a_finder_goes_through_all_stages_on_a_slow_network(
    site: Site,
    page: Page,
    axe: str | None,
    size: tuple[int, int],
    scripts: bool,
) -> None:
    page.screen(*size, mobile=size == PHONE)
    page.call("Network.emulateNetworkConditions", **SLOW)
    page.call("Emulation.setScriptExecutionDisabled", value=not scripts)
    axe = axe if scripts else None
    page.open(f"{site.url}/1/{site.card}?language=zh")
    look(page, axe, "first")
    page.tap("form[action$='/here'] button")
    assert "王" in page.text()
    assert "已通知家人和社区" in page.text()
    look(page, axe, "present")
    page.tap("summary")
    page.tap("input[value=unwell]")
    look(page, axe, "emergency's reasons")
    page.tap("form[action$='/medical'] button")
    assert "青霉素" in page.text()
    look(page, axe, "medical")


def test_a_finder_whose_phone_finds_no_position_reads_so_and_what_to_do(site: Site, page: Page) -> None:
    page.screen(*PHONE, mobile=True)
    page.open(f"{site.url}/1/{site.card}?language=zh")
    page.tap("form[action$='/here'] button")
    page.evaluate(
        "navigator.geolocation.getCurrentPosition = (found, failed) => { window.giveUp = failed }; tap.click()"
    )
    assert page.evaluate("[tap.innerText, tap.disabled]") == ["正在定位……", True]
    page.evaluate("giveUp()")
    assert page.evaluate("[tap.innerText, tap.disabled]") == ["定位不了：请写下在哪里，或再试一次", False]


def test_an_answer_comes_to_the_finders_open_page_and_leaves_what_is_half_written(site: Site, page: Page) -> None:
    page.screen(*PHONE, mobile=True)
    page.open(f"{site.url}/1/{site.card}?language=zh")
    page.tap("form[action$='/here'] button")
    assert "回复会自动显示在这里" in page.text()
    page.evaluate("document.querySelector('textarea').value = '我们在'; talk.innerHTML = '<li>old</li>'")
    page.evaluate("listen()")
    assert page.evaluate("talk.innerText") == ""
    assert page.evaluate("document.querySelector('textarea').value") == "我们在"
    page.evaluate("talk.innerHTML = '<li>kept</li>'")
    page.call("Network.emulateNetworkConditions", **(SLOW | {"offline": True}))
    page.evaluate("listen()")
    assert page.evaluate("talk.innerText") == "kept"


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["a phone", "a desk"])
def test_family_goes_through_its_pages(site: Site, page: Page, axe: str, size: tuple[int, int]) -> None:
    page.screen(*size, mobile=size == PHONE)
    for path in ("/family?language=en", "/family/code"):
        page.open(site.url + path)
        look(page, axe, path)
    page.open(site.family_link)
    look(page, axe, "link")
    page.tap("form[action^='/l/'] button")
    assert "No water for" in page.text()
    look(page, axe, "home")
    page.open(f"{site.url}/family/residents/R1")
    assert "王奶奶" in page.text()
    look(page, axe, "band")


def test_the_first_view_is_one_answer_light_enough_for_a_slow_network(site: Site, page: Page) -> None:
    page.screen(*PHONE, mobile=True)
    page.open(f"{site.url}/health")  # the browser itself has started
    page.call("Network.emulateNetworkConditions", **SLOW)
    page.call("Network.clearBrowserCache")
    page.open(f"{site.url}/1/{site.card}")
    asked = [event["params"] for event in page.events if event.get("method") == "Network.requestWillBeSent"]
    own = [one["request"]["url"] for one in asked if one["documentURL"].endswith(site.card)]
    assert len(own) <= 1, own
    weight = page.evaluate("performance.getEntriesByType('navigation')[0].transferSize")
    assert 0 < weight < 15_000  # bytes
    seen = page.evaluate(
        "new Promise(done => new PerformanceObserver(list => done("
        "list.getEntriesByName('first-contentful-paint')[0].startTime)).observe({type: 'paint', buffered: true}))"
    )
    print(f"\nfirst view on slow 3G (400 ms there and back, 50 kB/s): {seen:.0f} ms, {weight} bytes, one request")


RENAMED = """(() => { const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const name = /王秀兰|王奶奶|王丽|中华路/g
  for (let one; one = texts.nextNode();) one.data = one.data.replaceAll(name, 'Featherstonehaugh'.repeat(4))
})()"""


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["a phone", "a desk"])
def test_a_name_without_a_place_to_break_it_makes_no_page_wider(site: Site, page: Page, size: tuple[int, int]) -> None:
    page.screen(*size, mobile=size == PHONE)
    for path in ("/", "/alerts/1", "/households", "/households/H1", "/residents/R1", f"/1/{site.card}"):
        page.open(site.url + path)
        page.evaluate(RENAMED)
        assert "Featherstonehaugh" in page.text(), path
        assert page.evaluate(STICKS_OUT) <= 0, path


def test_at_twice_the_size_nothing_is_cut_off(site: Site, page: Page) -> None:
    page.screen(PHONE[0] // 2, PHONE[1] // 2, scale=2, mobile=True)
    for path in (f"/1/{site.card}", f"/1/{site.old_card}", "/", "/alerts/1"):
        page.open(site.url + path)
        assert page.evaluate(STICKS_OUT) <= 0, path


def test_at_twice_the_size_a_row_of_the_chart_is_still_as_wide_as_its_page(site: Site, page: Page) -> None:
    page.screen(PHONE[0] // 2, PHONE[1] // 2, scale=2, mobile=True)
    for path in ("/households/H1", "/alerts/1"):
        page.open(site.url + path)
        rows = page.evaluate("[...document.querySelectorAll('.chart svg')].map(e => e.getBoundingClientRect().width)")
        assert rows
        assert min(rows) > 100, path


def test_on_paper_stand_facts_and_charts_and_nothing_to_tap(site: Site, page: Page) -> None:
    page.screen(*DESK)
    page.call("Emulation.setEmulatedMedia", media="print")
    for path in ("/households/H1", "/alerts/1", "/mornings", "/"):
        page.open(site.url + path)
        shown = "[...document.querySelectorAll('button, summary, input, .button')].filter(e => e.checkVisibility())"
        assert page.evaluate(f"{shown}.length") == 0, path
    page.open(site.url + "/households/H1")
    assert page.evaluate("document.querySelectorAll('.chart .bar').length") > 0


def test_where_the_finder_is_comes_to_an_open_page_and_leaves_a_half_written_answer(site: Site, page: Page) -> None:
    finder = build_opener(HTTPCookieProcessor())
    finder.open(f"{site.url}/1/{site.card}/here", data=b"")
    page.open(site.url)
    found = page.evaluate(
        "[...document.querySelectorAll('.alerts a')].find(a => /wristband|手环/.test(a.innerText)).href"
    )
    page.open(found)
    page.evaluate("document.querySelector('textarea[name=body]').value = 'I am com'")
    finder.open(f"{site.url}/1/{site.card}/place", data=b"at=42.0218,121.6702")
    page.evaluate("refresh()")
    assert page.evaluate("document.querySelector('a[href^=\"geo:\"]').outerHTML") == (
        '<a href="geo:42.022,121.670">42.022, 121.670</a>'
    )
    assert page.evaluate("document.querySelector('textarea[name=body]').value") == "I am com"


def test_the_alert_list_renews_itself_and_says_when_it_cannot(site: Site, page: Page) -> None:
    page.open(f"{site.url}/?language=en")
    page.evaluate("document.querySelector('[data-live] h1').textContent = 'old'")
    page.evaluate("refresh()")
    assert page.evaluate("document.querySelector('[data-live] h1').textContent").startswith("To be settled")
    page.call("Network.emulateNetworkConditions", **(SLOW | {"offline": True}))
    page.evaluate("refresh()")
    assert page.evaluate("document.getElementById('stale').hidden") is False
    assert "Connection lost" in page.evaluate("document.getElementById('stale').textContent")


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["a phone", "a desk"])
def test_a_form_that_lacks_something_comes_back_to_its_page_with_all_it_lacks_in_sight(
    site: Site, page: Page, axe: str, size: tuple[int, int]
) -> None:
    page.screen(*size, mobile=size == PHONE)
    page.open(f"{site.url}/alerts/1?language=zh")
    page.tap(".acts summary")
    page.click("form[action$='/resolve'] button")
    look(page, axe, "settling without a word")
    assert page.evaluate("document.activeElement.innerText") == "结果：请选一项。\n\n情况说明：请填写。"
    assert 0 < page.evaluate("document.activeElement.getBoundingClientRect().top") < size[1]
    assert page.evaluate("location.pathname") == "/alerts/1"
    page.evaluate("refresh()")
    assert page.evaluate("document.getElementById('stale').hidden") is True
