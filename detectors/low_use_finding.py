"""What is found of a silence, with the numbers of its reason."""

from collections.abc import Iterable
from datetime import UTC, datetime

from detectors.drip import LEAST_LPH
from domain.finding import AlertKind, Finding, Level, Reason

SENSORS_HOLD_S = 24 * 3600.0  # nobody moves about at home for a day and draws no water


def finding(
    *,
    level: Level,
    at_s: float,
    since_s: float,
    silent_s: float,
    last_use_s: float,
    expected_uses: float,
    longest: int,
    by_net: bool,
    never_moved: bool,
    coarse_l: float = 0.0,
    timers: Iterable[int] = (),
    sign_s: float = 0.0,
    traces: bool = False,
    row_l: float = 0.0,
    every_s: float = 0.0,
    drip_lph: float = 0.0,
) -> Finding:
    """In the words of its reason; `longest`: in half hours; `sign_s`: a sensor's word that held the ask back.

    Where water may have run in a gap since the last use, or somebody was seen or away, it counts from there.
    `coarse_l`: the register's step, where it leaves only the net; `timers`: the hours in which machines draw.
    `traces`: nothing but single litres has run. `row_l`, `every_s`: of the equal draws after equal times, where nothing
    else has run; the last may still run.
    `drip_lph`: what always runs, and is nobody's use.
    """
    values: dict[str, float | int | str] = {
        "expected_uses": max(round(expected_uses), 1),
        "longest_hours": longest / 2.0,
        "silent_hours": round(silent_s / 3600.0, 1),
        "last_use_at": datetime.fromtimestamp(max(last_use_s, since_s), UTC).isoformat(),
    }
    if not never_moved:  # hours of readings, else of the clock, and these go on
        values["as_of_at"] = datetime.fromtimestamp(at_s, UTC).isoformat()
    key = "low_use_never_moved" if never_moved else "low_use_net" if by_net else "low_use"
    if coarse_l and by_net:
        values["step_l"] = coarse_l
        key = "low_use_net_coarse"
    if hours := ", ".join(f"{hour:02}:00" for hour in timers):
        values["timers"] = hours
    if drip_lph > LEAST_LPH:
        values["drip_lph"] = round(drip_lph, 1)
    if row_l:
        values |= {"litres": round(row_l), "every_hours": round(every_s / 3600.0, 1)}
        key = "low_use_row"
    elif traces:
        key = "low_use_traces"
    elif sign_s and not coarse_l and not never_moved and silent_s >= SENSORS_HOLD_S:
        values["sign_at"] = datetime.fromtimestamp(sign_s, UTC).isoformat()
        key += "_signs"
    return Finding(
        kind=AlertKind.LOW_USE,
        level=level,
        at=datetime.fromtimestamp(at_s, UTC),
        since=datetime.fromtimestamp(since_s, UTC),
        reason=Reason(key=key, values=values),
    )
