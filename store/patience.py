"""A question to a database that may hang: a disk that dies gives neither an answer nor an error."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Generic, TypeVar

from store.contracts import StoreUnavailableError

T = TypeVar("T")


class Patience(Generic[T]):
    """Call it from any thread. One question is under way at a time, whose answer all get who wait for it."""

    def __init__(self, ask: Callable[[], T], wait_s: float) -> None:
        self._ask = ask
        self._wait_s = wait_s
        self._lock = Lock()
        self._thread = ThreadPoolExecutor(1, "patience")
        self._asked: Future[T] | None = None

    def __call__(self) -> T:
        """Raises `StoreUnavailableError` where no answer comes in time, and whatever the question raises."""
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = self._thread.submit(self._ask)
            asked = self._asked
        try:
            return asked.result(self._wait_s)
        except TimeoutError as e:
            raise StoreUnavailableError(f"no answer within {self._wait_s:g} s") from e

    def close(self) -> None:
        """Doesn't wait for an answer."""
        self._thread.shutdown(wait=False)
