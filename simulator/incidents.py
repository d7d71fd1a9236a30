"""Incidents with a known onset, put into a recording of ordinary life: simulated or real.

Before the onset nothing changes; after it the readings keep their times. What a meter shows of the incident is
rounded to its own register step.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from domain.recording import Recording
from simulator.silences import is_gap

DRIP_DAYS, DRIP_DAYS_AT_LEAST = 7, 4
FLUSH_L = 6.0
NIGHT_S = 6 * 3600.0  # from midnight

Litres = NDArray[np.floating[Any]]


def use_stops(recording: Recording, onset: datetime, dripped_l: Litres | None = None) -> Recording:
    """Nobody draws water any more from the onset on; readings go on, and so does a drip if there is one.

    `dripped_l` is what dripped up to each reading; where it isn't known, the drip of the week before goes on.
    """
    after, _ = _after(recording, onset)
    if not after.any():
        return recording
    return _changed(recording, after, _register_at(recording, onset) + _drips(recording, onset, dripped_l))


def _drips(recording: Recording, onset: datetime, dripped_l: Litres | None) -> Litres:
    """What drips from the onset to each later reading [L]."""
    after, hours = _after(recording, onset)
    if dripped_l is None:
        return drip_l_per_h(recording, onset) * hours
    return dripped_l[after] - np.interp(onset.timestamp(), recording.at_s, dripped_l)


def tap_left_on(recording: Recording, onset: datetime, flow_lpm: float, shut_at: datetime | None = None) -> Recording:
    """Ordinary life plus a tap that runs [L/min] from the onset on, until somebody shuts it."""
    return leak(recording, onset, flow_lpm * 60.0, shut_at)


def leak(recording: Recording, onset: datetime, flow_l_per_h: float, shut_at: datetime | None = None) -> Recording:
    """Ordinary life plus a constant flow [L/h] from the onset on, until it is stopped."""
    after, hours = _after(recording, onset)
    if shut_at is not None:
        hours = np.minimum(hours, (shut_at - onset).total_seconds() / 3600.0)
    return _changed(recording, after, recording.register_l[after] + flow_l_per_h * hours)


def use_falls(
    recording: Recording,
    onset: datetime,
    share: float,
    rng: np.random.Generator,
    dripped_l: Litres | None = None,
) -> Recording:
    """Someone lies ill: of the draws after the onset only a share is left (0.2-0.4); a drip runs on, as above."""
    after, _ = _after(recording, onset)
    drips, base = _drips(recording, onset, dripped_l), _register_at(recording, onset)
    drawn = np.diff(recording.register_l[after] - drips, prepend=base)
    kept = np.where(rng.random(len(drawn)) < share, drawn, np.minimum(drawn, 0.0))
    return _changed(recording, after, base + drips + np.cumsum(kept))


def up_at_night(
    recording: Recording, onset: datetime, tz: ZoneInfo, rng: np.random.Generator, *, per_night: float = 6.0
) -> Recording:
    """Ordinary life plus so many flushes a night from the onset on: wandering, or an illness of the bladder."""
    after, hours = _after(recording, onset)
    nights = int(hours[-1] // 24.0) + 1 if len(hours) else 0
    midnight = onset.astimezone(tz).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    visits = rng.poisson(per_night, nights)
    at_s = midnight + np.repeat(np.arange(nights), visits) * 86400.0 + rng.uniform(0.0, NIGHT_S, int(visits.sum()))
    at_s = np.sort(at_s[at_s > onset.timestamp()])
    flushed = FLUSH_L * np.searchsorted(at_s, recording.at_s[after], side="right")
    return _changed(recording, after, recording.register_l[after] + flushed)


def drip_l_per_h(recording: Recording, until: datetime) -> float:
    """The flow that never stopped in the week before `until`: median of the daily minimum 3-h flow [L/h].

    Three hours that touch a gap in the readings tell nothing; with less than four days that tell, none is known.
    """
    until_s = until.timestamp()
    hours = np.arange(until_s - DRIP_DAYS * 86400.0, until_s + 1.0, 3600.0)
    if not len(recording) or hours[0] < recording.at_s[0]:
        return 0.0
    register, unread = (
        np.interp(hours, recording.at_s, risen) for risen in (recording.register_l, _unread_s(recording))
    )
    three_hours = np.where(unread[3:] > unread[:-3], np.inf, (register[3:] - register[:-3]) / 3.0)
    days = [three_hours[day * 24 : day * 24 + 24].min() for day in range(DRIP_DAYS)]
    told = [flow for flow in days if np.isfinite(flow)]
    return float(max(np.median(told), 0.0)) if len(told) >= DRIP_DAYS_AT_LEAST else 0.0


def _unread_s(recording: Recording) -> NDArray[np.float64]:
    """Seconds in gaps between readings, up to each reading."""
    return np.concatenate(([0.0], np.cumsum(np.diff(recording.at_s) * is_gap(recording))))


def step_l(recording: Recording) -> float:
    """The register's step [L], as far as the readings show it: 1, 10 or 100, else finer."""
    for step in (100.0, 10.0, 1.0):
        if np.all(recording.register_l % step == recording.register_l[:1] % step):
            return step
    return 0.001


def _after(recording: Recording, onset: datetime) -> tuple[NDArray[np.bool_], NDArray[np.floating[Any]]]:
    """Which readings come after the onset, and how many hours after it."""
    after = recording.at_s > onset.timestamp()
    return after, (recording.at_s[after] - onset.timestamp()) / 3600.0


def _register_at(recording: Recording, moment: datetime) -> float:
    """The last register read at or before the moment; the first where there is none."""
    before = int(np.searchsorted(recording.at_s, moment.timestamp(), side="right")) - 1
    return float(recording.register_l[max(before, 0)])


def _changed(recording: Recording, after: NDArray[np.bool_], register_l: NDArray[np.floating[Any]]) -> Recording:
    step = step_l(recording)
    offset = float(recording.register_l[0]) % step
    changed = recording.register_l.copy()
    changed[after] = np.floor((register_l - offset) / step + 1e-9) * step + offset
    return replace(recording, register_l=changed)
