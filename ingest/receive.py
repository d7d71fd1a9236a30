"""Groups of messages become one durable commit each, and what was kept is looked at again."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from ingest.bindings import Bindings
from ingest.codecs.memory import Memory
from ingest.counters import Counters
from ingest.second_look import SecondLook
from ingest.sorted import Clocks, Message, SecurityEvent, Sorted
from ingest.sorter import Decodes, Sorter, fault, refuse
from store.contracts import ReadingStore, StoreError

log = logging.getLogger("anju.ingest")


class Receiver:
    """`sort` decodes and judges; `store` commits what came of it. Acknowledge after `store` returns, never before.

    `memory`: what the decoder's formats remember, so that it is stored with the messages that taught it.
    `on_security` may be told the same twice, where the commit after it has to be tried again.
    """

    def __init__(
        self,
        *,
        decoder: Decodes,
        bindings: Bindings,
        readings: ReadingStore,
        band_of: Callable[[str], int | None] = lambda card_id: None,
        on_commit: Callable[[], None] = lambda: None,
        on_security: Callable[[SecurityEvent], None] = lambda event: None,
        clocks: Clocks | None = None,
        max_messages_per_minute: int = 6000,
        memory: Memory | None = None,
    ) -> None:
        self.counters = Counters()
        self._memory = Memory() if memory is None else memory
        self._readings = readings
        self._on_commit = on_commit
        self._on_security = on_security
        self.clocks = clocks or Clocks()
        self._sorter = Sorter(
            decoder=decoder,
            bindings=bindings,
            earlier=readings,
            band_of=band_of,
            clocks=self.clocks,
            max_messages_per_minute=max_messages_per_minute,
        )

    @property
    def had_a_session(self) -> bool:
        """Something was stored before, by this start or an earlier one: so the broker knew us."""
        return self._readings.position() > 0

    def use_ledger(self, decoder: Decodes, bindings: Bindings) -> None:
        """The ledger has changed: what comes from now on is judged by the new one."""
        self._sorter.use_ledger(decoder, bindings)

    def sort(self, messages: Sequence[Message]) -> Sorted:
        try:
            result = self._sorter.sort(messages)
        except StoreError:
            self._memory.undo()  # an alarm that is only counted must count again
            self._sorter.forget_alarms()  # so must the end of one
            raise
        result.learned = self._memory.changes()
        return result

    def start_afresh(self) -> None:
        """What was sorted and isn't stored will be sorted again."""
        self._memory.undo(unsettled=True)
        self._sorter.forget_alarms()

    def store(self, result: Sorted, *, messages: int, at: datetime, took_s: Callable[[], float]) -> None:
        """One durable commit; raises `StoreUnavailableError` with nothing stored, to be tried again."""
        self._readings.commit(result.batch())
        self._memory.settle()
        self._note(result.security)
        self._count(result, messages)
        took = took_s()
        self.counters.committed(took, lag_s=(at - (result.since or at)).total_seconds() + took)
        self._on_commit()

    def _note(self, events: Sequence[SecurityEvent]) -> None:
        """Notes about a message must not cost the message: it may be a cry for help.

        Where one can't be noted the others aren't tried: each might wait for as long.
        """
        for event in events:
            try:
                self._on_security(event)
            except Exception:
                log.exception("a security event of %r can't be noted", event.subject)
                return

    def store_singly(self, messages: Sequence[Message], *, at: datetime, took_s: Callable[[], float]) -> None:
        """After a fault: each message in a commit of its own; the one that can't be stored is kept with its reason."""
        for message in messages:
            try:
                self.store(self.sort([message]), messages=1, at=at, took_s=took_s)
            except StoreError:
                raise
            except Exception as e:
                log.exception("a message on %r can't be stored", message.topic)
                result = Sorted()
                refuse(message, fault(e), result)
                self.store(result, messages=1, at=at, took_s=took_s)

    def release(self, now: datetime, vouched: str | None = None) -> int:
        """Judges again what is in quarantine, and stores what may now pass; returns how many messages.

        `vouched`: a device whose messages pass whichever gateway they came through.
        """
        return self._told(self._second_look(self._sorter.beside(clocks=self.clocks, vouched=vouched), now).release())

    def retry(self, now: datetime, device_id: str | None = None) -> int:
        """Judges again what was refused, by the ledger and the clock of now; returns how many messages were taken."""
        beside = self._sorter.beside(clocks=replace(self.clocks, at_least=now))
        return self._told(self._second_look(beside, now).retry(device_id))

    def _second_look(self, sorter: Sorter, now: datetime) -> SecondLook:
        return SecondLook(sorter=sorter, readings=self._readings, now=now)

    def _told(self, messages: int) -> int:
        if messages:
            self._on_commit()
        return messages

    def _count(self, result: Sorted, messages: int) -> None:
        counters = self.counters
        counters.received += messages
        counters.readings += len(result.arrivals)
        counters.events += len(result.events)
        counters.scans += len(result.scans)
        counters.ignored += result.ignored
        counters.over_rate += result.over_rate
        counters.ahead = result.ahead + (0 if result.agreed else counters.ahead)
        for kind, reason in [*((kept.kind, kept.reason) for kept in result.kept), *result.cut]:
            if kind == "refused":
                counters.refuse(reason)
            else:
                counters.quarantined += 1
