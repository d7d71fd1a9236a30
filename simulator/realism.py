"""How like real homes simulated ones are: the same measures on both, side by side, never in one column."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from domain.recording import Recording
from simulator.incidents import drip_l_per_h
from simulator.silences import JUMP_L, Silences, is_gap, known_silences

HOUR = 3600
LOW_H = 12
LOW_L = 10.0
WEEK_S = 7 * 86400
DRIP_L_PER_H = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Realism:
    """Measures of one home. Days are local; a night is 0-5 o'clock. Time in gaps between readings is no silence."""

    litres_a_day: float
    longest_silence_median_h: float
    longest_silence_p99_h: float
    silences_over_12_h_per_30_days: float
    silences_over_16_h_per_30_days: float
    silences_over_24_h_per_30_days: float
    nights_with_use: float
    days_with_less_than_10_l_in_12_h: float
    alarms_of_less_than_10_l_in_12_h_per_30_days: float
    weeks_with_a_drip: float
    drip_l_per_h: float


def measure(recording: Recording, tz: ZoneInfo) -> Realism:
    """The measures of one home, over the time that its readings tell of.

    A day's longest silence is the longest that ends in it. A drip is 0.3 L/h or more, an hourly litre meter shows no
    less; `drip_l_per_h` is the median over the weeks that have one, NaN without.
    """
    hours, volume, known = hourly(recording)
    days = known.sum() / 24.0
    local_h = (hours + _offset_s(hours, tz)) // HOUR
    day, night = local_h // 24, (local_h % 24 < 5) & known
    nights, used = np.unique(day[night]), np.unique(day[night & (volume >= 1.0)])
    quiet = known_silences(recording)
    longest = _longest_by_day(quiet, tz)
    whole = np.convolve(~known, np.ones(LOW_H))[: len(volume)] == 0
    low = (np.convolve(volume, np.ones(LOW_H))[: len(volume)] < LOW_L) & whole
    low[: LOW_H - 1] = False
    rising = low & ~np.concatenate(([False], low[:-1]))
    drips = _drips(recording)

    def per_month(count: int) -> float:
        return float(count / days * 30.0)

    return Realism(
        litres_a_day=float(volume[known].sum() / days),
        longest_silence_median_h=float(np.median(longest)),
        longest_silence_p99_h=float(np.percentile(longest, 99)),
        silences_over_12_h_per_30_days=per_month(int((quiet.hours > 12.0).sum())),
        silences_over_16_h_per_30_days=per_month(int((quiet.hours > 16.0).sum())),
        silences_over_24_h_per_30_days=per_month(int((quiet.hours > 24.0).sum())),
        nights_with_use=len(used) / max(len(nights), 1),
        days_with_less_than_10_l_in_12_h=len(np.unique(day[low])) / max(len(np.unique(day[whole])), 1),
        alarms_of_less_than_10_l_in_12_h_per_30_days=per_month(int(rising.sum())),
        weeks_with_a_drip=float((drips >= DRIP_L_PER_H).mean()) if len(drips) else 0.0,
        drip_l_per_h=float(np.median(drips[drips >= DRIP_L_PER_H])) if (drips >= DRIP_L_PER_H).any() else np.nan,
    )


def _drips(recording: Recording) -> NDArray[np.float64]:
    """The flow that never stopped, week by week [L/h]."""
    weeks = np.arange(recording.at_s[0] + WEEK_S, recording.at_s[-1], WEEK_S).tolist()
    return np.array([drip_l_per_h(recording, datetime.fromtimestamp(week_s, UTC)) for week_s in weeks])


def _longest_by_day(quiet: Silences, tz: ZoneInfo) -> NDArray[np.float64]:
    day = (quiet.end_s + _offset_s(quiet.end_s, tz)) // 86400
    longest = np.zeros(int(day[-1] - day[0]) + 1)
    np.maximum.at(longest, day - day[0], quiet.hours)
    return longest[longest > 0.0]


def _offset_s(at_s: NDArray[np.int64], tz: ZoneInfo) -> NDArray[np.int64]:
    """Seconds that the local clock is ahead of UTC, looked up once a UTC day."""
    day = at_s // 86400
    known = {int(d): _ahead_s(int(d) * 86400, tz) for d in np.unique(day)}
    return np.array([known[int(d)] for d in day], dtype=np.int64)


def _ahead_s(at_s: int, tz: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(at_s, tz).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def hourly(recording: Recording) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Ends of full hours [s], the volume in each [L], the register taken to rise evenly between readings, and whether
    it is known: no water of a gap falls into it."""
    first = -(-int(recording.at_s[0]) // HOUR) * HOUR
    hours = np.arange(first, int(recording.at_s[-1]) + 1, HOUR, dtype=np.int64)
    risen = np.clip(np.diff(recording.register_l), 0.0, JUMP_L)
    astray_s = np.diff(recording.at_s) * (is_gap(recording) & (risen > 0.0))
    litres, unknown = (np.concatenate(([0.0], np.cumsum(each))) for each in (risen, astray_s))
    volume, lost = (np.diff(np.interp(hours, recording.at_s, each)) for each in (litres, unknown))
    return hours[:-1], volume, lost < 1.0
