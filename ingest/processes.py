"""Work on many files at once, by as many processes as there are processors; Ctrl-C ends all of them."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

Job = TypeVar("Job")
Done = TypeVar("Done")


def each(work: Callable[[Job], Done], jobs: Sequence[Job]) -> Iterator[Done]:
    """What came of each, in order; in this process where there is not enough to do for more than one."""
    number = min(len(jobs), os.cpu_count() or 1)
    if number < 2:
        yield from map(work, jobs)
        return
    with ProcessPoolExecutor(number, initializer=_end_without_a_word) as workers:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            done = workers.map(work, jobs)  # a process that is only being made hears of Ctrl-C when it is made
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        yield from done


def _end_without_a_word() -> None:
    """Ctrl-C reaches all processes; the first one tells of it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
