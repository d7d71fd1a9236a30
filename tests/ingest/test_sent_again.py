"""What the broker retained or delivers once more is no news; what really happens again is."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.reading import Decoded, DeviceEvent, Reading
from ingest.bindings import Bindings
from ingest.decode import Decoder
from ingest.receive import Receiver
from ingest.sorted import Message
from store.memory import MemoryReadings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVER = (NOW - timedelta(days=4000), NOW + timedelta(days=4000))
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
STUCK = NOW - timedelta(minutes=20)
PRESSED = DeviceEvent(device_id="button", at=STUCK, kind="sos_button", at_source="gateway", flags={"sos": True})
LEDGER = Bindings(dict.fromkeys(("button", "smoke", "door", "m1", "M2"), None))


class Says:
    """A decoder that understands one thing in every message."""

    def __init__(self, decoded: Decoded) -> None:
        self.decoded = decoded

    def decode(self, topic: str, payload: bytes, received_at: datetime) -> tuple[Decoded, ...]:
        told = self.decoded
        if isinstance(told, Reading):
            return (told._replace(at=received_at) if told.at_source == "server" else told,)
        return (
            replace(told, at=received_at) if isinstance(told, DeviceEvent) and told.at_source == "server" else told,
        )

    def aside(self) -> "Says":
        return self


class House:
    """A receiver that can be started again over the same store."""

    def __init__(self) -> None:
        self.readings = MemoryReadings()
        self.bands: list[int] = []

    def hear(
        self,
        told: Decoded,
        after: timedelta = timedelta(),
        payload: bytes = b"",
        *,
        retained: bool = False,
        again: bool = False,
    ) -> None:
        message = Message("t", payload, NOW + after, retained, again)
        receiver = Receiver(decoder=Says(told), bindings=LEDGER, readings=self.readings, band_of={"CARD": 7}.get)
        receiver.store(receiver.sort([message]), messages=1, at=NOW, took_s=lambda: 0.0)

    def events(self) -> list[DeviceEvent]:
        return [event for entry in self.readings.follow(0) for event in entry.events]

    def times(self) -> list[timedelta]:
        return [event.at - NOW for event in self.events()]


@pytest.fixture
def house() -> House:
    return House()


# A call for help


@pytest.mark.parametrize("stuck_at", [NOW - timedelta(days=9), NOW - timedelta(hours=2), STUCK, NOW - 2 * MINUTE])
def test_each_press_of_a_button_whose_clock_stands_still_is_heard(house: House, stuck_at: datetime) -> None:
    press = replace(PRESSED, at=stuck_at)
    for n in range(4):
        house.hear(press, after=n * HOUR)
    assert len(house.events()) == 4
    assert len(set(house.times())) == 4


def test_a_clock_that_begins_anew_at_each_press_stands_still_too(house: House) -> None:
    house.hear(PRESSED)
    house.hear(replace(PRESSED, at=STUCK + timedelta(seconds=9)), after=HOUR)
    assert house.times() == [STUCK - NOW, HOUR]


def test_a_press_is_dated_by_its_own_clock_where_that_goes(house: House) -> None:
    house.hear(PRESSED)
    house.hear(replace(PRESSED, at=STUCK + HOUR), after=HOUR)
    assert house.times() == [STUCK - NOW, STUCK + HOUR - NOW]


def test_of_a_press_that_comes_late_is_known_when_it_came(house: House) -> None:
    house.hear(PRESSED)
    (press,) = house.events()
    assert (press.at, press.heard_at) == (STUCK, NOW)


@pytest.mark.parametrize("stuck_at", [NOW - timedelta(days=9), STUCK, NOW])
def test_a_press_that_the_broker_retained_is_no_second_one(house: House, stuck_at: datetime) -> None:
    press = replace(PRESSED, at=stuck_at)
    house.hear(press)
    for after in (MINUTE, HOUR, timedelta(days=2)):
        house.hear(press, after=after, retained=True)
    assert len(house.events()) == 1


@pytest.mark.parametrize("press", [replace(PRESSED, at=NOW), replace(PRESSED, at_source="server")])
def test_a_press_that_the_broker_sends_again_within_minutes_is_no_second_one(house: House, press: DeviceEvent) -> None:
    house.hear(press)
    for after in (MINUTE, 14 * MINUTE):
        house.hear(press, after=after, again=True)
    assert len(house.events()) == 1


@pytest.mark.parametrize("press", [PRESSED, replace(PRESSED, at_source="server")])
@pytest.mark.parametrize("after", [HOUR, timedelta(days=14)])
def test_a_press_like_an_earlier_one_is_heard_though_it_took_the_broker_two_attempts(
    house: House, press: DeviceEvent, after: timedelta
) -> None:
    house.hear(press)
    house.hear(press, after=after, again=True)
    assert house.times()[1:] == [after]


def test_an_uplink_that_comes_twice_is_one_press(house: House) -> None:
    uplink = replace(PRESSED, at_source="network")
    house.hear(uplink, payload=b"fCnt 7")
    house.hear(uplink, after=HOUR, payload=b"fCnt 7")
    house.hear(uplink, after=2 * HOUR, payload=b"fCnt 8")
    assert house.times() == [STUCK - NOW, 2 * HOUR]


def test_a_press_that_was_never_stored_is_heard_though_the_broker_sends_it_again(house: House) -> None:
    house.hear(PRESSED, again=True)
    house.hear(PRESSED, after=HOUR, payload=b"another", again=True)
    assert house.times() == [STUCK - NOW, HOUR]


def test_two_presses_in_one_minute_with_one_time_are_two(house: House) -> None:
    press = replace(PRESSED, at=NOW - MINUTE)
    house.hear(press, payload=b"1")
    house.hear(press, after=MINUTE, payload=b"2")
    assert house.times() == [-MINUTE, MINUTE]


@pytest.mark.parametrize("press", [replace(PRESSED, at_source="server"), replace(PRESSED, at=NOW - 4 * HOUR)])
def test_a_retained_press_of_unknown_age_or_long_ago_calls_nobody(house: House, press: DeviceEvent) -> None:
    house.hear(press, retained=True)
    assert house.events() == []


def test_a_retained_press_of_an_hour_ago_that_nobody_heard_is_heard_once(house: House) -> None:
    press = replace(PRESSED, at=NOW - HOUR)
    house.hear(press, retained=True)
    house.hear(press, after=HOUR, retained=True)
    assert house.times() == [-HOUR]


# Retained states


SMOKE = DeviceEvent(device_id="SMOKE", at=NOW, kind="smoke_detector", at_source="server", flags={"smoke": True})


def test_a_retained_alarm_that_was_not_heard_before_is_one_now_and_only_once(house: House) -> None:
    for n in range(3):
        house.hear(SMOKE, after=n * HOUR, retained=True)
    assert house.times() == [timedelta()]


def test_a_retained_alarm_after_its_end_is_a_new_one(house: House) -> None:
    house.hear(SMOKE)
    house.hear(replace(SMOKE, flags={"smoke": False}), after=HOUR)
    house.hear(SMOKE, after=2 * HOUR, retained=True)
    assert len(house.events()) == 3


def test_a_retained_end_of_an_alarm_is_heard(house: House) -> None:
    house.hear(SMOKE)
    house.hear(replace(SMOKE, flags={"smoke": False}), after=HOUR, retained=True)
    assert [event.flags["smoke"] for event in house.events()] == [True, False]


@pytest.mark.parametrize("kind", ["door_contact", "motion_sensor"])
def test_a_retained_door_or_movement_is_nobody_in_the_home_now(house: House, kind: str) -> None:
    moved = DeviceEvent(device_id="door", at=NOW, kind=kind, at_source="server", flags={"open": True, "motion": True})
    house.hear(moved, retained=True)
    assert house.events() == []
    house.hear(replace(moved, at_source="gateway"), retained=True)
    assert house.times() == [timedelta()]


def test_a_retained_register_without_a_time_is_no_reading_of_now(house: House) -> None:
    register = Reading(meter_id="m1", at=NOW, register_l=5.0, at_source="server")
    house.hear(register)
    house.hear(register, after=HOUR, retained=True)
    assert list(house.readings.registers("m1", *EVER)) == [(NOW, 5.0)]
    house.hear(register._replace(at=NOW + MINUTE, at_source="gateway"), after=HOUR, retained=True)
    assert len(house.readings.registers("m1", *EVER)) == 2


def test_a_retained_scan_without_a_time_is_no_visit_now(house: House) -> None:
    receiver = Receiver(decoder=Decoder(), bindings=LEDGER, readings=house.readings, band_of={"CARD": 7}.get)
    scans = json.dumps([{"card_id": "CARD"}, {"card_id": "CARD", "at": (NOW - HOUR).isoformat()}]).encode()
    result = receiver.sort([Message("anju/kiosk-1/scans", scans, NOW, retained=True)])
    assert [scan.at for scan in result.scans] == [NOW - HOUR]
