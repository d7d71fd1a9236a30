"""No water drawn for longer than this household's own habit allows."""

import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from detectors.localtime import LocalClock
from domain.finding import CLEAR, AlertKind, CannotTell, Finding, Level, Reason, Verdict
from domain.interval import Interval

_HEAD = struct.Struct("<ddddffH24f")
_ENTRY = struct.Struct("<HBf")
_LATE = CannotTell(Reason(key="late"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LowUseParameters:
    """How patient to be; `budget` and `ask_budget` are false alerts a household and 30 days."""

    budget: float = 0.5
    ask_budget: float = 2.0
    net: timedelta = timedelta(hours=36)
    asks_only: timedelta = timedelta(days=14)
    record: timedelta = timedelta(days=56)
    shortest_h: float = 6.0
    longest_h: float = 23.0
    spare_h: float = 1.5


@dataclass(slots=True)
class LowUseState:
    """The running silence and what is known of earlier ones. Times in seconds since 1970, silences in hours."""

    first_s: float = 0.0
    last_use_s: float = 0.0
    silent_from_s: float = 0.0
    silent_s: float = 0.0
    ask_h: float = 0.0
    alert_h: float = 0.0
    rate: list[float] = field(default_factory=lambda: [0.3] * 24)
    silences: list[tuple[int, int, float]] = field(default_factory=list)
    absences: list[tuple[float, float]] = field(default_factory=list)

    def pack(self) -> bytes:
        head = _HEAD.pack(
            self.first_s,
            self.last_use_s,
            self.silent_from_s,
            self.silent_s,
            self.ask_h,
            self.alert_h,
            len(self.silences),
            *self.rate,
        )
        absences = b"".join(struct.pack("<dd", *absence) for absence in self.absences)
        return head + b"".join(_ENTRY.pack(*silence) for silence in self.silences) + absences

    @classmethod
    def unpack(cls, packed: bytes) -> "LowUseState":
        values = _HEAD.unpack_from(packed)
        end = _HEAD.size + values[6] * _ENTRY.size
        first_s, last_use_s, silent_from_s, silent_s, ask_h, alert_h = values[:6]
        silences = list(_ENTRY.iter_unpack(packed[_HEAD.size : end]))
        absences = list(struct.iter_unpack("<dd", packed[end:]))
        rate = list(values[7:])
        return cls(first_s, last_use_s, silent_from_s, silent_s, ask_h, alert_h, rate, silences, absences)


class LowUse:
    """First form: the own longest silence begun around this hour, plus a little."""

    kind = AlertKind.LOW_USE

    def __init__(self, parameters: LowUseParameters, clock: LocalClock) -> None:
        self._p = parameters
        self._clock = clock
        self._net_s = parameters.net.total_seconds()
        self._asks_only_s = parameters.asks_only.total_seconds()

    def start(self) -> LowUseState:
        return LowUseState()

    def observe(self, state: LowUseState, interval: Interval) -> Verdict:
        begin_s, end_s = interval.start_at.timestamp(), interval.end_at.timestamp()
        if not state.first_s:
            state.first_s = state.silent_from_s = begin_s
        if interval.gap or not interval.known:
            return self._across_gap(state, interval, end_s)
        active = interval.volume >= 1.0
        hour = int(self._clock.local_s(end_s - 1.0) // 3600) % 24
        state.rate[hour] += (active - state.rate[hour]) / 28.0 * min(1.0, (end_s - begin_s) / 3600.0)
        if active:
            self._close(state)
            self._restart(state, end_s)
            state.last_use_s = end_s
            return CLEAR
        state.silent_s += end_s - begin_s
        return self._verdict(state, end_s, late=interval.late)

    def presence(self, state: LowUseState, at_s: float) -> None:
        """Somebody was seen or heard there: the silence begins anew, and is no habit of the water's."""
        if at_s > state.silent_from_s:
            self._restart(state, at_s)

    def _across_gap(self, state: LowUseState, interval: Interval, end_s: float) -> Verdict:
        """Water that ran somewhere in a gap restarts the clock at its end; else the clock stands still there."""
        if not interval.known or interval.volume >= 1.0:
            self._restart(state, end_s)
            return CLEAR
        return CannotTell(Reason(key="gap"))

    def _restart(self, state: LowUseState, at_s: float) -> None:
        state.silent_from_s, state.silent_s, state.alert_h = at_s, 0.0, 0.0

    def _close(self, state: LowUseState) -> None:
        hours = state.silent_s / 3600.0
        if hours < 3.0:
            return
        local = self._clock.local_s(state.silent_from_s)
        day = int(local // 86400)
        state.silences.append((day, int(local // 3600) % 24, min(hours, 48.0)))
        oldest = day - self._p.record.days
        while state.silences and state.silences[0][0] < oldest:
            del state.silences[0]

    def _plan(self, state: LowUseState) -> None:
        """Fixed when the silence has begun: nothing is learned while nothing flows."""
        hour = int(self._clock.local_s(state.silent_from_s) // 3600) % 24
        near = sorted(h for _, begun, h in state.silences if min((begun - hour) % 24, (hour - begun) % 24) <= 2)
        longest = near[-1] if near else 12.0
        second = near[-2] if len(near) > 1 else longest
        p = self._p
        state.alert_h = min(max(longest + p.spare_h, p.shortest_h), p.longest_h)
        state.ask_h = min(max(second + 0.5, p.shortest_h), state.alert_h)

    def _verdict(self, state: LowUseState, end_s: float, *, late: bool) -> Verdict:
        if any(begin <= end_s < until for begin, until in state.absences):
            self._restart(state, end_s)
            return CLEAR
        if state.silent_s < 3600.0 * self._p.shortest_h:
            return CLEAR
        if late:
            return _LATE
        level = self._level(state, end_s)
        return CLEAR if level is None else self._finding(state, end_s, level)

    def _level(self, state: LowUseState, end_s: float) -> Level | None:
        if not state.alert_h:
            self._plan(state)
        hours = state.silent_s / 3600.0
        experienced = end_s - state.first_s >= self._asks_only_s
        if state.silent_s >= self._net_s or (experienced and hours >= state.alert_h):
            return Level.ALERT
        return Level.ASK if hours >= state.ask_h else None

    def _finding(self, state: LowUseState, end_s: float, level: Level) -> Finding:
        key = "low_use_net" if state.silent_s >= self._net_s else "low_use"
        since = datetime.fromtimestamp(state.silent_from_s, UTC)
        at = datetime.fromtimestamp(end_s, UTC)
        values: dict[str, float | int | str] = {
            "expected_uses": round(self._expected(state, end_s)),
            "longest_hours": round(self._longest(state, end_s), 1),
            "silent_hours": round(state.silent_s / 3600.0, 1),
            "last_use_at": datetime.fromtimestamp(state.last_use_s, UTC).isoformat() if state.last_use_s else "",
        }
        return Finding(kind=self.kind, level=level, at=at, since=since, reason=Reason(key=key, values=values))

    def _expected(self, state: LowUseState, end_s: float) -> float:
        """Hours with use that the own rate let expect during this silence."""
        first = int(self._clock.local_s(state.silent_from_s) // 3600)
        last = int(self._clock.local_s(end_s) // 3600)
        return sum(state.rate[hour % 24] for hour in range(first + 1, last + 1))

    def _longest(self, state: LowUseState, end_s: float) -> float:
        oldest = int(self._clock.local_s(end_s) // 86400) - 28
        return max((h for day, _, h in state.silences if day >= oldest), default=0.0)
