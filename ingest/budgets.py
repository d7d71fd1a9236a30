"""What another budget would have given: a whole community's recordings through the fleet-wide watch, once a budget."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from detectors.fleet.compiled import IS_COMPILED
from detectors.fleet.watch import FleetFindings, FleetWatch
from detectors.low_use import LowUseParameters
from detectors.parameters import WatchParameters
from domain.finding import AlertKind, Level
from domain.recording import Recording
from ingest.odd_registers import oddities
from ingest.recorded import Counted, Report, read_recording

LEARNING_S = 14 * 86400.0  # in these days a home is only asked
_MONTH_S = 30 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a budget gave, for each household and 30 days after its first two weeks; `worst`: the most of any home."""

    budget: float
    households: int
    asks: float
    alerts: float
    worst: float
    longest_hours: float


def compare_budgets(paths: Iterable[Path], *, tz: str, budgets: Sequence[float], out: TextIO, report: Report) -> int:
    """What `anju budgets` does; the exit status: 0, 1 where something could not be used, or 2 where nothing could."""
    if not IS_COMPILED:
        report('numba is not installed, so this takes many times as long: pip install "anju[fleet]"')
    report = Counted(report)
    try:
        zone = ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        report(f"--tz {tz}: no such time zone")
        return 2
    recordings = []
    for path in paths:
        recording = read_recording(path, report)
        if recording is None:
            continue
        recordings.append(recording)
        for odd in oddities(recording):
            report(f"{path}: {odd}")
        if not _is_long_enough(recording):
            report(f"{path}: left out, since a home is only asked in its first 14 days")
    given = what_budgets_give(recordings, zone, budgets)
    for line in given:
        out.write(json.dumps({name: round(value, 2) for name, value in asdict(line).items()}) + "\n")
    if not given:
        return 2
    return 1 if report.said else 0


def what_budgets_give(recordings: Sequence[Recording], zone: ZoneInfo, budgets: Sequence[float]) -> list[Given]:
    """One line a budget; none where no recording is longer than two weeks."""
    whole = [recording for recording in recordings if _is_long_enough(recording)]
    if not whole:
        return []
    at_s, register_l = _side_by_side(whole)
    lines = []
    for budget in budgets:
        parameters = WatchParameters(low_use=LowUseParameters(budget=budget))
        lines.append(_given(budget, at_s, FleetWatch(parameters, zone).watch(at_s, register_l)))
    return lines


def _is_long_enough(recording: Recording) -> bool:
    return bool(recording.at_s[-1] - recording.at_s[0] > LEARNING_S)


def _side_by_side(recordings: Sequence[Recording]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times and registers, a row a home; where a recording is shorter, its last time and nothing."""
    longest = max(map(len, recordings))
    at_s, register_l = np.empty((len(recordings), longest)), np.full((len(recordings), longest), np.nan)
    for home, recording in enumerate(recordings):
        at_s[home] = recording.at_s[-1]
        at_s[home, : len(recording)] = recording.at_s
        register_l[home, : len(recording)] = recording.register_l
    return at_s, register_l


def _given(budget: float, at_s: NDArray[np.float64], found: FleetFindings) -> Given:
    first_s = at_s[:, 0] + LEARNING_S
    months = (at_s[:, -1] - first_s) / _MONTH_S
    counted = found.at_s > first_s[found.home]
    asked, told = (counted & found.raised(AlertKind.LOW_USE, level) for level in (Level.ASK, Level.ALERT))
    alerts = np.bincount(found.home[told], minlength=len(at_s)) / months
    silent_h = (found.at_s - found.since_s)[told] / 3600.0
    return Given(
        budget=budget,
        households=len(at_s),
        asks=float(asked.sum() / months.sum()),
        alerts=float(told.sum() / months.sum()),
        worst=float(alerts.max()),
        longest_hours=float(silent_h.max(initial=0.0)),
    )
