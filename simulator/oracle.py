"""The limits for anyone who watches water: they know a simulated person's habits perfectly, but not today's plans.

Oracle-H: the Shiryaev-Roberts statistic on the hazard of the next visible use by time of day and hours since use,
tabulated from 20 simulated years of the same person with a perfect meter; announced absences are left out of the
table, as they are left out of the false alerts. Oracle-HP also knows at every moment whether anybody is at home: its
table holds the hours at home alone, and time since use begins anew at each return.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil, exp, log
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from detectors.episodes import Change, Ended, Raised
from domain.finding import AlertKind, Finding, Level, Reason
from simulator.habits import Habits
from simulator.households import Household, household
from simulator.life import DAY, Spans, merged, passed

YEARS = 20
DAYS_A_LIFE = 365
BIN_MIN = 30.0
LONGEST_H = 48.0
PRIOR_CELLS = 4.0  # a cell of the table leans on its neighbours as if by so many observations
NIGHT_MIN = 180.0  # 3 o'clock: who is out then is away overnight
LOG_MAX = 600.0

Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardTable:
    """Chance of a visible use within the next interval, by local time of day and by time since the last use."""

    every_min: float
    hazard: NDArray[np.float64]  # [time of day, time since use]

    def survival(self, clock_min: float, since_min: float) -> float:
        """-log of the chance that the interval that ends now stays silent."""
        slot = int(clock_min % DAY // BIN_MIN)
        depth = min(int(since_min // self.every_min), self.hazard.shape[1] - 1)
        return -log(1.0 - self.hazard[slot, depth])


def nobody_home(home: Household) -> Spans:
    """When all are out [wall minutes]."""
    out = home.life.persons[0].out
    for person in home.life.persons[1:]:
        out = _both(out, person.out)
    return out


def away_overnight(home: Household) -> Spans:
    """Absences over at least one night, as a household would announce them [wall minutes]."""
    out = nobody_home(home)
    nights = np.floor((out.end - NIGHT_MIN) / DAY) > np.floor((out.start - NIGHT_MIN) / DAY)
    return Spans(start=out.start[nights], end=out.end[nights])


def _both(one: Spans, other: Spans) -> Spans:
    edges = np.unique(np.concatenate((one.start, one.end, other.start, other.end)))
    middle = (edges[:-1] + edges[1:]) / 2.0
    empty = one.covers(middle) & other.covers(middle)
    return merged(edges[:-1][empty], edges[1:][empty])


def tabulate(habits: Habits, *, every_min: float, seed: int, years: int = YEARS) -> tuple[HazardTable, HazardTable]:
    """Lets the same person live `years` other years, and counts: for Oracle-H, and at home alone for Oracle-HP."""
    shape = (int(DAY / BIN_MIN), int(LONGEST_H * 60.0 / every_min))
    plain, present = (np.zeros(shape), np.zeros(shape)), (np.zeros(shape), np.zeros(shape))
    for year in range(years):
        home = household(
            "",
            rng=np.random.default_rng([seed, year]),
            days=DAYS_A_LIFE,
            first_day=date(2026, 1, 1),
            tz=ZoneInfo("UTC"),
            habits=habits,
        )
        _count(home, every_min, away_overnight(home), plain)
        _count(home, every_min, nobody_home(home), present)
    without, with_presence = (HazardTable(every_min=every_min, hazard=_smooth(*counts)) for counts in (plain, present))
    return without, with_presence


def _count(home: Household, every_min: float, away: Spans, counts: tuple[Counts, Counts]) -> None:
    """Adds a life's intervals to (at risk, used); those that touch an absence tell nothing, and time begins anew."""
    at_risk, used = counts
    edges = np.arange(0.0, home.life.days * DAY + 1.0, every_min)
    visible = home.draws.start[home.draws.volume >= 1.0]
    use = np.histogram(visible, edges)[0] > 0
    out = passed(away.start, edges[1:]) > passed(away.end, edges[:-1])
    number = np.arange(len(use))
    last = np.concatenate(([-1], np.maximum.accumulate(np.where(use | out, number, -1))[:-1]))
    depth = number - last - 1
    known = (last >= 0) & ~out
    cell = ((edges[:-1] % DAY // BIN_MIN).astype(np.int64), np.minimum(depth, at_risk.shape[1] - 1))
    np.add.at(at_risk, tuple(axis[known] for axis in cell), 1.0)
    np.add.at(used, tuple(axis[known & use] for axis in cell), 1.0)


def _smooth(at_risk: NDArray[np.float64], used: NDArray[np.float64]) -> NDArray[np.float64]:
    """Thin cells lean on the same depth at all hours, and that on all depths from there on."""
    deeper_risk = np.cumsum(at_risk.sum(0)[::-1])[::-1]
    deeper = (np.cumsum(used.sum(0)[::-1])[::-1] + 0.01) / (deeper_risk + 1.0)
    by_depth = (used.sum(0) + PRIOR_CELLS * deeper) / (at_risk.sum(0) + PRIOR_CELLS)
    hazard = (used + PRIOR_CELLS * by_depth) / (at_risk + PRIOR_CELLS)
    possible: NDArray[np.float64] = np.clip(hazard, 1e-6, 1.0 - 1e-6)
    return possible


@dataclass(slots=True)
class _Believed:
    """Where the oracle stands: log of the statistic, and when it last saw use."""

    log_r: float = -LOG_MAX
    last_s: float | None = None
    last_l: float = 0.0
    used_s: float = 0.0
    crying: bool = False
    out: bool = False
    absences: tuple[tuple[float, float], ...] = ()


class OracleH:
    """Alerts where log R reaches a threshold; `dripped_l` tells what dripped up to a moment [UTC s]."""

    def __init__(
        self, table: HazardTable, *, threshold: float, dripped_l: Callable[[float], float], zone: ZoneInfo
    ) -> None:
        self._table, self._threshold, self._dripped_l, self._zone = table, threshold, dripped_l, zone

    def start(self) -> _Believed:
        return _Believed()

    def absent(self, state: _Believed, begins_at: datetime, ends_at: datetime) -> None:
        state.absences = (*state.absences[-1:], (begins_at.timestamp(), ends_at.timestamp()))

    def observe(self, state: _Believed, at: datetime, register_l: float, late: bool = False) -> Sequence[Change]:
        if late:
            return ()
        at_s = at.timestamp()
        if state.last_s is None:
            state.last_s, state.last_l, state.used_s = at_s, register_l, at_s
            return ()
        begin_s, volume = state.last_s, register_l - state.last_l
        state.last_s, state.last_l = at_s, register_l
        drip_l = self._dripped_l(at_s) - self._dripped_l(begin_s)
        away = state.out or any(begins_s <= at_s < ends_s for begins_s, ends_s in state.absences)
        if away or volume >= (1.0 if not drip_l else ceil(drip_l) + 1.0):
            state.used_s, state.log_r = at_s, -LOG_MAX
            return self._say(state, at, holds=False)
        if state.used_s <= begin_s:
            self._believe(state, at, begin_s)
        return self._say(state, at, holds=state.log_r >= self._threshold)

    def _believe(self, state: _Believed, at: datetime, begin_s: float) -> None:
        """R <- (1 + R) / (1 - h)."""
        local = at.astimezone(self._zone)
        clock_min = local.hour * 60.0 + local.minute - (at.timestamp() - begin_s) / 60.0
        silent = self._table.survival(clock_min, (begin_s - state.used_s) / 60.0)
        one_more = log(1.0 + exp(state.log_r)) if state.log_r < LOG_MAX else state.log_r
        state.log_r = one_more + silent

    def _say(self, state: _Believed, at: datetime, *, holds: bool) -> Sequence[Change]:
        if holds == state.crying:
            return ()
        state.crying = holds
        if not holds:
            return (Ended(kind=AlertKind.LOW_USE, level=Level.ALERT, at=at),)
        reason = Reason(key="oracle")
        return (Raised(finding=Finding(kind=AlertKind.LOW_USE, level=Level.ALERT, at=at, since=at, reason=reason)),)


class OracleHP(OracleH):
    """Also told when the home is left empty, and when somebody is back: nothing is believed of an empty home."""

    def at_home_is(self, state: _Believed, at: datetime, at_home: bool) -> None:
        state.out = not at_home
        state.used_s, state.log_r = at.timestamp(), -LOG_MAX
