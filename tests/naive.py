"""The detectors' arithmetic once more, slowly and obviously."""

from math import cos, exp, log, pi, sin

from detectors.habit import BEGINS, LADDER, PARTS, Before, Population


def logit(share: float) -> float:
    share = min(max(share, 1e-4), 1.0 - 1e-4)
    return log(share / (1.0 - share))


def near(bin_a: int, bin_b: int) -> float:
    """How much silences begun in one two-hour bin tell of those begun in another."""
    apart = min((bin_a - bin_b) % BEGINS, (bin_b - bin_a) % BEGINS) * 24.0 / BEGINS
    return exp(-0.5 * (apart / 1.7) ** 2)


def hazard(silences: list[list[float]], rate: list[float], past: Before, population: Population) -> list[float]:
    """P(use in the hour after l silent ones), l = 0..23, term by term in the order of the weights."""
    place = past.begun * BEGINS // 24
    lasted = [
        sum(near(place, b) * silences[b][longer] / PARTS[longer] for b in range(BEGINS) for longer in range(length, 25))
        + 10.0 * float(population.survival[place, length])
        for length in range(25)
    ]
    level = logit(sum(rate) / 24.0)
    chances = []
    for length in range(24):
        now = (past.begun + length + 1) % 24
        own = logit(1.0 - lasted[length + 1] / lasted[length])
        at_now, soon = logit(rate[now]), logit(rate[(now + 1) % 24])
        terms = [length / 10.0, max(0.0, length - 8.0) / 10.0]
        for turns in (1, 2):
            turn = 2.0 * pi * turns / 24.0
            terms += [sin(turn * now), cos(turn * now), sin(turn * past.begun), cos(turn * past.begun)]
        terms += [own, at_now, soon, *past.terms, level]
        scaled = length / 10.0
        terms += [past.terms[2] * scaled, past.terms[0] * scaled, own * scaled, at_now * scaled, level * scaled]
        score = population.intercept + sum(w * t for w, t in zip(population.weights.tolist(), terms, strict=True))
        chances.append(1.0 / (1.0 + exp(-score)))
    return chances


def alarm_cost(chances: list[float], cost_of_false_alert: float, alarm_h: int) -> float:
    """What it costs to tell somebody after so many hours: false alerts, and collapses found late."""
    lasting = [1.0]
    for chance in chances:
        lasting.append(lasting[-1] * (1.0 - chance))
    exposure = 0.0
    for length in range(24):
        middle = length + 0.5
        at_home = max(0.0, min(9.0, middle) - max(0.0, middle - 9.0))
        exposure += (lasting[length] - lasting[length + 1]) * (1.0 + at_home)
    return cost_of_false_alert * (lasting[alarm_h] - lasting[24]) + exposure * alarm_h**4 / 1800.0


def alarm_costs(chances: list[float], step: int) -> dict[int, float]:
    return {alarm_h: alarm_cost(chances, float(LADDER[step]), alarm_h) for alarm_h in range(4, 24)}


def least_flow(flows_lph: list[float], hours: int) -> float:
    """The least of the last hourly flows; 0 where there are fewer."""
    return min(flows_lph[-hours:]) if len(flows_lph) >= hours else 0.0
