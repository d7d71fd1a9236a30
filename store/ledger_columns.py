"""The ledger's CSV files: which columns each has, and what may stand in them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from types import MappingProxyType
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Table

from domain.people import Category, Language, Role
from store import tables as t

Value = str | int | float | None
Parse = Callable[[str], Value]

SENSOR_KINDS = ("sos_button", "leak_sensor", "smoke_detector", "gas_detector", "door_contact", "motion_sensor")
LONGEST_ID, LONGEST_TEXT = 200, 500  # characters


def phone(text: str) -> str:
    """E.164: + and the country's code first, no spaces."""
    bare = re.sub(r"[ ()\-]", "", text)
    if not re.fullmatch(r"\+[1-9]\d{6,14}", bare):
        raise ValueError("is no number in international form, such as +8613812345678")
    return bare


def zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (KeyError, OSError, ValueError) as e:  # no such zone; a folder; no name at all
        raise ValueError("is no time zone, such as Asia/Shanghai") from e


def one_of(kinds: type[StrEnum] | tuple[str, ...]) -> Parse:
    known = [str(kind) for kind in kinds]

    def parse(text: str) -> str:
        if text not in known:
            raise ValueError(f"is none of {', '.join(known)}")
        return text

    return parse


def whole(lowest: int, highest: int) -> Parse:
    def parse(text: str) -> int:
        if not re.fullmatch(r"\d{1,6}", text) or not lowest <= int(text) <= highest:
            raise ValueError(f"is no whole number from {lowest} to {highest}")
        return int(text)

    return parse


def positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not (isfinite(number) and number > 0):
        raise ValueError("is no number above 0")
    return number


def plain(longest: int) -> Parse:
    def parse(text: str) -> str:
        if len(text) > longest:
            raise ValueError(f"is longer than {longest} characters")
        if not text.isprintable():
            raise ValueError("has a character that can't be printed")
        return text

    return parse


def categories(text: str) -> str:
    """Separated by semicolons; sorted, once each."""
    parse = one_of(Category)
    return ";".join(sorted({str(parse(part.strip())) for part in text.split(";") if part.strip()}))


@dataclass(frozen=True, slots=True)
class FileSpec:
    """One CSV file: its table, and the parsers of columns that aren't plain text."""

    table: Table
    parsers: Mapping[str, Parse] = field(default_factory=lambda: MappingProxyType({}))
    extra: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.table.name}.csv"

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.table.primary_key)

    @property
    def columns(self) -> tuple[str, ...]:
        return (*(column.name for column in self.table.columns), *self.extra)

    def required(self, name: str) -> bool:
        column: Column[Value] | None = self.table.columns.get(name)
        return column is not None and not column.nullable and column.server_default is None

    def parse(self, name: str, text: str) -> Value:
        default = plain(LONGEST_ID if name.endswith("_id") else LONGEST_TEXT)
        return self.parsers.get(name, default)(text)


# In the order in which rows refer to each other.
FILES = (
    FileSpec(t.communities, {"timezone": zone, "language": one_of(Language), "phone": phone}),
    FileSpec(t.grids),
    FileSpec(t.buildings),
    FileSpec(t.households),
    FileSpec(
        t.residents,
        {"birth_year": whole(1880, 2100), "phone": phone, "language": one_of(Language), "categories": categories},
        ("categories",),
    ),
    FileSpec(t.contacts, {"role": one_of(Role), "phone": phone, "language": one_of(Language)}),
    FileSpec(t.guardians, {"order": whole(1, 99)}),
    FileSpec(t.pairings),
    FileSpec(t.gateways),
    FileSpec(t.meters, {"unit": one_of(("m3", "L", "gal")), "litres_per_pulse": positive, "resolution_l": positive}),
    FileSpec(t.sensors, {"kind": one_of(SENSOR_KINDS)}),
)
