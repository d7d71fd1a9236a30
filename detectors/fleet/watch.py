"""The front of the fleet-wide watch: registers of many homes in, what `HouseholdWatch` would have said of each out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors import change_in_use, constant_flow, low_use_finding, no_data, use_while_absent
from detectors.episodes import Change, Ended, Raised
from detectors.fleet import household as compiled
from detectors.fleet.course import course_of
from detectors.fleet.memory import ALERT, ASK, Floats, memory
from detectors.fleet.register import CASES
from detectors.fleet.rules import rules
from detectors.habit import HOURS
from detectors.household_state import KINDS
from detectors.localtime import LocalClock
from detectors.parameters import WatchParameters
from domain.finding import AlertKind, Finding, Level

Absences = Sequence[Sequence[tuple[float, float]]]

_ROWS_AT_ONCE = 100_000
_HOMES_AT_ONCE = 16  # so many registers at once are made as exact as times are: a month's stay near the processor
_NO_SCORES = np.zeros((0, 1 + HOURS))
_LEVELS = {ASK: Level.ASK, ALERT: Level.ALERT}


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetFindings:
    """What was said, in order of homes and, in each, of time. Arrays of one length.

    `level`: nought where an episode ended, 1 an ask, 2 an alert. `why`: the numbers of the reason.
    """

    home: NDArray[np.int64]
    slot: NDArray[np.int64]
    kind: NDArray[np.int64]
    level: NDArray[np.int64]
    at_s: Floats
    since_s: Floats
    why: Floats

    def __len__(self) -> int:
        return len(self.home)

    def raised(self, kind: AlertKind, level: Level = Level.ALERT) -> NDArray[np.bool_]:
        """Which rows are the rise of this kind to this level."""
        wanted = ASK if level is Level.ASK else ALERT
        return np.asarray((self.kind == KINDS.index(kind)) & (self.level == wanted))

    def changes(self, home: int) -> Iterator[Change]:
        """As `HouseholdWatch.observe` would have returned them."""
        for row in range(*np.searchsorted(self.home, [home, home + 1])):
            yield self._change(row)

    def _change(self, row: int) -> Change:
        kind, at_s = KINDS[self.kind[row]], float(self.at_s[row])
        if self.level[row]:
            return Raised(
                finding=_finding(kind, _LEVELS[self.level[row]], at_s, float(self.since_s[row]), self.why[row])
            )
        return Ended(kind=kind, level=_LEVELS[self.why[row, 0]], at=datetime.fromtimestamp(at_s, UTC))


class FleetWatch:
    """Many homes of one time zone, each from its first reading on, on one processor.

    The same changes at the same times as `HouseholdWatch` gives for one reading after the other, all of them on time.
    Parts left out (`detectors.parts`) are not left out here.
    """

    def __init__(self, parameters: WatchParameters, zone: ZoneInfo) -> None:
        self._clock = LocalClock(zone)
        self._rules = rules(parameters)

    def watch(
        self,
        at_s: ArrayLike,
        register_l: NDArray[np.floating],
        *,
        absences: Absences = (),
        until_s: float = 0.0,
    ) -> FleetFindings:
        """`register_l[home, slot]` [L], NaN where nothing was read; `at_s[slot]` or `at_s[home, slot]` [s since 1970].

        Times may repeat or run backwards, as readings do. `absences`: of each home, known from the start [s since
        1970]. `until_s`: how long a meter that fell silent is waited for; 0: not beyond its last reading.
        """
        return self.watch_in(memory(register_l.shape[1]), _NO_SCORES, at_s, register_l, absences, until_s)

    def watch_in(
        self,
        room: Floats,
        scores: Floats,
        at_s: ArrayLike,
        register_l: NDArray[np.floating],
        absences: Absences,
        until_s: float,
    ) -> FleetFindings:
        """As `watch`; `room` ends as the last home's memory, and `scores` takes the plans, as many as it has rows."""
        homes, slots = register_l.shape
        times = np.floor(np.atleast_2d(np.asarray(at_s, np.float64)))  # whole seconds, as online
        clock, hours = self._local(times)
        course = course_of(times, hours, self._rules)
        absences = absences or [()] * homes
        known = np.array([absence for of_home in absences for absence in of_home], np.float64).reshape(-1, 2)
        absent_from = np.concatenate([[0], np.cumsum([len(of_home) for of_home in absences], dtype=np.int64)])
        said = np.zeros((max(_ROWS_AT_ONCE, 2 * compiled.A_READING * (slots + 1)), compiled.WIDTH))
        parts, wide = [], np.empty((_HOMES_AT_ONCE, slots))
        for first in range(0, homes, _HOMES_AT_ONCE):
            some = slice(first, first + _HOMES_AT_ONCE)
            registers = wide[: homes - first]
            registers[:] = register_l[some]
            own = (times[some], course[some]) if len(times) > 1 else (times, course)
            home = 0
            while home < len(registers):
                home, rows = compiled.watch_homes(
                    *(
                        room,
                        self._rules,
                        clock,
                        scores,
                        *own,
                        registers,
                        known,
                        absent_from[first:],
                        home,
                        until_s,
                        said,
                    )
                )
                said[:rows, compiled.HOME] += first
                parts.append(said[:rows].copy())
        return _findings(np.concatenate(parts) if parts else said[:0])

    def _local(self, times: Floats) -> tuple[Floats, NDArray[np.int64]]:
        """The clock over these times and the hours before them, and each reading's local hour."""
        first = int(np.nanmin(times, initial=np.inf) // 3600.0) - 2 if times.size else 0
        last = int(np.nanmax(times, initial=0.0) // 3600.0) + 1
        offsets_s = np.array([self._clock.offset_s(hour) for hour in range(first, last + 1)], np.float64)
        places = np.clip((times - 1.0) // 3600.0 - first, 0, len(offsets_s) - 1).astype(np.int64)
        hours = ((times - 1.0 + offsets_s[places]) // 3600.0).astype(np.int64)
        return np.concatenate([[first], offsets_s]), hours


def _findings(rows: Floats) -> FleetFindings:
    whole = rows[:, : compiled.AT_S].astype(np.int64)
    return FleetFindings(
        home=whole[:, compiled.HOME],
        slot=whole[:, compiled.SLOT],
        kind=whole[:, compiled.KIND],
        level=whole[:, compiled.LEVEL],
        at_s=rows[:, compiled.AT_S],
        since_s=rows[:, compiled.SINCE_S],
        why=rows[:, compiled.WHY :],
    )


def _finding(kind: AlertKind, level: Level, at_s: float, since_s: float, why: Floats) -> Finding:
    a, b, c, d, e, f, g, row_l, every_s, drip_lph = why.tolist()
    match kind:
        case AlertKind.LOW_USE:
            return low_use_finding.finding(
                level=level,
                at_s=at_s,
                since_s=since_s,
                silent_s=c,
                last_use_s=d,
                expected_uses=a,
                longest=int(b),
                by_net=e == compiled.BY_NET,
                never_moved=e == compiled.NEVER_MOVED,
                coarse_l=g,
                timers=[hour for hour in range(24) if int(f) >> hour & 1],
                traces=e == compiled.BY_TRACES,
                row_l=row_l,
                every_s=every_s,
                drip_lph=drip_lph,
            )
        case AlertKind.CONSTANT_FLOW:
            return constant_flow.finding(at_s, since_s, runs_from_s=d, flow_lph=a, record_lph=b, rank=int(c))
        case AlertKind.NO_DATA if a == compiled.TELLS_NOTHING:
            return no_data.unusable(at_s, since_s, CASES[int(b)])
        case AlertKind.NO_DATA:
            return no_data.silent(at_s, since_s, b, c, ever_heard=a == compiled.IS_MISSED)
        case AlertKind.CHANGE_IN_USE:
            return change_in_use.finding(at_s, since_s, int(a), b, c)
        case _:
            return use_while_absent.finding(at_s, since_s)
