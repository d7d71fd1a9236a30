"""A stretch of one meter's registers, as recorded or simulated."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Registers of one meter in order of time; every array has the same length.

    `at_s` is the time of each reading [s since 1970-01-01 UTC], `register_l` the cumulative volume [L].
    """

    meter_id: str
    at_s: NDArray[np.int64]
    register_l: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.at_s)

    def readings(self) -> Iterator[tuple[datetime, float]]:
        """(at, register_l) one by one, `at` aware UTC."""
        for at_s, register_l in zip(self.at_s.tolist(), self.register_l.tolist(), strict=True):
            yield datetime.fromtimestamp(at_s, UTC), register_l
