"""Recorded registers through the same watch as the service, under a virtual clock; one line an episode and level."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from detectors.episodes import Change, Ended, Raised
from detectors.household import HouseholdWatch
from detectors.household_state import HouseholdState
from detectors.low_use import LowUseParameters
from detectors.parameters import WatchParameters
from detectors.wording import explain
from domain.finding import AlertKind, Finding
from domain.people import Language
from domain.recording import Recording
from domain.separator import separator
from ingest.ends import Span, end_of_all, span_of
from ingest.odd_registers import oddities
from ingest.processes import each
from ingest.recorded import FIRST_YEAR, LAST_YEAR, Counted, Report, household_of, read_recording
from ingest.text_files import NoTextError, text_of

Absence = tuple[datetime, datetime]
Absences = Mapping[str, Sequence[Absence]]


@dataclass(slots=True)
class Line:
    """What `anju detect` prints of one level of one episode."""

    household: str
    finding: Finding
    ended_at: datetime | None = None

    def to_json(self, tz: ZoneInfo, language: Language) -> dict[str, str | None]:
        found = self.finding
        return {
            "household": self.household,
            "kind": found.kind.value,
            "level": found.level.value,
            "raised_at": _iso(found.at),
            "since": _iso(found.since),
            "ended_at": _iso(self.ended_at) if self.ended_at else None,
            "reason": explain(found.reason, language, tz),
        }


def detect_files(
    paths: Iterable[Path],
    *,
    tz: str,
    absences: Path | None,
    budget: float,
    out: TextIO,
    report: Report,
    language: Language = Language.EN,
) -> int:
    """What `anju detect` does; the exit status: 0, 1 where something could not be used, or 2 where nothing could."""
    paths, report = list(paths), Counted(report)
    try:
        zone = ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of zones
        report(f"--tz {tz}: no such time zone")
        return 2
    try:
        known = read_absences(absences, report) if absences else {}
    except NoTextError as error:
        report(f"--absences {absences}: {error}")
        return 2
    for household, files in groupby(sorted(paths, key=household_of), household_of):
        if more := list(files)[1:]:
            report(f"{more[0]}: household {household!r} is another file's, too; each is watched by itself")
    for household in sorted(set(known) - {household_of(path) for path in paths}):
        report(f"--absences {absences}: {household!r} is none of the households given")
    lines = detect(paths, WatchParameters(low_use=LowUseParameters(budget=budget)), zone, known, report)
    if lines is None:
        return 2
    for line in lines:
        out.write(json.dumps(line.to_json(zone, language), ensure_ascii=False) + "\n")
    return 1 if report.said else 0


def detect(
    paths: Iterable[Path], parameters: WatchParameters, zone: ZoneInfo, absences: Absences, report: Report
) -> list[Line] | None:
    """Every line in order of `raised_at`; none where nothing is usable. The clock ends at the last reading of all.

    Households know nothing of each other, so that each processor takes some of them.
    """
    runs: list[_Run] = []
    jobs = [(path, parameters, zone, absences.get(household_of(path), ())) for path in paths]
    for problems, run in each(_play, jobs):
        for problem in problems:
            report(problem)
        if run is not None:
            runs.append(run)
    if not runs:
        return None
    watch, ends_at = HouseholdWatch(parameters, zone), end_of_all([run.span for run in runs], report)
    lines = [line for run in runs for line in run.finish(watch, ends_at)]
    return sorted(lines, key=lambda line: (line.finding.at, line.household, line.finding.kind, line.finding.level))


def _play(job: tuple[Path, WatchParameters, ZoneInfo, Sequence[Absence]]) -> tuple[list[str], "_Run | None"]:
    """What one file's household went through, and what was wrong with the file."""
    path, parameters, zone, absences = job
    problems: list[str] = []
    recording = read_recording(path, problems.append)
    if recording is None:
        return problems, None
    problems += (f"{path}: {odd}" for odd in oddities(recording))
    watch = HouseholdWatch(parameters, zone)
    return problems, _Run(span_of(path, recording), recording.meter_id, watch, absences).play(watch, recording)


def read_absences(path: Path, report: Report) -> dict[str, list[tuple[datetime, datetime]]]:
    """Announced absences from a `household,from,until` file; raises `NoTextError`."""
    found: dict[str, list[tuple[datetime, datetime]]] = {}
    with text_of(path) as file:
        lines = file.read().splitlines()
    wanted = ["household", "from", "until"]
    comma = separator(lines[0], wanted)
    if (header := [field.strip(' "') for field in lines[0].split(comma)]) != wanted:
        raise NoTextError(f"its first line is {','.join(header)[:60]!r}; wanted is household,from,until")
    for number, text in enumerate(lines[1:], start=2):
        fields = [field.strip(' "') for field in text.split(comma)]
        if not text.strip():
            continue
        if len(fields) != 3:
            report(f"{path}:{number}: {len(fields)} fields instead of household,from,until: {text[:60]!r}")
            continue
        household, begins, ends = fields
        begins_at, ends_at = _moment(begins), _moment(ends)
        if begins_at is None or ends_at is None:
            field, value = ("until", ends) if begins_at else ("from", begins)
            report(f"{path}:{number}: {field} {value[:60]!r} is no time, such as 2026-03-02T08:00:00Z")
            continue
        if ends_at <= begins_at:
            report(f"{path}:{number}: until is not after from: {text[:60]!r}")
            continue
        found.setdefault(household, []).append((begins_at, ends_at))
    return found


class _Run:
    """One household's way through its recording."""

    def __init__(self, span: Span, household: str, watch: HouseholdWatch, absences: Sequence[Absence]) -> None:
        self.span, self.household = span, household
        self._state: HouseholdState = watch.start()
        self._lines: list[Line] = []
        self._running: dict[AlertKind, list[Line]] = {}
        for begins_at, ends_at in absences:
            watch.absent(self._state, begins_at, ends_at)

    def play(self, watch: HouseholdWatch, recording: Recording) -> "_Run":
        observe, state, note = watch.observe, self._state, self._note
        for at, register_l in recording.readings():
            for change in observe(state, at, register_l):
                note(change)
        return self

    def finish(self, watch: HouseholdWatch, ends_at: datetime) -> list[Line]:
        for change in watch.tick(self._state, ends_at):
            self._note(change)
        return self._lines

    def _note(self, change: Change) -> None:
        match change:
            case Raised(finding=finding):
                line = Line(self.household, finding)
                self._lines.append(line)
                self._running.setdefault(finding.kind, []).append(line)
            case Ended(kind=kind, at=at):
                for line in self._running.pop(kind, ()):
                    line.ended_at = at


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not FIRST_YEAR <= at.year < LAST_YEAR:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
