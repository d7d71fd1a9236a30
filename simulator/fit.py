"""Learns `detectors.population` from recorded households and simulated ones: how silences end in homes at large.

python -m simulator.fit --tz Europe/Madrid FILE... > detectors/population.py

1. The share of silences that last so long, by the hour they begin.
2. The hazard's weights: a logistic regression, each whole hour of each silence one case.
3. The false alerts that each step of the ladder would have raised in the recorded ones: simulated ones don't travel.

The recorded are families of working age; of people who live alone, and by their habits, simulated ones teach more.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from detectors.habit import BEGINS, HOURS, KERNEL, LADDER, PARTS, TERMS, Population, terms
from detectors.localtime import LocalClock
from detectors.low_use import PLAN_FROM_H, LowUse, LowUseParameters
from detectors.low_use_state import LowUseState
from detectors.own_record import OwnRecord, told_after_h
from detectors.parts import Part
from domain.recording import Recording
from domain.register import RegisterState, advance
from ingest.recorded import read_recording
from simulator import cases
from simulator.homes import SEED_A, simulated_homes
from simulator.metering import seen_through

Array = NDArray[np.float64]

_LEARNING_DAYS = 14  # the first days of a home teach little: its own record is empty
_TRAINING_DAYS = 42  # false alerts are counted after these
_FROM_H = int(PLAN_FROM_H)
_RIDGE = 2.0  # on standardised terms
_SIMULATED_WEIGHT = 0.3  # of a home; at 1, recorded homes of one or two persons, never seen, wait a quarter hour longer


@dataclass(slots=True)
class Case:
    """A silence that reached three hours: when in the record it ended, its terms, its length, its plan."""

    day: float
    terms: Array
    hours: float
    plan: bytes


@dataclass(slots=True)
class Home:
    """What one recording showed."""

    silences: Array = field(default_factory=lambda: np.zeros((BEGINS, HOURS + 1)))
    cases: list[Case] = field(default_factory=list)
    days: float = 0.0


class Noted(OwnRecord):
    """The own record itself, writing down each silence that it learns from."""

    home: Home
    latest: Array  # terms of the plan that was made last

    def _learn_silence(self, state: LowUseState, begun: int, hours: float) -> None:
        before = _counted(state)
        super()._learn_silence(state, begun, hours)
        self.home.silences += _counted(state) - before
        if state.plan:
            day = (state.silent_from_s - state.first_s) / 86400.0
            self.home.cases.append(Case(day, self.latest, state.silent_s / 3600.0, state.plan))


class Watched(LowUse):
    """The detector itself, with such a record."""

    def __init__(self, parameters: LowUseParameters, clock: LocalClock, home: Home) -> None:
        super().__init__(parameters, clock)
        self.record: Noted = Noted(parameters.population, clock, calibrated=Part.CALIBRATION not in parameters.without)
        self.record.home, self.record.latest = home, np.zeros((HOURS, TERMS))

    def _plan(self, state: LowUseState) -> None:
        before = self.record.before(state)
        self.record.latest = terms(state.silences, state.rate, before, self._population.survival)
        super()._plan(state)


def _counted(state: LowUseState) -> Array:
    return np.frombuffer(state.silences, np.uint8).reshape(BEGINS, HOURS + 1) / PARTS


def watch(recording: Recording, population: Population, zone: ZoneInfo, without: frozenset[Part] = frozenset()) -> Home:
    """One home through the detector with this population's numbers."""
    home = Home()
    detector = Watched(LowUseParameters(population=population, without=without), LocalClock(zone), home)
    state, register = detector.start(), RegisterState()
    for at, register_l in recording.readings():
        interval, _ = advance(register, at, register_l)
        if interval is not None:
            detector.observe(state, interval)
            if interval.known and not interval.gap and state.silent_s < 48 * 3600.0:
                past_training = interval.end_at.timestamp() - state.first_s > _TRAINING_DAYS * 86400.0
                home.days += interval.length.total_seconds() / 86400.0 * past_training
    return home


def alone() -> list[cases.Home]:
    """Simulated people who live alone, of the seed on which things are chosen."""
    return simulated_homes(SEED_A, number=40, days=200)


def fit(
    recordings: Sequence[Recording],
    zone: ZoneInfo,
    without: frozenset[Part] = frozenset(),
    simulated: Sequence[cases.Home] = (),
) -> Population:
    """The numbers learned from these recordings, in three passes over them; `without` these parts of the design."""
    hourly = [seen_through(home.pipe, every_s=3600, step_l=1.0) for home in simulated]
    zones = [zone] * len(recordings) + [home.about.zone for home in simulated]
    lives = list(zip([*recordings, *hourly], zones, strict=True))
    weights = [1.0] * len(recordings) + [_SIMULATED_WEIGHT] * len(simulated)
    nothing = Population(
        survival=np.exp(-np.arange(HOURS + 1) / 4.0) * np.ones((BEGINS, 1)),
        intercept=-1.0,
        weights=np.zeros(TERMS),
        false_alerts=np.full(len(LADDER), 0.02),
    )
    survival = _survival([watch(life, nothing, its, without) for life, its in lives], weights)
    with_survival = replace(nothing, survival=survival)
    intercept, terms_weights = _regress([watch(life, with_survival, its, without) for life, its in lives], weights)
    with_hazard = replace(with_survival, intercept=intercept, weights=terms_weights)
    return replace(with_hazard, false_alerts=_false_alerts(watch(r, with_hazard, zone, without) for r in recordings))


