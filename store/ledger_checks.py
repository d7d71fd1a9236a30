"""Rows of the ledger that would do harm in silence: staff who serve nowhere, days to come."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.entered import Value
from domain.people import Role
from store.ledger_columns import FILES
from store.ledger_files import Problem, Row, Sheets

Stored = Mapping[str, Mapping[tuple[Value, ...], Row]]

NEEDS = {Role.GRID_WORKER: "grid_id", Role.DUTY_STAFF: "community_id", Role.SUPERVISOR: "community_id"}
DAYS = {"households": ("water_consent_on",), "consents": ("given_on", "withdrawn_on")}
EARLIEST_CLOCK = ZoneInfo("Etc/GMT-14")  # of a home that another problem leaves without a community


def check(sheets: Sheets, stored: Stored, now: datetime) -> None:
    """Adds to the sheets' problems; before the references are checked, which follow refused rows."""
    _check_places(sheets, stored)
    _check_days(sheets, stored, now)


def _check_places(sheets: Sheets, stored: Stored) -> None:
    """Who serves nowhere is told of nobody; volunteers go by pairings, operators without a community see all."""
    contacts = _merged(sheets, stored, "contacts")
    for number, row in sheets.rows.get("contacts", []):
        contact = contacts[row.get("contact_id")]
        column = NEEDS.get(contact.get("role"))  # type: ignore[call-overload]
        if column and not contact.get(column):
            reason = f"is empty, but {row.get('contact_id')!r} is {contact['role']}: told of no home, and sees none"
            _add(sheets, "contacts", number, column, reason)


def _check_days(sheets: Sheets, stored: Stored, now: datetime) -> None:
    """What is of a day to come would count at once: days go up to the community's today, births to its year."""
    zones, residents = _zones(sheets, stored), _merged(sheets, stored, "residents")
    for name in ("households", "residents", "consents"):
        for number, row in sheets.rows.get(name, []):
            home = row.get("household_id") or residents.get(row.get("resident_id"), {}).get("household_id")
            today = now.astimezone(zones.get(home, EARLIEST_CLOCK)).date()
            for column in DAYS.get(name, ()):
                if str(row.get(column) or "") > today.isoformat():
                    _add(sheets, name, number, column, f"'{row[column]}' is ahead of today, {today}")
            if name == "residents" and int(row.get("birth_year") or 0) > today.year:
                _add(sheets, name, number, "birth_year", f"'{row['birth_year']}' is after this year, {today.year}")


def _zones(sheets: Sheets, stored: Stored) -> dict[Value, ZoneInfo]:
    """The clock of each household whose community is known."""
    chain = ("building_id", "buildings"), ("grid_id", "grids"), ("community_id", "communities")
    tables = {name: _merged(sheets, stored, name) for _, name in chain}
    zones = {}
    for household_id, home in _merged(sheets, stored, "households").items():
        place = home
        for key, name in chain:
            place = tables[name].get(place.get(key), {})
        if zone := place.get("timezone"):
            zones[household_id] = ZoneInfo(str(zone))
    return zones


def _merged(sheets: Sheets, stored: Stored, name: str) -> dict[Value, Row]:
    """By id, as it will be; for tables whose key is one column."""
    merged = {key[0]: row for key, row in stored.get(name, {}).items()}
    (spec,) = (spec for spec in FILES if spec.table.name == name)
    for _, row in sheets.rows.get(name, []):
        key = row.get(spec.key[0])
        merged[key] = merged.get(key, {}) | row
    return merged


def _add(sheets: Sheets, name: str, row: int, column: str, reason: str) -> None:
    sheets.problems.append(Problem(file=f"{name}.csv", row=row, column=column, reason=reason))
