"""After how many hours of a silence it is worth telling somebody, by the hazard of `detectors.habit`.

Plain numbers but for one product of matrices: for two dozen of them arrays take three times as long.
"""

from bisect import bisect_right
from math import exp, log
from operator import mul

import numpy as np

from detectors.habit import (
    BEGINS,
    BLANK,
    EXPOSURE,
    HOURS,
    KERNEL,
    LADDER,
    LEVEL_COST,
    OWN_RECORD,
    PRIOR_SILENCES,
    SCALED,
    SHORTEST_H,
    STEEP_COST,
    WORTH,
    Before,
    Population,
)

_LEAST, _MOST = 1e-4, 1.0 - 1e-4  # of a share whose logit is taken
_STEPS = LADDER.tolist()
_NEAR = EXPOSURE.tolist()
_LONGEST_FIRST = WORTH[-2::-1].tolist()
_WORTH_OF_MORE = float(WORTH[HOURS])
_TINY = 1e-300


class _Logits(dict[float, float]):
    """Of the rates, which are few different numbers."""

    def __missing__(self, share: float) -> float:
        if len(self) > 1 << 17:
            self.clear()
        self[share] = found = logit(share)
        return found


class Planner:
    """When to tell somebody of a silence that has begun, at each step of the ladder.

    The weights of `detectors.habit.terms` are drawn together beforehand: what depends on the clock alone is a table.
    `steep` false: an alarm hour costs in proportion.
    """

    def __init__(self, population: Population, *, steep: bool = True) -> None:
        weights = population.weights
        own, now, soon = weights[OWN_RECORD : OWN_RECORD + 3]
        in_24_h, in_3_h, own_longer, now_longer, level_longer = weights[19:]
        clock = np.array([BLANK[begun][:OWN_RECORD].T @ weights[:OWN_RECORD] for begun in range(24)])
        self.clock = clock + population.intercept
        self.own = own + own_longer * SCALED
        self.now = now + now_longer * SCALED
        self.soon = float(soon)
        self.past = weights[13:19].tolist()
        self.longer = float(in_3_h), float(in_24_h), float(level_longer)
        self.prior = PRIOR_SILENCES * population.survival
        self.cost = STEEP_COST if steep else LEVEL_COST
        self._costs = self.cost.tolist()
        self._priors = self.prior[:, ::-1].tolist()
        self._weights = [
            list(zip(*(c[::-1].tolist() for c in (of_hour, self.own, self.now, SCALED, WORTH[:-1])), strict=True))
            for of_hour in self.clock
        ]
        self._logits = _Logits()

    def scores(self, silences: bytearray, rate: list[float], past: Before) -> list[float]:
        """logit P(use in the hour after l silent ones), l = 0..23; from the longest to the shortest."""
        begun, place = past.begun, past.begun * BEGINS // 24
        record = np.frombuffer(silences, np.uint8).reshape(BEGINS, HOURS + 1)
        more, *counts = (KERNEL[place] @ record)[::-1].tolist()
        prior_of_more, *priors = self._priors[place]
        level = logit(sum(rate) / 24.0)
        in_3_h, in_24_h, level_longer = self.longer
        constant = sum(map(mul, self.past, (*past.terms, level)))
        slope = in_3_h * past.terms[0] + in_24_h * past.terms[2] + level_longer * level
        logits, weight_of_soon = self._logits, self.soon
        soon, *later = [logits[share] for share in (rate * 3)[begun + 25 : begun : -1]]
        seen = more * _WORTH_OF_MORE
        longer = seen + prior_of_more
        scores = []
        for weights, count, prior, now in zip(self._weights[begun], counts, priors, later, strict=True):
            clock, own, weight_of_now, scaled, worth = weights
            seen += count * worth
            lasted = seen + prior
            ends = 1.0 - longer / lasted
            ends = _LEAST if ends < _LEAST else _MOST if ends > _MOST else ends
            scores.append(
                (clock + log(ends / (1.0 - ends)) * own + now * weight_of_now + soon * weight_of_soon)
                + (scaled * slope + constant)
            )
            longer, soon = lasted, now
        scores.reverse()
        return scores

    def alarm_hours(self, scores: list[float]) -> bytes:
        """For each step of the ladder the hour g of silence at which to tell somebody, fixed when it begins.

        Least of  cost of a false alert * P(the silence ends between g and 24 h) + exposure to a collapse * cost of g.
        The dearer a false alert, the later: each hour is best from some price on, if there is one at all.
        """
        lasting, exposure, chances = 1.0, 0.0, [1.0]
        for score, near in zip(scores, _NEAR, strict=True):
            longer = lasting / (1.0 + exp(score))
            exposure += (lasting - longer) * near
            chances.append(longer)
            lasting = longer
        begin = SHORTEST_H
        best = [(begin, 0.0, chances[begin], exposure * self._costs[0])]  # hour, price from which, and both terms
        for hour, factor in enumerate(self._costs[1:], begin + 1):
            chance, cost = chances[hour], exposure * factor
            while True:
                _, since, chance_before, cost_before = best[-1]
                price = (cost - cost_before) / (chance_before - chance or _TINY)
                if price > since or len(best) == 1:
                    break
                best.pop()
            best.append((hour, price, chance, cost))
        begins = [bisect_right(_STEPS, price) for _, price, _, _ in best]
        ends = [*begins[1:], len(_STEPS)]
        return b"".join([bytes((at[0],)) * (end - begin) for at, begin, end in zip(best, begins, ends, strict=True)])


def logit(share: float) -> float:
    clipped = min(max(share, _LEAST), _MOST)
    return log(clipped / (1.0 - clipped))
