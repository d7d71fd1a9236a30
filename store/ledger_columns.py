"""The ledger's CSV files: which columns each has, and what may stand in them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from math import isfinite
from types import MappingProxyType
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Table

from domain.people import Category, Language, Role, ToldBy
from domain.wristband import BandField
from store import ledger_consents
from store import tables as t

Value = str | int | float | None
Parse = Callable[[str], Value]

SENSOR_KINDS = ("sos_button", "leak_sensor", "smoke_detector", "gas_detector", "door_contact", "motion_sensor")
LONGEST_ID, LONGEST_TEXT = 200, 500  # characters
PAGES = {"household_id", "resident_id"}  # who has one


def phone(text: str) -> str:
    """E.164: + and the country's code first, no spaces."""
    bare = re.sub(r"[ ()\-]", "", text)
    if not re.fullmatch(r"\+[1-9]\d{6,14}", bare):
        raise ValueError("is no number in international form, such as +8613812345678")
    return bare


def address(text: str) -> str:
    """A phone, an e-mail address, or a group's Apprise URL such as wecombot://..."""
    if "://" in text or re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text):
        return str(plain(LONGEST_TEXT)(text))
    try:
        return phone(text)
    except ValueError as e:
        raise ValueError(f"{e}, no e-mail address and no group's URL") from e


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


def chosen(text: str) -> str:
    if text != "yes":
        raise ValueError("is neither yes nor empty")
    return text


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


def addressed(text: str) -> str:
    if "/" in text or text in {".", ".."}:
        raise ValueError("can't stand in a page's address: no / in it, and not . or .. alone")
    return str(plain(LONGEST_ID)(text))


def day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as e:
        raise ValueError("is no day, such as 2026-03-01") from e


def categories(text: str) -> str:
    """Separated by semicolons; sorted, once each."""
    parse = one_of(Category)
    return ";".join(sorted({str(parse(part.strip())) for part in text.split(";") if part.strip()}))


@dataclass(frozen=True, slots=True)
class FileSpec:
    """One CSV file: its table, and the parsers of columns that aren't plain text."""

    table: Table
    about: str
    meaning: Mapping[str, str]
    parsers: Mapping[str, Parse] = field(default_factory=lambda: MappingProxyType({}))
    extra: tuple[str, ...] = ()
    together: tuple[str, ...] = ()  # columns that are filled in all or none

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
        default = addressed if name in PAGES else plain(LONGEST_ID if name.endswith("_id") else LONGEST_TEXT)
        return self.parsers.get(name, default)(text)


