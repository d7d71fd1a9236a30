"""How like real homes simulated ones are: the same measures on both, side by side, never in one column."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from domain.recording import Recording
from simulator.silences import Silences, silences

HOUR = 3600
LOW_H = 12
LOW_L = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Realism:
    """Measures of one home, or the median or mean over several. Days are local; a night is 0-5 o'clock."""

    litres_a_day: float
    longest_silence_median_h: float
    longest_silence_p99_h: float
    silences_over_12_h_per_30_days: float
    silences_over_16_h_per_30_days: float
    silences_over_24_h_per_30_days: float
    nights_with_use: float
    days_with_less_than_10_l_in_12_h: float
    alarms_of_less_than_10_l_in_12_h_per_30_days: float


def measure(recording: Recording, tz: ZoneInfo) -> Realism:
    """The measures of one home. A day's longest silence is the longest that ends in it."""
    hours, volume = hourly(recording)
    days = len(volume) / 24.0
    local_h = (hours + _offset_s(hours, tz)) // HOUR
    day, night = local_h // 24, local_h % 24 < 5
    nights, used = np.unique(day[night]), np.unique(day[night & (volume >= 1.0)])
    quiet = silences(recording)
    longest = _longest_by_day(quiet, tz)
    low = np.convolve(volume, np.ones(LOW_H))[: len(volume)] < LOW_L
    low[: LOW_H - 1] = False
    rising = low & ~np.concatenate(([False], low[:-1]))

    def per_month(count: int) -> float:
        return count / days * 30.0

    return Realism(
        litres_a_day=float(volume.sum() / days),
        longest_silence_median_h=float(np.median(longest)),
        longest_silence_p99_h=float(np.percentile(longest, 99)),
        silences_over_12_h_per_30_days=per_month(int((quiet.hours > 12.0).sum())),
        silences_over_16_h_per_30_days=per_month(int((quiet.hours > 16.0).sum())),
        silences_over_24_h_per_30_days=per_month(int((quiet.hours > 24.0).sum())),
        nights_with_use=len(used) / max(len(nights), 1),
        days_with_less_than_10_l_in_12_h=len(np.unique(day[low])) / max(len(np.unique(day)), 1),
        alarms_of_less_than_10_l_in_12_h_per_30_days=per_month(int(rising.sum())),
    )


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


def hourly(recording: Recording) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Ends of full hours [s] and the volume in each [L], the register taken to rise evenly between readings."""
    first = -(-int(recording.at_s[0]) // HOUR) * HOUR
    hours = np.arange(first, int(recording.at_s[-1]) + 1, HOUR, dtype=np.int64)
    risen = np.concatenate(([0.0], np.cumsum(np.clip(np.diff(recording.register_l), 0.0, 5000.0))))
    return hours[:-1], np.diff(np.interp(hours, recording.at_s, risen))
