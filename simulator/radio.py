"""How readings travel: outages in which they are lost or kept back, and messages that come twice."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from domain.recording import Recording

MONTH_S = 30 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent(Recording):
    """Readings and when each reached the broker [s since 1970 UTC]; in order of their own time, not of arrival."""

    sent_s: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outages:
    """Stretches without radio [UTC s], in order; what is measured in them is lost, or `kept` until they end."""

    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    kept: NDArray[np.bool_]


NO_OUTAGES = Outages(start_s=np.empty(0), end_s=np.empty(0), kept=np.empty(0, dtype=np.bool_))


def draw_outages(
    rng: np.random.Generator,
    begins_s: float,
    ends_s: float,
    *,
    per_month: float = 0.7,
    median_h: float = 3.0,
    kept: float = 0.5,
) -> Outages:
    """Random outages: a log-normal length, most of a few hours and some of days. The real homes in Alicante have 0.5 %
    of intervals over 6 h and one common outage of 25 h in 14 months."""
    number = rng.poisson(per_month * (ends_s - begins_s) / MONTH_S)
    start_s = np.sort(rng.uniform(begins_s, ends_s, number))
    end_s = start_s + 3600.0 * rng.lognormal(np.log(median_h), 1.0, number)
    return Outages(start_s=start_s, end_s=end_s, kept=rng.random(number) < kept)


def sent(recording: Recording, outages: Outages) -> Sent:
    """What arrives of a recording, and when."""
    arrives_s = recording.at_s.astype(np.float64)
    lost = np.zeros(len(recording), dtype=np.bool_)
    for start_s, end_s, kept in zip(outages.start_s, outages.end_s, outages.kept, strict=True):
        silent = (recording.at_s >= start_s) & (recording.at_s < end_s)
        if kept:
            arrives_s[silent] = np.maximum(arrives_s[silent], end_s)
        else:
            lost |= silent
    return Sent(
        meter_id=recording.meter_id,
        at_s=recording.at_s[~lost],
        register_l=recording.register_l[~lost],
        sent_s=np.ceil(arrives_s[~lost]).astype(np.int64),
    )


def twice(arriving: Sent, rng: np.random.Generator, *, share: float) -> Sent:
    """The same, but some messages come a second time within the quarter of an hour: the radio repeats itself."""
    again = rng.random(len(arriving)) < share
    order = np.argsort(np.concatenate((arriving.at_s, arriving.at_s[again])), kind="stable")
    later_s = arriving.sent_s[again] + rng.integers(1, 900, int(again.sum()))
    return replace(
        arriving,
        at_s=np.concatenate((arriving.at_s, arriving.at_s[again]))[order],
        register_l=np.concatenate((arriving.register_l, arriving.register_l[again]))[order],
        sent_s=np.concatenate((arriving.sent_s, later_s))[order],
    )


def sending_times(recording: Recording) -> NDArray[np.int64]:
    """When each reading is sent: at once, unless the recording knows better."""
    return recording.sent_s if isinstance(recording, Sent) else recording.at_s
