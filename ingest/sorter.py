"""What is in each message and what becomes of it: gateways and clocks checked, a reason for whatever is refused."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from domain.length import in_words
from domain.reading import CALL_FROM_NOWHERE, NEAR, Decoded, DeviceEvent, Ignored, Reading, Refused
from ingest.bindings import Bindings, Imposed, Known, Stranger, Unbound
from ingest.codecs.values import MOST_REGISTER_L
from ingest.device_clocks import Earlier
from ingest.rates import Rates, sender
from ingest.scans import CardScan, decode_scans, is_scan
from ingest.sent_again import SentAgain, calls_for_help, tells_of_danger
from ingest.sorted import Clocks, Message, SecurityEvent, Sorted, curb, kept_of
from store.contracts import EARLIEST_AT, Arrival, BandScan, StoreError

log = logging.getLogger("anju.ingest")


class Decodes(Protocol):
    """`ingest.decode.Decoder`."""

    def decode(self, topic: str, payload: bytes, received_at: datetime) -> Sequence[Decoded]: ...

    def aside(self) -> "Decodes": ...


class Sorter:
    """Stores nothing; `earlier`: what devices said before."""

    def __init__(
        self,
        *,
        decoder: Decodes,
        bindings: Bindings,
        earlier: Earlier,
        band_of: Callable[[str], int | None],
        clocks: Clocks,
        max_messages_per_minute: int,
    ) -> None:
        self._decoder = decoder
        self._bindings = bindings
        self._earlier = earlier
        self._band_of = band_of
        self.clocks = clocks
        self._sent_again = SentAgain(earlier, clocks)
        self._in_alarm: dict[str, bool] = {}
        self._wrong_clocks: set[str] = set()  # of which staff were told
        self._max_rate = max_messages_per_minute
        self._rates = Rates(max_messages_per_minute)

    def use_ledger(self, decoder: Decodes, bindings: Bindings) -> None:
        """The ledger has changed: what comes from now on is judged by the new one."""
        self._decoder, self._bindings = decoder, bindings

    def beside(self, *, clocks: Clocks, vouched: str | None = None) -> "Sorter":
        """For old messages, while new ones come in another thread: it teaches this one nothing.

        `vouched`: a device whose messages pass whichever gateway they came through.
        """
        other = Sorter(
            decoder=self._decoder.aside(),
            bindings=self._bindings if vouched is None else self._bindings.vouching(vouched),
            earlier=self._earlier,
            band_of=lambda card_id: None,
            clocks=clocks,
            max_messages_per_minute=self._max_rate,
        )
        other._in_alarm = dict(self._in_alarm)
        return other

    def forget_alarms(self) -> None:
        """What was sorted will be sorted again: the end of an alarm is news once more."""
        self._in_alarm.clear()
        self._wrong_clocks.clear()

    def sort(self, messages: Sequence[Message]) -> Sorted:
        """Raises `StoreError` where what was said before can't be asked; whatever else fails is one message's fault."""
        result = Sorted(since=messages[0].received_at if messages else None)
        for message in messages:
            kept_before = len(result.kept)
            try:
                self._sort_one(message, result)
            except StoreError:
                raise
            except Exception as e:  # one message must not stop all others
                log.exception("a message on %r can't be sorted", message.topic)
                refuse(message, fault(e), result)
            curb(result, kept_before)
        return result

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
                refuse(message, reason, result)
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
                refuse(message, wrong, result, judged.device_id)
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
        """An event of the ledger's device passes even through a wrong gateway: a cry for help is not held back.

        Of one from a device in no ledger the operator hears; itself it waits until the ledger says whose it is.
        """
        judged = self._bindings.judge(event.device_id, event.gateway_id)
        if isinstance(judged, Stranger | Unbound):
            self._quarantine(message, event.device_id, judged, result)
            if isinstance(judged, Stranger) and tells_of_danger(event):
                result.events.append(self._call_from_nowhere(message, event))
            return
        if isinstance(judged, Imposed):
            result.security.append(_security(message, judged))
        if event.lacks:
            refuse(message, event.lacks, result, judged.device_id)
        self._add_event(message, replace(event, device_id=judged.device_id), result)

    def _call_from_nowhere(self, message: Message, event: DeviceEvent) -> DeviceEvent:
        """That there was one, and when; by a kind of its own it hides none of what the device itself says.

        What comes late is one of its receipt: a clock that stands still tells each danger under the same time.
        """
        now, repeated = message.received_at, message.retained or message.again
        is_now = self._wrong(event.at, 0.0, now) or (now - event.at > NEAR and not repeated)
        at = now if is_now else event.at
        called = {"called": calls_for_help(event)}
        return DeviceEvent(
            device_id=event.device_id, at=at, kind=CALL_FROM_NOWHERE, gateway_id=event.gateway_id, flags=called
        )

    def _add_event(self, message: Message, event: DeviceEvent, result: Sorted) -> None:
        dated = self._sent_again.dated(message, event)
        if dated is None:
            result.ignored += 1
            return
        result.events.append(dated)
        if dated.clock_is_wrong:
            self._tell_of_its_clock(message, dated, result)
        elif not dated.heard_at:
            self._wrong_clocks.discard(dated.device_id)

    def _tell_of_its_clock(self, message: Message, event: DeviceEvent, result: Sorted) -> None:
        """Once, until it is right again or we start anew."""
        if event.device_id in self._wrong_clocks or event.told_at is None:
            return
        self._wrong_clocks.add(event.device_id)
        at, behind = event.told_at.isoformat(), event.at - event.told_at
        reason = f"at: {at} is ahead of our clock by {in_words(-behind)}, and taken as of its receipt"
        if behind > timedelta():
            reason = f"at: {at} is behind our clock by {in_words(behind)}, and taken as of its receipt"
        refuse(message, reason, result, event.device_id)

    def _wrong(self, at: datetime, register_l: float, received_at: datetime) -> str | None:
        if at > max(received_at, self.clocks.at_least) + self.clocks.max_skew:
            return f"at: {at.isoformat()} is {in_words(at - received_at)} ahead of our clock"
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
                refuse(unnamed, scan.reason, result)
            else:
                self._place_scan(unnamed, scan, result)

    def _place_scan(self, message: Message, scan: CardScan, result: Sorted) -> None:
        band_no = self._band_of(scan.card_id)
        if band_no is None:
            refuse(message, "card_id: no wristband has this card", result)
        elif wrong := self._wrong(scan.at, 0.0, message.received_at):
            refuse(message, wrong, result)
        else:
            result.scans.append(BandScan(band_no=band_no, at=scan.at, stage="scanned", source=scan.scanner_id))

    def _quarantine(
        self, message: Message, device_id: str, judged: Stranger | Imposed | Unbound, result: Sorted
    ) -> None:
        result.kept.append(kept_of("quarantined", message, judged.reason, device_id))
        if isinstance(judged, Imposed):
            result.security.append(_security(message, judged))


def refuse(message: Message, reason: str, result: Sorted, device_id: str | None = None) -> None:
    result.kept.append(kept_of("refused", message, reason, device_id))


def fault(error: Exception) -> str:
    return f"fault: {type(error).__name__} {str(error)[:100]}"


def _security(message: Message, judged: Imposed) -> SecurityEvent:
    return SecurityEvent(at=message.received_at, subject=judged.device_id, detail=judged.reason)
