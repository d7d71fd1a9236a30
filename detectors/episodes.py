"""Where episodes begin and end: what is true now against what was already said."""

from dataclasses import dataclass
from datetime import datetime

from detectors.household_state import HouseholdState
from domain.finding import AlertKind, CannotTell, Finding, Level, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """An episode began, or its level rose from ask to alert (each level is raised once an episode)."""

    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An episode is over, at all its levels."""

    kind: AlertKind
    level: Level
    at: datetime


Change = Raised | Ended


def follow(state: HouseholdState, kind: AlertKind, verdict: Verdict, at: datetime) -> list[Change]:
    """Edges only. Not being able to tell ends nothing.

    A finding with another beginning is another episode: a leak that runs must not hide the tap left on.
    """
    before = state.running.get(kind)
    if isinstance(verdict, CannotTell) or (before is None and not isinstance(verdict, Finding)):
        return []
    if not isinstance(verdict, Finding):
        return [end(state, kind, at)]
    since_s = verdict.since.timestamp()
    if before is None:
        return [_raise(state, verdict, since_s)]
    if since_s != before[1]:
        return [end(state, kind, at), _raise(state, verdict, since_s)]
    if before[0] is Level.ASK and verdict.level is Level.ALERT:
        return [_raise(state, verdict, since_s)]
    return []


def _raise(state: HouseholdState, finding: Finding, since_s: float) -> Raised:
    state.running[finding.kind] = (finding.level, since_s)
    state.still_until_s = 0.0
    return Raised(finding=finding)


def end(state: HouseholdState, kind: AlertKind, at: datetime) -> Ended:
    level, _ = state.running.pop(kind)
    return Ended(kind=kind, level=level, at=at)
