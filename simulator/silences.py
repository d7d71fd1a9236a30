"""Draws and silences as a meter's readings show them: how false alerts and ordinary life are counted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.recording import Recording

DRAW_L = 1.0  # a draw is an interval of at least this
JUMP_L = 5000.0  # and less than this: more is another meter
GAP_STEPS = 2.5  # an interval longer than so many of the meter's steps is a gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Silences:
    """Stretches between draws, in order: from the end of one interval with a draw to the end of the next.

    The last runs to the end of the recording. Seconds since 1970.
    """

    start_s: NDArray[np.int64]
    end_s: NDArray[np.int64]

    @property
    def hours(self) -> NDArray[np.float64]:
        """Their lengths [h]."""
        lengths: NDArray[np.float64] = (self.end_s - self.start_s) / 3600.0
        return lengths

    def holding(self, at_s: float) -> int:
        """The number of the silence in which a moment lies (a draw's own moment belongs to the silence it ends)."""
        return int(np.clip(np.searchsorted(self.end_s, at_s, side="left"), 0, len(self.end_s) - 1))


def draw_ends(recording: Recording) -> NDArray[np.int64]:
    """Ends of the intervals in which water was drawn [s since 1970]."""
    volume = np.diff(recording.register_l)
    ends: NDArray[np.int64] = recording.at_s[1:][(volume >= DRAW_L) & (volume < JUMP_L)]
    return ends


def is_gap(recording: Recording) -> NDArray[np.bool_]:
    """Which intervals are gaps: so much longer than the meter's step that when the water ran in them isn't known."""
    lengths = np.diff(recording.at_s)
    gaps: NDArray[np.bool_] = lengths > GAP_STEPS * np.median(lengths) if len(lengths) else np.empty(0, np.bool_)
    return gaps


def known_silences(recording: Recording) -> Silences:
    """As `silences`, but one that ends somewhere in a gap counts only up to the gap: no data is not silence."""
    volume = np.diff(recording.register_l)
    drawn = (volume >= DRAW_L) & (volume < JUMP_L)
    ends = np.where(is_gap(recording), recording.at_s[:-1], recording.at_s[1:])
    return Silences(
        start_s=np.concatenate((recording.at_s[:1], recording.at_s[1:][drawn])),
        end_s=np.concatenate((ends[drawn], recording.at_s[-1:])),
    )


def silences(recording: Recording) -> Silences:
    """The silences of a recording, the first beginning with its first reading."""
    ends = draw_ends(recording)
    return Silences(
        start_s=np.concatenate((recording.at_s[:1], ends)),
        end_s=np.concatenate((ends, recording.at_s[-1:])),
    )
