"""From trials to figures: false alerts, delays, recall, each with its confidence interval.

How they are counted. A false alert is the rise of an alert in ordinary life after the first 42 days: short where the
silence in which it is raised ends within 24 h, else long (a presumed absence, reported apart); per household and 30
live days, those inside silences over 48 h left out. Kinds other than low_use have no silence: all count as short.
Rises during an announced absence do not count. Delays are over all incidents; one never found, or hidden behind an
alert that ran already, is infinitely late.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, inf

import numpy as np
from numpy.typing import NDArray

from domain.finding import AlertKind, Level
from simulator.cases import DAY_S, TRAINING_DAYS, Home, IncidentKind
from simulator.contestants import Said
from simulator.judge import Trial
from simulator.silences import Silences, silences

PRESUMED_AWAY_H = 24.0
DEAD_H = 48.0
MONTH_DAYS = 30.0
RESAMPLES = 500
COLD_DAYS = ((1.0, 4.0), (7.0, 14.0), (14.0, 42.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure and its 95 % confidence interval (homes resampled); None: not reached."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One rule, one kind of incident, one level."""

    homes: int
    live_home_months: float
    incidents: int
    hidden: int
    short_fa: Estimate
    long_fa: Estimate
    worst_home: float
    median_h: Estimate
    p90_h: Estimate
    within_18_h: Estimate
    within_24_h: Estimate
    found: Estimate
    cold_start_fa: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tally:
    """One home's counts."""

    live_days: float
    short: float
    long: float
    cold: tuple[float, ...]
    delays_h: NDArray[np.float64]
    hidden: int


def figures(trials: Sequence[Trial], kind: IncidentKind, level: Level = Level.ALERT) -> Figures:
    """Counts what a rule did on all homes; the confidence intervals' seed is fixed."""
    tallies = [_tally(trial, kind, level) for trial in trials]
    delays = np.concatenate([tally.delays_h for tally in tallies] or [np.empty(0)])

    def estimate(statistic: Callable[[Sequence[_Tally]], float]) -> Estimate:
        return _estimate(tallies, statistic)

    return Figures(
        homes=len(tallies),
        live_home_months=round(sum(tally.live_days for tally in tallies) / MONTH_DAYS, 1),
        incidents=len(delays),
        hidden=sum(tally.hidden for tally in tallies),
        short_fa=estimate(_per_month(lambda tally: tally.short)),
        long_fa=estimate(_per_month(lambda tally: tally.long)),
        worst_home=round(max((_rate(tally.short, tally.live_days) for tally in tallies), default=0.0), 2),
        median_h=estimate(_quantile(0.5)),
        p90_h=estimate(_quantile(0.9)),
        within_18_h=estimate(_within(18.0)),
        within_24_h=estimate(_within(24.0)),
        found=estimate(_within(inf)),
        cold_start_fa={
            f"days {first:g}-{last:g}": round(
                _rate(sum(tally.cold[number] for tally in tallies), len(tallies) * (last - first)), 2
            )
            for number, (first, last) in enumerate(COLD_DAYS)
        },
    )


def _tally(trial: Trial, kind: IncidentKind, level: Level) -> _Tally:
    home, alert = trial.home, kind.listened_for
    drawn = home.drawn()
    quiet = silences(drawn)
    begins_s = drawn.at_s[0] + TRAINING_DAYS * DAY_S
    rises = [(at_s, chance) for at_s, chance in _rises(trial, (alert, level)) if not _announced(home, at_s)]
    judged = [(at_s, chance) for at_s, chance in rises if at_s >= begins_s]
    shorts = [chance for at_s, chance in judged if alert is not AlertKind.LOW_USE or _is_short(quiet, at_s)]
    ages, chances = (np.array([at_s for at_s, _ in rises]) - drawn.at_s[0]) / DAY_S, np.array([c for _, c in rises])
    outcomes = [outcome for outcome in trial.outcomes if outcome.incident.kind is kind and outcome.level is level]
    return _Tally(
        live_days=_live_days(quiet, begins_s),
        short=sum(shorts),
        long=sum(chance for _, chance in judged) - sum(shorts),
        cold=tuple(float(chances[(ages >= first) & (ages < last)].sum()) for first, last in COLD_DAYS),
        delays_h=np.array([outcome.delay_h for outcome in outcomes]),
        hidden=sum(outcome.hidden for outcome in outcomes),
    )


def _rises(trial: Trial, said: Said) -> Iterator[tuple[float, float]]:
    """When each rose [UTC s], and how likely."""
    rises = trial.rises.get(said, ())
    return zip(rises, trial.chances.get(said, [1.0] * len(rises)), strict=True)


def _announced(home: Home, at_s: float) -> bool:
    return any(begins_s <= at_s < ends_s for begins_s, ends_s in home.absences)


def _is_short(quiet: Silences, at_s: float) -> bool:
    return bool(quiet.hours[quiet.holding(at_s)] <= PRESUMED_AWAY_H)


def _live_days(quiet: Silences, begins_s: float) -> float:
    dead = quiet.hours > DEAD_H
    lost_s = np.clip(quiet.end_s[dead] - np.maximum(quiet.start_s[dead], begins_s), 0.0, None).sum()
    return float(max(quiet.end_s[-1] - begins_s - lost_s, 0.0) / DAY_S)


def _estimate(tallies: Sequence[_Tally], statistic: Callable[[Sequence[_Tally]], float]) -> Estimate:
    rng = np.random.default_rng(0)
    again = [
        statistic([tallies[number] for number in rng.integers(len(tallies), size=len(tallies))])
        for _ in range(RESAMPLES if tallies else 0)
    ]
    low, high = _at(np.array(again), 0.025), _at(np.array(again), 0.975)
    return Estimate(value=_shown(statistic(tallies)), low=_shown(low), high=_shown(high))


def _at(values: NDArray[np.float64], share: float) -> float:
    """A quantile that may be infinite: the smallest value that at least this share doesn't exceed."""
    return float(np.sort(values)[max(ceil(share * len(values)) - 1, 0)]) if len(values) else inf


def _shown(value: float) -> float | None:
    return round(value, 3) if np.isfinite(value) else None


def _rate(count: float, days: float) -> float:
    return count / days * MONTH_DAYS if days else 0.0


def _per_month(count: Callable[[_Tally], float]) -> Callable[[Sequence[_Tally]], float]:
    return lambda tallies: _rate(sum(map(count, tallies)), sum(tally.live_days for tally in tallies))


def _quantile(share: float) -> Callable[[Sequence[_Tally]], float]:
    return lambda tallies: _at(np.concatenate([tally.delays_h for tally in tallies]), share)


def _within(hours: float) -> Callable[[Sequence[_Tally]], float]:
    def share(tallies: Sequence[_Tally]) -> float:
        delays = np.concatenate([tally.delays_h for tally in tallies])
        found = np.isfinite(delays) & (delays <= hours)
        return float(found.mean()) if len(delays) else inf

    return share
