"""Where a recorded register breaks off, or that it stands still, named for who reads what was made of it."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from math import isnan
from operator import itemgetter

from domain.recording import Recording
from domain.register import Case, RegisterState, advance
from ingest.recorded import NAMED

STANDS_S = 36 * 3600.0  # as long as the safety net waits


def oddities(recording: Recording) -> list[str]:
    """Where the register breaks off (`docs/register.md`), so that volumes are not known: one line a run of a case.

    First, where it never moves.
    """
    lines: list[str] = []
    registers, lasts_s = recording.register_l, recording.at_s[-1] - recording.at_s[0]
    if registers.min() == registers.max() and lasts_s >= STANDS_S:
        lines.append(f"register_l stands at {registers[0]:.15g} L in all lines: stuck, or nobody draws water")
    for case, moves in groupby(_moves(recording.readings()), itemgetter(0)):
        if case is None:
            continue
        (_, at, from_l, to_l), *others = moves
        more = f", nor of the {len(others)} intervals after it" if others else ""
        lines.append(
            f"{case} at {at:%Y-%m-%dT%H:%M:%SZ}, {from_l:.15g} to {to_l:.15g} L: the volume is not known{more}"
        )
    return [*lines[:NAMED], *([f"and {len(lines) - NAMED} more such"] if lines[NAMED:] else [])]


def _moves(readings: Iterable[tuple[datetime, float]]) -> Iterator[tuple[Case | None, datetime, float, float]]:
    """Of each interval the case where its volume is not known, its end, and the registers before and after it."""
    state = RegisterState()
    for at, register_l in readings:
        before_l = state.last_l
        interval, case = advance(state, at, register_l)
        if interval is not None:
            yield case if isnan(interval.volume) else None, at, before_l, register_l
