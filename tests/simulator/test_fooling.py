"""What luck, silence, noise and cheating bring before the judge: no more than they deserve."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import exp
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detectors.episodes import Change, Ended, Raised
from domain.finding import AlertKind, Finding, Level, Reason
from simulator.cases import Home, Incident, IncidentKind, draw_incidents
from simulator.contestants import Contestant, Rule, hours_since_use, our_watch
from simulator.figures import Figures, figures
from simulator.homes import simulated_homes
from simulator.judge import try_home
from simulator.oracle import HazardTable, OracleHP
from tests.simulator.test_judge import FIRST, a_home, a_life, collapse

A_DAY = 0.25  # random alerts


def told(at: datetime) -> Raised:
    return Raised(
        finding=Finding(kind=AlertKind.LOW_USE, level=Level.ALERT, at=at, since=at, reason=Reason(key="guess"))
    )


def over(at: datetime) -> Ended:
    return Ended(kind=AlertKind.LOW_USE, level=Level.ALERT, at=at)


@dataclass
class State:
    """What the rules below remember."""

    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))
    seen: int = 0
    crying: bool = False


class Guesser:
    """Says at each reading what it is told to say; looks at nothing."""

    def __init__(self, says: Callable[[State], bool]) -> None:
        self._says = says

    def start(self) -> State:
        return State()

    def observe(self, state: State, at: datetime, register_l: float, late: bool = False) -> Sequence[Change]:
        state.seen += 1
        says, cried = self._says(state), state.crying
        state.crying = says
        if says and not cried:
            return (told(at),)
        return (over(at),) if cried and not says else ()


def judged(rule: Callable[[], Rule], home: Home, put_in: Sequence[Incident]) -> Figures:
    trial = try_home(Contestant(name="x", rule_for=lambda _: rule()), home, put_in)
    return figures([trial], IncidentKind.COLLAPSE)


@pytest.fixture(scope="module")
def home() -> Home:
    return a_home(a_life(542, {}))


@pytest.fixture(scope="module")
def collapses(home: Home) -> list[Incident]:
    return draw_incidents(home, IncidentKind.COLLAPSE, number=400, rng=np.random.default_rng(3))


def test_a_rule_that_says_nothing_finds_nothing(home: Home, collapses: list[Incident]) -> None:
    mute = judged(lambda: Guesser(lambda _: False), home, collapses)
    assert (mute.short_fa.value, mute.long_fa.value, mute.found.value, mute.hidden) == (0.0, 0.0, 0.0, 0)
    assert mute.median_h.value is None


def test_a_rule_that_cries_without_end_finds_nothing_as_all_is_hidden(home: Home, collapses: list[Incident]) -> None:
    always = judged(lambda: Guesser(lambda state: state.seen > 5), home, collapses)
    assert always.found.value == 0.0
    assert always.hidden == len(collapses)
    assert always.short_fa.value == 0.0  # it rose once, in the training weeks: there it is counted
    assert always.cold_start_fa["days 1-4"] == 0.0


def test_a_rule_that_cries_at_every_other_reading_pays_for_each(home: Home, collapses: list[Incident]) -> None:
    flapping = judged(lambda: Guesser(lambda state: state.seen % 2 == 0), home, collapses)
    assert flapping.short_fa.value == pytest.approx(12 * 30, rel=0.01)
    assert flapping.hidden == pytest.approx(len(collapses) / 2, rel=0.2)
    assert flapping.found.value == pytest.approx(0.5, abs=0.1)


def test_luck_brings_what_chance_gives(home: Home, collapses: list[Incident]) -> None:
    """So many random alerts a day, an hour each; within t one comes by chance in 1 - exp(-t x rate) of all cases."""
    lucky = judged(lambda: Guesser(lambda state: state.rng.random() < A_DAY / 24), home, collapses)
    assert lucky.short_fa.value == pytest.approx(A_DAY * 30, rel=0.2)
    assert lucky.found.value == pytest.approx(1.0 - exp(-3.0 * A_DAY), abs=0.08)
    assert lucky.within_24_h.value == pytest.approx(1.0 - exp(-A_DAY), abs=0.08)
    assert lucky.within_18_h.value == pytest.approx(1.0 - exp(-0.75 * A_DAY), abs=0.08)


def test_a_rule_that_waits_longer_than_any_silence_is_never_false_and_finds_all(collapses: list[Incident]) -> None:
    lived = a_home(a_life(542, dict.fromkeys(range(0, 542, 3), 9)))
    put_in = draw_incidents(lived, IncidentKind.COLLAPSE, number=100, rng=np.random.default_rng(3))
    patient = figures([try_home(hours_since_use(10.5), lived, put_in)], IncidentKind.COLLAPSE)
    assert (patient.short_fa.value, patient.long_fa.value, patient.found.value) == (0.0, 0.0, 1.0)
    assert patient.p90_h.value is not None
    assert patient.p90_h.value <= 10.5 + 1.0


class Hoarder:
    """Keeps in itself, not in its state, what it has seen, to know a second future when it comes to one."""

    def __init__(self) -> None:
        self.latest = datetime(2000, 1, 1, tzinfo=UTC)
        self.count = 0

    def start(self) -> State:
        return State()

    def observe(self, state: State, at: datetime, register_l: float, late: bool = False) -> Sequence[Change]:
        state.seen += 1
        self.count += 1
        been_here, been_copied = at <= self.latest, self.count != state.seen
        self.latest = max(self.latest, at)
        return (told(at),) if been_here or been_copied else ()


def test_a_rule_that_remembers_outside_its_state_cannot_tell_an_incident_from_ordinary_life(
    home: Home, collapses: list[Incident]
) -> None:
    assert judged(Hoarder, home, collapses[:20]).found.value == 0.0


class Doorkeeper:
    """Writes down what it is told of coming and going; at the first silent reading after it, cries."""

    def __init__(self, told_of: list[tuple[datetime, bool]]) -> None:
        self._told_of = told_of

    def start(self) -> State:
        return State()

    def at_home_is(self, _state: State, at: datetime, at_home: bool) -> None:
        self._told_of.append((at, at_home))

    def observe(self, state: State, at: datetime, register_l: float, late: bool = False) -> Sequence[Change]:
        state.seen = max(state.seen, len(self._told_of))
        return ()


def test_who_knows_presence_is_told_of_the_past_alone_and_nobody_leaves_after_a_collapse(home: Home) -> None:
    day_s, first_s = 86400.0, FIRST.timestamp()
    out = [(first_s + day * day_s + 36_000, first_s + day * day_s + 39_600) for day in range(60)]
    lived = replace(a_home(a_life(60, {})), out=out)
    told_of: list[tuple[datetime, bool]] = []
    put_in = draw_incidents(lived, IncidentKind.COLLAPSE, number=5, rng=np.random.default_rng(1))
    try_home(Contestant(name="door", rule_for=lambda _: Doorkeeper(told_of)), lived, put_in)
    assert [at.timestamp() for at, _ in told_of] == sorted(moment for span in out for moment in span)
    assert all(not leaves <= incident.onset_s < returns for incident in put_in for leaves, returns in out)


def test_the_oracle_that_knows_presence_believes_nothing_of_an_empty_home() -> None:
    table = HazardTable(every_min=60.0, hazard=np.full((48, 48), 0.5))
    oracle, at = OracleHP(table, threshold=3.0, dripped_l=lambda _: 0.0, zone=ZoneInfo("UTC")), FIRST
    state = oracle.start()

    def silent(hours: int) -> list[Any]:
        nonlocal at
        said: list[Any] = []
        for _ in range(hours):
            at += timedelta(hours=1)
            said += oracle.observe(state, at, 1000.0)
        return said

    silent(2)
    oracle.at_home_is(state, at, False)
    assert not silent(40)
    oracle.at_home_is(state, at, True)
    assert len(silent(8)) == 1


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Madrid", "America/St_Johns"])
def test_the_clock_on_the_wall_changes_no_count(zone: str) -> None:
    """Hours are real hours: a rule without a calendar counts the same wherever the home is said to be."""
    (home,) = simulated_homes(4, number=1, days=100)
    moved = replace(home, about=replace(home.about, zone=ZoneInfo(zone)))
    put_in = draw_incidents(home, IncidentKind.COLLAPSE, number=4, rng=np.random.default_rng(1))
    here, there = (
        figures([try_home(hours_since_use(14.0), each, put_in)], IncidentKind.COLLAPSE) for each in (home, moved)
    )
    assert here == there


def test_what_happens_after_the_last_reading_seen_changes_nothing_said_before() -> None:
    """The watch itself: cut the recording anywhere, and what was said up to there stays word for word."""
    (home,) = simulated_homes(5, number=1, days=70)
    whole = try_home(our_watch(0.5), home, []).rises
    cut_s = float(home.pipe.at_s[-1]) - 9 * 86400.0
    kept = home.pipe.at_s <= cut_s
    pipe = replace(home.pipe, at_s=home.pipe.at_s[kept], register_l=home.pipe.register_l[kept])
    short = try_home(our_watch(0.5), replace(home, pipe=pipe, dripped_l=None), []).rises
    assert {said: [at for at in rises if at <= cut_s] for said, rises in whole.items()} == {
        said: list(rises) for said, rises in short.items()
    } | {said: [] for said in whole.keys() - short.keys()}


def test_a_collapse_is_late_by_real_hours_when_the_clocks_change() -> None:
    onset = datetime(2026, 3, 28, 20, tzinfo=UTC)
    lived = replace(a_home(a_life(120, {})))
    madrid = replace(lived, about=replace(lived.about, zone=ZoneInfo("Europe/Madrid")))
    days = (onset - FIRST).total_seconds() / 86400.0
    (outcome,) = (
        outcome
        for outcome in try_home(hours_since_use(12.0), madrid, [collapse(days)]).outcomes
        if outcome.level is Level.ALERT
    )
    assert outcome.delay_h == pytest.approx(12.0)
