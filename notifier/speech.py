"""A text as it is said on the telephone: whole words for units, door numbers digit by digit, nothing to be read."""

import re
from collections.abc import Mapping

from domain.people import Language
from notifier.messages import Texts

_LONG_NUMBER = re.compile(r"\d{3,}")
_SPELT = ("place", "first", "second")  # where digits are a name, not a quantity


def spoken(texts: Texts, language: Language, template: str, variables: Mapping[str, str]) -> str:
    """The words of a call; `[speech] hello` stands before them, other entries of `[speech]` replace whole words."""
    said = {name: _digits(value) if name in _SPELT else value for name, value in variables.items()}
    body = texts.render(language, template, said, signed=False)
    phrases = dict(texts.section(language, "speech"))
    hello = phrases.pop("hello", "")
    for written, word in sorted(phrases.items(), key=lambda pair: -len(pair[0])):
        body = re.sub(rf"(?<![A-Za-z]){re.escape(written)}(?![A-Za-z])", word, body)
    return hello + body


def _digits(text: str) -> str:
    """201 is said two, oh, one: nobody lives at two hundred and one."""
    return _LONG_NUMBER.sub(lambda found: " ".join(found[0]), text)
