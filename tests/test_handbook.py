"""The staff's handbook calls things as the console does: what it quotes stands on the pages."""

import re
from pathlib import Path

import pytest

from domain.people import Language
from web.words import load

ROOT = Path(__file__).parents[1]
HANDBOOKS = {Language.ZH: "docs/handbook.zh-CN.md", Language.EN: "docs/handbook.md"}


@pytest.mark.parametrize("language", Language)
def test_what_the_handbook_quotes_stands_on_the_pages(language: Language) -> None:
    page = (ROOT / HANDBOOKS[language]).read_text(encoding="utf-8")
    quoted = {" ".join(words.split()) for words in re.findall("“([^”]+)”", page)}
    sections = load(language).sections
    said = [text for keys in sections.values() for text in keys.values()]
    assert len(quoted) > 50
    assert [words for words in quoted if not any(text == words or text.startswith(words) for text in said)] == []
    assert set(sections["outcome"].values()) <= quoted
    assert {text for kind, text in sections["kind"].items() if kind != "first_use"} <= quoted


def test_both_readmes_lead_to_the_handbook() -> None:
    assert "(docs/handbook.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "(docs/handbook.zh-CN.md)" in (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
