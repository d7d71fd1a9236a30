"""The course of the clock over a fleet's readings: of each its local hour, and how far ahead that or the steps stay."""

import numpy as np
from numpy.typing import NDArray

from detectors.fleet.memory import Floats
from detectors.fleet.rules import ASKED_HOUR

Course = NDArray[np.int32]

LOCAL_HOUR, NEXT_HOUR, EVEN_TO = range(3)  # the latter two: the first slot after this one where that ends


def course_of(times_s: Floats, hours: NDArray[np.int64], p: Floats) -> Course:
    """`[row of times, which of the three, slot]`.

    Even are readings one step after the other, in hours one after the other of one day, all before a change in use is
    asked for or all after.
    """
    course = np.empty((len(hours), 3, hours.shape[1]), np.int32)
    turned = np.diff(hours, axis=1, prepend=0)
    halves = 2 * (hours // 24) + (hours % 24 >= p[ASKED_HOUR])
    uneven = (turned < 0) | (turned > 2) | (np.diff(halves, axis=1, prepend=0) != 0)
    uneven |= np.diff(times_s, n=2, axis=1, prepend=np.zeros((len(hours), 2))) != 0.0
    course[:, LOCAL_HOUR], course[:, NEXT_HOUR], course[:, EVEN_TO] = hours, _next(turned != 0), _next(uneven)
    return course


def _next(marked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The first slot after each that is marked, or the end."""
    end = marked.shape[1]
    places = np.append(np.where(marked, np.arange(end), end)[:, 1:], np.full((len(marked), 1), end), axis=1)
    return np.asarray(np.minimum.accumulate(places[:, ::-1], axis=1)[:, ::-1])
