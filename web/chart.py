"""One row a day, hour by hour: what water ran, where none ran, and where nobody can know."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from math import isnan
from zoneinfo import ZoneInfo

from domain.finding import AlertKind
from domain.register import RegisterState, advance

LONGEST_HOLE = timedelta(hours=2)  # between readings; above it, and above thrice the meter's rhythm, it is a gap
SLIVER = timedelta(minutes=3)  # of an hour
SHORTEST_SILENCE = timedelta(hours=10)  # shorter ones are ordinary nights
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One local hour with water: `volume` [L], `height` 0-1 of the chart's scale, `over` where it is cut off."""

    hour: int
    volume: float
    height: float
    over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A part of one day's row, ends in hours of the local clock, 0-24. `hours`: the whole length, as reasons say it."""

    start: float
    end: float
    hours: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment at `hour` of the row that an alert was raised."""

    hour: float
    clock: str
    alert_id: int
    kind: str


@dataclass(slots=True, kw_only=True)
class Row:
    """One local day."""

    day: date
    bars: list[Bar] = field(default_factory=list)
    silences: list[Band] = field(default_factory=list)
    gaps: list[Band] = field(default_factory=list)
    later: Band | None = None
    marks: list[Mark] = field(default_factory=list)
    volume: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The rows, latest first, and the two moments that staff ask for first."""

    rows: Sequence[Row]
    scale_l: float
    last_reading_at: datetime | None
    last_draw_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An alert: when it was raised, and of what time it tells; `ended_at` None: it goes on."""

    raised_at: datetime
    since: datetime
    ended_at: datetime | None
    alert_id: int
    kind: str


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is known between two moments: `volume` [L], None where it is unknown."""

    start: datetime
    end: datetime
    volume: float | None


def draw(
    registers: Sequence[tuple[datetime, float]],
    told: Sequence[Told],
    *,
    now: datetime,
    days: int,
    timezone: str,
) -> Chart:
    """Rows for the last `days` local days up to `now`.

    1. pieces: the water between readings, unknown over holes and before the first and after the last reading;
    2. bars: each local hour's water, spread evenly over its piece;
    3. bands: gaps, and silences that are long or were told of; marks: the alerts.
    """
    zone = ZoneInfo(timezone)
    today = now.astimezone(zone).date()
    starts = [_midnight(today - timedelta(days=back), zone) for back in range(days)]
    pieces = _pieces(registers, starts[-1], now)
    scale = _scale(pieces)
    silences = _silences(pieces, [alert for alert in told if alert.kind == AlertKind.LOW_USE])
    rows = [_row(start, pieces, silences, told, scale=scale, now=now, zone=zone) for start in starts]
    draws = [piece.end for piece in pieces if piece.volume]
    return Chart(
        rows=rows,
        scale_l=scale,
        last_reading_at=registers[-1][0] if registers else None,
        last_draw_at=draws[-1] if draws else None,
    )


