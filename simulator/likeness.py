"""`anju realism`: simulated homes beside real ones, measure by measure."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import date
from importlib.metadata import version
from math import isnan
from pathlib import Path
from statistics import fmean, median
from zoneinfo import ZoneInfo

from ingest.recorded import Report, household_of, read_recording
from ingest.text_files import NoTextError, text_of
from simulator.metering import Meter, read
from simulator.realism import Realism, measure
from simulator.towns import SHANGHAI, town

YEAR_DAYS = 365
FIRST_DAY = date(2026, 1, 5)


class NoHomesError(Exception):
    """No file of the folder can be used."""


def realism(folder: Path | None, *, tz: ZoneInfo, homes: int, seed: int, command: str, report: Report) -> Iterator[str]:
    """Where it comes from, and a Markdown table: median (mean) of simulated homes (SIM) and a folder of real ones.

    A real home's people are read from the folder's households.csv (id, persons), where there is one. Raises
    `NoHomesError` before anything is simulated.
    """
    compared = [(name, measured) for name, measured in _real(folder, tz, report) if measured] if folder else []
    if folder and not compared:
        raise NoHomesError(f"{folder}: no home to compare with")
    real = f"; REAL: meters of {folder.name}, {tz.key}" if folder else ""
    yield f"`{command}`, anju {version('anju')}, seed {seed}, SIM: {homes} homes of each kind, {YEAR_DAYS} days{real}\n"
    columns: list[tuple[str, list[Realism]]] = [
        ("SIM, one person", _simulated(1.0, homes, seed)),
        ("SIM, two people", _simulated(0.0, homes, seed)),
    ]
    columns += compared
    yield f"| median (mean) | {' | '.join(f'{name} ({len(measured)} homes)' for name, measured in columns)} |"
    yield "|---" * (len(columns) + 1) + "|"
    for field in fields(Realism):
        cells = (_cell([getattr(home, field.name) for home in measured]) for _, measured in columns)
        yield f"| {field.name.replace('_', ' ')} | {' | '.join(cells)} |"


def _cell(values: Sequence[float]) -> str:
    known = [value for value in values if not isnan(value)]
    return f"{median(known):.2f} ({fmean(known):.2f})" if known else "-"


def _simulated(share_alone: float, homes: int, seed: int) -> list[Realism]:
    lives = town(seed, homes=homes, days=YEAR_DAYS, first_day=FIRST_DAY, share_alone=share_alone)
    return [measure(read(life, Meter()), SHANGHAI) for life in lives]


def _real(folder: Path, tz: ZoneInfo, report: Report) -> Iterator[tuple[str, list[Realism]]]:
    persons = _persons(folder, report)
    by_persons: dict[float, list[Realism]] = {}
    for path in sorted(folder.glob("*.csv*")):
        if path.name == "households.csv":
            continue
        recording = read_recording(path, report)
        if recording is not None:
            by_persons.setdefault(persons.get(household_of(path), 0.0), []).append(measure(recording, tz))
    yield "REAL, one person", by_persons.get(1.0, [])
    yield "REAL, two people", by_persons.get(2.0, [])
    yield "REAL, all", [home for homes in by_persons.values() for home in homes]


def _persons(folder: Path, report: Report) -> dict[str, float]:
    listed, found = folder / "households.csv", dict[str, float]()
    if not listed.exists():
        return found
    try:
        with text_of(listed) as file:
            for row in (rows := csv.DictReader(file)):
                try:
                    found[row["id"]] = float(row["persons"])
                except (KeyError, TypeError, ValueError):
                    report(f"{listed}:{rows.line_num}: wants id,persons, not {','.join(map(str, row.values()))[:60]!r}")
    except NoTextError as e:
        report(f"{listed}: {e}")
    return found
