"""Asking first: the resident is asked at the lax threshold, and only where no answer comes is anybody told."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from domain.finding import AlertKind, Level
from simulator.judge import Outcome, Trial

ANSWER_WITHIN_H = 0.5
REPLIES = 0.9  # share of false asks that are answered in time; assumed, as in the reference figures


def ask_first(trials: Sequence[Trial], *, seed: int, replies: float = REPLIES) -> list[Trial]:
    """What the carer would have got: unanswered asks, half an hour later. After a collapse nobody answers."""
    rng = np.random.default_rng(seed)
    return [_of_one(trial, rng, replies) for trial in trials]


def _of_one(trial: Trial, rng: np.random.Generator, replies: float) -> Trial:
    asked = trial.rises.get((AlertKind.LOW_USE, Level.ASK), ())
    unanswered = [at_s + ANSWER_WITHIN_H * 3600.0 for at_s in asked if rng.random() >= replies]
    told = [_later(outcome) for outcome in trial.outcomes if outcome.level is Level.ASK]
    return replace(trial, rises={(AlertKind.LOW_USE, Level.ALERT): unanswered}, outcomes=told)


def _later(outcome: Outcome) -> Outcome:
    return replace(outcome, level=Level.ALERT, delay_h=outcome.delay_h + ANSWER_WITHIN_H)
