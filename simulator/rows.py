"""The lines of the judge's report."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domain.finding import Level
from simulator.cases import IncidentKind
from simulator.contestants import Contestant
from simulator.figures import Figures, figures
from simulator.homes import is_low_user
from simulator.judge import Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the report."""

    section: str
    rule: str
    family: str
    setting: float | None
    incident: IncidentKind
    level: Level
    among: str
    figures: Figures


def row_of(
    section: str,
    contestant: Contestant,
    trials: Sequence[Trial],
    kind: IncidentKind,
    *,
    level: Level = Level.ALERT,
    among: str = "all",
) -> Row:
    """What these trials come to, for one kind of incident at one level."""
    return Row(
        section=section,
        rule=contestant.name,
        family=contestant.family,
        setting=contestant.setting,
        incident=kind,
        level=level,
        among=among,
        figures=figures(trials, kind, level),
    )


def by_user(section: str, contestant: Contestant, trials: Sequence[Trial]) -> Iterator[Row]:
    """Low and other users apart, where there are both."""
    low = [trial for trial in trials if is_low_user(trial.home)]
    other = [trial for trial in trials if not is_low_user(trial.home)]
    if low and other:
        yield row_of(section, contestant, low, IncidentKind.COLLAPSE, among="under 40 L a day")
        yield row_of(section, contestant, other, IncidentKind.COLLAPSE, among="40 L a day or more")
