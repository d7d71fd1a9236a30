"""Nobody waits for a provider for ever: a client's own patience begins anew with each byte of an answer that drips."""

from collections.abc import Callable
from concurrent.futures import Future, wait
from datetime import datetime, timedelta
from threading import Thread
from typing import Any, TypeVar

from notifier.contract import Capabilities, Channel, ChannelError, Failure, Outgoing, Sent

MOST_OPEN = 50  # calls that nobody waits for any more: each keeps a thread and a connection
Answer = TypeVar("Answer")


class OnTime:
    """`OnTime(channel, within)`: the same channel, with an answer within that time, or `Failure.UNCERTAIN`.

    A call can't be ended. It goes on in a thread of its own, and `find` knows what it brought at last. A channel that
    leaves too many open is asked nothing more until some of them end.
    """

    def __init__(self, channel: Channel, within: timedelta) -> None:
        self.name = channel.name
        self._channel = channel
        self._within_s = within.total_seconds()
        self._open: set[Future[Any]] = set()
        self._late: dict[str, Future[Sent]] = {}  # by our reference

    def capabilities(self, phone: str) -> Capabilities | None:
        return self._channel.capabilities(phone)

    def send(self, text: Outgoing) -> Sent:
        def is_late(call: Future[Sent]) -> None:
            self._late[text.reference] = call

        return self._ask(lambda: self._channel.send(text), is_late)

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        late = self._late.get(text.reference)
        if late is not None and late.done() and late.exception() is None:
            return self._late.pop(text.reference).result()
        return self._ask(lambda: self._channel.find(text, since))

    def status(self, sid: str, to: str, sent_at: datetime) -> Sent | None:
        return self._ask(lambda: self._channel.status(sid, to, sent_at))

    def _ask(self, call: Callable[[], Answer], is_late: Callable[[Future[Answer]], None] = lambda _: None) -> Answer:
        if len(self._open) >= MOST_OPEN:
            raise ChannelError(Failure.DOWN, f"calls without an answer: {len(self._open)}")
        answer: Future[Answer] = Future()
        Thread(target=_make, args=(call, answer), name=f"call {self.name}", daemon=True).start()
        if wait([answer], self._within_s).done:
            return answer.result()
        self._open.add(answer)
        answer.add_done_callback(self._open.discard)
        is_late(answer)
        raise ChannelError(Failure.UNCERTAIN, f"no answer within {self._within_s:g} s")


def _make(call: Callable[[], Answer], answer: Future[Answer]) -> None:
    try:
        answer.set_result(call())
    except BaseException as e:  # noqa: BLE001  raised where it is waited for
        answer.set_exception(e)
