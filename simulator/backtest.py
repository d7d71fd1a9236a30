"""`anju backtest`: what the rules in use today, our detectors and an oracle make of the same homes and incidents."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np

from detectors.habit import Population
from detectors.parts import Part
from domain.finding import AlertKind, Level
from simulator.asking import ask_first
from simulator.cases import Home, Incident, IncidentKind, draw_incidents
from simulator.contestants import Contestant, baselines, our_watch
from simulator.families import ANJU, ORACLES, SILENCE, Family, oracle
from simulator.figures import figures
from simulator.fit import alone
from simulator.homes import SEED_A, household_days, real_homes, simulated_homes
from simulator.judge import Trial, try_home
from simulator.machines import Machine
from simulator.oracle import HazardTable, tabulate
from simulator.rows import Row, by_user, row_of
from simulator.unseen import learned_elsewhere

T = TypeVar("T")
Report = Callable[[str], None]
Clock = Callable[[], float]

METERS = (
    ("each draw, 1 L", 0, 1.0),
    ("15 min, 1 L", 900, 1.0),
    ("1 h, 1 L", 3600, 1.0),
    ("1 h, 10 L", 3600, 10.0),
    ("1 h, 100 L", 3600, 100.0),
    ("1 day, 1 L", 86400, 1.0),
)
TOLD_EVERY_S = 10.0
TARGETS_FA = (0.5, 0.2, 0.1)
FEW_INCIDENTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to judge. Without `folder`, simulated people: thresholds from seeds A, figures from `seed`.

    `folds`: what ours learned from other households is learned anew, for each home from the homes of other folds.
    `without`: parts of our design that are left out, each alone. `machine`: draws in every simulated home by itself.
    """

    seed: int
    folder: Path | None = None
    tz: ZoneInfo
    homes: int = 40
    days: int = 200
    incidents: int = FEW_INCIDENTS
    budget: float = 0.5
    every_min: int = 60
    step_l: float = 1.0
    curves: bool = False
    meters: bool = False
    folds: int = 0
    without: Sequence[Part] = ()
    machine: Machine | None = None

    @property
    def data(self) -> str:
        """Where the homes come from, to stand beside every figure."""
        if self.folder is not None:
            learned = f", ours learned from other homes ({self.folds} folds)" if self.folds else ""
            return f"REAL: meters of {self.folder.name}, {self.tz.key}{learned}"
        meter = f"{self.every_min} min, {self.step_l:g} L"
        beside = f", {self.machine} in each" if self.machine else ""
        return f"SIM: {self.homes} homes of one person{beside}, {self.days} days, {meter}, overnight absences announced"


def backtest(options: Options, *, report: Report, clock: Clock) -> list[Row]:
    """Judges everything that the options ask for; no rows where no home can be judged."""
    bench = _Bench(options, report, clock)
    if not bench.homes:
        return []
    rows = sorted(bench.rules(), key=lambda row: row.section, reverse=True)
    if options.without:
        rows += bench.without_parts()
    if options.curves:
        rows += sorted(bench.curves(), key=lambda row: row.section)
    if options.meters and options.folder is not None:
        report("real meters report as they do: --meters is for simulated homes")
    elif options.meters:
        rows += bench.by_meter()
    return rows


