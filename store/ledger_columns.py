"""The ledger's CSV files: which columns each has, and what may stand in them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sqlalchemy import Column, Table

from domain.entered import (
    LONGEST_ID,
    LONGEST_NAME,
    LONGEST_TEXT,
    SENSOR_KINDS,
    UNITS,
    Parse,
    Value,
    address,
    day,
    gateway_id,
    litres,
    meter_id,
    one_of,
    page_id,
    phone,
    plain,
    profile,
    sensor_id,
    whole,
    zone,
)
from domain.ledger_in_chinese import among, in_ours
from domain.people import Category, Language, Role, ToldBy
from domain.wristband import BandField
from store import ledger_consents
from store import tables as t


def chosen(text: str) -> str:
    if in_ours(text) != "yes":
        raise ValueError("is neither yes nor empty")
    return "yes"


def categories(text: str) -> str:
    """Separated by semicolons, a Chinese keyboard's too; sorted, once each."""
    parse = among(Category)
    return ";".join(sorted({parse(part.strip()) for part in re.split("[;；、]", text) if part.strip()}))


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
        return (self.parsers.get(name) or _EVERYWHERE.get(name) or _by_length(name))(text)


# Columns that mean the same in every file.
_EVERYWHERE: Mapping[str, Parse] = {
    "household_id": page_id,
    "resident_id": page_id,
    "gateway_id": gateway_id,
    "meter_id": meter_id,
    "device_id": sensor_id,
    "profile": profile,
    "language": among(Language),
    "told_by": among(ToldBy),
}
_NAMES = ("name", "door", "given_by", "paper", "water_consent_by", "water_consent_paper")


def _by_length(name: str) -> Parse:
    if name.endswith("_id"):
        return plain(LONGEST_ID)
    return plain(LONGEST_NAME if name in _NAMES else LONGEST_TEXT)


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
        {"timezone": zone, "phone": phone},
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
            "water_consent_on": "the day of that consent, such as 2026-03-01; no day to come",
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
            "birth_year": "for the age on staff's pages and the wristband; 1900 to this year",
            "phone": "where the resident is asked first; empty: nobody is asked, others are told at once",
            "language": "zh or en",
            "told_by": "call: asked by a telephone call that takes a key; else a text, but at a landline",
            "categories": f"official groups, separated by semicolons: {', '.join(Category)}",
        },
        {
            "birth_year": whole(1900, 2100),
            "phone": phone,
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
            "told_by": "call: told by a telephone call that takes a key; else a text, but at a landline",
            "community_id": "where duty staff and supervisors must serve, volunteers may; what an operator may see",
            "grid_id": "where a grid worker serves; must be there for one",
        },
        {"role": among(Role), "phone": address},
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
        "Water meters. A home may have several (kitchen and bathroom): water at one is a sign of life at all. Leave out"
        " one behind which a machine alone draws (a garden, a boiler): until it is known for a timer, after ten equal"
        " runs, and for ever where it draws now and then, its water counts as people's and hides that nobody draws.",
        {
            "meter_id": "as its messages name it; upper and lower case are the same; no blank and no / + # in it",
            "household_id": "whose water it counts",
            "gateway_id": "the one that may speak for it; empty: any",
            "profile": "how its frames are read, where the format can't say: [formats](formats/README.md)",
            "unit": "of its register, where the format can't say: m3, L or gal",
            "litres_per_pulse": "of a pulse counter, 0.001 to 10000 [L]",
        },
        {"unit": one_of(UNITS), "litres_per_pulse": litres},
    ),
    FileSpec(
        ledger_consents.SHEET,
        "What each resident's wristband may show or do: one row a resident and field, as the paper says. An imported "
        "consent stays until it is withdrawn, here, by family or by staff; only a row of a later day brings it back.",
        {
            "resident_id": "the wearer",
            "field": f"one of {', '.join(BandField)}",
            "given_by": "the wearer, or who may speak for him or her",
            "given_on": "the day of the consent, such as 2026-03-01; no day to come",
            "paper": "which signed paper says so; health and whereabouts want a consent of their own",
            "withdrawn_on": "the day from which it no longer holds, no day to come; empty: it holds",
        },
        {"field": among(BandField), "given_on": day, "withdrawn_on": day},
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
        {"kind": among(SENSOR_KINDS)},
    ),
)
