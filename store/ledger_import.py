"""Brings the ledger up to a folder of CSV files, row by row; a row that can't be used is refused with its reason."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, insert, select, update

from domain.entered import Value
from store import ledger_checks, ledger_consents
from store import tables as t
from store.contracts import StoreError
from store.ledger import bump
from store.ledger_columns import FILES, FileSpec
from store.ledger_files import Problem, Row, Sheets, check_references, read_folder
from store.records import Records

BY = ledger_consents.WATER[0]
Stored = dict[tuple[Value, ...], Row]


class LedgerError(StoreError):
    """The folder can't be imported; nothing was."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of one file."""

    file: str
    added: int
    changed: int
    same: int
    ended: int = 0
    refused: int = 0

    def __str__(self) -> str:
        ended = f", {self.ended} ended" if self.ended else ""
        refused = f", {self.refused} refused" if self.refused else ""
        return f"{self.file}: {self.added} new, {self.changed} changed, {self.same} as before{ended}{refused}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A meter or sensor that tells no more of its home: it belongs to another, or (None) consent was withdrawn."""

    device_id: str
    is_meter: bool
    from_home: str
    to_home: str | None


def import_ledger(
    records: Records,
    folder: Path,
    *,
    now: datetime,
    dry_run: bool = False,
    look: Callable[[Connection, list[Moved]], None] = lambda tx, moved: None,
    report: Callable[[Problem], None] | None = None,
) -> list[Imported]:
    """Adds and changes what the files name; raises `LedgerError` with every problem of whole files.

    `report` is told what is wrong with rows: these are refused, as are those that refer to them, and the others go on;
    what a refused row names stays as it was. Without `report`, or where no row is left, this is a `LedgerError`, too.

    What they don't name stays, but for links: for each household in households.csv, or in the file itself,
    guardians.csv and pairings.csv are the whole list, unless a row of theirs is refused. A dry run does all of it, then
    takes it back; `look` is shown the ledger as it then is, either way, and the devices that moved; what it writes is
    taken back, too.
    """
    sheets = read_folder(folder)
    with records.write() as tx:
        attempt = tx.begin_nested()
        done, moved = _import(tx, sheets, now, report)
        look(tx, moved)
        attempt.rollback() if dry_run else attempt.commit()
    return done


def _import(
    tx: Connection, sheets: Sheets, now: datetime, report: Callable[[Problem], None] | None
) -> tuple[list[Imported], list[Moved]]:
    stored = {spec.table.name: _stored(tx, spec) for spec in FILES}
    ledger_checks.check(sheets, stored, now)
    check_references(sheets, stored)
    nothing_left = not any(sheets.good(spec) for spec in FILES)
    if sheets.problems and (report is None or nothing_left or not all(p.is_of_a_row for p in sheets.problems)):
        raise LedgerError([problem for problem in sheets.problems if not problem.follows])
    for problem in sheets.problems:
        report(problem)  # type: ignore[misc]  # there are problems, so that there is one
    sheets.leave_out_refused()
    said = {str(row["household_id"]): dict(row) for _, row in sheets.rows.get("households", [])}
    homes = {str(key[0]): row for key, row in stored["households"].items()}
    ledger_consents.settle_water(tx, _rows(sheets, "households"), homes)
    done = [_bring_up(tx, spec, sheets, stored[spec.table.name]) for spec in FILES if spec.table.name in sheets.rows]
    ledger_consents.note_water(tx, _rows(sheets, "households"), said, homes, now=now)
    if any(one.added or one.changed or one.ended for one in done):
        bump(tx)
    return done, _moved(sheets, stored)


def _moved(sheets: Sheets, stored: Mapping[str, Stored]) -> list[Moved]:
    moved = []
    for name, key in (("meters", "meter_id"), ("sensors", "device_id")):
        for row in _rows(sheets, name):
            before = stored[name].get((row[key],))
            if before is not None and before["household_id"] != row["household_id"]:
                homes = {"from_home": str(before["household_id"]), "to_home": str(row["household_id"])}
                moved.append(Moved(device_id=str(row[key]), is_meter=name == "meters", **homes))
    ended = {row["household_id"] for row in _rows(sheets, "households") if row.get(BY, "") is None}
    ended = {home for home in ended if stored["households"].get((home,), {}).get(BY)}
    meters = [row for row in stored["meters"].values() if row["household_id"] in ended]
    return moved + [
        Moved(device_id=str(row["meter_id"]), is_meter=True, from_home=str(row["household_id"]), to_home=None)
        for row in meters
    ]


