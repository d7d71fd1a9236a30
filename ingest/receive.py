"""Messages become one batch: decoded, gateways and clocks checked; what is refused is kept with its reason."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from domain.reading import Decoded, DeviceEvent, Ignored, Reading, Refused
from ingest.bindings import Bindings, Imposed, Known, Stranger, Unbound
from ingest.codecs.contract import Memory
from ingest.counters import Counters
from ingest.rates import Rates, sender
from ingest.scans import CardScan, decode_scans, is_scan
from ingest.second_look import SecondLook
from ingest.sent_again import SentAgain
from ingest.sorted import Clocks, Message, SecurityEvent, Sorted, curb, kept_of
from store.contracts import EARLIEST_AT, Arrival, BandScan, ReadingStore, StoreError

log = logging.getLogger("anju.ingest")

MOST_REGISTER_L = 1e12


class Decodes(Protocol):
    """`ingest.decode.Decoder`."""

    def decode(self, topic: str, payload: bytes, received_at: datetime) -> Sequence[Decoded]: ...

    def aside(self) -> "Decodes": ...


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
        self._decoder = decoder
        self._memory = Memory() if memory is None else memory
        self._bindings = bindings
        self._readings = readings
        self._band_of = band_of
        self._on_commit = on_commit
        self._on_security = on_security
        self.clocks = clocks or Clocks()
        self._sent_again = SentAgain(readings, self.clocks)
        self._in_alarm: dict[str, bool] = {}
        self._max_rate = max_messages_per_minute
        self._rates = Rates(max_messages_per_minute)

    @property
    def had_a_session(self) -> bool:
        """Something was stored before, by this start or an earlier one: so the broker knew us."""
        return self._readings.position() > 0

    def use_ledger(self, decoder: Decodes, bindings: Bindings) -> None:
        """The ledger has changed: what comes from now on is judged by the new one."""
        self._decoder, self._bindings = decoder, bindings

    def sort(self, messages: Sequence[Message]) -> Sorted:
        try:
            result = self._sorted(messages)
        except StoreError:
            self._memory.undo()  # an alarm that is only counted must count again
            self._in_alarm.clear()  # so must the end of one
            raise
        result.learned = self._memory.changes()
        return result

    def _sorted(self, messages: Sequence[Message]) -> Sorted:
        result = Sorted(since=messages[0].received_at if messages else None)
        for message in messages:
            kept_before = len(result.kept)
            try:
                self._sort_one(message, result)
            except StoreError:
                raise
            except Exception as e:  # one message must not stop all others
                log.exception("a message on %r can't be sorted", message.topic)
                self._refuse(message, _fault(e), result)
            curb(result.kept, kept_before)
        return result

    def start_afresh(self) -> None:
        """What was sorted and isn't stored will be sorted again."""
        self._memory.undo(unsettled=True)
        self._in_alarm.clear()

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
                self._refuse(message, _fault(e), result)
                self.store(result, messages=1, at=at, took_s=took_s)

    def release(self, now: datetime, vouched: str | None = None) -> int:
        """Judges again what is in quarantine, and stores what may now pass; returns how many messages.

        `vouched`: a device whose messages pass whichever gateway they came through.
        """
        bindings = self._bindings if vouched is None else self._bindings.vouching(vouched)
        return self._told(self._beside(bindings, self.clocks, now).release())

    def retry(self, now: datetime, device_id: str | None = None) -> int:
        """Judges again what was refused, by the ledger and the clock of now; returns how many messages were taken."""
        return self._told(self._beside(self._bindings, replace(self.clocks, at_least=now), now).retry(device_id))

    def _beside(self, bindings: Bindings, clocks: Clocks, now: datetime) -> SecondLook:
        """For old messages, while new ones come in another thread."""
        again = Receiver(decoder=self._decoder.aside(), bindings=bindings, readings=self._readings, clocks=clocks)
        again._in_alarm = dict(self._in_alarm)
        return SecondLook(receiver=again, readings=self._readings, now=now)

    def _told(self, messages: int) -> int:
        if messages:
            self._on_commit()
        return messages

    def judge(self, message: Message) -> Sorted:
        """Of one message, with nothing learned from it."""
        return self._sorted([message])

    def _sort_one(self, message: Message, result: Sorted) -> None:
        if is_scan(message.topic):
            self._sort_scans(message, result)
            return
        gateway_id = None
        for decoded in self._decoder.decode(message.topic, message.payload, message.received_at):
            self._place(message, decoded, result)
            if isinstance(decoded, Reading | DeviceEvent):
                gateway_id = decoded.gateway_id
        self._mind_the_rate(sender(gateway_id, message.topic), message, result)

    def _mind_the_rate(self, who: str, message: Message, result: Sorted) -> None:
        over = self._rates.over_by(who, message.received_at)
        result.over_rate += over > 0
        if over == 1:
            detail = f"more than {self._max_rate} messages a minute"
            event = SecurityEvent(at=message.received_at, subject=who, detail=detail, kind="gateway_floods")
            result.security.append(event)

    def _place(self, message: Message, decoded: Decoded, result: Sorted) -> None:
        match decoded:
            case Reading() | DeviceEvent() if message.retained and self._is_no_news(message, decoded):
                result.ignored += 1
            case Reading():
                self._place_reading(message, decoded, result)
            case DeviceEvent():
                self._place_event(message, decoded, result)
            case Refused(reason):
                self._refuse(message, reason, result)
            case Ignored():
                result.ignored += 1

    def _is_no_news(self, message: Message, told: Reading | DeviceEvent) -> bool:
        if isinstance(told, DeviceEvent):
            told = replace(told, device_id=self._bindings.as_written(told.device_id) or told.device_id)
        return self._sent_again.no_news(message, told)

    def _place_reading(self, message: Message, reading: Reading, result: Sorted) -> None:
        judged = self._bindings.judge(reading.meter_id, reading.gateway_id)
        if not isinstance(judged, Known):
            self._quarantine(message, reading.meter_id, judged, result)
            return
        self._compare_clocks(reading, message.received_at, result)
        times = [(past.at, past.register_l) for past in reading.history]
        if not reading.only_history:
            times.append((reading.at, reading.register_l))
        for at, register_l in times:
            wrong = self._wrong(at, register_l, message.received_at)
            if wrong:
                self._refuse(message, wrong, result, judged.device_id)
                continue
            late = self._is_late(at, message.received_at)
            result.arrivals.append(
                Arrival(
                    meter_id=judged.device_id,
                    at=at,
                    register_l=register_l,
                    late=late,
                    received_at=message.received_at,
                )
            )
        if self._flags_are_news(judged.device_id, reading, message):
            event = DeviceEvent(
                device_id=judged.device_id,
                at=reading.at,
                kind=reading.kind,
                at_source=reading.at_source,
                gateway_id=reading.gateway_id,
                flags=reading.flags,
                battery=reading.battery,
            )
            self._add_event(message, event, result)

    def _compare_clocks(self, reading: Reading, received_at: datetime, result: Sorted) -> None:
        """Of our own clock says nothing who has none, nor what was long on its way."""
        if reading.only_history or reading.at_source == "server":
            return
        apart = reading.at - received_at
        if apart > self.clocks.max_skew:
            result.ahead += 1
        elif apart >= -self.clocks.max_skew:
            result.agreed, result.ahead = True, 0

    def _flags_are_news(self, meter_id: str, reading: Reading, message: Message) -> bool:
        """Alarms always; that there are none (any more) once: not with every reading of every meter."""
        alarms = any(reading.flags.values())
        if not reading.flags or self._is_late(reading.at, message.received_at):
            return alarms
        before = self._in_alarm.get(meter_id)
        self._in_alarm[meter_id] = alarms
        return alarms or before is not False

    def _place_event(self, message: Message, event: DeviceEvent, result: Sorted) -> None:
        """An event of the ledger's device passes even through a wrong gateway: a cry for help is not held back."""
        judged = self._bindings.judge(event.device_id, event.gateway_id)
        if isinstance(judged, Stranger | Unbound):
            self._quarantine(message, event.device_id, judged, result)
            return
        if isinstance(judged, Imposed):
            result.security.append(_security(message, judged))
        if event.lacks:
            self._refuse(message, event.lacks, result, judged.device_id)
        self._add_event(message, replace(event, device_id=judged.device_id), result)

    def _add_event(self, message: Message, event: DeviceEvent, result: Sorted) -> None:
        dated = self._sent_again.dated(message, event)
        if dated is None:
            result.ignored += 1
        else:
            result.events.append(dated)

    def _wrong(self, at: datetime, register_l: float, received_at: datetime) -> str | None:
        if at > max(received_at, self.clocks.at_least) + self.clocks.max_skew:
            return f"at: {at.isoformat()} is {at - received_at} ahead of our clock"
        if at < EARLIEST_AT:
            return f"at: {at.isoformat()} is before any meter's time"
        if not abs(register_l) <= MOST_REGISTER_L:
            return f"register_l: {register_l} is no volume"
        return None

    def _is_late(self, at: datetime, received_at: datetime) -> bool:
        return received_at - at > self.clocks.late_after

    def _sort_scans(self, message: Message, result: Sorted) -> None:
        unnamed = message._replace(payload=b"")  # card ids are kept nowhere
        for scan in decode_scans(message.topic, message.payload, message.received_at):
            if message.retained and isinstance(scan, CardScan) and scan.at == message.received_at:
                result.ignored += 1  # of any age
            elif isinstance(scan, Refused):
                self._refuse(unnamed, scan.reason, result)
            else:
                self._place_scan(unnamed, scan, result)

    def _place_scan(self, message: Message, scan: CardScan, result: Sorted) -> None:
        band_no = self._band_of(scan.card_id)
        if band_no is None:
            self._refuse(message, "card_id: no wristband has this card", result)
        elif wrong := self._wrong(scan.at, 0.0, message.received_at):
            self._refuse(message, wrong, result)
        else:
            result.scans.append(BandScan(band_no=band_no, at=scan.at, stage="scanned", source=scan.scanner_id))

    def _refuse(self, message: Message, reason: str, result: Sorted, device_id: str | None = None) -> None:
        result.kept.append(kept_of("refused", message, reason, device_id))

    def _quarantine(
        self, message: Message, device_id: str, judged: Stranger | Imposed | Unbound, result: Sorted
    ) -> None:
        result.kept.append(kept_of("quarantined", message, judged.reason, device_id))
        if isinstance(judged, Imposed):
            result.security.append(_security(message, judged))

    def _count(self, result: Sorted, messages: int) -> None:
        counters = self.counters
        counters.received += messages
        counters.readings += len(result.arrivals)
        counters.events += len(result.events)
        counters.scans += len(result.scans)
        counters.ignored += result.ignored
        counters.over_rate += result.over_rate
        counters.ahead = result.ahead + (0 if result.agreed else counters.ahead)
        for kept in result.kept:
            if kept.kind == "refused":
                counters.refuse(kept.reason)
            else:
                counters.quarantined += 1


def _security(message: Message, judged: Imposed) -> SecurityEvent:
    return SecurityEvent(at=message.received_at, subject=judged.device_id, detail=judged.reason)


def _fault(error: Exception) -> str:
    return f"fault: {type(error).__name__} {str(error)[:100]}"
