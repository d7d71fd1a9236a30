"""What people enter of homes, people and devices: one check a field, the same for files, pages and commands.

Each takes a text without blanks around it and gives the value to keep, or raises `ValueError`, whose words follow the
text.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from zoneinfo import ZoneInfo

Value = str | int | float | None
Parse = Callable[[str], Value]

LONGEST_ID, LONGEST_NAME, LONGEST_TEXT = 200, 100, 500  # characters
LEAST_L, MOST_L = 0.001, 10_000.0  # of a pulse or a step: from the millilitre to the largest pulse emitters' 10 m3
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2099, 12, 31)  # before and after it is a slip of the pen
UNITS = ("m3", "L", "gal")
SENSOR_KINDS = ("sos_button", "leak_sensor", "smoke_detector", "gas_detector", "door_contact", "motion_sensor")
FRAME_PROFILES = (  # `ingest.codecs.profiles` has a decoder for each
    "axioma_w1", "kamstrup_flowiq", "milesight_em300_di", "milesight_em300_zld", "milesight_ws101", "netvox_r718wb",
    "pulse", "yobiiq_sd1001",
)  # fmt: skip
ALARM_PROFILES = ("sos_button", "leak_sensor", "smoke_detector", "gas_detector")  # what a device is that says no kind
PROPERTY = "property:"  # and the name of the property that is the register


def is_plain(text: str) -> bool:
    """Whether every character can be shown on one line; a Chinese keyboard's wide blank can."""
    return all(character.isprintable() or unicodedata.category(character) == "Zs" for character in text)


def plain(longest: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if len(text) > longest:
            raise ValueError(f"is longer than {longest} characters")
        if not is_plain(text):
            raise ValueError("has a character that can't be printed")
        return text

    return parse


def page_id(text: str) -> str:
    """Who has a page of their own, at an address with this in it."""
    if "/" in text or text in {".", ".."}:
        raise ValueError("can't stand in a page's address: no / in it, and not . or .. alone")
    return plain(LONGEST_ID)(text)


def gateway_id(text: str) -> str:
    """One level of a topic."""
    if wrong := {"/", "+", "#"} & {*text}:
        raise ValueError(f"can't be an id in a message: {' '.join(sorted(wrong))} in it")
    return plain(LONGEST_ID)(text)


def meter_id(text: str) -> str:
    if any(character.isspace() for character in text):
        raise ValueError("can't be a meter's id: a blank in it; where the gateway names it so, rename it there")
    return gateway_id(text)


def sensor_id(text: str) -> str:
    """Also Zigbee2MQTT's friendly names, which may hold blanks and slashes."""
    if wrong := {"+", "#"} & {*text}:
        raise ValueError(f"can't be an id in a message: {' '.join(sorted(wrong))} in it")
    return plain(LONGEST_ID)(text)


def profile(text: str) -> str:
    known = (*FRAME_PROFILES, *ALARM_PROFILES)
    if text not in known and not (text.startswith(PROPERTY) and text != PROPERTY):
        raise ValueError(f"is none of {', '.join(known)}, and not {PROPERTY}NAME")
    return plain(LONGEST_ID)(text)


def litres(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) or not LEAST_L <= float(text) <= MOST_L:
        raise ValueError(f"is no number of litres from {LEAST_L:g} to {MOST_L:g}")
    return float(text)


def phone(text: str) -> str:
    """E.164: + and the country's code first, no spaces; digits of a Chinese keyboard are digits."""
    bare = re.sub(r"[ ()\-]", "", unicodedata.normalize("NFKC", text))
    bare = re.sub(r"^\+860", "+86", bare)  # the 0 before the area code is dialled within China alone
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", bare):
        raise ValueError("is no number in international form, such as +86 138 1234 5678")
    return bare


def is_landline(number: str) -> bool:
    """Of mainland China: an area code and 7 or 8 digits. It can be called, and gets no texts; abroad nobody knows."""
    return re.fullmatch(r"\+86(10|2\d|[3-9]\d\d)\d{7,8}", number) is not None


def address(text: str) -> str:
    """A phone, an e-mail address, or a group's Apprise URL such as wecombot://..."""
    if "://" in text or re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text):
        return plain(LONGEST_TEXT)(text)
    try:
        return phone(text)
    except ValueError as e:
        raise ValueError(f"{e}, no e-mail address and no group's URL") from e


def zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (KeyError, OSError, ValueError) as e:  # no such zone; a folder; no name at all
        raise ValueError("is no time zone, such as Asia/Shanghai") from e


def day(text: str) -> str:
    """Year, month and day; also 2026/3/1, as Excel saves days, and 2026年3月1日."""
    written = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", unicodedata.normalize("NFKC", text))
    try:
        entered = date(*map(int, written.groups())) if written else date.fromisoformat(text)
    except ValueError as e:
        raise ValueError("is no day, such as 2026-03-01") from e
    if not FIRST_DAY <= entered <= LAST_DAY:
        raise ValueError(f"is no day from {FIRST_DAY} to {LAST_DAY}")
    return entered.isoformat()


def one_of(kinds: type[StrEnum] | tuple[str, ...]) -> Callable[[str], str]:
    known = [str(kind) for kind in kinds]

    def parse(text: str) -> str:
        if text not in known:
            raise ValueError(f"is none of {', '.join(known)}")
        return text

    return parse


def whole(lowest: int, highest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,6}", text) or not lowest <= int(text) <= highest:
            raise ValueError(f"is no whole number from {lowest} to {highest}")
        return int(text)

    return parse
