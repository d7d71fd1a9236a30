"""Recorded registers from CSV files: what is good is used, what isn't is named with its file, line and value."""

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import TextIO

import numpy as np

from domain.recording import Recording

Report = Callable[[str], None]

_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_LEAP_S = timedelta(days=366).total_seconds()  # a line further ahead is a broken clock, unless the next agrees


def household_of(path: Path) -> str:
    """The household a file is named after: home1.csv.gz tells of home1."""
    return path.name.removesuffix(".gz").removesuffix(".csv")


def read_recording(path: Path, report: Report) -> Recording | None:
    """The registers of one `ts,register_l` file; none (and why is reported) where nothing in it is usable.

    Each line that can't be used is reported in one line, and only that line is lost.
    """
    at_s: list[int] = []
    register_l: list[float] = []
    try:
        with _open(path) as lines:
            for at, value in _good(path, lines, report):
                at_s.append(at)
                register_l.append(value)
    except FileNotFoundError:
        report(f"{path}: no such file")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        report(f"{path}: not a whole gzip file ({error})")
    except (OSError, csv.Error) as error:
        report(f"{path}: can't be read ({error})")
    if not at_s:
        report(f"{path}: no usable reading")
        return None
    return Recording(meter_id=household_of(path), at_s=np.array(at_s, np.int64), register_l=np.array(register_l))


def _open(path: Path) -> TextIO:
    """Undecodable bytes become marks that no time or number can hold, so their line alone is lost."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", errors="replace", newline="")
    return path.open(encoding="utf-8-sig", errors="replace", newline="")


def _good(path: Path, lines: TextIO, report: Report) -> Iterator[tuple[int, float]]:
    """(at [s since 1970], register [L]) of each usable line, in order of time."""
    rows = csv.reader(lines)
    header = [name.strip() for name in next(rows, [])]
    missing = [name for name in ("ts", "register_l") if name not in header]
    if missing:
        report(f"{path}:1: no column {missing[0]}, only {','.join(header)[:60]!r}")
        return
    ts, register = header.index("ts"), header.index("register_l")
    last_s: int | None = None
    astray_s: int | None = None
    for row in rows:
        if not row:
            continue
        try:
            at_s, value = _moment_s(row[ts]), _litres(row[register])
            if last_s is not None:
                astray_s = _check_order(row[ts], at_s, last_s, astray_s)
        except IndexError:
            report(f"{path}:{rows.line_num}: too few columns: {','.join(row)[:60]!r}")
        except LineError as error:
            astray_s = error.astray_s
            report(f"{path}:{rows.line_num}: {error}")
        else:
            last_s = at_s
            yield at_s, value


class LineError(ValueError):
    """A line that can't be used, and why. `astray_s`: its time, where that ran far ahead of the others."""

    def __init__(self, reason: str, astray_s: int | None = None) -> None:
        super().__init__(reason)
        self.astray_s = astray_s


def _moment_s(text: str) -> int:
    """Seconds since 1970; a time without a zone is UTC."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise LineError(f"ts can't be read: {text[:40]!r}") from None
    if not _FIRST_YEAR <= at.year < _LAST_YEAR:
        raise LineError(f"ts out of {_FIRST_YEAR}-{_LAST_YEAR - 1}: {text[:40]!r}")
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def _litres(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise LineError(f"register_l is no number: {text[:40]!r}") from None
    if not isfinite(value) or value < 0:
        raise LineError(f"register_l is no register: {text[:40]!r}")
    return value


def _check_order(text: str, at_s: int, last_s: int, astray_s: int | None) -> int | None:
    """Raises `LineError` for a time that isn't after the last; a leap ahead must be confirmed by the next line."""
    if at_s == last_s:
        raise LineError(f"the same ts twice: {text[:40]!r}", astray_s)
    if at_s < last_s:
        raise LineError(f"ts out of order: {text[:40]!r} after {_iso(last_s)!r}", astray_s)
    if at_s - last_s > _LEAP_S and (astray_s is None or at_s < astray_s):
        raise LineError(f"ts more than a year after {_iso(last_s)!r}: {text[:40]!r}", at_s)
    return None


def _iso(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M:%SZ}"
