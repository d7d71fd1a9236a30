"""One meter's whole watch: its register, its detectors, and where their episodes begin and end."""

from dataclasses import dataclass
from datetime import datetime

from domain.finding import AlertKind, Finding, Level


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
