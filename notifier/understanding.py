"""What a reply means, in Chinese and English; what is not understood is not guessed. Pure."""

import re
import unicodedata
from dataclasses import dataclass, replace
from enum import StrEnum

LONGEST_DAYS = 60  # of an absence


class Meaning(StrEnum):
    """What a reply says."""

    GOING = "going"
    WELL = "well"
    CANNOT = "cannot"
    HELP = "help"
    AWAY = "away"
    STOP = "stop"
    START = "start"
    UNKNOWN = "unknown"
    STRANGER = "stranger"


_WORDS: dict[Meaning, str] = {
    Meaning.STOP: r"stop|stopall|unsubscribe|end|quit|cancel|退订|td|t|停止",
    Meaning.START: r"start|unstop|订阅|恢复|开始",
    Meaning.HELP: r"help me|sos|救命|需要帮助|要帮助|帮帮我",
    Meaning.GOING: r"1|一|going|i'?m going|on my way|omw|yes|我去|去|马上去|马上到|接警|收到我去|在路上",
    Meaning.WELL: r"2|二|well|all well|all is well|safe|平安|没事|安全|我没事|都好",
    Meaning.CANNOT: r"3|三|no|can'?t|cannot|can not|去不了|不能去|没空|不在|来不了",
}
# Asked whether all is well, the resident says yes or no. From others "ok" settles nothing: it may mean "I'm going".
_OF_RESIDENTS: dict[Meaning, str] = {
    Meaning.HELP: r"3|三|no|不|不好|不平安|help",
    Meaning.WELL: r"ok|okay|fine|yes|i'?m fine|i'?m ok|好|好的|很好|嗯|是|是的",
}
_ABOUT_A_HOME = frozenset({Meaning.GOING, Meaning.WELL, Meaning.CANNOT, Meaning.AWAY})
_AWAY = re.compile(
    r"(?:away|out|外出|出门|不在家)\s*(?:for\s)?\s*(\d{1,3}|[一二两三四五六七八九十]{1,3})\s*"
    r"(?:(weeks?|w|个?星期|周|个?礼拜)|days?|d|天|日)?"
)
_AWAY_SOMEHOW = re.compile(r"(?:away|外出|出门|不在家)(?:\b.*|$|[^a-z].*)", re.DOTALL)
_DIGITS = {digit: value for value, digit in enumerate("一二三四五六七八九", 1)} | {"两": 2}
_CODED = re.compile(r"(.+?)[\s,，:：#]+(\S{0,11}\d\S{0,11})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A meaning, the days of an absence (0: it can't be told how many), and which home is meant, where it is said."""

    meaning: Meaning
    days: int = 0
    code: str | None = None


def understand(body: str, *, resident: bool = False) -> Understood:
    """Full-width digits, brackets, dots and case don't matter; what is not understood is not guessed."""
    plain = unicodedata.normalize("NFKC", body).strip().lower()
    plain = plain.replace("\u2019", "'").strip(" .。!！,，、【】[]()\"'“”")
    if (away := _AWAY.fullmatch(plain)) and 1 <= (days := _number(away[1]) * (7 if away[2] else 1)) <= LONGEST_DAYS:
        return Understood(meaning=Meaning.AWAY, days=days)
    for words in (_OF_RESIDENTS, _WORDS) if resident else (_WORDS,):
        for meaning, pattern in words.items():
            if re.fullmatch(pattern, plain):
                return Understood(meaning=meaning)
    if coded := _CODED.fullmatch(plain):
        of = understand(coded[1], resident=resident)
        if of.meaning in _ABOUT_A_HOME and of.code is None:
            return replace(of, code=coded[2])
    if _AWAY_SOMEHOW.fullmatch(plain):
        return Understood(meaning=Meaning.AWAY)
    return Understood(meaning=Meaning.UNKNOWN)


def _number(text: str) -> int:
    """Digits, or 一 to 九十九; 0 for what is none."""
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if len(tens) > 1 or len(ones) > 1:
        return 0
    return (10 * _DIGITS.get(tens or "一", 0) if ten else 0) + (_DIGITS.get(ones, 0) if ones else 0)
