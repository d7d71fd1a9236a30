"""Registers of such large steps that they may stand still for a day though people draw water."""

from math import inf

COARSE_L = 5.0  # steps larger than this
COARSE_MORE = 3.0  # times the false alerts that the same steps of the ladder raise at a litre
TOO_COARSE_L = 50.0  # and of these no hour tells anything
NEVER_H = 255


def is_coarse(step_l: float) -> bool:
    """Whether the register is known to move in such steps."""
    return COARSE_L < step_l < inf