def _rows(sheets: Sheets, name: str) -> list[Row]:
    return [row for _, row in sheets.rows.get(name, [])]


def _bring_up(tx: Connection, spec: FileSpec, sheets: Sheets, stored: Stored) -> Imported:
    rows = [row for _, row in sheets.rows[spec.table.name]]
    ended = _end_links(tx, spec, sheets, stored)
    added = [row for row in rows if _key(spec, row) not in stored]
    differs = ledger_consents.is_news if spec.table is ledger_consents.SHEET else _differs
    changed = [row for row in rows if _key(spec, row) in stored and differs(row, stored[_key(spec, row)])]
    _write(tx, spec, added, changed)
    same = len(rows) - len(added) - len(changed)
    refused = len(sheets.refused(spec))
    return Imported(file=spec.name, added=len(added), changed=len(changed), same=same, ended=ended, refused=refused)


def _write(tx: Connection, spec: FileSpec, added: Iterable[Row], changed: Iterable[Row]) -> None:
    table = spec.table
    if table is ledger_consents.SHEET:
        for row in (*added, *changed):
            ledger_consents.write_band(tx, row)
        return
    for row in added:
        tx.execute(insert(table).values(_columns(spec, row)))
    for row in changed:
        values = {name: value for name, value in _columns(spec, row).items() if name not in spec.key}
        if values:
            tx.execute(update(table).where(_is(table, spec, row)).values(values))
    if spec.table is t.residents:
        for row in (*added, *changed):
            _set_categories(tx, row)


def _end_links(tx: Connection, spec: FileSpec, sheets: Sheets, stored: Stored) -> int:
    """A list of which a row is refused is not whole: who is missing there may be the one who was mistyped."""
    if spec.table not in (t.guardians, t.pairings) or sheets.refused(spec):
        return 0
    kept = {_key(spec, row) for _, row in sheets.rows[spec.table.name]}
    named = {row["household_id"] for _, row in sheets.rows.get("households", sheets.rows[spec.table.name])}
    ended = [row for key, row in stored.items() if row["household_id"] in named and key not in kept]
    for row in ended:
        tx.execute(delete(spec.table).where(_is(spec.table, spec, row)))
    return len(ended)


def _set_categories(tx: Connection, row: Row) -> None:
    if "categories" not in row:
        return
    c = t.resident_categories
    tx.execute(delete(c).where(c.c.resident_id == row["resident_id"]))
    for category in str(row["categories"] or "").split(";"):
        if category:
            tx.execute(insert(c).values(resident_id=row["resident_id"], category=category))


def _stored(tx: Connection, spec: FileSpec) -> Stored:
    if spec.table is ledger_consents.SHEET:
        return {_key(spec, row): row for row in ledger_consents.stored_bands(tx)}
    rows: list[Row] = [dict(row) for row in tx.execute(select(spec.table)).mappings()]
    if spec.table is t.residents:
        groups: dict[str, list[str]] = {}
        for resident_id, category in tx.execute(select(t.resident_categories)):
            groups.setdefault(resident_id, []).append(category)
        for row in rows:
            row["categories"] = ";".join(sorted(groups.get(str(row["resident_id"]), []))) or None
    return {_key(spec, row): row for row in rows}


def _differs(row: Row, stored: Mapping[str, Value]) -> bool:
    return any(stored[name] != value for name, value in row.items())


def _key(spec: FileSpec, row: Row) -> tuple[Value, ...]:
    return tuple(row.get(name) for name in spec.key)


def _columns(spec: FileSpec, row: Row) -> Row:
    return {name: value for name, value in row.items() if name in spec.table.columns}


def _is(table: Table, spec: FileSpec, row: Row) -> ColumnElement[bool]:
    return and_(*(table.columns[name] == row[name] for name in spec.key))
