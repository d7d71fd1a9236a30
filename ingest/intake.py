"""Messages wait for a group, are sorted, and are stored by a second thread while the next come in; then acknowledged.

The processor and the disk work at the same time. Only what a commit has brought to disk is given out for
acknowledgement, group by group in the order in which they came.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from socket import socketpair

from ingest.receive import Receiver
from ingest.sorted import Message, Sorted
from store.contracts import StoreUnavailableError

log = logging.getLogger("anju.mqtt")

IDLE_S = 0.1  # how soon a stop is noticed
MOST_HELD = 10_000  # messages held unstored while the store is away; the broker queues the rest
MOST_HELD_BYTES = 64 << 20  # of them, or of bundles of history; some five times as much in memory
RETRY_MIN_S, RETRY_MAX_S = 0.2, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group commit holds at most `messages` and waits at most `wait_s` for more; it ends early when none come.

    Nor does it hold another message above `size` [bytes]: some 15,000 readings, half a second's commit.
    """

    messages: int = 400
    size: int = 1 << 20
    wait_s: float = 0.02
    quiet_s: float = 0.002


@dataclass(slots=True)
class _Grouped:
    """Messages of one commit, with their numbers at the broker. `result` None: each in a commit of its own."""

    messages: Sequence[Message]
    mids: Sequence[int]
    result: Sorted | None


