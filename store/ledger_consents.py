"""Consents as the ledger's files bring them: a paper list that is imported again must not give what was withdrawn.

An empty field changes nothing: who withdraws says so, with the day and the paper.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time

from sqlalchemy import Column, Connection, ForeignKey, MetaData, Table, Text, select

from domain.wristband import BandField
from store import consents
from store import tables as t
from store.consents import LEDGER
from store.security import security_event

WITHDRAWN = ("withdrawn", "撤回")
WATER = ("water_consent_by", "water_consent_on", "water_consent_paper")
Row = dict[str, str | int | float | None]

SHEET = Table(  # the file's columns; kept in the table of the same name, with their history
    "consents",
    MetaData(),
    Column("resident_id", Text, ForeignKey(t.residents.c.resident_id), primary_key=True),
    Column("field", Text, primary_key=True),
    Column("given_by", Text, nullable=False),
    Column("given_on", Text, nullable=False),
    Column("paper", Text, nullable=False),
    Column("withdrawn_on", Text),
)


def settle_water(tx: Connection, rows: Iterable[Row], stored: dict[str, Row]) -> None:
    """Makes each row say what the home's row shall hold: nothing, where nothing changes."""
    for row in rows:
        household_id, by, on = str(row["household_id"]), row.get(WATER[0]), str(row.get(WATER[1]))
        before = stored.get(household_id)
        withdrawn_on = consents.water_withdrawn_on(tx, household_id)
        if by in WITHDRAWN and before and on >= str(before[WATER[1]] or ""):
            row.update(dict.fromkeys(WATER))
        elif by is None or by in WITHDRAWN or (withdrawn_on and on <= withdrawn_on):
            for name in WATER:
                row.pop(name, None)


def note_water(
    tx: Connection, rows: Iterable[Row], said: dict[str, Row], stored: dict[str, Row], *, now: datetime
) -> None:
    """The history of what the rows changed; `said`: as they stood in the file.

    Of a home that was in the ledger it is a security event, too, as on the home's page: it is watched now, or no more.
    """
    for row in rows:
        household_id = str(row["household_id"])
        before = stored.get(household_id, {}).get(WATER[0])
        if WATER[0] not in row:
            continue
        if row[WATER[0]] is None:
            if before is not None:
                on, paper = (str(said[household_id].get(name)) for name in WATER[1:])
                consents.end_water(tx, household_id, on=on, by=f"{LEDGER}, {paper}")
                security_event(tx, "water_consent_withdrawn", household_id, f"{paper[:50]}; written by {LEDGER}", now)
            continue
        if any(stored.get(household_id, {}).get(name) != row[name] for name in WATER):
            by, on, paper = (str(row[name]) for name in WATER)
            consents.note_water(tx, household_id, given_by=by, on=on, paper=paper, recorded_by=LEDGER)
            if household_id in stored:
                detail = f"{by[:50]}, {paper[:50]}; written by {LEDGER}"
                security_event(tx, "water_consent_given", household_id, detail, now)


def stored_bands(tx: Connection) -> list[Row]:
    """The newest of each resident and field, as the file would say it."""
    rows = tx.execute(select(t.consents).order_by(t.consents.c.consent_id)).mappings()
    newest = {(row["resident_id"], row["field"]): row for row in rows}
    return [
        {
            "resident_id": resident_id,
            "field": field,
            "given_by": row["given_by"],
            "given_on": row["given_at"].date().isoformat(),
            "paper": row["paper"],
            "withdrawn_on": row["withdrawn_at"].date().isoformat() if row["withdrawn_at"] else None,
        }
        for (resident_id, field), row in newest.items()
    ]


def is_news(row: Row, before: Row) -> bool:
    """A withdrawal of what runs and was given by that day, or a consent of a later day than the last withdrawal."""
    ended = before["withdrawn_on"]
    if row.get("withdrawn_on"):
        return ended is None and str(row["withdrawn_on"]) >= str(before["given_on"])
    return ended is not None and str(row["given_on"]) > str(ended)


def write_band(tx: Connection, row: Row) -> None:
    """What was withdrawn before it was imported is written down, too: who gave it, and until when it held."""
    resident_id, field = str(row["resident_id"]), BandField(str(row["field"]))
    given_by, paper = str(row["given_by"]), str(row["paper"])
    at = _noon(str(row["given_on"]))
    consents.consent(tx, resident_id, field, given_by=given_by, paper=paper, recorded_by=LEDGER, now=at)
    if row.get("withdrawn_on"):
        consents.withdraw(tx, resident_id, field, _noon(str(row["withdrawn_on"])), by=LEDGER)


def _noon(day: str) -> datetime:
    """The same day nearly everywhere."""
    return datetime.combine(date.fromisoformat(day), time(12), UTC)
