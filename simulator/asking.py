"""Asking first: the resident is asked at the lax threshold, and only where no answer comes is anybody told."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from math import inf
from zoneinfo import ZoneInfo

from domain.finding import AlertKind, Level
from simulator.judge import Outcome, Trial

ANSWER_WITHIN_S = 1800.0
REPLIES = 0.9  # of false asks, in time; assumed, as in the reference figures
ASLEEP_FROM, ASLEEP_UNTIL = time(22), time(7)  # as the service does: a doubt waits for the morning
ASK, ALERT = (AlertKind.LOW_USE, Level.ASK), (AlertKind.LOW_USE, Level.ALERT)


def ask_first(trials: Sequence[Trial], *, replies: float = REPLIES) -> list[Trial]:
    """What the resident would have been asked, and what the carer would have got.

    An ask that comes at night goes out in the morning, if the silence still runs; half an hour later, without an answer
    or water, the carer is told. An alert is told at once, at night too, but where the resident has answered. After a
    collapse nobody answers.

    What comes of an ask counts by its chance, so no luck is in the figures.
    """
    return [_of_one(trial, replies) for trial in trials]


def awake(at_s: float, zone: ZoneInfo) -> float:
    """When an ask that comes now goes out [UTC s]."""
    local = datetime.fromtimestamp(at_s, UTC).astimezone(zone)
    if ASLEEP_UNTIL <= local.time() < ASLEEP_FROM:
        return at_s
    day = local.date() + timedelta(days=local.time() >= ASLEEP_FROM)
    return datetime.combine(day, ASLEEP_UNTIL, tzinfo=zone).timestamp()


def _of_one(trial: Trial, replies: float) -> Trial:
    zone = trial.home.about.zone
    asked: list[float] = []
    told: list[tuple[float, float]] = []
    for ask_s, alert_s, end_s in _episodes(trial):
        out_s = awake(ask_s, zone)
        if out_s < min(alert_s, end_s):
            asked.append(out_s)
            chance, told_s = 1.0 - replies, min(alert_s, out_s + ANSWER_WITHIN_S)
        else:
            chance, told_s = 1.0, alert_s
        if chance and told_s < end_s:
            told.append((told_s, chance))
    return replace(
        trial,
        rises={ASK: asked, ALERT: [told_s for told_s, _ in told]},
        chances={ALERT: [chance for _, chance in told]},
        outcomes=list(_told(trial.outcomes, zone)),
    )


def _episodes(trial: Trial) -> Iterator[tuple[float, float, float]]:
    """Of each silence that was told of: when asked, alerted (inf: never), and when it ended [UTC s]."""
    ends, alerts = trial.ends.get(AlertKind.LOW_USE, ()), trial.rises.get(ALERT, ())
    ended = -inf
    for begun_s in sorted([*trial.rises.get(ASK, ()), *alerts]):
        if begun_s < ended:
            continue  # the same episode, risen to an alert
        ended = _next(ends, begun_s)
        alert_s = alerts[bisect_right(alerts, begun_s - 1.0)] if alerts and alerts[-1] >= begun_s else inf
        yield begun_s, alert_s if alert_s < ended else inf, ended


def _next(moments: Sequence[float], at_s: float) -> float:
    place = bisect_right(moments, at_s)
    return moments[place] if place < len(moments) else inf


def _told(outcomes: Sequence[Outcome], zone: ZoneInfo) -> Iterator[Outcome]:
    """Each incident twice: when the resident would have been asked, and when the carer told."""
    alerts = {id(outcome.incident): outcome for outcome in outcomes if outcome.level is Level.ALERT}
    for ask in outcomes:
        if ask.level is not Level.ASK:
            continue
        onset_s, alert = ask.incident.onset_s, alerts[id(ask.incident)]
        asked_h = inf if ask.delay_h == inf else (awake(onset_s + ask.delay_h * 3600.0, zone) - onset_s) / 3600.0
        told_h = min(asked_h + ANSWER_WITHIN_S / 3600.0, alert.delay_h)
        yield replace(ask, delay_h=asked_h)
        yield replace(alert, delay_h=told_h, hidden=told_h == inf and alert.hidden)
