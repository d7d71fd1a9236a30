"""Recordings and alarms as files that `anju replay` and `anju detect` take."""

import csv
import gzip
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from domain.finding import AlertKind
from domain.recording import Recording
from ingest.recorded import Report, read_recording
from simulator.radio import Sent, sending_times

ARRIVES = "arrives_at"  # a column beside ts and register_l, where readings arrived later than they were read
ALARMS = ".alarms.csv"
AlarmAt = tuple[datetime, str, AlertKind]


def write_readings(path: Path, recording: Recording) -> Path:
    """ts,register_l in order of time; with the time of arrival where that differs."""
    sent_s = sending_times(recording)
    late = bool((sent_s != recording.at_s).any())
    rows = [
        (f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{register_l:.12g}", *([f"{_utc(int(sent)):%Y-%m-%dT%H:%M:%SZ}"] if late else ()))
        for (at, register_l), sent in zip(recording.readings(), sent_s, strict=True)
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
    with (
        gzip.open(path, "rt", encoding="utf-8-sig")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8-sig") as lines
    ):
        rows = csv.DictReader(lines)
        if ARRIVES not in (rows.fieldnames or ()):
            return recording
        arrives_s = dict(_arrivals(path, rows, report))
    sent_s = np.array([arrives_s.get(at_s, at_s) for at_s in recording.at_s.tolist()], dtype=np.int64)
    return Sent(meter_id=recording.meter_id, at_s=recording.at_s, register_l=recording.register_l, sent_s=sent_s)


def _arrivals(path: Path, rows: "csv.DictReader[str]", report: Report) -> list[tuple[int, int]]:
    """(read at, arrives at) [UTC s]; a line whose arrival can't be read is said, and taken to arrive at once."""
    found = []
    for row in rows:
        try:
            at, arrives = (_moment(row[name] or "") for name in ("ts", ARRIVES))
        except ValueError:
            report(f"{path}:{rows.line_num}: {ARRIVES} can't be read: {row[ARRIVES]!r:.60}")
        else:
            found.append((int(at.timestamp()), int(arrives.timestamp())))
    return found


def is_alarms(path: Path) -> bool:
    """Whether a file tells of other sensors' alarms, by its name."""
    return path.name.endswith(ALARMS)


def write_alarms(path: Path, alarms: Sequence[AlarmAt]) -> Path:
    """ts,device_id,kind."""
    return write_rows(path, ("ts", "device_id", "kind"), [(f"{at:%Y-%m-%dT%H:%M:%SZ}", *rest) for at, *rest in alarms])


def read_alarms(path: Path, report: Report) -> list[AlarmAt]:
    """The alarms of a file; each line that can't be used is said, and only that line is lost."""
    found: list[AlarmAt] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            for row in rows:
                try:
                    found.append((_moment(row["ts"]), row["device_id"], AlertKind(row["kind"])))
                except (KeyError, ValueError) as e:
                    report(f"{path}:{rows.line_num}: no alarm (ts, device_id, kind): {e}")
    except OSError as e:
        report(f"{path}: can't be read ({e.strerror})")
    return found


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text.strip())
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _utc(at_s: int) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
