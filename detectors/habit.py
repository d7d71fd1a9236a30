"""How long this household's silences last, and after how many hours it is worth telling somebody.

A discrete-time hazard: logit P(use in the hour after l silent ones) is linear in the own record of silences begun at
such an hour, the own rate of use at this hour of the day, what the last day was like, and the clock. The weights were
learned from other households (`detectors.population`); what sets households apart is in their own record.
"""

from dataclasses import dataclass, replace
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BEGINS = 12  # two-hour bins of the local hour at which a silence begins
HOURS = 24  # lengths up to a day, in whole hours
PARTS = (1,) * 3 + (4,) * (HOURS - 2)  # the own record counts long silences, which are rare, in quarters
SHORTEST_H, LONGEST_H = 4, 23  # alarm hours to choose from
LADDER = np.geomspace(90.0, 900_000.0, 24)  # what one false alert may cost, on the scale of `LATE_COSTS`
STEEPER = np.clip((np.arange(len(LADDER)) - 15.0) / 5.0, 0.0, 1.0)  # of a step's price of delay: the second's share

_KERNEL_H = 1.7
PRIOR_SILENCES = 10.0  # weight of other households' silences against the own
NEAR_H = 9  # a collapse counts where the last use is, and the next would be, less than this away

CHOICES = np.arange(SHORTEST_H, LONGEST_H + 1)
DELAYS = np.maximum(np.subtract.outer(CHOICES, np.arange(NEAR_H) + 0.5), 0.0)  # from a fall so long after the last use
LATE_COSTS = np.stack([DELAYS**1.5, DELAYS**3 / 70.0])  # late alarms cost more than in proportion
WORTH = 1.0 / np.array(PARTS)
_LENGTHS = np.arange(float(HOURS))


def _kernel() -> Array:
    apart = np.abs(np.subtract.outer(np.arange(BEGINS), np.arange(BEGINS)))
    hours = np.minimum(apart, BEGINS - apart) * 24.0 / BEGINS
    weights: Array = np.exp(-0.5 * (hours / _KERNEL_H) ** 2)
    return weights


def _clock_terms(begun: int) -> Array:
    """Shape (24, 10): the length, and the hour of the day then and at the beginning as waves."""
    now = (begun + _LENGTHS + 1.0) % 24.0
    waves = []
    for turns in (1, 2):
        turn = 2.0 * np.pi * turns / 24.0
        waves += [np.sin(turn * now), np.cos(turn * now)]
        waves += [np.full(HOURS, np.sin(turn * begun)), np.full(HOURS, np.cos(turn * begun))]
    return np.stack([_LENGTHS / 10.0, np.clip(_LENGTHS - 8.0, 0.0, None) / 10.0, *waves], axis=1)


KERNEL = _kernel()
TERMS = 24
OWN_RECORD = 10  # the place of its term
BLANK = [np.concatenate([_clock_terms(begun).T, np.zeros((TERMS - 10, HOURS))]) for begun in range(24)]
SCALED = _LENGTHS / 10.0
_AHEAD = [np.arange(begun + 1, begun + 2 + HOURS) % 24 for begun in range(24)]
EQUAL_HOURS = [SHORTEST_H + step * (LONGEST_H - SHORTEST_H) // (len(LADDER) - 1) for step in range(len(LADDER))]
_WITH_LENGTH = np.array([15, 13, 10, 11, 18])  # last 24 h, last 3 h, own record, rate, level: their weight may change


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """What was learned from other households.

    `survival[b, l]`: share of the silences begun in bin b that last at least l hours. `intercept`, `weights`: of the
    hazard's `terms`. `false_alerts[k]`: seen a day and household at step k of `LADDER`.
    """

    survival: Array
    intercept: float
    weights: Array
    false_alerts: Array


def own_record_alone(population: Population) -> Population:
    """The hazard is that of the own record, filled up with other households' silences; no weights are learned."""
    return replace(population, intercept=0.0, weights=np.eye(TERMS)[OWN_RECORD])


class Before(NamedTuple):
    """What came before a silence that began in this local hour.

    `terms`: logs of the hours with use in the last 3, 6 and 24 over those expected; the silence before the last use
    and the longest in 40 hours [10 h].
    """

    begun: int
    terms: tuple[float, float, float, float, float]


def before(begun: int, used: int, rate: list[float]) -> Before:
    """From the bits of the hours with use up to the beginning (lowest: the last) and the own rate of each hour."""
    last, second, third, fourth, fifth, sixth = (rate + rate)[begun + 24 : begun + 18 : -1]
    in_3_h = last + second + third
    directly_h, longest_h = _silences(used)
    return Before(
        begun,
        (
            log(((used & 0x7).bit_count() + 0.5) / (in_3_h + 0.5)),
            log(((used & 0x3F).bit_count() + 0.5) / (in_3_h + fourth + fifth + sixth + 0.5)),
            log(((used & 0xFFFFFF).bit_count() + 1.0) / (sum(rate) + 1.0)),
            directly_h / 10.0,
            longest_h / 10.0,
        ),
    )


def _silences(used: int) -> tuple[float, float]:
    """The unused hours directly before the last use, and the longest run of such in 40 hours, both at most 24."""
    runs = list(map(len, f"{used & 0xFF_FFFF_FFFF:040b}".rstrip("0").split("1")))
    if len(runs) == 1:
        return 24.0, 24.0
    return float(min(runs[-2], 24)), float(min(max(runs), 24))


def terms(silences: bytearray, rate: list[float], past: Before, survival: Array) -> Array:
    """The hazard's terms for each length 0..23, shape (24, TERMS), for learning their weights.

    `silences[25 b + l]`: the own record, faded by age: how many begun in bin b lasted l whole hours (24: more), in
    `PARTS`.
    """
    place = past.begun * BEGINS // 24
    record = np.frombuffer(silences, np.uint8).reshape(BEGINS, HOURS + 1)
    lasted = (KERNEL[place] @ record * WORTH)[::-1].cumsum()[::-1] + PRIOR_SILENCES * survival[place]
    hourly = _logit(np.array([*rate, sum(rate) / 24.0]))
    ahead = hourly[_AHEAD[past.begun]]
    columns = BLANK[past.begun].copy()
    columns[OWN_RECORD] = _logit(1.0 - lasted[1:] / lasted[:-1])
    columns[11] = ahead[:-1]
    columns[12] = ahead[1:]
    columns[13:19] = np.array([*past.terms, hourly[24]])[:, None]
    columns[19:] = columns[_WITH_LENGTH] * SCALED
    return columns.T


def _logit(share: Array) -> Array:
    clipped = np.minimum(np.maximum(share, 1e-4), 1.0 - 1e-4)  # np.clip takes ten times as long for so few
    logit: Array = np.log(clipped / (1.0 - clipped))
    return logit
