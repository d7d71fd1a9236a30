"""The words: what is said, how long it is, and that nothing is missing in any language."""

import re
import string
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.sms import load_words
from detectors.wording import TEMPLATES
from domain.finding import AlertKind, Reason
from domain.people import Language
from notifier.diagram import page
from notifier.messages import LONGEST_VARIABLE, Texts, When, WordsError, fill, size
from notifier.policy import Why
from notifier.preview import START, previews
from tests.notifier.world import ZONE

TEXTS = Texts(words=load_words())
WHEN = When(now=START, zone=ZONE)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("replies", [False, True])
def test_each_text_fits_one_segment_even_with_the_longest_names(language: Language, replies: bool) -> None:
    longer = [p for p in previews(TEXTS, language, replies=replies) if p.segments > 1]
    long = [f"{p.about}: {p.units} {p.encoding}" for p in longer if not (replies and p.about.startswith("again"))]
    assert long == []


@pytest.mark.parametrize("language", list(Language))
def test_why_it_is_told_again_fits_beside_every_reason(language: Language) -> None:
    again = TEXTS.words[language.value]["again"]
    asking = [p for p in previews(TEXTS, language) if p.template in ("alert", "technical") and "again" not in p.about]
    long = []
    for p, (key, phrase) in product(asking, again.items()):
        operators = key == Why.NOBODY_REACHABLE or p.template == "technical"
        for how in ("operator",) if operators else ("staff", "guardian"):
            told = {"urge": phrase + p.variables["urge"], "answer": TEXTS.say(language, "answer", how)}
            segments = size(TEXTS.render(language, p.template, {**p.variables, **told})).segments
            long += [f"{p.about} {key} {how}"] if segments > 1 else []
    assert long == []


def test_what_is_told_again_is_previewed_with_why() -> None:
    about = {p.about for p in previews(TEXTS, Language.ZH)}
    assert {f"again {key}" for key in TEXTS.words["zh"]["again"]} <= about


@pytest.mark.parametrize("language", list(Language))
def test_each_reason_is_previewed_in_its_own_words(language: Language) -> None:
    bodies = {p.about: p.body for p in previews(TEXTS, language)}
    for key, phrase in TEXTS.words[language.value]["what"].items():
        assert max(re.split(r"\{\w+\}", phrase), key=len) in bodies[key], key


def test_both_languages_have_the_same_phrases_with_the_same_variables() -> None:
    zh, en = TEXTS.words["zh"], TEXTS.words["en"]
    own = ("registered", "speech")  # the approved wording is Chinese; each language says its own units aloud
    assert {(s, k) for s in zh for k in zh[s] if s not in own} == {(s, k) for s in en for k in en[s] if s not in own}
    for section in ("template", "what", "ask", "eased"):
        for key, phrase in zh[section].items():
            names = {name for _, name, _, _ in string.Formatter().parse(phrase) if name}
            assert names == {name for _, name, _, _ in string.Formatter().parse(en[section][key]) if name}, key


def test_no_text_to_people_speaks_as_an_office_writes() -> None:
    """Who reads it may be 75, on the telephone: spoken words, no half sentences."""
    written = ("走失", "其间", "或为", "或外出", "勿", "此警", "仍无", "未用水", "未走", "仅")
    texts = [f"{key}: {phrase}" for section in TEXTS.words["zh"].values() for key, phrase in section.items()]
    assert [text for text in texts if any(word in text for word in written)] == []


_ONES = re.compile(r"\b1 (?!is\b|has\b)[a-z]+s\b")  # "1 uses"


def test_no_english_text_says_one_of_what_is_many() -> None:
    english = [phrases[Language.EN] for phrases in TEMPLATES.values()]
    sections = TEXTS.words["en"].values()
    english += [phrase for section in sections for key, phrase in section.items() if key != "bundle"]  # of several
    ones = [fill(phrase, _One(name="Li", channel="sms"), "one") for phrase in english]
    assert [said for said in ones if _ONES.search(said)] == []


