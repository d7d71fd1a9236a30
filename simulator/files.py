"""Recordings and alarms as files that `anju replay` and `anju detect` take."""

import csv
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TextIO

import numpy as np

from domain.finding import AlertKind
from domain.recording import Recording
from domain.separator import separator
from ingest.recorded import COLUMNS, Report, read_recording
from ingest.text_files import NoTextError, require_columns, text_of
from simulator.radio import Sent, sending_times

ARRIVES = "arrives_at"  # a column beside ts and register_l, where readings came later, or several times
ALARMS = ".alarms.csv"
_ALARM = ("ts", "device_id", "kind")
AlarmAt = tuple[datetime, str, AlertKind]


def write_readings(path: Path, recording: Recording) -> Path:
    """ts,register_l in order of time; with the times of arrival where they differ or are several."""
    arrives_s: dict[tuple[datetime, float], list[int]] = {}
    for reading, sent_s in zip(recording.readings(), sending_times(recording).tolist(), strict=True):
        arrives_s.setdefault(reading, []).append(sent_s)
    late = any(times_s != [int(at.timestamp())] for (at, _), times_s in arrives_s.items())
    rows = [
        (_iso(at), f"{register_l:.12g}", *([" ".join(_iso(_utc(each_s)) for each_s in times_s)] if late else ()))
        for (at, register_l), times_s in arrives_s.items()
    ]
    return write_rows(path, ("ts", "register_l", *((ARRIVES,) if late else ())), rows)


def write_rows(path: Path, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Path:
    """A CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def read_sent(path: Path, report: Report) -> Recording | None:
    """A file's readings, each arriving when the file says so, else at once."""
    recording = read_recording(path, report)
    if recording is None:
        return None
    arrives_s: dict[int, list[int]] = {}
    with suppress(NoTextError), text_of(path) as lines:  # said before
        rows = _rows(lines, (*COLUMNS, ARRIVES))
        if ARRIVES not in (rows.fieldnames or ()):
            return recording
        arrives_s.update(_arrivals(path, rows, report))
    times_s = [arrives_s.get(at_s, [at_s]) for at_s in recording.at_s.tolist()]
    times = np.array(list(map(len, times_s)))
    return Sent(
        meter_id=recording.meter_id,
        at_s=np.repeat(recording.at_s, times),
        register_l=np.repeat(recording.register_l, times),
        sent_s=np.array([each_s for several_s in times_s for each_s in several_s], dtype=np.int64),
    )


def _arrivals(path: Path, rows: "csv.DictReader[str]", report: Report) -> Iterator[tuple[int, list[int]]]:
    """(read at, arrives at) [UTC s]; a line whose arrival can't be read is said, and taken to arrive at once."""
    for row in rows:
        with suppress(ValueError):  # a ts that can't be read was said before
            at = _moment(row["ts"] or "")
            try:
                arrives = [_moment(text) for text in (row[ARRIVES] or "").split()] or [_moment("")]
            except ValueError:
                report(f"{path}:{rows.line_num}: {ARRIVES} can't be read: {row[ARRIVES]!r:.60}")
            else:
                yield int(at.timestamp()), [int(each.timestamp()) for each in arrives]


def _rows(lines: TextIO, columns: Collection[str]) -> "csv.DictReader[str]":
    first = next(lines, "")
    rows = csv.DictReader(chain((first,), lines), delimiter=separator(first, columns))
    rows.fieldnames = [name.strip() for name in rows.fieldnames or ()]
    return rows


def is_alarms(path: Path) -> bool:
    """Whether a file tells of other sensors' alarms, by its name."""
    return path.name.endswith(ALARMS)


def write_alarms(path: Path, alarms: Sequence[AlarmAt]) -> Path:
    """ts,device_id,kind."""
    return write_rows(path, _ALARM, [(_iso(at), device_id, kind) for at, device_id, kind in alarms])


def read_alarms(path: Path, report: Report) -> list[AlarmAt]:
    """The alarms of a file; each line that can't be used is said, and only that line is lost."""
    found: list[AlarmAt] = []
    try:
        with text_of(path) as lines:
            rows = _rows(lines, _ALARM)
            require_columns(rows.fieldnames or (), _ALARM)
            for row in rows:
                try:
                    found.append((_moment(row["ts"] or ""), row["device_id"], AlertKind(row["kind"])))
                except ValueError as e:
                    report(f"{path}:{rows.line_num}: no alarm ({', '.join(_ALARM)}): {e}")
    except NoTextError as e:
        report(f"{path}: {e}")
    return found


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text.strip())
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _iso(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _utc(at_s: int) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