# In the order in which rows refer to each other.
FILES = (
    FileSpec(
        t.communities,
        "A 社区 with its staff and its clock.",
        {
            "community_id": "your number for it",
            "name": "as texts and pages show it",
            "timezone": "whose clock its people read, such as Asia/Shanghai",
            "language": "zh or en: of its own texts",
            "phone": "the line that finders of a wristband call",
        },
        {"timezone": zone, "language": one_of(Language), "phone": phone},
    ),
    FileSpec(
        t.grids,
        "A 网格: the part of a community that one grid worker knows.",
        {"grid_id": "your number for it", "community_id": "the community it lies in", "name": "as pages show it"},
    ),
    FileSpec(
        t.buildings,
        "A house with an entrance.",
        {
            "building_id": "your number for it",
            "grid_id": "the grid it lies in",
            "name": "as texts show it, short: 3号楼",
            "address": "for whoever has to go there",
        },
    ),
    FileSpec(
        t.households,
        "One door with its own water.",
        {
            "household_id": "your number for it",
            "building_id": "where it is",
            "door": "as texts show it: 2单元301",
            "water_consent_by": "who consented to watching this home's water: who lives there, or may speak for them; "
            "without any, the home's meters aren't bound and their readings wait in quarantine; left empty later, "
            "nothing changes; withdrawn (or 撤回): nobody consents from that day; only a later day brings it back",
            "water_consent_on": "the day of that consent, such as 2026-03-01",
            "water_consent_paper": "which signed paper says so",
        },
        {"water_consent_on": day},
        together=("water_consent_by", "water_consent_on", "water_consent_paper"),
    ),
    FileSpec(
        t.residents,
        "Who lives there.",
        {
            "resident_id": "your number for the person",
            "household_id": "where they live",
            "name": "as texts and pages show it",
            "birth_year": "for the age on staff's pages and the wristband",
            "phone": "where the resident is asked first; empty: nobody is asked, others are told at once",
            "language": "zh or en",
            "told_by": "call: asked by a telephone call that takes a key (a landline, weak eyes); else a text",
            "categories": f"official groups, separated by semicolons: {', '.join(Category)}",
        },
        {
            "birth_year": whole(1880, 2100),
            "phone": phone,
            "language": one_of(Language),
            "told_by": one_of(ToldBy),
            "categories": categories,
        },
        ("categories",),
    ),
    FileSpec(
        t.contacts,
        "Everybody who may be told: family, staff, volunteers, the operator.",
        {
            "contact_id": "your number for the person",
            "name": "as others read who goes",
            "role": f"one of {', '.join(Role)}",
            "phone": "where texts go: a phone, an e-mail address, or a group's Apprise URL (wecombot://...)",
            "language": "zh or en",
            "told_by": "call: told by a telephone call that takes a key; else a text",
            "community_id": "where duty staff, supervisors and volunteers serve; what an operator may see",
            "grid_id": "where a grid worker serves",
        },
        {"role": one_of(Role), "phone": address, "language": one_of(Language), "told_by": one_of(ToldBy)},
    ),
    FileSpec(
        t.guardians,
        "Which family is told of which home.",
        {
            "household_id": "the home",
            "contact_id": "a contact whose role is guardian",
            "order": "1 is told first; the rest when nobody acknowledges",
            "first_use": "yes: hears each morning when water was first used; else only when something is wrong",
        },
        {"order": whole(1, 99), "first_use": chosen},
    ),
    FileSpec(
        t.pairings,
        "Which staff or volunteer looks after which home (结对).",
        {"household_id": "the home", "contact_id": "a contact of any role but guardian"},
    ),
    FileSpec(
        t.gateways,
        "What may speak for meters and sensors.",
        {
            "gateway_id": "as its messages name it",
            "community_id": "whose operators hear when it falls silent",
            "name": "as people call it",
        },
    ),
    FileSpec(
        t.meters,
        "Water meters.",
        {
            "meter_id": "as its messages name it; upper and lower case are the same",
            "household_id": "whose water it counts",
            "gateway_id": "the one that may speak for it; empty: any",
            "profile": "how its frames are read, where the format can't say: [formats](formats/README.md)",
            "unit": "of its register, where the format can't say: m3, L or gal",
            "litres_per_pulse": "of a pulse counter [L]",
            "resolution_l": "the step of its register [L]",
        },
        {"unit": one_of(("m3", "L", "gal")), "litres_per_pulse": positive, "resolution_l": positive},
    ),
    FileSpec(
        ledger_consents.SHEET,
        "What each resident's wristband may show or do: one row a resident and field, as the paper says. An imported "
        "consent stays until it is withdrawn, here, by family or by staff; only a row of a later day brings it back.",
        {
            "resident_id": "the wearer",
            "field": f"one of {', '.join(BandField)}",
            "given_by": "the wearer, or who may speak for him or her",
            "given_on": "the day of the consent, such as 2026-03-01",
            "paper": "which signed paper says so; health and whereabouts want a consent of their own",
            "withdrawn_on": "the day from which it no longer holds; empty: it holds",
        },
        {"field": one_of(BandField), "given_on": day, "withdrawn_on": day},
    ),
    FileSpec(
        t.sensors,
        "SOS buttons, water, smoke and gas sensors, doors, motion.",
        {
            "device_id": "as its messages name it",
            "household_id": "where it hangs",
            "gateway_id": "the one that may speak for it; empty: any",
            "kind": f"one of {', '.join(SENSOR_KINDS)}",
            "profile": "how its frames are read, where the format can't say",
        },
        {"kind": one_of(SENSOR_KINDS)},
    ),
)
