"""When recordings end that are judged together: no clock that is wrong moves those of other files."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from domain.length import in_words
from domain.recording import Recording
from domain.register import FIRST_RHYTHM_S, GAP_AT_LEAST_S, GAP_RHYTHMS, LENGTHS_KEPT
from ingest.recorded import LEAP_S, Report

AHEAD = timedelta(days=1)  # less is no wrong clock that matters
NEVER = datetime.min.replace(tzinfo=UTC)


class Span(NamedTuple):
    """A recording from its first to its last reading; `goes_on_until`: the last that comes with no gap before it."""

    path: Path
    begins_at: datetime
    goes_on_until: datetime
    ends_at: datetime


def span_of(path: Path, recording: Recording) -> Span:
    latest_s = recording.at_s[-LENGTHS_KEPT - 1 :].tolist()
    lengths_s = [after_s - before_s for before_s, after_s in pairwise(latest_s)]
    rhythm_s = sorted(lengths_s)[-2] if len(lengths_s) > 1 else FIRST_RHYTHM_S
    before_at = _at(latest_s[-2]) if lengths_s else NEVER
    is_alone = not lengths_s or lengths_s[-1] > max(GAP_AT_LEAST_S, GAP_RHYTHMS * rhythm_s)
    ends_at = _at(latest_s[-1])
    return Span(path, _at(recording.at_s[0]), before_at if is_alone else ends_at, ends_at)


def end_of_all(spans: Collection[Span], report: Report) -> datetime:
    """The last reading of all, but for one after a gap, and files that begin a year after others end: wrong clocks."""
    known = sorted(span.goes_on_until for span in spans if span.goes_on_until > NEVER)
    if not known:
        return NEVER
    latest_begin = known[(len(known) - 1) // 2] + timedelta(seconds=LEAP_S)
    ends_at = max(span.goes_on_until for span in spans if span.begins_at < latest_begin)
    for span in spans if len(spans) > 1 else ():
        if span.ends_at - ends_at >= AHEAD:
            is_all = span.begins_at >= latest_begin
            ts, what = (span.begins_at, "from its first on") if is_all else (span.ends_at, "and followed by no other")
            report(f"{span.path}: ts {in_words(ts - ends_at)} after all others', {what}: '{ts:%Y-%m-%dT%H:%M:%SZ}'")
    return ends_at


def _at(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
