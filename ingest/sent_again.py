"""What is sent again is no news: retained messages that tell no time of their own, and a call for help told before."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Protocol

from domain.reading import DeviceEvent, Reading
from ingest.sorted import Clocks, Message
from store.contracts import EARLIEST_AT

ONE_CALL = timedelta(minutes=5)  # presses so near are one call for help to those who are told, too
REMEMBERED = timedelta(days=30)  # a broker sends again what we didn't acknowledge before a long outage
BEING_ACTED_ON = timedelta(minutes=15)  # a call for help that was stored so lately
LAST_WORD_WITHIN = timedelta(days=400)
MOMENTS = ("door_contact", "motion_sensor")  # what they say is news when it happens, not later
DANGERS_TO_LIFE = ("smoke", "gas", "carbon_monoxide")
DANGERS = (*DANGERS_TO_LIFE, "leak")


class Earlier(Protocol):
    """`store.contracts.ReadingStore`."""

    def device_events(self, device_id: str, since: datetime, until: datetime) -> Sequence[DeviceEvent]: ...


class SentAgain:
    """Asks the store what a device said before, so that a restart forgets nothing."""

    def __init__(self, earlier: Earlier, clocks: Clocks) -> None:
        self._earlier = earlier
        self._clocks = clocks

    def no_news(self, retained: Message, told: Reading | DeviceEvent) -> bool:
        """A retained message may be of any age: without a time of its own it tells no reading, press or movement.

        A danger that it still tells is one, unless the device's last word said so already.
        """
        timeless = told.at_source == "server"
        if isinstance(told, Reading):
            return timeless
        if calls_for_help(told):
            return timeless or retained.received_at - told.at > self._clocks.late_after
        if timeless and told.kind in MOMENTS:
            return True
        dangers = [flag for flag in DANGERS if told.flags.get(flag)]
        return timeless and bool(dangers) and all(self._said(told, flag, retained.received_at) for flag in dangers)

    def _said(self, told: DeviceEvent, flag: str, now: datetime) -> bool:
        words = self._earlier.device_events(told.device_id, now - LAST_WORD_WITHIN, now + self._clocks.max_skew)
        return next((event.flags[flag] for event in reversed(words) if flag in event.flags), False)

    def dated(self, message: Message, event: DeviceEvent) -> DeviceEvent | None:
        """The event at its own time where its clock can be believed; None for a press that is stored already.

        A press whose clock is wrong or stands still is a press now: any press that is not the very same message is
        another one. The very same is sent again by a broker that says so, or by a network server, which numbers them.
        A broker's word alone is believed for minutes only: two presses of a button may be alike to the last byte, and
        better one call is heard twice after a long outage than a second one never.
        """
        if not calls_for_help(event):
            return event if self._possible(event, message) else _now(event, message)
        press = replace(event, message=_digest(message))
        now = message.received_at
        stored = self._earlier.device_events(event.device_id, now - REMEMBERED, now + self._clocks.max_skew)
        presses = [before for before in stored if calls_for_help(before)]
        alike = [p for p in presses if p.message == press.message]
        if alike and (message.retained or event.at_source == "network"):
            return None
        if message.again and any(abs(now - p.at) <= BEING_ACTED_ON for p in alike):
            return None
        return press if self._possible(press, message) and self._moves(press, presses, now) else _now(press, message)

    def _possible(self, event: DeviceEvent, message: Message) -> bool:
        return EARLIEST_AT <= event.at <= message.received_at + self._clocks.max_skew

    def _moves(self, press: DeviceEvent, presses: Sequence[DeviceEvent], now: datetime) -> bool:
        """Whether its clock has gone on since the presses before."""
        age = now - press.at
        if age > self._clocks.late_after:
            return False
        near = [p for p in presses if abs(p.at - press.at) <= ONE_CALL]
        if age > ONE_CALL:
            return not near
        return all(p.at != press.at or p.message == press.message for p in near)


def calls_for_help(event: DeviceEvent) -> bool:
    return bool(event.flags.get("sos") or (event.kind == "sos_button" and event.flags.get("pressed")))


def tells_of_danger(event: DeviceEvent) -> bool:
    """To life: somebody calls for help, or gas or smoke is there; not water, of which strangers' meters tell."""
    return calls_for_help(event) or any(event.flags.get(flag) for flag in DANGERS_TO_LIFE)


def _now(event: DeviceEvent, message: Message) -> DeviceEvent:
    return replace(event, at=message.received_at, at_source="server")


def _digest(message: Message) -> str:
    return blake2b(message.payload, digest_size=9, person=b"press").hexdigest()