class Intake:
    """`add` what comes, `turn` whenever `patience_s` is over or `told` can be read; all from one thread."""

    def __init__(
        self, receiver: Receiver, *, now: Callable[[], datetime], steady_s: Callable[[], float], group: Group
    ) -> None:
        self._receiver = receiver
        self._now = now
        self._steady_s = steady_s
        self._group = group
        self._thread = ThreadPoolExecutor(1, "commit")
        self._tell, self.told = socketpair()
        self._waiting: list[Message] = []
        self._mids: list[int] = []
        self._bytes = 0  # of the payloads that wait
        self._next: _Grouped | None = None  # sorted while the one before it is with the store
        self._storing: _Grouped | None = None  # also while the store can't take it
        self._under_way: Future[None] | None = None
        self._through = False
        self._suspects = 0  # so many messages may hold the one that made ingest fail: each is stored alone
        self._first_at = self._last_at = self._retry_at = 0.0
        self._retry_s = RETRY_MIN_S
        self._unavailable = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def full(self) -> bool:
        return len(self._waiting) >= MOST_HELD or self._bytes >= MOST_HELD_BYTES

    @property
    def wants_turn(self) -> bool:
        """A group is on the disk, or another one is complete."""
        return self._through or (self._may_prepare and self._complete)

    @property
    def _complete(self) -> bool:
        return len(self._waiting) >= self._group.messages or self._bytes >= self._group.size

    def add(self, message: Message, mid: int) -> None:
        """`mid` 0: nobody waits for its acknowledgement."""
        self._last_at = self._steady_s()
        if not self._waiting:
            self._first_at = self._last_at
        self._waiting.append(message)
        self._mids.append(mid)
        self._bytes += len(message.payload)

    def patience_s(self) -> float:
        """How long nothing needs to be done, unless something comes."""
        if self._under_way is not None:
            return IDLE_S
        if self._retry_at:
            return min(IDLE_S, max(0.0, self._retry_at - self._steady_s()))
        return min(IDLE_S, max(0.0, self._due_at() - self._steady_s())) if self._waiting else IDLE_S

    def turn(self) -> Sequence[int]:
        """Sorts and hands over what is due; returns the numbers of what is on the disk now.

        Raises where the program has a fault: `start_afresh` then.
        """
        stored = self._end() if self._through else ()
        self._begin()
        self._prepare()
        self._begin()
        return stored

    def finish(self) -> Sequence[int]:
        """Waits for what is on its way to the disk; the rest stays with the broker."""
        stored = self._end() if self._under_way is not None else ()
        self._thread.shutdown()
        self._tell.close()
        self.told.close()
        return stored

    def start_afresh(self) -> None:
        """Forgets all of it: the broker sends again what is not acknowledged."""
        groups = [group for group in (self._storing, self._next) if group]
        self._suspects = max(self._suspects, len(self._waiting) + sum(len(group.messages) for group in groups))
        if self._under_way is not None:
            self._taken_note().exception()
        self._waiting.clear()
        self._mids.clear()
        self._bytes = 0
        self._next = self._storing = None
        self._retry_at = 0.0
        self._receiver.start_afresh()
        self._receiver.counters.unavailable_since_s = self._steady_s()

    def forget_numbers(self) -> None:
        """The connection is lost: the broker sends again what is not acknowledged, under other numbers."""
        self._mids = [0] * len(self._waiting)
        for group in (self._storing, self._next):
            if group:
                group.mids = ()

    def _due_at(self) -> float:
        if self._complete:
            return self._first_at
        return min(self._first_at + self._group.wait_s, self._last_at + self._group.quiet_s)

    def _prepare(self) -> None:
        """The next group: a full one while another is with the store, else whatever is due."""
        due = self._complete if self._storing else bool(self._waiting) and self._due()
        if not due or not self._may_prepare:
            return
        group = self._first_group()
        count = len(group)
        try:
            result = None if self._suspects else self._receiver.sort(group)
        except StoreUnavailableError as e:
            self._try_later(e)
            return
        self._next = _Grouped(group, self._mids[:count], result)
        del self._waiting[:count], self._mids[:count]
        self._bytes -= sum(len(message.payload) for message in group)
        self._first_at = self._steady_s()

    def _first_group(self) -> Sequence[Message]:
        """At least one message, however large."""
        sizes = accumulate(len(message.payload) for message in self._waiting[: self._group.messages - 1])
        return self._waiting[: 1 + sum(size < self._group.size for size in sizes)]

    @property
    def _may_prepare(self) -> bool:
        """Not what the broker sends again, until that is on the disk by which it is judged."""
        return self._next is None and (self._storing is None or bool(self._storing.mids))

    def _due(self) -> bool:
        return self._steady_s() >= (self._retry_at or self._due_at())

    def _begin(self) -> None:
        if self._storing is None:
            self._storing, self._next = self._next, None
        if self._storing is not None and self._under_way is None and self._steady_s() >= self._retry_at:
            self._receiver.counters.committing_since_s = self._steady_s()
            self._under_way = self._thread.submit(self._store, self._storing)
            self._under_way.add_done_callback(self._wake)

    def _wake(self, _: Future[None]) -> None:
        self._through = True
        self._tell.send(b"!")

    def _store(self, group: _Grouped) -> None:
        started_s, at = self._steady_s(), self._now()

        def took_s() -> float:
            return self._steady_s() - started_s

        if group.result is None:
            self._receiver.store_singly(group.messages, at=at, took_s=took_s)
        else:
            self._receiver.store(group.result, messages=len(group.messages), at=at, took_s=took_s)

    def _end(self) -> Sequence[int]:
        try:
            self._taken_note().result()
        except StoreUnavailableError as e:
            self._try_later(e)
            return ()
        if self._unavailable:
            log.warning("the store takes readings again")
        self._unavailable = False
        self._receiver.counters.unavailable_since_s = None
        self._retry_at, self._retry_s = 0.0, RETRY_MIN_S
        group, self._storing = self._storing, None
        if group is None:
            return ()
        self._suspects = max(0, self._suspects - len(group.messages))
        return group.mids

    def _taken_note(self) -> Future[None]:
        """The commit under way, when it is through."""
        self.told.recv(1)
        under_way, self._under_way, self._through = self._under_way, None, False
        self._receiver.counters.committing_since_s = None
        if under_way is None:
            raise RuntimeError("no commit is under way")
        return under_way

    def _try_later(self, error: StoreUnavailableError) -> None:
        if not self._unavailable:
            log.error("readings can't be stored and are not acknowledged: %s", error)
            self._receiver.counters.unavailable_since_s = self._steady_s()
        self._unavailable = True
        self._retry_at = self._steady_s() + self._retry_s
        self._retry_s = min(2 * self._retry_s, RETRY_MAX_S)
