"""What is sent again is no news: retained messages that tell no time of their own, and a call for help told before."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from domain.reading import DeviceEvent, Reading
from ingest.device_clocks import (
    BEING_ACTED_ON,
    DANGERS,
    DANGERS_TO_LIFE,
    FEW,
    LAST_WORD_WITHIN,
    MOMENTS,
    REMEMBERED,
    DeviceClocks,
    Earlier,
    by_receipt,
    digest,
    with_receipt,
)
from ingest.sorted import Clocks, Message

ONE_CALL = timedelta(minutes=5)  # presses so near are one call for help to those who are told, too


class SentAgain:
    """Asks the store what a device said before, so that a restart forgets nothing."""

    def __init__(self, earlier: Earlier, clocks: Clocks) -> None:
        self._earlier = earlier
        self._clocks = clocks
        self._device_clocks = DeviceClocks(earlier, clocks)

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
        since, until = now - LAST_WORD_WITHIN, now + self._clocks.max_skew
        words = self._earlier.last_words(told.device_id, told.kind, since, until, at_most=FEW)
        return next((event.flags[flag] for event in reversed(words) if flag in event.flags), False)

    def dated(self, message: Message, event: DeviceEvent) -> DeviceEvent | None:
        """The event at its own time where its clock can be believed; None for a press that is stored already.

        A press whose clock is wrong or stands still is a press now: any press that is not the very same message is
        another one. The very same is sent again by a broker that says so, or by a network server, which numbers them.
        A broker's word alone is believed for minutes only: two presses of a button may be alike to the last byte, and
        better one call is heard twice after a long outage than a second one never.
        """
        if not calls_for_help(event):
            return self._device_clocks.dated(message, event)
        press = replace(event, message=digest(message))
        now = message.received_at
        since, until = now - REMEMBERED, now + self._clocks.max_skew
        words = self._earlier.last_words(event.device_id, event.kind, since, until, at_most=FEW)
        presses = [before for before in words if calls_for_help(before)]
        alike = [p for p in presses if p.message == press.message]
        if alike and (message.retained or event.at_source == "network"):
            return None
        if message.again and any(abs(now - p.at) <= BEING_ACTED_ON for p in alike):
            return None
        believed = self._device_clocks.is_possible(press.at, now) and self._moves(press, presses, now)
        return with_receipt(press, message) if believed else by_receipt(press, message)

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
