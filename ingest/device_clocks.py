"""A sensor's clock may stand still, or be ahead or behind: what it says then is of when it came."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b
from itertools import takewhile
from typing import Protocol

from domain.reading import NEAR, DeviceEvent
from ingest.sorted import Clocks, Message
from store.contracts import EARLIEST_AT

MOMENTS = ("door_contact", "motion_sensor")  # what they say is news when it happens, not later
DANGERS_TO_LIFE = ("smoke", "gas", "carbon_monoxide")
DANGERS = (*DANGERS_TO_LIFE, "leak")
STATES = (*DANGERS, "open", "motion")
METERS = ("water_meter", "water_meter_alarm", "pulse_counter")
BEING_ACTED_ON = timedelta(minutes=15)  # what was stored so lately
REMEMBERED = timedelta(days=30)  # a broker or gateway holds nothing longer
LAST_WORD_WITHIN = timedelta(days=400)
DAY = timedelta(days=1)
FEW = 200  # words, read in a few milliseconds; a sensor that says more in `APART` is no use as one
EVENLY = timedelta(minutes=2)  # messages are on their way for seconds; a clock that runs stays as far behind
APART = timedelta(minutes=5)  # what was held up comes in one go


class Earlier(Protocol):
    """`store.contracts.ReadingStore`."""

    def last_words(
        self, device_id: str, kind: str, since: datetime, until: datetime, *, at_most: int
    ) -> Sequence[DeviceEvent]: ...


class DeviceClocks:
    """Asks the store what a sensor said before, and when that came."""

    def __init__(self, earlier: Earlier, clocks: Clocks) -> None:
        self._earlier = earlier
        self._clocks = clocks

    def dated(self, message: Message, event: DeviceEvent) -> DeviceEvent | None:
        """At its own time where its clock can be believed, else at its receipt; None for what was heard before.

        No two words can be of one time, unless the clock stands still. The same word under the same time is sent again
        by a gateway if the broker says so or the clock has gone on since; else a danger is another one: better one is
        told twice than a second one never. Who opens a door twice is less sure to be there, so that is told once.
        """
        now = message.received_at
        if not _is_of_a_sensor(event):
            return event if self.is_possible(event.at, now) else by_receipt(event, message)
        event = replace(event, at=_as_stored(event.at), message=digest(message))
        earlier = [one for one in self._before(event, message) if _compare(one, event)]
        under_it = [one for one in earlier if _told(one) == event.at]
        if under_it and self._is_repeated(event, message, under_it, earlier):
            return None
        if message.retained and event.kind in MOMENTS and (under_it or not self.is_possible(event.at, now)):
            return None
        if under_it:
            return by_receipt(event, message)
        if self._is_wrong(event, message, earlier):
            return _by_its_way(event, message, earlier) if event.kind in MOMENTS else by_receipt(event, message)
        return with_receipt(event, message)

    def is_possible(self, at: datetime, now: datetime) -> bool:
        return EARLIEST_AT <= at <= now + self._clocks.max_skew

    def _before(self, event: DeviceEvent, message: Message) -> list[DeviceEvent]:
        """What may tell of its clock, in the order of `at`: nothing but what is under its time, where it is right."""
        now, until = message.received_at, message.received_at + self._clocks.max_skew
        about, late = event.at + timedelta(milliseconds=1), now - event.at > NEAR
        believed = not late and self.is_possible(event.at, now) and not message.retained and not message.again
        words = partial(self._earlier.last_words, event.device_id, event.kind, at_most=FEW)
        up_to_it = words(event.at - DAY if late else event.at, about)
        newest = words(about if believed else now - LAST_WORD_WITHIN, until)
        first_at = newest[0].at if newest else until
        return [*(one for one in up_to_it if one.at < first_at), *newest]

    def _is_repeated(
        self, event: DeviceEvent, message: Message, under_it: Sequence[DeviceEvent], earlier: Sequence[DeviceEvent]
    ) -> bool:
        """Whether it is the very word that was heard before under the same time."""
        now = message.received_at
        alike = [one for one in under_it if one.message == event.message]
        if event.at_source == "network" and alike:
            return True
        if message.again and any(abs(now - _heard(one)) <= BEING_ACTED_ON for one in alike):
            return True
        stands_still = any(one.clock_is_wrong for one in under_it)
        if any(_states(one) == _states(event) for one in under_it) and _has_gone_on(event, under_it[0], earlier):
            return True
        if any(event.flags.get(flag, value) is not value for flag, value in _states(under_it[-1]).items()):
            return False
        if message.retained or stands_still:
            return message.retained
        in_danger = any(event.flags.get(flag) for flag in DANGERS)
        return message.again or not in_danger or now - event.at <= NEAR

    def _is_wrong(self, event: DeviceEvent, message: Message, earlier: Iterable[DeviceEvent]) -> bool:
        """Ahead, behind for longer than any gateway holds messages, or as far behind as with the messages before."""
        now = message.received_at
        if not self.is_possible(event.at, now):
            return True
        behind = now - event.at
        if message.retained or behind <= NEAR:
            return False
        if behind > REMEMBERED:
            return True
        before = sorted((one for one in earlier if one.at_source != "server" or one.told_at), key=_heard)
        as_far = [one for one in before if abs(_behind(one) - behind) <= EVENLY]
        runs = any(one.told_at or now - _heard(one) >= APART for one in as_far)
        return runs and before[-1] is as_far[-1]


def with_receipt(event: DeviceEvent, message: Message) -> DeviceEvent:
    """At its own time; when it came, where that is long after it."""
    return replace(event, heard_at=message.received_at) if message.received_at - event.at > NEAR else event


def by_receipt(event: DeviceEvent, message: Message) -> DeviceEvent:
    told_at = None if event.at_source == "server" else event.at
    return replace(event, at=message.received_at, at_source="server", told_at=told_at)


def _by_its_way(event: DeviceEvent, message: Message, earlier: Iterable[DeviceEvent]) -> DeviceEvent:
    """What is further behind than the word that came last was held up by so much, unless its clock was set since.

    By a day at most: were it more, its clock is the likelier cause, and few words would not reach back to it.
    """
    now, word = message.received_at, by_receipt(event, message)
    before = list(takewhile(lambda one: one.clock_is_wrong, sorted(earlier, key=_heard, reverse=True)))
    at_once, behind = [one for one in before if one.heard_at is None], now - event.at
    as_far = list(takewhile(lambda one: abs(_behind(one) - behind) <= EVENLY, before))
    if not at_once or (as_far and now - _heard(as_far[-1]) >= APART):
        return word
    held_up = behind - _behind(at_once[0])
    return replace(word, at=now - held_up, heard_at=now) if NEAR < held_up <= DAY else word


def digest(message: Message) -> str:
    return blake2b(message.payload, digest_size=9, person=b"press").hexdigest()


def _is_of_a_sensor(event: DeviceEvent) -> bool:
    own_time = event.at_source != "server" and not event.about_gateway
    return own_time and event.kind not in METERS and bool(_states(event))


def _states(event: DeviceEvent) -> Mapping[str, bool]:
    return {flag: event.flags[flag] for flag in STATES if flag in event.flags}


def _compare(one: DeviceEvent, event: DeviceEvent) -> bool:
    """Whether both speak of the same."""
    return not _states(one).keys().isdisjoint(_states(event))


def _has_gone_on(event: DeviceEvent, first: DeviceEvent, earlier: Iterable[DeviceEvent]) -> bool:
    """Whether its clock has, since the first word under this time. One that is years behind may start anew each day."""
    first_at, behind = _heard(first), _heard(first) - event.at
    if behind > REMEMBERED:
        return False
    later = [one for one in earlier if _heard(one) > first_at and _told(one) > event.at]
    right = any(one.at > first_at for one in later if one.at_source != "server")
    return right or any(abs(_behind(one) - behind) <= EVENLY for one in later if one.told_at)


def _told(event: DeviceEvent) -> datetime:
    """By its own clock."""
    return event.told_at or event.at


def _heard(event: DeviceEvent) -> datetime:
    return event.heard_at or event.at


def _behind(event: DeviceEvent) -> timedelta:
    return _heard(event) - _told(event)


def _as_stored(at: datetime) -> datetime:
    """To the millisecond."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