class _One(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "1"


def test_every_reason_that_detectors_raise_has_its_words() -> None:
    of_alerts = {key for key in TEMPLATES if any(key.startswith(kind.value) for kind in AlertKind)}
    assert of_alerts - set(TEXTS.words["zh"]["what"]) == set()


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        ("安" * 70, "UCS-2", 70, 1),
        ("安" * 71, "UCS-2", 71, 2),
        ("安" * 134, "UCS-2", 134, 2),
        ("安" * 135, "UCS-2", 135, 3),
        ("😀" * 35, "UCS-2", 70, 1),
        ("a\u00a0b", "UCS-2", 3, 1),
        ("it\u2019s", "UCS-2", 4, 1),
        ("安" * 66 + "😀" + "安" * 66, "UCS-2", 134, 3),
    ],
)
def test_segments_are_counted_as_providers_do(text: str, encoding: str, units: int, segments: int) -> None:
    counted = size(text)
    assert (counted.encoding, counted.units, counted.segments) == (encoding, units, segments)


@given(st.text(max_size=500), st.text(max_size=50))
def test_a_longer_text_never_takes_fewer_segments(text: str, more: str) -> None:
    assert size(text + more).segments >= size(text).segments


def test_curly_quotes_and_hard_spaces_that_would_triple_the_price_are_made_plain() -> None:
    body = TEXTS.render(Language.EN, "reply_thanks", {"place": "3", "what": "It\u2019s\u00a0settled"})
    assert size(body).encoding == "GSM-7"


def test_a_reason_with_values_missing_is_still_said_in_plainer_words() -> None:
    reason = Reason(key="low_use", values={"since_at": START.isoformat()})
    assert TEXTS.reason(Language.EN, "what", AlertKind.LOW_USE, reason, WHEN) == "something is wrong since 12:00"


def test_a_variable_that_nobody_gives_is_an_error_that_names_it() -> None:
    with pytest.raises(WordsError, match=r"en \[template\] taken: nothing is known of \{place\}"):
        TEXTS.render(Language.EN, "taken", {"who": "Mrs Wang"})


def test_every_variable_of_the_chinese_texts_fits_what_approved_templates_allow() -> None:
    previewed = previews(TEXTS, Language.ZH, replies=True)
    long = [(p.about, v) for p in previewed for v in p.variables.values() if not 1 <= len(v) <= LONGEST_VARIABLE]
    assert long == []


def test_the_approved_wording_fits_one_segment_with_the_longest_names_and_a_short_sign() -> None:
    long = []
    for p in previews(TEXTS, Language.ZH):
        body = "【安居】" + fill(TEXTS.approved(p.template), p.variables, p.template)
        long += [f"{p.about}: {size(body).units}"] if size(body).segments > 1 else []
    assert long == []


def test_approved_wordings_have_the_same_variables_and_words_between_any_two() -> None:
    for key in TEXTS.words["zh"]["template"]:
        wording = TEXTS.approved(key)
        names = re.findall(r"\{(\w+)\}", wording)
        assert sorted(names) == sorted(set(re.findall(r"\{(\w+)\}", TEXTS.words["zh"]["template"][key]))), key
        between = re.findall(r"\}([^{}]*)\{", wording)
        assert all(re.search(r"[\u4e00-\u9fff]", words) for words in between), key
        assert not re.search(r"[【】\[\]]|http", wording), key


def test_no_text_says_anything_medical() -> None:
    every = " ".join(p.body.lower() for language in Language for p in previews(TEXTS, language))
    assert not [w for w in ("病", "药", "血", "diabet", "medic", "dementia", "痴呆") if w in every]


def test_the_page_of_the_alerts_life_is_the_one_drawn_from_the_table() -> None:
    assert (Path(__file__).parents[2] / "docs" / "alert-life.md").read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("language", list(Language))
def test_no_text_stumbles_over_its_own_signs(language: Language) -> None:
    odd = ("?.", "。。", "..", "，。", "；。", ",.", " .")
    assert [p.body for p in previews(TEXTS, language) if any(sign in p.body for sign in odd)] == []


def test_the_preview_of_the_first_use_is_of_today_and_asks_for_nothing() -> None:
    said = {language: {p.about: p.body for p in previews(TEXTS, language)}["first_use"] for language in Language}
    assert "今天10:45开始用水了" in said[Language.ZH]
    assert "water used at 10:45" in said[Language.EN]
    assert "nothing to do" in said[Language.EN]
