"""What all codecs share in reading values: JSON, numbers, units and ids; what is none is refused with its name."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from json import loads as slow_loads
from math import floor, isfinite
from typing import Any

import orjson

MOST_REGISTER_L = 1e12  # 10^9 m3: no dial is that wide
LONGEST_ID = 200  # characters; topic levels and friendly names stay far below
LITRES: Mapping[str, float] = {
    "l": 1.0, "litre": 1.0, "litres": 1.0, "liter": 1.0, "liters": 1.0, "dm3": 1.0, "dm³": 1.0,
    "m3": 1000.0, "m³": 1000.0, "m^3": 1000.0, "cbm": 1000.0, "kl": 1000.0, "立方米": 1000.0, "吨": 1000.0,
    "gal": 3.785411784, "gals": 3.785411784, "gallon": 3.785411784, "gallons": 3.785411784, "usgal": 3.785411784,
    "ft3": 28.316846592, "ft³": 28.316846592, "ft^3": 28.316846592, "cf": 28.316846592, "ccf": 2831.6846592,
    "ml": 0.001, "hl": 100.0, "dal": 10.0,
}  # fmt: skip
WORDS_OF_TRUTH: Mapping[str, bool] = {
    "true": True, "on": True, "yes": True, "alarm": True, "detected": True, "1": True,
    "false": False, "off": False, "no": False, "normal": False, "clear": False, "0": False,
}  # fmt: skip


class RefusedError(Exception):
    """The message can't be used; the text names the field and the value."""


def parse_json(payload: bytes | str) -> Any:
    """Strict JSON; refuses malformed, not UTF-8, deeper than 1,024, and names that come twice.

    Where NaN or an infinite number stands in its place it is a text: it spoils its own field and no other reading.
    """
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        document = _with_numbers_that_are_none(payload)
        if document is None:
            raise RefusedError(f"payload isn't JSON: {error}; it begins {shown(payload[:40])}") from error
        return document
    raw = payload.encode() if isinstance(payload, str) else payload
    again = orjson.dumps(document)
    if raw != again and (b"\\" in raw or raw.count(b'"') != again.count(b'"')):
        slow_loads(payload, object_pairs_hook=_no_name_twice)  # a lost pair takes its quotes with it
    return document


def _with_numbers_that_are_none(payload: bytes | str) -> Any:
    """None where something else is wrong, too."""
    try:
        text = payload if isinstance(payload, str) else payload.decode()
        document = slow_loads(text, parse_constant=str, parse_float=_if_finite, object_pairs_hook=_no_name_twice)
        orjson.dumps(document)  # refuses what else the slower one lets pass
    except (ValueError, TypeError, RecursionError):
        return None
    return document


def _if_finite(text: str) -> float | str:
    value = float(text)
    return value if isfinite(value) else text


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        seen: set[str] = set()
        name = next(n for n, _ in pairs if n in seen or seen.add(n))  # type: ignore[func-returns-value]
        raise RefusedError(f"payload has the name {shown(name)} twice in one object")
    return names


def shown(value: object) -> str:
    """A value for a reason, cut short."""
    text = repr(value[:60] if isinstance(value, str | bytes) else value)
    return text if len(text) <= 60 else text[:57] + "..."


def check_names(document: Mapping[str, Any], known: frozenset[str], of: str) -> None:
    """Refuses a name that is no field `of` what is read, and says which may be meant."""
    if not known.issuperset(document):
        unknown = next(name for name in document if name not in known)
        raise RefusedError(f"{shown(unknown)} is no field of {of}; {_meant(unknown[:60].casefold(), known)}")


@lru_cache(maxsize=1000)  # each reading of a long list may have the same
def _meant(name: str, known: frozenset[str]) -> str:
    near = get_close_matches(name, sorted(known), n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"


def number(document: Mapping[str, Any], name: str) -> float | None:
    """A JSON number, None where absent or null; refuses text, true and false."""
    value = document.get(name)
    if type(value) is float or type(value) is int:
        return float(value)
    if value is None:
        return None
    raise RefusedError(f"{name}: a number was expected, not {shown(value)}")


def number_from_text(value: object, name: str) -> float | None:
    """A number, also written as plain decimal text ("001978.208"), None where absent, null or empty; refuses others."""
    if type(value) is float or type(value) is int:
        return float(value)
    if value is None or value == "":
        return None
    if isinstance(value, str) and len(value) <= 40 and _plain_decimal(value.strip()):
        return float(value)
    raise RefusedError(f"{name}: a number was expected, not {shown(value)}")


def _plain_decimal(text: str) -> bool:
    digits = text.removeprefix("-").replace(".", "", 1)
    return digits.isascii() and digits.isdigit()


def truth(value: object) -> bool | None:
    """True or false as sensors' software writes it ("ON", "true", 1); None for null and for words that say neither."""
    if type(value) is bool:
        return value
    if type(value) is int:
        return {0: False, 1: True}.get(value)
    return WORDS_OF_TRUTH.get(value.strip().lower()) if isinstance(value, str) else None


def percent(value: object) -> dict[str, float]:
    """The battery, where the value is a percentage."""
    known = isinstance(value, int | float) and type(value) is not bool and 0 <= value <= 100
    return {"percent": float(value)} if known else {}  # type: ignore[arg-type]


def litres(value: float, litres_per_unit: float, name: str) -> float:
    """A register [L]; refuses negative, infinite or impossibly large values. To the nearest 0.001 L: no float dust."""
    register_l = value * litres_per_unit
    if not 0 <= register_l <= MOST_REGISTER_L:
        raise RefusedError(f"{name}: {value!r} is no possible register")
    return floor(register_l * 1000.0 + 0.5) / 1000.0  # round() takes three times as long


def litres_per(unit: object) -> float | None:
    """Litres in a unit of volume by its name, None where the name is no known unit."""
    return LITRES.get(unit.strip().lower().replace(" ", "")) if isinstance(unit, str) else None


def checked_id(value: object, name: str) -> str:
    """An id as text; refuses what is no id or would be a wildcard, a path or a control character."""
    if isinstance(value, str) and ((value.isalnum() and len(value) <= LONGEST_ID) or _can_be_id(value)):
        return value
    if type(value) is int:
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise RefusedError(f"{name}: an id was expected, not {shown(value)}")
    raise RefusedError(f"{name}: {shown(value)} can't be an id (wildcard, slash, control character, or too long)")


@lru_cache(maxsize=200_000)
def _can_be_id(value: str) -> bool:
    return 0 < len(value.strip()) <= len(value) <= LONGEST_ID and value.isprintable() and not {*"#+/"} & {*value}
