"""Both languages say the same things."""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.sms import load_words
from domain.alert import Event, Outcome, State
from domain.finding import AlertKind, Level
from domain.message import MessageStatus
from domain.people import Category, Language, Role
from domain.wristband import BandField, BandState, Emergency, Stage
from notifier.policy import Why
from store.held import KEPT
from web.words import load, preferred, spoken

ZH, EN = load(Language.ZH), load(Language.EN)
WEB = Path(__file__).parents[2] / "web"


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_in_the_same_order() -> None:
    assert [(s, list(keys)) for s, keys in ZH.sections.items()] == [(s, list(keys)) for s, keys in EN.sections.items()]


def test_both_languages_fill_in_the_same_values() -> None:
    loose = {("time", "date"), ("time", "date_time")}
    for section, keys in ZH.sections.items():
        for key, text in keys.items():
            if (section, key) not in loose:
                assert fields(text) == fields(EN.sections[section][key]), f"{section}.{key}"


def test_an_incident_is_called_one_thing_on_pages_in_texts_and_in_the_glossary() -> None:
    row = next(row for row in (WEB.parent / "docs" / "glossary.md").read_text().splitlines() if "| incident |" in row)
    word = row.split("|")[-2].strip()
    assert word in ZH("outcome.incident")
    assert word in ZH("household.outcomes")
    assert word in load_words()["zh"]["outcome"]["incident"]


def test_no_english_page_says_one_of_what_is_many() -> None:
    texts = [text for keys in EN.sections.values() for text in keys.values()]
    ones = [text.format(**dict.fromkeys(fields(text), "1") | {"name": "Li"}) for text in texts]
    lengths = re.compile(r"\b1 (days|characters)\b")  # pages look back for weeks, and too long is more than one
    assert [said for said in ones if re.search(r"\b1 [a-z]+s\b", lengths.sub("", said))] == []


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("kind", AlertKind),
        ("level", Level),
        ("state", State),
        ("event", Event),
        ("outcome", Outcome),
        ("outcome_hint", Outcome),
        ("role", Role),
        ("category", Category),
        ("stage", Stage),
        ("field", BandField),
        ("band_state", BandState),
        ("emergency", Emergency),
        ("status", MessageStatus),
        ("why", Why),
    ],
)
def test_every_value_a_page_can_show_has_a_word(section: str, values: type[StrEnum]) -> None:
    for words in (ZH, EN):
        assert {value.value for value in values} <= set(words.sections[section])


def test_every_key_in_templates_and_code_exists_and_every_key_is_used() -> None:
    sources = "\n".join(path.read_text("utf-8") for path in [*WEB.rglob("*.html"), *WEB.rglob("*.py")])
    whole = {f"{section}.{key}" for section, keys in ZH.sections.items() for key in keys}
    used = set(re.findall(r'\bt\(["\'](\w+\.\w+)["\']', sources)) | set(re.findall(r'self\("(\w+\.\w+)"', sources))
    assert used <= whole
    by_value = {
        "kind",
        "level",
        "state",
        "event",
        "first",
        "outcome",
        "outcome_hint",
        "role",
        "category",
        "status",
        "channel",
        "why",
        "emergency",
        "notes",
        "reason",
        "layout",
        "band_state",
        "field",
        "stage",
        "security_event",
        "forgotten",
    }
    named = {key for key in whole if key in sources or key.split(".")[1] in sources or key.split(".")[0] in by_value}
    assert whole - named == set()
    assert {f"forgotten.{name}" for name in KEPT} <= whole


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", Language.ZH),
        ("zh-CN,zh;q=0.9", Language.ZH),
        ("en-US,en;q=0.9,zh;q=0.1", Language.EN),
        ("fr,en;q=0.4,zh;q=0.5", Language.ZH),
        ("de", Language.ZH),
        ("en;q=0", Language.ZH),
        ("en;q=x, zh", Language.ZH),
    ],
)
def test_the_browsers_first_choice_wins_and_chinese_is_the_default(header: str, language: Language) -> None:
    assert preferred(header) is language


@given(st.text(max_size=600))
def test_any_accept_language_header_gives_one_of_our_languages(header: str) -> None:
    assert preferred(header) in Language


@pytest.mark.parametrize(
    ("language", "said"), [(Language.ZH, "2025年12月31日 10:00"), (Language.EN, "31 Dec 2025 10:00")]
)
def test_a_moment_of_another_year_says_which(language: Language, said: str) -> None:
    at = datetime(2025, 12, 31, 2, tzinfo=UTC)
    assert load(language).moment(at, "Asia/Shanghai", at + timedelta(days=2)) == said


def test_the_page_that_issues_a_band_names_the_button_that_prints_again_and_the_qr_code_as_the_handbook_does() -> None:
    assert f"“{ZH('band.replace')}”" in ZH("band.issue_hint")
    handbook = (WEB.parent / "docs" / "handbook.zh-CN.md").read_text("utf-8")
    assert "二维码只出现这一次" in handbook
    assert ZH("band.issue_hint").startswith("二维码只在")


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("+8613812345678", "138 1234 5678"),
        ("+8675523456789", "0755 23456789"),
        ("+85291234567", "+852 9123 4567"),
        ("+85366123456", "+853 6612 3456"),
        ("+447911123456", "+447911123456"),
    ],
)
def test_a_phone_is_shown_as_whoever_dials_it_there_would_read_it(phone: str, shown: str) -> None:
    assert spoken(phone) == shown