def _survival(homes: Iterable[Home], weights: Sequence[float]) -> Array:
    """Mean over homes of the smoothed share that lasts at least l hours."""
    shares = []
    for home in homes:
        near = KERNEL @ home.silences
        lasting = np.cumsum(near[:, ::-1], axis=1)[:, ::-1]
        shares.append(lasting / np.maximum(lasting[:, :1], 1e-9))
    mean = np.average(shares, axis=0, weights=weights)
    return np.asarray(np.maximum(mean, 1e-4))  # however few homes: no length is impossible


def _regress(homes: Sequence[Home], weight_of: Sequence[float]) -> tuple[float, Array]:
    """Intercept and weights on the terms as they are; fitted on standardised terms with a ridge (Newton's steps)."""
    rows, ended, worth = [], [], []
    for home, its in zip(homes, weight_of, strict=True):
        for case in (case for case in home.cases if case.day >= _LEARNING_DAYS):
            last = min(int(case.hours + 0.15), HOURS - 1)
            rows.append(case.terms[_FROM_H : last + 1])
            ended.append(np.arange(_FROM_H, last + 1) == int(case.hours + 0.15))
            worth.append(np.full(len(rows[-1]), its))
    raw, uses, weighed = np.concatenate(rows), np.concatenate(ended).astype(np.float64), np.concatenate(worth)
    mean, scale = np.average(raw, axis=0, weights=weighed), raw.std(axis=0) + 1e-12
    design = np.column_stack([np.ones(len(raw)), (raw - mean) / scale])
    ridge = np.diag([0.0, *([_RIDGE] * raw.shape[1])])
    beta = np.zeros(design.shape[1])
    for _ in range(12):
        chance = 1.0 / (1.0 + np.exp(-design @ beta))
        curvature = (design * (weighed * chance * (1.0 - chance))[:, None]).T @ design + ridge
        beta += np.linalg.solve(curvature, design.T @ (weighed * (uses - chance)) - ridge @ beta)
    weights = beta[1:] / scale
    return float(beta[0] - weights @ mean), weights


def _false_alerts(homes: Iterable[Home]) -> Array:
    """Mean over homes of the false alerts a day at each step: silences of a day at most that outlast the alarm."""
    rates = []
    for home in homes:
        short = [case for case in home.cases if case.day >= _TRAINING_DAYS and case.hours <= HOURS]
        raised = [np.frombuffer(case.plan, np.uint8) <= told_after_h(case.hours) for case in short]
        rates.append(np.sum(raised, axis=0) / max(home.days, 30.0) if raised else np.zeros(len(LADDER)))
    return np.asarray(np.mean(rates, axis=0))


def as_module(population: Population, made_from: str) -> str:
    """The numbers as a Python module."""
    lines = [
        '"""What was learned from other households; written by `python -m simulator.fit`, not by hand.',
        "",
        f"Made from {made_from}.",
        '"""',
        "",
        "import numpy as np",
        "",
        "from detectors.habit import Population",
        "",
        "# fmt: off",
        "POPULATION = Population(",
        *_rows("survival", population.survival.ravel(), f".reshape({BEGINS}, {HOURS + 1})", ".3g"),
        f"    intercept={population.intercept:.6g},",
        *_rows("weights", population.weights, "", ".5g"),
        *_rows("false_alerts", population.false_alerts, "", ".4g"),
        ")",
        "# fmt: on",
    ]
    return "\n".join(lines) + "\n"


def _rows(name: str, values: Array, shape: str, digits: str) -> list[str]:
    said = [format(value, digits) for value in values.tolist()]
    per_row = 8 if len(said) <= 24 else 10
    rows = ["        " + ", ".join(said[at : at + per_row]) + "," for at in range(0, len(said), per_row)]
    return [f"    {name}=np.array((", *rows, f"    )){shape},"]


def main(arguments: Sequence[str], say: Callable[[str], object]) -> None:
    parser = argparse.ArgumentParser(description="learn detectors/population.py from recorded households")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--tz", required=True)
    given = parser.parse_args(arguments)
    read = [read_recording(path, lambda problem: print(problem, file=sys.stderr)) for path in given.files]  # noqa: T201  # a command's own complaints
    recordings = [recording for recording in read if recording is not None]
    days = sum(float(r.at_s[-1] - r.at_s[0]) for r in recordings) / 86400.0
    simulated = alone()
    population = fit(recordings, ZoneInfo(given.tz), simulated=simulated)
    lives = f"{len(simulated)} simulated ones (seed {SEED_A}) at {_SIMULATED_WEIGHT:g} of one"
    say(as_module(population, f"{len(recordings)} households, {days:.0f} days ({given.tz}), and {lives}"))


if __name__ == "__main__":
    main(sys.argv[1:], sys.stdout.write)
