"""The words of a text, how many segments it takes, and what it costs: pure, known before sending."""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from detectors.wording import hours, named
from domain.finding import AlertKind, Reason
from domain.in_chinese import in_chinese
from domain.people import Language

Words = Mapping[str, Mapping[str, str]]

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_DOUBLE = frozenset("^{}\\[~]|€\f")
_PLAIN = str.maketrans({"\u00a0": " ", "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-"})
LONGEST_VARIABLE = 35  # in approved templates (Aliyun, Tencent)
LONGEST_FREE = 120


class WordsError(Exception):
    """A template is missing, or names a variable that nobody gives; names the language and the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a text takes: `units` of its encoding, and the segments that are paid for."""

    encoding: str
    units: int
    segments: int


def size(text: str) -> Size:
    """GSM-7: 160 units, or 153 in each of several; UCS-2: 70 UTF-16 code units, or 67."""
    if all(c in _GSM or c in _GSM_DOUBLE for c in text):
        widths = [2 if c in _GSM_DOUBLE else 1 for c in text]
        return Size(encoding="GSM-7", units=sum(widths), segments=_segments(widths, 160, 153))
    widths = [2 if ord(c) > 0xFFFF else 1 for c in text]
    return Size(encoding="UCS-2", units=sum(widths), segments=_segments(widths, 70, 67))


def _segments(widths: list[int], single: int, each: int) -> int:
    """A two-unit character is not cut in two, so a segment may end one unit early."""
    if sum(widths) <= single:
        return 1
    segments, used = 1, 0
    for width in widths:
        if used + width > each:
            segments, used = segments + 1, 0
        used += width
    return segments


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """All words by language; a language without them is spoken to in English."""

    words: Mapping[str, Words]

    def say(self, language: Language, section: str, key: str, **values: object) -> str:
        """The phrase `section.key`, or that section's `otherwise`, filled in."""
        phrases = self._words(language).get(section, {})
        phrase = phrases.get(key, phrases.get("otherwise"))
        if phrase is None:
            raise WordsError(f"sms words, {language}: [{section}] has neither {key} nor otherwise")
        return fill(phrase, values, f"{language} [{section}] {key}")

    def find(self, language: Language, section: str, key: str) -> str:
        """The phrase `section.key`; empty where there is none."""
        return self._words(language).get(section, {}).get(key, "")

    def section(self, language: Language, section: str) -> Mapping[str, str]:
        """All phrases of a section."""
        return self._words(language).get(section, {})

    def render(self, language: Language, template: str, variables: Mapping[str, str], *, signed: bool = True) -> str:
        """The whole text. Curly quotes and the like, which would triple its price, are made plain."""
        words = self._words(language)
        sign = words.get("", {}).get("sign", "") if signed else ""
        return (sign + self.say(language, "template", template, **variables)).translate(_PLAIN)

    def approved(self, template: str) -> str:
        """The wording that is registered with providers of approved templates: Chinese, variables well apart."""
        zh = self.words[Language.ZH.value]
        phrase = zh.get("registered", {}).get(template) or zh["template"].get(template)
        if phrase is None:
            raise WordsError(f"sms words, zh: neither [registered] nor [template] has {template}")
        return phrase

    def reason(self, language: Language, section: str, kind: AlertKind, reason: Reason, when: "When") -> str:
        """The reason in a few words; with values missing, the kind's or the plainest phrase: a text always goes out."""
        values = {name: _value(name, value, language, when) for name, value in reason.values.items()}
        phrases = self._words(language).get(section, {})
        for key in (reason.key, kind.value, "otherwise"):
            if key in phrases and not _missing(phrases[key], values):
                return fill(phrases[key], values, key)
        return reason.key

    def _words(self, language: Language) -> Words:
        return self.words.get(language.value) or self.words[Language.EN.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The reader's now and zone: times of today need no date."""

    now: datetime
    zone: tzinfo


def moment(at: datetime, language: Language, when: When) -> str:
    """A time as short as it can be said: today the clock alone."""
    local, today = at.astimezone(when.zone), when.now.astimezone(when.zone).date()
    days = (today - local.date()).days
    clock = f"{local.hour}:{local.minute:02}{named(when.zone)}"
    if days == 0:
        return clock
    if language is Language.ZH:
        return f"昨天{clock}" if days == 1 else f"{local.month}月{local.day}日{clock}"
    return f"{local.day} {_MONTHS[local.month - 1]} {clock}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def number(value: float) -> str:
    """Whole from ten on, one decimal below."""
    return f"{value:.0f}" if abs(value) >= 10 else f"{round(value, 1):g}"


def _value(name: str, value: float | str, language: Language, when: When) -> str:
    if (name == "at" or name.endswith("_at")) and isinstance(value, str):
        try:
            return moment(datetime.fromisoformat(value), language, when)
        except ValueError:
            return value or "-"
    if isinstance(value, str):
        return in_chinese(value) if language is Language.ZH and name in ("problem", "error") else value
    return hours(value) if name.endswith("_hours") else number(value)


def short(text: str, longest: int) -> str:
    """Cut to what a variable may hold; the cut shows."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def cost(text: str, per_segment: float) -> float:
    """What the text costs [currency of the settings]."""
    return size(text).segments * per_segment


def _missing(phrase: str, values: Mapping[str, object]) -> bool:
    return any(name and name not in values for _, name, _, _ in string.Formatter().parse(phrase))


def fill(phrase: str, values: Mapping[str, object], where: str) -> str:
    """The phrase with its variables; `where` is named when one is missing."""
    try:
        return phrase.format_map(values)
    except KeyError as e:
        raise WordsError(f"sms words, {where}: nothing is known of {{{e.args[0]}}}") from e
