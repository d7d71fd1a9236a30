"""What a sensor says whose clock is wrong is of when it came; what was held up on its way stays at its own time."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from ingest.bindings import Bindings
from ingest.decode import Decoder
from ingest.receive import Receiver
from ingest.sorted import Message
from store.memory import MemoryReadings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


class House:
    """One receiver over one store; times of what was heard are told from NOW on."""

    def __init__(self) -> None:
        self.use(MemoryReadings())

    def use(self, readings: MemoryReadings) -> None:
        self.readings = readings
        bindings = Bindings({"door": "gw-1", "gas": "gw-1", "sos": "gw-1"})
        self.receiver = Receiver(decoder=Decoder(), bindings=bindings, readings=self.readings)

    def hear(
        self,
        on: bool,
        clock: timedelta | None,
        after: timedelta,
        *,
        event: str = "open",
        retained: bool = False,
        again: bool = False,
    ) -> None:
        """What the sensor says `after` NOW, when its clock says `clock` after NOW; None: it has no clock."""
        device_id = {"open": "door", "motion": "door"}.get(event, event)
        said = {"device_id": device_id, "event": event, "on": on}
        if clock is not None:
            said["at"] = (NOW + clock).isoformat()
        message = Message("anju/gw-1/events", json.dumps(said).encode(), NOW + after, retained, again)
        self.receiver.store(self.receiver.sort([message]), messages=1, at=NOW, took_s=lambda: 0.0)

    def times(self) -> list[timedelta]:
        return [event.at - NOW for entry in self.readings.follow(0) for event in entry.events]

    def notes(self) -> list[str]:
        return [kept.reason for kept in reversed(self.readings.kept("refused"))]


@pytest.fixture
def house() -> House:
    return House()


@pytest.mark.parametrize("behind", [16 * MINUTE, HOUR, timedelta(days=29)])
def test_a_door_whose_clock_runs_behind_is_believed_once_it_is_as_far_behind_again(
    house: House, behind: timedelta
) -> None:
    for minutes in (0, 10, 11, 200):
        house.hear(minutes != 10, minutes * MINUTE - behind, minutes * MINUTE)
    assert house.times() == [-behind, 10 * MINUTE, 11 * MINUTE, 200 * MINUTE]
    assert house.notes() == [
        f"at: {(NOW + 10 * MINUTE - behind).isoformat()} is behind our clock by "
        f"{ {16: '16 minutes', 60: '60 minutes'}.get(behind // MINUTE, '29 days') }, and taken as of its receipt"
    ]


def test_a_clock_that_fell_back_by_hours_is_silent_no_longer_until_it_has_caught_up(house: House) -> None:
    house.hear(True, -HOUR, -HOUR)
    house.hear(False, -5 * HOUR, timedelta())
    house.hear(True, -5 * HOUR + 6 * MINUTE, 6 * MINUTE)
    assert house.times() == [-HOUR, -5 * HOUR, 6 * MINUTE]


def test_what_a_gateway_held_back_stays_at_its_own_time(house: House) -> None:
    for n in range(5):
        house.hear(n % 2 == 0, -5 * HOUR + n * 10 * MINUTE, n * timedelta(seconds=1))
    house.hear(False, HOUR, HOUR)
    assert house.times() == [-5 * HOUR + n * 10 * MINUTE for n in range(5)] + [HOUR]
    assert house.notes() == []


def test_a_gateway_that_delivers_every_few_hours_is_no_wrong_clock(house: House) -> None:
    for delivered, said in ((0, (-100, -20)), (120, (30, 111)), (240, (121, 180, 239))):
        for n, minute in enumerate(said):
            house.hear(n % 2 == 0, minute * MINUTE, delivered * MINUTE + n * timedelta(seconds=1))
    assert house.times() == [minute * MINUTE for minute in (-100, -20, 30, 111, 121, 180, 239)]


def test_each_change_of_a_door_whose_clock_stands_still_is_heard_and_its_heartbeat_once(house: House) -> None:
    for n, is_open in enumerate([True, True, False, False, True]):
        house.hear(is_open, timedelta(), n * HOUR)
    assert house.times() == [timedelta(), 2 * HOUR, 3 * HOUR, 4 * HOUR]


@pytest.mark.parametrize("clock", [-timedelta(days=31), -timedelta(days=2000), HOUR, timedelta(days=4000)])
def test_a_clock_that_is_ahead_or_behind_by_more_than_any_delay_is_known_at_once(
    house: House, clock: timedelta
) -> None:
    house.hear(True, clock, timedelta())
    house.hear(False, clock + MINUTE, MINUTE)
    assert house.times() == [timedelta(), MINUTE]
    assert len(house.notes()) == 1


@pytest.mark.parametrize("clock", [-timedelta(days=2000), HOUR])
def test_a_door_that_the_broker_retained_is_nobody_in_the_home_now_whatever_its_clock_says(
    house: House, clock: timedelta
) -> None:
    house.hear(True, clock, timedelta())
    for n in range(3):
        house.hear(n == 1, clock, (n + 1) * HOUR, retained=True)
    assert house.times() == [timedelta()]


AHEAD_OR_MONTHS_BEHIND = [-timedelta(days=2000), -timedelta(days=31), 6 * HOUR, timedelta(days=400)]


@pytest.mark.parametrize("clock", AHEAD_OR_MONTHS_BEHIND)
@pytest.mark.parametrize("event", ["open", "motion"])
def test_what_was_held_up_of_a_wrong_clock_is_as_old_as_it_was_on_its_way(
    house: House, clock: timedelta, event: str
) -> None:
    house.hear(True, clock, timedelta(), event=event)
    for n, said in enumerate([20, 60, 100]):
        house.hear(n % 2 == 1, clock + said * MINUTE, 4 * HOUR + n * timedelta(seconds=1), event=event)
    house.hear(True, clock + 5 * HOUR, 5 * HOUR, event=event)
    assert house.times() == [timedelta(), 20 * MINUTE, 60 * MINUTE, 100 * MINUTE, 5 * HOUR]


@pytest.mark.parametrize("clock", AHEAD_OR_MONTHS_BEHIND)
def test_a_door_whose_wrong_clock_is_set_to_another_wrong_time_is_there_again_from_the_second_word(
    house: House, clock: timedelta
) -> None:
    """Also when it closes a moment after it opened."""
    for n in range(5):
        back = 20 * MINUTE if n > 1 else timedelta()
        for minute, is_open in enumerate((True, False)):
            after = n * HOUR + minute * MINUTE
            house.hear(is_open, clock + after - back, after)
    said = [n * HOUR + minute * MINUTE for n in range(5) for minute in (0, 1)]
    assert house.times() == [*said[:4], *(at - 20 * MINUTE for at in said[4:6]), *said[6:]]


def test_a_wrong_clock_that_falls_back_by_days_is_believed_at_once(house: House) -> None:
    for n in range(4):
        back = timedelta(days=3) if n > 1 else timedelta()
        house.hear(n % 2 == 0, n * MINUTE - back - timedelta(days=400), n * MINUTE)
    assert house.times() == [n * MINUTE for n in range(4)]


@pytest.mark.parametrize("clock", AHEAD_OR_MONTHS_BEHIND)
def test_so_is_motion_told_each_minute_after_five(house: House, clock: timedelta) -> None:
    for minute in range(12):
        back = 20 * MINUTE if minute > 3 else timedelta()
        house.hear(minute % 2 == 0, clock + minute * MINUTE - back, minute * MINUTE, event="motion")
    held = [(minute - 20) * MINUTE for minute in range(4, 9)]
    assert sorted(house.times()) == sorted(
        [*(n * MINUTE for n in (0, 1, 2, 3)), *held, *(n * MINUTE for n in (9, 10, 11))]
    )


@pytest.mark.parametrize("clock", AHEAD_OR_MONTHS_BEHIND)
def test_a_danger_that_was_held_up_of_a_wrong_clock_is_one_of_now(house: House, clock: timedelta) -> None:
    house.hear(False, clock, timedelta(), event="gas")
    house.hear(True, clock + HOUR, 4 * HOUR, event="gas")
    assert house.times() == [timedelta(), 4 * HOUR]


def test_a_clock_that_is_set_right_is_believed_again_and_told_of_again_when_it_is_wrong(house: House) -> None:
    house.hear(True, -timedelta(days=99), timedelta())
    house.hear(False, HOUR, HOUR)
    house.hear(True, HOUR - timedelta(days=99), 2 * HOUR)
    assert house.times() == [timedelta(), HOUR, 2 * HOUR]
    assert len(house.notes()) == 2


def test_a_refused_message_judged_again_is_heard_no_second_time(house: House) -> None:
    house.hear(True, -timedelta(days=99), timedelta(), event="gas")
    house.hear(True, HOUR, timedelta(), event="gas")
    before = house.times()
    assert house.receiver.retry(NOW + 2 * HOUR) == 0
    assert house.times() == before
    assert len(house.notes()) == 1


@pytest.mark.parametrize("first_at", [-40 * MINUTE, timedelta()])
def test_gas_told_late_and_then_by_the_same_time_again_is_heard_twice(house: House, first_at: timedelta) -> None:
    """Unless the clock went on in between, also where another time had been heard before."""
    house.hear(False, -HOUR, -HOUR, event="gas")
    house.hear(True, first_at, timedelta(), event="gas")
    house.hear(True, first_at, 3 * HOUR, event="gas")
    assert house.times() == [-HOUR, first_at, 3 * HOUR]
    house.hear(False, 4 * HOUR, 4 * HOUR, event="gas")
    house.hear(True, 4 * HOUR + MINUTE, 4 * HOUR + MINUTE, event="gas")
    house.hear(False, 4 * HOUR + 2 * MINUTE, 4 * HOUR + 2 * MINUTE, event="gas")
    house.hear(True, 4 * HOUR + MINUTE, 9 * HOUR, event="gas")
    assert house.times()[3:] == [4 * HOUR, 4 * HOUR + MINUTE, 4 * HOUR + 2 * MINUTE]


def test_what_is_said_twice_within_a_moment_and_published_again_later_is_heard_once(house: House) -> None:
    """By a clock that tells whole minutes only."""
    house.hear(True, timedelta(), timedelta(seconds=9), event="gas")
    house.hear(False, timedelta(), timedelta(seconds=40), event="gas")
    house.hear(False, HOUR, HOUR, event="gas")
    before = house.times()
    for n, on in enumerate([True, False]):
        house.hear(on, timedelta(), (5 + n) * HOUR, event="gas")
    assert house.times() == before


@pytest.mark.parametrize("again_at", [20 * MINUTE, 5 * HOUR])
def test_gas_under_a_time_at_which_all_was_well_is_heard_though_the_clock_has_gone_on(
    house: House, again_at: timedelta
) -> None:
    """It tells whole minutes and was overtaken, or it was set back when the power failed."""
    for n in range(3):
        house.hear(False, n * MINUTE, n * MINUTE, event="gas")
    house.hear(True, MINUTE, again_at, event="gas")
    assert house.times()[3:] == [again_at]


@pytest.mark.parametrize("clock", [-8 * HOUR, -HOUR, HOUR, 8 * HOUR])
@pytest.mark.parametrize("event", ["gas", "open"])
def test_what_a_gateway_repeats_of_a_clock_that_goes_wrong_by_hours_is_no_news(
    house: House, clock: timedelta, event: str
) -> None:
    for n in range(5):
        house.hear(n % 2 == 1, clock + n * 10 * MINUTE, n * 10 * MINUTE, event=event)
    before = house.times()
    for n in range(4):
        house.hear(n % 2 == 1, clock + n * 10 * MINUTE, 20 * HOUR + n * timedelta(seconds=1), event=event)
    assert house.times() == before


@pytest.mark.parametrize("since_start", [timedelta(), MINUTE])
@pytest.mark.parametrize("again", [False, True])
def test_a_clock_that_starts_anew_with_each_battery_repeats_no_danger(
    house: House, since_start: timedelta, again: bool
) -> None:
    """Its second alarm may be of the same second after the start as the first, and the broker's second try."""
    for n in range(3):
        start, factory = n * 5 * HOUR, -timedelta(days=2000)
        house.hear(True, factory + since_start, start + since_start, event="gas", again=again)
        house.hear(False, factory + HOUR, start + HOUR, event="gas")
    assert house.times() == [n * 5 * HOUR + after for n in range(3) for after in (since_start, HOUR)]


def test_a_word_of_the_moment_at_which_another_was_received_is_not_that_one(house: House) -> None:
    """The clock was mended, or ours was set back."""
    for n in (0, 10):
        house.hear(n == 0, n * MINUTE - HOUR, n * MINUTE)
    house.hear(False, 10 * MINUTE, 10 * MINUTE + timedelta(seconds=1))
    assert house.times() == [-HOUR, 10 * MINUTE, 10 * MINUTE]
