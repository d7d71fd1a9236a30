"""What holds on homes never seen: the population is learned from some homes, and the others are judged.

python -m simulator.unseen FOLDER --tz Europe/Madrid --budget 0.5 --persons 2
"""

import argparse
import csv
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from detectors.habit import Population
from detectors.parts import Part
from domain.finding import Level
from simulator.asking import ask_first
from simulator.cases import Home, IncidentKind, draw_incidents
from simulator.contestants import our_watch
from simulator.figures import Figures, figures
from simulator.fit import alone, fit
from simulator.homes import HOUSEHOLDS, real_homes
from simulator.judge import Trial, try_home

_KINDS = (IncidentKind.COLLAPSE, IncidentKind.TAP_LEFT_ON, IncidentKind.LEAK)


def learned_elsewhere(
    homes: Sequence[Home],
    *,
    tz: ZoneInfo,
    folds: int,
    seed: int,
    without: frozenset[Part] = frozenset(),
    simulated: Sequence[Home] = (),
) -> dict[str, Population]:
    """For each home, by its id, what the homes of the other folds and simulated ones taught; folds from the seed."""
    fold_of = np.random.default_rng(seed).permutation(len(homes)) % folds
    learned = [
        fit([home.pipe for home, its in zip(homes, fold_of, strict=True) if its != fold], tz, without, simulated)
        for fold in range(folds)
    ]
    return {home.about.home_id: learned[its] for home, its in zip(homes, fold_of, strict=True)}


def try_unseen(
    homes: Sequence[Home], *, tz: ZoneInfo, budget: float, folds: int, incidents: int, seed: int
) -> list[Trial]:
    """Every home judged with numbers learned from the homes of the other folds; folds and incidents from the seed."""
    learned = learned_elsewhere(homes, tz=tz, folds=folds, seed=seed, simulated=alone())
    contestant = our_watch(budget, populations=learned)
    return [
        try_home(
            contestant,
            home,
            [
                incident
                for order, kind in enumerate(_KINDS)
                for incident in draw_incidents(
                    home, kind, number=incidents, rng=np.random.default_rng([seed, place, order])
                )
            ],
        )
        for place, home in enumerate(homes)
    ]


def of_so_many(path: Path, most: float) -> set[str]:
    """The homes of at least one person and at most so many; those of which it isn't known are none of them.

    Raises `OSError` where there is no such list, and `ValueError` where a number of persons is none.
    """
    with path.open(newline="") as file:
        return {row["id"] for row in csv.DictReader(file) if row["persons"] and 0.0 < float(row["persons"]) <= most}


def all_figures(trials: Sequence[Trial]) -> dict[str, Figures]:
    """Of each kind of incident; of collapses also when the resident would be asked first, and the carer told then."""
    asked = ask_first(trials)
    collapse = IncidentKind.COLLAPSE
    return {kind: figures(trials, kind) for kind in _KINDS} | {
        f"{collapse}, asked": figures(asked, collapse, Level.ASK),
        f"{collapse}, told after asking": figures(asked, collapse),
    }


def as_lines(by_kind: Mapping[str, Figures]) -> list[str]:
    """One line each: false alerts per household and 30 days, delays in hours, shares found."""
    lines = []
    for kind, seen in by_kind.items():
        fa, long_fa, median, p90, day, found = (
            estimate.value
            for estimate in (seen.short_fa, seen.long_fa, seen.median_h, seen.p90_h, seen.within_24_h, seen.found)
        )
        lines.append(
            f"{kind} ({seen.incidents}): short FA {fa}, long {long_fa}, worst home {seen.worst_home}; "
            f"median {median} h, p90 {p90} h, in 24 h {day}, found {found}, hidden {seen.hidden}"
        )
    return lines


def _complain(problem: str) -> None:
    sys.stderr.write(problem + "\n")


def main(arguments: Sequence[str], say: Callable[[str], object]) -> None:
    parser = argparse.ArgumentParser(description="judge the detectors on homes that they weren't learned from")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tz", required=True)
    parser.add_argument("--budget", type=float, default=0.5)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--incidents", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--persons", type=float, help=f"figures of homes of so many persons at most alone, by {HOUSEHOLDS} (id,persons)"
    )
    given = parser.parse_args(arguments)
    tz = ZoneInfo(given.tz)
    small = None if given.persons is None else of_so_many(given.folder / HOUSEHOLDS, given.persons)
    homes = real_homes(given.folder, tz, _complain)
    trials = try_unseen(
        homes, tz=tz, budget=given.budget, folds=given.folds, incidents=given.incidents, seed=given.seed
    )
    if small is not None:
        trials = [trial for trial in trials if trial.home.about.home_id in small]
    command = shlex.join(["python", "-m", "simulator.unseen", *arguments])
    say(f"`{command}`, anju {version('anju')}, seed {given.seed}, REAL: {len(trials)} homes of {given.folder.name}\n")
    for line in as_lines(all_figures(trials)):
        say(line + "\n")


if __name__ == "__main__":
    main(sys.argv[1:], sys.stdout.write)
