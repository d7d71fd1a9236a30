"""How often something happened here: small counts that fade by age, a byte each.

Every 16 days each count becomes 201/256 of itself, a half-life of 46 days. What that leaves between two whole numbers
is rounded up as often as it is worth, by turns over places and periods: so a count of one neither stays for ever nor
is gone at once.
"""

import numpy as np

FADE_DAYS = 16
FADED = 201  # of 256
TURN_OF_PLACE, TURN_OF_PERIOD = 167, 89
MOST = 255


def fade(counts: bytearray, period: int) -> bytearray:
    """The counts after one more period."""
    turns = np.arange(len(counts)) * TURN_OF_PLACE + period * TURN_OF_PERIOD & 255
    return bytearray((np.frombuffer(counts, np.uint8) * np.int64(FADED) + turns >> 8).astype(np.uint8).tobytes())


def faded(amount: float) -> float:
    """A whole amount after one more period, whole again."""
    return float(int(amount * FADED / 256.0 + 0.5))
