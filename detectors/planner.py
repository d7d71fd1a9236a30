"""After how many hours of a silence it is worth telling somebody, by the hazard of `detectors.habit`."""

import numpy as np

from detectors.habit import (
    BEGINS,
    BLANK,
    CHOICES,
    DELAYS,
    HOURS,
    KERNEL,
    LADDER,
    LATE_COSTS,
    LONGEST_H,
    NEAR_H,
    OWN_RECORD,
    PRIOR_SILENCES,
    SCALED,
    SHORTEST_H,
    STEEPER,
    WORTH,
    Array,
    Before,
    Population,
)

_LEAST, _MOST = 1e-4, 1.0 - 1e-4  # of a share whose logit is taken
_LEAST_ODDS, _MOST_ODDS = _LEAST / _MOST, _MOST / _LEAST
_STEPS = np.column_stack((LADDER, 1.0 - STEEPER, STEEPER))
_LASTED = np.triu(np.ones((HOURS + 1, HOURS + 1))) * WORTH  # from counts of each length to how many lasted as long
_ALARMS = CHOICES.astype(np.uint8)
_ROWS = list(KERNEL)


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
        self.costs = LATE_COSTS if steep else np.stack([DELAYS, DELAYS])
        self._costs = self.costs.reshape(-1, NEAR_H)
        self._tables = [self._table(begun) for begun in range(24)]
        self._priors = list(self.prior)

    def _table(self, begun: int) -> Array:
        """Shape (24, 31): what a length's score gains by each hour's rate (its logit), by what came before, by 1."""
        in_3_h, in_24_h, level_longer = self.longer
        lengths = np.arange(HOURS)
        table = np.zeros((HOURS, 31))
        table[lengths, (begun + 1 + lengths) % 24] += self.now
        table[lengths, (begun + 2 + lengths) % 24] += self.soon
        table[:, 24:30] = np.roll(self.past, 1)  # of these the level is a rate, too
        table[:, [24, 25, 27]] += np.outer(SCALED, [level_longer, in_3_h, in_24_h])
        table[:, 30] = self.clock[begun]
        return table

    def scores(self, silences: bytearray, rate: list[float], past: Before) -> Array:
        """logit P(use in the hour after l silent ones), l = 0..23."""
        place = past.begun * BEGINS // 24
        record = np.frombuffer(silences, np.uint8).reshape(BEGINS, HOURS + 1)
        lasted = _LASTED.dot(_ROWS[place].dot(record))
        lasted += self._priors[place]
        odds = lasted[:-1] / lasted[1:]
        odds -= 1.0
        np.maximum(odds, _LEAST_ODDS, out=odds)
        np.minimum(odds, _MOST_ODDS, out=odds)
        np.log(odds, odds)
        odds *= self.own
        habit = np.array([*rate, sum(rate) / 24.0, *past.terms, 1.0])
        shares = habit[:25]
        if min(rate) < _LEAST or max(rate) > _MOST:
            shares.clip(_LEAST, _MOST, out=shares)
        shares /= 1.0 - shares
        np.log(shares, shares)
        scores: Array = self._tables[past.begun].dot(habit)
        scores += odds
        return scores

    def alarm_hours(self, scores: Array) -> bytes:
        """For each step of the ladder the hour g of silence at which to tell somebody, fixed when it begins.

        Least of  cost of a false alert * P(the silence lasts g hours) + sum of P(u) * cost of a delay of g - u hours,
        P(u) being that the silence lasts u hours, and use is due in the nine after them: somebody may fall then. At
        steps at which people are told late anyhow, the last hours cost more. Never sooner at a dearer step.
        """
        lasting = np.exp(scores)
        lasting += 1.0
        np.divide(1.0, lasting, lasting)
        lasting = lasting.cumprod()
        falls = -lasting[NEAR_H - 1 : 2 * NEAR_H - 1]
        falls[0] += 1.0
        falls[1:] += lasting[: NEAR_H - 1]
        costs = np.empty((3, len(CHOICES)))
        costs[0] = lasting[SHORTEST_H - 1 : LONGEST_H]
        self._costs.dot(falls, costs[1:].reshape(-1))
        hours: bytes = _ALARMS[np.maximum.accumulate(_STEPS.dot(costs).argmin(axis=1))].tobytes()
        return hours
