"""A service that dies at the n-th boundary between two steps, and a provider that remembers what it took."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from domain.message import MessageStatus
from notifier.contract import Capabilities, Outgoing, Sent
from store.records import Records


class Killed(BaseException):
    """Not an Exception: no `except Exception` of the service may survive its own death."""


def die() -> None:
    raise Killed


def die_really() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Countdown:
    """Dies at the n-th boundary; never, where n is not reached."""

    left: int
    death: Callable[[], None] = die
    where: str = ""

    def passes(self, where: str) -> None:
        self.left -= 1
        if self.left == 0:
            self.where = where
            self.death()


@dataclass
class MortalRecords:
    """The records, with a boundary before each transaction, before its commit and after it."""

    records: Records
    countdown: Countdown

    def read(self) -> AbstractContextManager[Connection]:
        return self.records.read()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        self.countdown.passes("before a transaction")
        with self.records.write() as tx:
            yield tx
            self.countdown.passes("before its commit")
        self.countdown.passes("after its commit")


@dataclass
class Paper:
    """A provider whose memory is a file: what stands in it has been taken. `can_find` false: it never knows."""

    path: Path
    countdown: Countdown = field(default_factory=lambda: Countdown(0))
    can_find: bool = True
    name: str = "paper"

    def capabilities(self, phone: str) -> Capabilities | None:
        return Capabilities(receipts=True) if phone else None

    def send(self, text: Outgoing) -> Sent:
        self.countdown.passes("in the call, before it was taken")
        with self.path.open("a", encoding="utf-8") as paper:
            paper.write(f"{text.reference}\t{text.to}\t{text.body}\n")
            paper.flush()
            os.fsync(paper.fileno())
        self.countdown.passes("in the call, after it was taken")
        return Sent(sid=f"P{text.reference}", status=MessageStatus.DELIVERED)

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        found = self.can_find and any(line[1:] == [text.to, text.body] for line in self.lines())
        return Sent(sid=f"P{text.reference}", status=MessageStatus.DELIVERED) if found and since else None

    def status(self, sid: str, to: str, sent_at: datetime) -> Sent | None:
        return Sent(sid=sid, status=MessageStatus.DELIVERED)

    def lines(self) -> list[list[str]]:
        if not self.path.exists():
            return []
        return [line.split("\t") for line in self.path.read_text(encoding="utf-8").splitlines()]
