"""One meter's registers as they are read: two arrays, whose values become pairs for who goes through them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import overload

import numpy as np
from numpy.typing import NDArray

from store.journal import all_from_ml, all_from_ms


class Registers(Sequence[tuple[datetime, float]]):
    """(at, register_l [L]) in order of time; `at_ms` counts from `EARLIEST_AT`.

    To make a `datetime` and a pair of each takes longer than to read them, and every thread waits meanwhile.
    """

    def __init__(self, at_ms: NDArray[np.int64], register_ml: NDArray[np.int64]) -> None:
        self.at_ms = at_ms
        self.register_ml = register_ml

    def __len__(self) -> int:
        return len(self.at_ms)

    def __iter__(self) -> Iterator[tuple[datetime, float]]:
        return zip(all_from_ms(self.at_ms), all_from_ml(self.register_ml), strict=True)

    @overload
    def __getitem__(self, which: int) -> tuple[datetime, float]: ...
    @overload
    def __getitem__(self, which: slice) -> "Registers": ...
    def __getitem__(self, which: int | slice) -> "tuple[datetime, float] | Registers":
        if isinstance(which, slice):
            return Registers(self.at_ms[which], self.register_ml[which])
        return next(iter(Registers(self.at_ms[[which]], self.register_ml[[which]])))