class _Bench:
    """The homes, the incidents, and what has been played."""

    def __init__(self, options: Options, report: Report, clock: Clock) -> None:
        self._options, self._report, self._clock = options, report, clock
        self._learned: dict[frozenset[Part], Mapping[str, Population]] = {}
        self.homes = self._judged()
        report(f"{len(self.homes)} homes, {household_days(self.homes):.0f} household-days; {options.data}")

    def _judged(
        self, *, seed: int | None = None, every_s: int | None = None, step_l: float | None = None
    ) -> list[Home]:
        options = self._options
        if options.folder is not None:
            return real_homes(options.folder, options.tz, self._report)
        return simulated_homes(
            options.seed if seed is None else seed,
            number=options.homes,
            days=options.days,
            every_s=options.every_min * 60 if every_s is None else every_s,
            step_l=step_l or options.step_l,
            machine=options.machine,
            tz=options.tz,
        )

    def rules(self) -> Iterator[Row]:
        """The rules in use today and ours, on every kind of incident; collapse by low and other users too."""
        put_in = self._incidents(self.homes, tuple(IncidentKind))
        for contestant in [*baselines(), self._ours(self._options.budget)]:
            trials = self._play(contestant, self.homes, put_in)
            for kind in IncidentKind:
                if kind.listened_for in contestant.listens:
                    yield row_of("rules", contestant, trials, kind)
            if AlertKind.LOW_USE in contestant.listens:
                yield from by_user("rules", contestant, trials)
            if contestant.family == ANJU.name:
                asking = replace(contestant, name=f"{contestant.name}, ask first")
                answered = ask_first(trials)
                yield row_of("asks", asking, answered, IncidentKind.COLLAPSE, level=Level.ASK)
                yield row_of("rules", asking, answered, IncidentKind.COLLAPSE)

    def _ours(self, budget: float, without: frozenset[Part] = frozenset()) -> Contestant:
        """Our watch; on real homes with what was learned from others of them, if so wished."""
        if not self._options.folds:
            return our_watch(budget, without=without)
        if without not in self._learned:
            self._report(f"learning from the homes of other folds: {self._options.folds} times")
            self._learned[without] = learned_elsewhere(
                self.homes,
                tz=self._options.tz,
                folds=self._options.folds,
                seed=self._options.seed,
                without=without,
                simulated=alone(),
            )
        return our_watch(budget, without=without, populations=self._learned[without])

    def without_parts(self) -> Iterator[Row]:
        """The whole design, and what is left of it without each part."""
        kinds = (IncidentKind.COLLAPSE, IncidentKind.TAP_LEFT_ON, IncidentKind.LEAK)
        put_in = self._incidents(self.homes, kinds)
        for left_out in (frozenset[Part](), *(frozenset({part}) for part in self._options.without)):
            contestant = self._ours(self._options.budget, left_out)
            trials = self._play(contestant, self.homes, put_in)
            for kind in kinds:
                yield row_of("parts left out", contestant, trials, kind)
            yield from by_user("parts left out", contestant, trials)

    def curves(self) -> Iterator[Row]:
        """Delay against false alerts; of simulated people also at equal false alerts, set on other homes."""
        families = [SILENCE, replace(ANJU, at=self._ours)]
        put_in = self._incidents(self.homes, (IncidentKind.COLLAPSE,))
        others: list[Home] = []
        if self._options.folder is None:
            others = self._judged(seed=SEED_A)
            families += self._oracles([*self.homes, *others])
        for family in families:
            for setting in family.grid:
                contestant = family.at(setting)
                trials = self._play(contestant, self.homes, put_in)
                yield row_of("curve", contestant, trials, IncidentKind.COLLAPSE)
                yield from by_user("curve", contestant, trials)
            if others:
                yield from self._at_equal_false_alerts(family, others, put_in)

    def _at_equal_false_alerts(
        self, family: Family, others: Sequence[Home], put_in: Sequence[Sequence[Incident]]
    ) -> Iterator[Row]:
        """The setting that gives a target on homes A, judged on the homes of the figures."""
        none: list[list[Incident]] = [[] for _ in others]
        seen = [
            figures(self._play(family.at(setting), others, none), IncidentKind.COLLAPSE).short_fa.value or 0.0
            for setting in family.grid
        ]
        for target in TARGETS_FA:
            section = f"set to FA {target:g} on homes A"
            contestant = family.at(family.setting_for(target, seen))
            trials = self._play(contestant, self.homes, put_in)
            yield row_of(section, contestant, trials, IncidentKind.COLLAPSE)
            yield from by_user(section, contestant, trials)

    def _oracles(self, homes: Sequence[Home]) -> list[Family]:
        tables: dict[str, tuple[HazardTable, HazardTable]] = {}
        for number, home in enumerate(self._one_by_one(" and ".join(ORACLES), homes)):
            if home.about.habits is not None:
                every_min = float(self._options.every_min)
                tables[home.about.home_id] = tabulate(home.about.habits, every_min=every_min, seed=number)
        self._report(f"{', '.join(ORACLES)}: {len(tables)} people lived 20 other years each")
        dripped_l = {home.about.home_id: home.dripped_up_to for home in homes}
        return [
            oracle(name, {home_id: both[place] for home_id, both in tables.items()}, dripped_l)
            for place, name in enumerate(ORACLES)
        ]

    def by_meter(self) -> Iterator[Row]:
        """Ours by reporting step and register step, on the same lives and incidents."""
        put_in = self._incidents(self.homes, tuple(IncidentKind))
        for name, every_s, step_l in METERS:
            contestant = self._ours(self._options.budget)
            trials = self._play(contestant, self._judged(every_s=every_s, step_l=step_l), put_in)
            for kind in IncidentKind:
                yield row_of(f"meter: {name}", contestant, trials, kind)

    def _incidents(self, homes: Sequence[Home], kinds: Sequence[IncidentKind]) -> list[list[Incident]]:
        """The same incidents for every rule."""
        number, seed = self._options.incidents, self._options.seed
        return [
            [
                incident
                for order, kind in enumerate(kinds)
                for incident in draw_incidents(
                    home, kind, number=number, rng=np.random.default_rng([seed, place, order])
                )
            ]
            for place, home in enumerate(homes)
        ]

    def _play(self, contestant: Contestant, homes: Sequence[Home], put_in: Sequence[Sequence[Incident]]) -> list[Trial]:
        started = self._clock()
        pairs = list(zip(homes, put_in, strict=True))
        trials = [try_home(contestant, *pair) for pair in self._one_by_one(contestant.name, pairs)]
        took_s = self._clock() - started
        self._report(f"{contestant.name}: {len(homes)} homes, {sum(map(len, put_in))} incidents, {took_s:.1f} s")
        return trials

    def _one_by_one(self, name: str, several: Sequence[T]) -> Iterator[T]:
        """Each of them, saying now and then how far it is."""
        told = self._clock()
        for number, one in enumerate(several):
            if self._clock() - told >= TOLD_EVERY_S:
                told = self._clock()
                self._report(f"{name}: {number} of {len(several)} homes")
            yield one
