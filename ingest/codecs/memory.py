"""What formats that need earlier messages remember."""

from collections import deque
from collections.abc import Mapping
from typing import Any

import orjson

MOST_REMEMBERED, MOST_REMEMBERED_BYTES = 200_000, 32 << 20  # of all formats; as JSON, some four times as much in memory


class Memory(dict[tuple[str, ...], Any]):
    """What formats that need earlier messages remember; the oldest goes first, so that it can't grow without end.

    `taught`: as `changes` gave it, by a service that has ended since. Values are what JSON can say, and are replaced,
    never changed: what is set to what it was is no change.
    """

    def __init__(
        self,
        taught: Mapping[str, str] | None = None,
        *,
        most: int = MOST_REMEMBERED,
        most_bytes: int = MOST_REMEMBERED_BYTES,
    ) -> None:
        known = {tuple(orjson.loads(name)): value for name, value in (taught or {}).items()}
        super().__init__({key: orjson.loads(value) for key, value in known.items()})
        self._sizes = {key: len(value) for key, value in known.items()}
        self._bytes = sum(self._sizes.values())
        self._most = most
        self._most_bytes = most_bytes
        self._changed: set[tuple[str, ...]] = set()
        self._before: dict[tuple[str, ...], Any] = {}
        self._unsettled: deque[dict[tuple[str, ...], Any]] = deque()

    def __setitem__(self, key: tuple[str, ...], value: Any) -> None:
        if key in self and self[key] == value:
            return
        if len(self) >= self._most and key not in self:
            self._lose_oldest()
        self._note(key)
        super().__setitem__(key, value)

    def _note(self, key: tuple[str, ...]) -> None:
        if key not in self._changed:
            self._before[key] = dict.get(self, key)
            self._changed.add(key)

    def _lose_oldest(self) -> tuple[str, ...]:
        oldest = next(iter(self))
        self._note(oldest)
        del self[oldest]
        return oldest

    def aside(self) -> "Memory":
        """To read old messages again: begins with what is remembered here, and teaches nothing here."""
        return _Aside(self)

    def undo(self, *, unsettled: bool = False) -> None:
        """What was set since `changes` were last asked for is as before: the same messages will be decoded again.

        `unsettled`: also what was set before then and isn't settled.
        """
        for before in (self._before, *(reversed(self._unsettled) if unsettled else ())):
            for key, value in before.items():
                if value is None:
                    self.pop(key, None)
                else:
                    super().__setitem__(key, value)
        self._changed, self._before = set(), {}
        if unsettled:
            self._unsettled.clear()

    def settle(self) -> None:
        """The oldest changes that were asked for are stored, and stay."""
        if self._unsettled:
            self._unsettled.popleft()

    def changes(self) -> list[tuple[str, str | None]]:
        """What was set since they were last asked for, as JSON; None where it is gone."""
        told = {key: self._dumped(key) for key in sorted(self._changed)}
        while self._bytes > self._most_bytes and self:
            oldest = self._lose_oldest()
            told[oldest] = self._dumped(oldest)
        self._unsettled.append(self._before)
        self._changed, self._before = set(), {}
        return [(orjson.dumps(key).decode(), value) for key, value in told.items()]

    def _dumped(self, key: tuple[str, ...]) -> str | None:
        value = self.get(key)
        text = None if value is None else orjson.dumps(value).decode()
        self._bytes -= self._sizes.pop(key, 0)
        if text is not None:
            self._sizes[key] = len(text)
            self._bytes += len(text)
        return text


class _Aside(Memory):
    """Takes from the other memory what it is asked for, while another thread goes on with that one."""

    def __init__(self, other: Memory) -> None:
        super().__init__()
        self._other = other

    def get(self, key: tuple[str, ...], default: Any = None) -> Any:
        if key not in self and (value := self._other.get(key)) is not None:
            self[key] = orjson.loads(orjson.dumps(value))  # a value of its own, whole
        return super().get(key, default)