def _pieces(registers: Sequence[tuple[datetime, float]], begin: datetime, now: datetime) -> list[_Piece]:
    if not registers:
        return [_Piece(begin, now, None)]
    steps = [after - before for (before, _), (after, _) in pairwise(registers)]
    hole = max(LONGEST_HOLE, 3 * sorted(steps)[len(steps) // 2]) if steps else LONGEST_HOLE
    pieces = [_Piece(begin, registers[0][0], None)] if registers[0][0] > begin else []
    state = RegisterState()
    for at, register_l in registers:
        interval, _ = advance(state, at, register_l)
        if interval is not None:
            known = interval.length <= hole and not isnan(interval.volume)
            pieces.append(_Piece(interval.start_at, interval.end_at, interval.volume if known else None))
    last = registers[-1][0]
    if now - last > hole:
        pieces.append(_Piece(last, now, None))
    return pieces


def _scale(pieces: Sequence[_Piece]) -> float:
    """The volume [L] of a full bar: one hour in twenty with water is higher, so that small draws stay visible."""
    hourly = sorted(
        piece.volume / max((piece.end - piece.start) / timedelta(hours=1), 1.0) for piece in pieces if piece.volume
    )
    return max(5.0, hourly[int(0.95 * (len(hourly) - 1))]) if hourly else 5.0


def _row(
    start: datetime,
    pieces: Sequence[_Piece],
    silences: Sequence[_Piece],
    told: Sequence[Told],
    *,
    scale: float,
    now: datetime,
    zone: ZoneInfo,
) -> Row:
    end = _midnight(start.astimezone(zone).date() + _DAY, zone)
    inside = [piece for piece in pieces if piece.start < end and piece.end > start]
    row = Row(day=start.astimezone(zone).date())
    volumes = _hourly(inside, start, end, zone)
    row.volume = sum(volumes) if any(piece.volume is not None for piece in inside) else None
    row.bars = [
        Bar(hour=hour, volume=volume, height=max(0.06, min(1.0, volume / scale)), over=volume > scale)
        for hour, volume in enumerate(volumes)
        if volume > 0
    ]
    row.gaps = [_band(piece, start, end, zone) for piece in inside if piece.volume is None]
    row.silences = [_band(one, start, end, zone) for one in silences if one.start < end and one.end > start]
    if now < end:
        row.later = Band(start=_clock(now, start, end, zone), end=24)
    row.marks = [
        Mark(
            hour=_clock(alert.raised_at, start, end, zone),
            clock=f"{alert.raised_at.astimezone(zone):%H:%M}",
            alert_id=alert.alert_id,
            kind=alert.kind,
        )
        for alert in told
        if start <= alert.raised_at < end
    ]
    return row


def _hourly(pieces: Sequence[_Piece], start: datetime, end: datetime, zone: ZoneInfo) -> list[float]:
    """Water by hour of the local clock [L], each piece spread evenly; a repeated hour holds both."""
    volumes = [0.0] * 24
    for piece in pieces:
        for at, litres in _spread(piece, zone):
            if start <= at < end:
                volumes[at.astimezone(zone).hour] += litres
    return volumes


def _spread(piece: _Piece, zone: ZoneInfo) -> list[tuple[datetime, float]]:
    """From when on how much ran, an hour at a time.

    A meter that is read seconds past the hour drew nothing in that hour: so little of a piece is left out.
    """
    if not piece.volume:
        return []
    parts: list[tuple[datetime, timedelta]] = []
    at = piece.start
    while at < piece.end:
        local = at.astimezone(zone)
        over = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        until = min(piece.end, at + timedelta(hours=1) - over)
        parts.append((at, until - at))
        at = until
    least = min(SLIVER, (piece.end - piece.start) / 10)
    parts = [part for part in parts if part[1] >= least]
    whole = sum((length for _, length in parts), timedelta())
    return [(at, piece.volume * (length / whole)) for at, length in parts]


def _silences(pieces: Sequence[_Piece], told: Sequence[Told]) -> list[_Piece]:
    """Long runs of pieces without water, an unknown piece ends a run; and what was told of, however short, and though
    a drip or a timer ran meanwhile."""
    silences: list[_Piece] = []
    for one in sorted([*_dry_runs(pieces), *_told_silences(pieces, told)], key=lambda one: one.start):
        if silences and one.start <= silences[-1].end:
            silences[-1] = _Piece(silences[-1].start, max(silences[-1].end, one.end), 0.0)
        else:
            silences.append(one)
    return silences


def _told_silences(pieces: Sequence[_Piece], told: Sequence[Told]) -> list[_Piece]:
    """Up to the reading before the one that ended it, else to the last of all."""
    known = [piece.end for piece in pieces if piece.volume is not None]
    ends = [max((at for at in known if not one.ended_at or at < one.ended_at), default=one.since) for one in told]
    return [_Piece(one.since, end, 0.0) for one, end in zip(told, ends, strict=True) if end > one.since]


def _dry_runs(pieces: Sequence[_Piece]) -> list[_Piece]:
    runs: list[_Piece] = []
    begin: datetime | None = None
    end: datetime | None = None
    for piece in [*pieces, _Piece(datetime.max.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), None)]:
        if piece.volume == 0:
            begin = begin or piece.start
            end = piece.end
            continue
        if begin and end and end - begin >= SHORTEST_SILENCE:
            runs.append(_Piece(begin, end, 0.0))
        begin = end = None
    return runs


def _band(piece: _Piece, start: datetime, end: datetime, zone: ZoneInfo) -> Band:
    """The part of `piece` inside the day; its whole length is written where there is room."""
    length, part = piece.end - piece.start, min(piece.end, end) - max(piece.start, start)
    roomy = part >= min(length / 2, timedelta(hours=12))
    return Band(
        start=_clock(max(piece.start, start), start, end, zone),
        end=_clock(min(piece.end, end), start, end, zone),
        hours=round(length / timedelta(hours=1)) if roomy else None,
    )


def _clock(at: datetime, start: datetime, end: datetime, zone: ZoneInfo) -> float:
    if at >= end:
        return 24.0
    if at <= start:
        return 0.0
    local = at.astimezone(zone)
    return local.hour + local.minute / 60


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
