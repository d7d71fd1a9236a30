"""A kind of alert is whole: kept, worded, told. CONTRIBUTING.md lists the places; one that was forgotten fails here."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config.sms import load_words
from detectors.fleet import memory
from detectors.household import HouseholdWatch
from detectors.household_state import KINDS, dump, load
from detectors.parameters import WatchParameters
from detectors.wording import TEMPLATES
from domain.finding import AlertKind, Level
from domain.people import Language
from notifier.timelines import URGENCY, Policies
from web.words import load as load_page_words

ROOT = Path(__file__).parents[1]
SAID_AS = {AlertKind.CHANNEL_DOWN: "service_down"}  # where its reasons have other names
FOUND_BY_DETECTORS = {
    AlertKind[name]
    for path in (ROOT / "detectors").rglob("*.py")
    for name in re.findall(r"\bAlertKind\.([A-Z_]+)", path.read_text(encoding="utf-8"))
}


@pytest.mark.parametrize("kind", AlertKind)
def test_every_kind_is_told_by_a_policy_and_has_its_place_among_others(kind: AlertKind) -> None:
    assert Policies().of(kind, None).steps
    assert kind in URGENCY


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", AlertKind)
def test_every_kind_has_its_words_in_texts_and_on_pages(kind: AlertKind, language: Language) -> None:
    texts, page = load_words()[language.value]["what"], load_page_words(language).sections
    assert [key for key in texts if key.startswith(SAID_AS.get(kind, kind.value))]
    assert page["kind"][kind.value]
    assert kind.for_operator or page["first"][kind.value]


@pytest.mark.parametrize("kind", sorted(FOUND_BY_DETECTORS))
def test_what_a_detector_finds_is_kept_explained_and_known_to_the_fleet(kind: AlertKind) -> None:
    state = HouseholdWatch(WatchParameters(), ZoneInfo("Asia/Shanghai")).start()
    state.running[kind] = (Level.ALERT, 0.0)
    assert load(dump(state)).running == state.running
    assert [key for key, said in TEMPLATES.items() if key.startswith(kind.value) and set(said) == set(Language)]
    assert getattr(memory, kind.name) == KINDS.index(kind)


def test_contributing_names_files_that_are_there() -> None:
    named = re.findall(r"`((?:\w+/)+\w+\.\w+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert len(named) >= 8
    assert [name for name in named if not (ROOT / name).is_file()] == []
