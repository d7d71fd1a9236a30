"""What a reply means, in Chinese and English; what is not understood is not guessed. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

LONGEST_ABSENCE_DAYS = 60


class Meaning(StrEnum):
    """What a reply says."""

    GOING = "going"
    WELL = "well"
    CANNOT = "cannot"
    AWAY = "away"
    STOP = "stop"
    START = "start"
    UNKNOWN = "unknown"
    STRANGER = "stranger"


_WORDS: dict[Meaning, str] = {
    Meaning.STOP: r"stop|stopall|unsubscribe|end|quit|cancel|退订|td|t|停止",
    Meaning.START: r"start|unstop|订阅|恢复|开始",
    Meaning.GOING: r"1|一|going|i'?m going|on my way|omw|yes|我去|去|马上去|马上到|接警|收到我去|在路上",
    Meaning.WELL: r"2|二|ok|okay|fine|well|all well|all is well|safe|平安|没事|安全|我没事|很好|都好",
    Meaning.CANNOT: r"3|三|no|can'?t|cannot|can not|去不了|不能去|没空|不在|来不了|需要帮助|救命|help me",
}
_AWAY = re.compile(r"(?:away|out|外出|出门|不在家)\s*(\d{1,3})\s*(?:days?|d|天|日)?")
_TRAILING_CODE = re.compile(r"^([123])\s+(\S{1,12})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A meaning, the days of an absence, and which home is meant where the reply says so."""

    meaning: Meaning
    days: int = 0
    code: str | None = None


def understand(body: str) -> Understood:
    """Full-width digits, brackets, dots and case don't matter; what is not understood is not guessed."""
    plain = unicodedata.normalize("NFKC", body).strip().lower()
    plain = plain.replace("\u2019", "'").strip(" .。!！,，、【】[]()\"'“”")
    if (away := _AWAY.fullmatch(plain)) and 1 <= int(away[1]) <= LONGEST_ABSENCE_DAYS:
        return Understood(meaning=Meaning.AWAY, days=int(away[1]))
    if coded := _TRAILING_CODE.match(plain):
        meaning = understand(coded[1]).meaning
        return Understood(meaning=meaning, code=coded[2])
    for meaning, words in _WORDS.items():
        if re.fullmatch(words, plain):
            return Understood(meaning=meaning)
    return Understood(meaning=Meaning.UNKNOWN)
