"""Reads a folder of the ledger's CSV files; everything wrong in it is named with file, row, column and reason."""

import csv
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from domain.entered import Value
from domain.people import Role
from domain.separator import separator
from store.ledger_columns import FILES, FileSpec

Row = dict[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong, and where. Rows count from 1, the header's."""

    file: str
    row: int | None = None
    column: str | None = None
    reason: str
    follows: bool = False  # from another row's, which was refused

    @property
    def is_of_a_row(self) -> bool:
        """Else a whole file can't be read."""
        return self.row is not None and self.row > 1

    def __str__(self) -> str:
        row = "" if self.row is None else f" row {self.row}"
        column = "" if self.column is None else f", {self.column}"
        return f"{self.file}{row}{column}: {self.reason}"


@dataclass(slots=True)
class Sheets:
    """All rows by table name, each with its place in the file."""

    rows: dict[str, list[tuple[int, Row]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def refused(self, spec: FileSpec) -> set[int]:
        """The rows of a file with which something is wrong."""
        return {problem.row for problem in self.problems if problem.file == spec.name and problem.row is not None}

    def good(self, spec: FileSpec) -> list[tuple[int, Row]]:
        refused = self.refused(spec)
        return [(number, row) for number, row in self.rows.get(spec.table.name, []) if number not in refused]

    def leave_out_refused(self) -> None:
        self.rows = {spec.table.name: self.good(spec) for spec in FILES if spec.table.name in self.rows}


def read_folder(folder: Path) -> Sheets:
    """Every file of the ledger that is there; a ledger may also come in parts."""
    sheets = Sheets()
    known = {spec.name: spec for spec in FILES}
    names = sorted(path.name for path in folder.glob("*.csv")) if folder.is_dir() else []
    if not names:
        sheets.problems.append(Problem(file=str(folder), reason="no CSV files here"))
    for name in names:
        if name not in known:
            sheets.problems.append(Problem(file=name, reason=f"is no file of the ledger{_nearest(name, known)}"))
    for spec in FILES:
        if spec.name in names:
            sheets.rows[spec.table.name] = _read(folder / spec.name, spec, sheets.problems)
    return sheets


def check_references(sheets: Sheets, stored: Mapping[str, Mapping[tuple[Value, ...], Row]]) -> None:
    """Whatever a row refers to must be in the folder, and not refused there, or already in the ledger."""
    by_table = {spec.table.name: spec for spec in FILES}
    for spec in FILES:
        for column in spec.table.columns:
            for reference in column.foreign_keys:
                target = reference.column.table.name
                key = reference.column.name
                there = {row[key] for row in stored.get(target, {}).values()}
                there |= {row.get(key) for _, row in sheets.good(by_table[target])}
                named = {row.get(key) for _, row in sheets.rows.get(target, [])}
                for number, row in sheets.rows.get(spec.table.name, []):
                    value = row.get(column.name)
                    if value is not None and value not in there:
                        why = f"is refused in {target}.csv" if value in named else f"is not in {target}.csv"
                        reason = f"{value!r} {why} {'and not in' if value in named else 'or'} the ledger"
                        sheets.problems.append(_problem(spec, number, column.name, reason, follows=value in named))
    _check_roles(sheets, stored)


def _check_roles(sheets: Sheets, stored: Mapping[str, Mapping[tuple[Value, ...], Row]]) -> None:
    """Guardians are family; who is paired is staff or a volunteer."""
    roles = {row["contact_id"]: row["role"] for row in stored.get("contacts", {}).values()}
    roles |= {row.get("contact_id"): row.get("role") for _, row in sheets.rows.get("contacts", [])}
    for spec in FILES:
        if spec.table.name not in ("guardians", "pairings"):
            continue
        wants_guardian = spec.table.name == "guardians"
        for number, row in sheets.rows.get(spec.table.name, []):
            role = roles.get(row.get("contact_id"))
            if role is not None and (role == Role.GUARDIAN) != wants_guardian:
                wanted = "a guardian" if wants_guardian else "staff or a volunteer"
                reason = f"{row['contact_id']!r} has role {role}, but must be {wanted}"
                sheets.problems.append(_problem(spec, number, "contact_id", reason))


def _read(path: Path, spec: FileSpec, problems: list[Problem]) -> list[tuple[int, Row]]:
    try:
        text = _text(path)
    except OSError as e:
        problems.append(Problem(file=path.name, reason=f"can't be read: {e.strerror}"))
        return []
    except UnicodeDecodeError:
        problems.append(Problem(file=path.name, reason="is neither UTF-8 nor GB 18030 text; save it as CSV in UTF-8"))
        return []
    if not text.strip():
        problems.append(Problem(file=path.name, reason="is empty: the first line names the columns"))
        return []
    comma = separator(text.partition("\n")[0], spec.columns)
    reader = csv.DictReader(StringIO(text, newline=""), delimiter=comma, skipinitialspace=True)
    if not _header_is_right(spec, reader.fieldnames or (), problems):
        return []
    rows: list[tuple[int, Row]] = []
    try:
        rows += [
            (reader.line_num, _row(spec, reader.line_num, fields, problems))
            for fields in reader
            if any(fields.values())
        ]
    except csv.Error as e:
        problems.append(Problem(file=spec.name, reason=f"row {reader.line_num}: {e}"))
    _check_keys(spec, rows, problems)
    return rows


def _text(path: Path) -> str:
    """UTF-8, or what Excel in China saves."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")


def _header_is_right(spec: FileSpec, names: Iterable[str], problems: list[Problem]) -> bool:
    found = len(problems)
    names = list(names)
    for name in names:
        if name not in spec.columns:
            reason = f"is no column of this file{_nearest(name, spec.columns)}"
            problems.append(_problem(spec, 1, name or "(empty)", reason))
        elif names.count(name) > 1:
            problems.append(_problem(spec, 1, name, "stands there twice"))
    missing = [name for name in spec.columns if spec.required(name) and name not in names]
    problems += [_problem(spec, 1, name, "the column is missing") for name in missing]
    return len(problems) == found


def _row(
    spec: FileSpec, number: int, fields: Mapping[str | None, str | list[str] | None], problems: list[Problem]
) -> Row:
    row: Row = {}
    if None in fields:
        problems.append(_problem(spec, number, None, "has more fields than the header"))
    for name, raw in fields.items():
        if name is None:
            continue
        text = raw.strip() if isinstance(raw, str) else ""
        if not text:
            if spec.required(name):
                problems.append(_problem(spec, number, name, "is empty"))
            elif name not in spec.table.columns or spec.table.columns[name].nullable:
                row[name] = None
            continue
        try:
            row[name] = spec.parse(name, text)
        except ValueError as e:
            problems.append(_problem(spec, number, name, f"{text[:60]!r} {e}"))
    given = [name for name in spec.together if row.get(name)]
    if given and not any(problem.row == number and problem.file == spec.name for problem in problems):
        missing = [name for name in spec.together if not row.get(name)]
        problems += [_problem(spec, number, name, f"is empty, but {given[0]} isn't") for name in missing]
    return row


def _check_keys(spec: FileSpec, rows: Iterable[tuple[int, Row]], problems: list[Problem]) -> None:
    """Device ids are compared without case, so they must differ without it. Of two rows nobody knows which is right."""
    seen: dict[tuple[str, ...], int] = {}
    twice: dict[int, str] = {}
    for number, row in rows:
        key = tuple(str(row.get(name)).casefold() for name in spec.key)
        if key in seen:
            shown = ", ".join(str(row.get(name)) for name in spec.key)
            problems.append(_problem(spec, number, spec.key[0], f"{shown!r} stands in row {seen[key]} already"))
            twice[seen[key]] = shown
        seen.setdefault(key, number)
    problems += [
        _problem(spec, number, spec.key[0], f"{shown!r} stands in another row, too", follows=True)
        for number, shown in twice.items()
    ]


def _problem(spec: FileSpec, row: int, column: str | None, reason: str, *, follows: bool = False) -> Problem:
    return Problem(file=spec.name, row=row, column=column, reason=reason, follows=follows)


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
