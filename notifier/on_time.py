"""Nobody waits for a provider for ever: a client's own patience begins anew with each byte of an answer that drips."""

import sys
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from datetime import datetime, timedelta
from socket import SHUT_RDWR, socket
from threading import Thread
from typing import TypeVar

from notifier.contract import Capabilities, Channel, ChannelError, Failure, Outgoing, Sent

MOST_OPEN = 50  # calls that nobody waits for any more: each keeps a thread and a connection
Answer = TypeVar("Answer")


class OnTime:
    """`OnTime(channel, within)`: the same channel, with an answer within that time, or `Failure.UNCERTAIN`.

    A call goes on in a thread of its own, and `find` knows what it brought at last. Where a channel leaves too many
    open, the lines of all are cut, and it is asked nothing more until they end, as a client does whose line is cut.
    """

    def __init__(self, channel: Channel, within: timedelta) -> None:
        self.name = channel.name
        self._channel = channel
        self._within_s = within.total_seconds()
        self._open: set[Thread] = set()
        self._late: dict[str, Future[Sent]] = {}  # by our reference

    def capabilities(self, phone: str) -> Capabilities | None:
        return self._channel.capabilities(phone)

    def send(self, text: Outgoing) -> Sent:
        def is_late(answer: Future[Sent]) -> None:
            self._late[text.reference] = answer
            for settled_long_ago in tuple(self._late)[:-MOST_OPEN]:
                self._late.pop(settled_long_ago, None)

        return self._ask(lambda: self._channel.send(text), is_late)

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        late = self._late.get(text.reference)
        if late is not None and late.done() and late.exception() is None:
            return self._late.pop(text.reference).result()
        return self._ask(lambda: self._channel.find(text, since))

    def status(self, sid: str, to: str, sent_at: datetime) -> Sent | None:
        return self._ask(lambda: self._channel.status(sid, to, sent_at))

    def _ask(self, call: Callable[[], Answer], is_late: Callable[[Future[Answer]], None] = lambda _: None) -> Answer:
        self._mind_those_open()
        answer: Future[Answer] = Future()
        thread = Thread(target=_make, args=(call, answer), name=f"call {self.name}", daemon=True)
        thread.start()
        if wait([answer], self._within_s).done:
            return answer.result()
        self._open.add(thread)
        is_late(answer)
        raise ChannelError(Failure.UNCERTAIN, f"no answer within {self._within_s:g} s")

    def _mind_those_open(self) -> None:
        for thread in tuple(self._open):
            if not thread.is_alive():
                self._open.discard(thread)
        if len(self._open) >= MOST_OPEN:
            for thread in tuple(self._open):
                _cut_the_line(thread)
            raise ChannelError(Failure.DOWN, f"calls without an answer: {len(self._open)}")


def _cut_the_line(thread: Thread) -> None:
    """Of whatever client: the sockets in the thread's hands. To raise in it might leave a library's lock locked."""
    frame = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001  a documented function
    while frame is not None:
        holder = frame.f_locals.get("self")  # a socket, a client's connection, or the file that is read from it
        for line in (holder, getattr(holder, "sock", None), getattr(holder, "_sock", None)):
            if isinstance(line, socket):
                with suppress(OSError):
                    socket.shutdown(line, SHUT_RDWR)
        frame = frame.f_back


def _make(call: Callable[[], Answer], answer: Future[Answer]) -> None:
    try:
        answer.set_result(call())
    except BaseException as e:  # noqa: BLE001  raised where it is waited for
        answer.set_exception(e)
