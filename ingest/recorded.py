"""Recorded registers from CSV files: what is good is used, what isn't is named with its file, line and value."""

import csv
from bisect import bisect_left
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np

from domain.recording import Recording
from domain.separator import separator
from ingest.text_files import NoTextError, require_columns, text_of

Report = Callable[[str], None]


class Counted:
    """A report that remembers whether anything was said, for the exit status."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.said = 0

    def __call__(self, problem: str) -> None:
        self.said += 1
        self._report(problem)


class Line(NamedTuple):
    """What a line says, and where it stands."""

    number: int
    at_s: int
    register_l: float


COLUMNS = ("ts", "register_l")
NAMED = 20  # lines of one file, each by itself: a file in which all is wrong says so in some lines
_UNORDERED = "ts out of order"
FIRST_YEAR, LAST_YEAR = 2000, 2100
LEAP_S = timedelta(days=364).total_seconds()  # a wrong year is further off; a broken clock, unless the next agrees


def household_of(path: Path) -> str:
    """The household a file is named after: home1.csv.gz tells of home1."""
    return path.name.removesuffix(".gz").removesuffix(".csv")


def read_recording(path: Path, report: Report) -> Recording | None:
    """The registers of one `ts,register_l` file; none (and why is reported) where nothing in it is usable.

    The first `NAMED` lines that can't be used are reported in one line each, in the file's order; only these lines are
    lost. Last, how many.
    """
    read: list[Line] = []
    bad: list[tuple[int, str]] = []
    broken = ""
    try:
        with text_of(path) as lines:
            _read(lines, read, bad)
    except NoTextError as error:
        broken = str(error)
    good = _in_order(_without_leaps(read, bad), bad)
    bad.sort()
    for number, reason in bad[:NAMED]:
        report(f"{path}:{number}: {reason}")
    if more := bad[NAMED:]:
        number, reason = more[-1]
        report(f"{path}: and {len(more)} more, the last {path.name}:{number}: {reason}")
    if bad and good:
        unordered = sum(reason.startswith(_UNORDERED) for _, reason in bad)
        hint = "; sort them by ts, the oldest first" if unordered > len(good) else ""
        report(f"{path}: {len(bad)} of {len(bad) + len(good)} lines can't be used{hint}")
    if broken:
        report(f"{path}: {broken}")
    if not good:
        if not broken:
            report(f"{path}: no usable reading")
        return None
    return Recording(
        meter_id=household_of(path),
        at_s=np.array([line.at_s for line in good], np.int64),
        register_l=np.array([line.register_l for line in good]),
    )


def _read(lines: TextIO, read: list[Line], bad: list[tuple[int, str]]) -> None:
    """Every line that holds a moment and a register, and why others don't."""
    first = next(lines, "")
    comma = separator(first, COLUMNS)
    header = [name.strip() for name in _fields(first, comma)]
    require_columns(header, COLUMNS)
    ts, register = header.index("ts"), header.index("register_l")
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            continue
        try:
            fields = _fields(line, comma)
            read.append(Line(number, _moment_s(fields[ts]), _litres(fields[register])))
        except IndexError:
            bad.append((number, f"too few columns: {line.rstrip()[:60]!r}"))
        except LineError as error:
            bad.append((number, str(error)))
        except csv.Error as error:
            bad.append((number, f"no CSV ({error}): {line[:40]!r}"))


def _fields(line: str, comma: str) -> list[str]:
    """Each line by itself: a quote that nobody closes costs no other line."""
    line = line.rstrip("\r\n")
    return next(csv.reader((line,), delimiter=comma)) if '"' in line else line.split(comma)


def _in_order(read: list[Line], bad: list[tuple[int, str]]) -> list[Line]:
    """The most lines whose times rise; a clock that was wrong for some lines costs those, not what came after them."""
    begins: list[int] = []  # of the rows of 1, 2, ... lines to the file's end: the line that the latest begins with
    latest_s: list[int] = []  # its time, negative, so that these rise
    after = [-1] * len(read)
    for place in range(len(read) - 1, -1, -1):
        at_s = -read[place].at_s
        length = bisect_left(latest_s, at_s)
        after[place] = begins[length - 1] if length else -1
        begins[length : length + 1] = [place]
        latest_s[length : length + 1] = [at_s]
    kept = begins[-1:]
    while kept and after[kept[-1]] >= 0:
        kept.append(after[kept[-1]])
    _name_others(read, kept, bad)
    return [read[place] for place in kept]


def _name_others(read: list[Line], kept: list[int], bad: list[tuple[int, str]]) -> None:
    is_kept = set(kept)
    times = {read[place].at_s for place in kept}
    last_s = None
    for place, line in enumerate(read):
        if place in is_kept:
            last_s = line.at_s
        elif line.at_s in times:
            bad.append((line.number, f"the same ts twice: {_iso(line.at_s)!r}"))
        elif last_s is not None and line.at_s < last_s:
            bad.append((line.number, f"{_UNORDERED}: {_iso(line.at_s)!r} after {_iso(last_s)!r}"))
        else:
            later_s = next(read[after].at_s for after in range(place + 1, len(read)) if after in is_kept)
            bad.append((line.number, f"{_UNORDERED}: {_iso(line.at_s)!r} before {_iso(later_s)!r}"))


def _without_leaps(read: list[Line], bad: list[tuple[int, str]]) -> list[Line]:
    """A line a year or more from those on both sides is a broken clock; two that agree are not."""
    if len(read) < 3:
        return read
    good: list[Line] = []
    for place, line in enumerate(read):
        beside = good[-1:] + read[place + 1 : place + 2]
        if all(abs(line.at_s - other.at_s) > LEAP_S for other in beside):
            side = "after" if line.at_s > beside[0].at_s else "before"
            bad.append((line.number, f"ts a year or more {side} {_iso(beside[0].at_s)!r}: {_iso(line.at_s)!r}"))
        else:
            good.append(line)
    return good


class LineError(ValueError):
    """A line that can't be used, and why."""


def _moment_s(text: str) -> int:
    """Seconds since 1970; a time without a zone is UTC."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise LineError(f"ts can't be read: {text[:40]!r}") from None
    if not FIRST_YEAR <= at.year < LAST_YEAR:
        raise LineError(f"ts out of {FIRST_YEAR}-{LAST_YEAR - 1}: {text[:40]!r}")
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def _litres(text: str) -> float:
    try:
        value = float(text.replace("_", "no digit"))  # Python takes 1_234 for a number
    except ValueError:
        hint = "; decimals stand behind a point" if "," in text else ""
        raise LineError(f"register_l is no number: {text[:40]!r}{hint}") from None
    if not isfinite(value) or value < 0:
        raise LineError(f"register_l is no register: {text[:40]!r}")
    return value


def _iso(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M:%SZ}"
