"""Rules that the judge compares: what others run today, and the service's own watch, all fed one reading at a time."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from detectors.episodes import Change, Ended, Raised
from detectors.habit import Population
from detectors.household import HouseholdWatch
from detectors.low_use import LowUseParameters
from detectors.parameters import WatchParameters
from detectors.parts import Part
from detectors.population import POPULATION
from domain.finding import AlertKind, Finding, Level, Reason
from domain.recording import Recording
from simulator.habits import Habits
from simulator.silences import DRAW_L, JUMP_L

Said = tuple[AlertKind, Level]


class Rule(Protocol):
    """Sees a home as the service does: one reading after the other, as they arrive, nothing of the future.

    `start` and `observe` are those of `detectors.household.HouseholdWatch`, so the watch itself is a rule. A rule
    that has `absent` is told of announced absences when they begin.
    """

    def start(self) -> Any: ...

    def observe(self, state: Any, at: datetime, register_l: float, late: bool = False) -> Sequence[Change]: ...


@runtime_checkable
class WholeRule(Protocol):
    """Sees a home's whole recording at once, as fleet-wide and research code does; checked for peeking.

    `episodes` gives, of all that is said, when each episode rose and ended [UTC s]; inf: it runs on.
    """

    def episodes(self, recording: Recording) -> Mapping[Said, Sequence[tuple[float, float]]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """All that a rule may know of a home beforehand. `habits` are known of simulated people, and for oracles only."""

    home_id: str
    zone: ZoneInfo
    habits: Habits | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A rule under its name; `setting` is the one number that a trade-off curve runs along."""

    name: str
    rule_for: Callable[[About], Rule | WholeRule]
    listens: frozenset[AlertKind] = frozenset({AlertKind.LOW_USE})
    setting: float | None = None
    family: str = ""


@dataclass(slots=True)
class _Past:
    """What the simple rules remember: readings of a window, and whether they cry now."""

    readings: deque[tuple[float, float]] = field(default_factory=deque)
    since_s: float | None = None
    crying: bool = False


class _Simple:
    """Cries while a condition holds; the condition is all that the rules below differ in."""

    kind = AlertKind.LOW_USE

    def start(self) -> _Past:
        return _Past()

    def observe(self, state: _Past, at: datetime, register_l: float, late: bool = False) -> Sequence[Change]:
        if late:
            return ()
        holds = self._holds(state, at.timestamp(), register_l)
        if holds == state.crying:
            return ()
        state.crying = holds
        if not holds:
            return (Ended(kind=self.kind, level=Level.ALERT, at=at),)
        reason = Reason(key=type(self).__name__)
        return (Raised(finding=Finding(kind=self.kind, level=Level.ALERT, at=at, since=at, reason=reason)),)

    def _holds(self, state: _Past, at_s: float, register_l: float) -> bool:
        raise NotImplementedError


class FewLitres(_Simple):
    """Less than `litres` within `hours`: what cities run (Shanghai, Shenzhen: 10 L in 12 h)."""

    def __init__(self, *, litres: float, hours: float) -> None:
        self._litres, self._window_s = litres, hours * 3600.0

    def _holds(self, state: _Past, at_s: float, register_l: float) -> bool:
        readings = state.readings
        readings.append((at_s, register_l))
        while len(readings) > 1 and readings[1][0] <= at_s - self._window_s:
            readings.popleft()
        whole = readings[0][0] <= at_s - self._window_s
        return whole and 0.0 <= register_l - readings[0][1] < self._litres


class HoursSinceUse(_Simple):
    """No draw for `hours`: one clock for all homes (Zhuhai, Malaga, Nagano)."""

    def __init__(self, *, hours: float) -> None:
        self._patience_s = hours * 3600.0

    def _holds(self, state: _Past, at_s: float, register_l: float) -> bool:
        last = state.readings[-1][1] if state.readings else register_l
        state.readings.clear()
        state.readings.append((at_s, register_l))
        if state.since_s is None or DRAW_L <= register_l - last < JUMP_L:
            state.since_s = at_s
        return at_s - state.since_s >= self._patience_s


class NeverZero(_Simple):
    """Use in every interval for `hours`: the leak alarm that meters carry."""

    kind = AlertKind.CONSTANT_FLOW

    def __init__(self, *, hours: float) -> None:
        self._patience_s = hours * 3600.0

    def _holds(self, state: _Past, at_s: float, register_l: float) -> bool:
        last = state.readings[-1][1] if state.readings else register_l
        state.readings.clear()
        state.readings.append((at_s, register_l))
        if state.since_s is None or register_l <= last:
            state.since_s = at_s
        return at_s - state.since_s >= self._patience_s


def few_litres(litres: float, hours: float) -> Contestant:
    return Contestant(name=f"< {litres:g} L in {hours:g} h", rule_for=lambda _: FewLitres(litres=litres, hours=hours))


def hours_since_use(hours: float) -> Contestant:
    """One clock for all homes."""
    return Contestant(
        name=f"silence of {hours:.3g} h",
        rule_for=lambda _: HoursSinceUse(hours=hours),
        setting=hours,
        family="hours since use",
    )


def never_zero(hours: float) -> Contestant:
    return Contestant(
        name=f"never zero for {hours:g} h",
        rule_for=lambda _: NeverZero(hours=hours),
        listens=frozenset({AlertKind.CONSTANT_FLOW}),
        setting=hours,
        family="never zero",
    )


def our_watch(
    budget: float, *, without: frozenset[Part] = frozenset(), populations: Mapping[str, Population] | None = None
) -> Contestant:
    """The service's own detectors at a budget of false alerts, `without` these parts.

    `populations`: by home, what was learned from other homes; else what the service ships.
    """

    def rule_for(about: About) -> Rule:
        learned = POPULATION if populations is None else populations[about.home_id]
        low_use = LowUseParameters(budget=budget, population=learned)
        return HouseholdWatch(WatchParameters(low_use=low_use).without(without), about.zone)

    return Contestant(
        name=", ".join([f"anju, budget {budget:.3g}", *(f"without {part}" for part in sorted(without))]),
        rule_for=rule_for,
        listens=frozenset({AlertKind.LOW_USE, AlertKind.CONSTANT_FLOW, AlertKind.CHANGE_IN_USE}),
        setting=budget,
        family="anju",
    )


def baselines() -> list[Contestant]:
    """The rules in use today."""
    return [
        few_litres(10.0, 12.0),
        few_litres(10.0, 24.0),
        *map(hours_since_use, (12.0, 16.0, 20.0)),
        *map(never_zero, (6.0, 12.0, 24.0)),
    ]
