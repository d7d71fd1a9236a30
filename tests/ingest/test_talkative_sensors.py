"""A sensor that says the same each minute for weeks: little of it is read, and its clock is known all the same."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.reading import DeviceEvent
from store.contracts import Batch
from store.memory import MemoryReadings
from tests.ingest.test_device_clocks import HOUR, MINUTE, NOW, House

DAYS = 3
FEW = 400  # of the thousands that there are


class Counting(MemoryReadings):
    """How much of what sensors said is read."""

    def __init__(self) -> None:
        super().__init__()
        self.read = 0

    def device_events(self, device_id: str, since: datetime, until: datetime) -> Sequence[DeviceEvent]:
        words = super().device_events(device_id, since, until)
        self.read += len(words)
        return words

    def last_words(
        self, device_id: str, kind: str, since: datetime, until: datetime, *, at_most: int
    ) -> Sequence[DeviceEvent]:
        before = self.read
        words = super().last_words(device_id, kind, since, until, at_most=at_most)
        self.read = before + len(words)
        return words


class Talkative(House):
    """A gas detector and a button that said each minute for days that all is well, and whose clocks were right."""

    def __init__(self) -> None:
        super().__init__()
        words = [
            DeviceEvent(device_id="gas", at=NOW - n * MINUTE, kind="gas_detector", flags={"gas": False})
            for n in range(1, DAYS * 24 * 60)
        ]
        calm = [replace(word, device_id="sos", kind="sos_button", flags={"sos": False}) for word in words]
        self.counting = Counting()
        self.counting.commit(Batch(events=[*words, *calm]))
        self.use(self.counting)

    def read(self) -> int:
        read, self.counting.read = self.counting.read, 0
        return read


@pytest.fixture
def house() -> Talkative:
    return Talkative()


@pytest.mark.parametrize("clock", [timedelta(), -HOUR, -timedelta(days=2), -timedelta(days=2000), HOUR])
@pytest.mark.parametrize("how", ["", "retained", "again"])
def test_few_of_its_words_are_read_with_each(house: Talkative, clock: timedelta, how: str) -> None:
    for n in range(3):
        after = n * MINUTE
        house.hear(False, clock + after, after, event="gas", retained=how == "retained", again=how == "again")
        assert house.read() <= FEW


@pytest.mark.parametrize("how", ["", "retained", "again"])
def test_few_are_read_with_a_press_and_the_same_press_again_is_no_other(house: Talkative, how: str) -> None:
    for n in range(3):
        house.hear(True, timedelta(), n * MINUTE, event="sos", retained=how == "retained", again=how == "again")
        assert house.read() <= FEW
    pressed = [e for entry in house.readings.follow(0) for e in entry.events if e.flags.get("sos")]
    assert {event.at for event in pressed} == {NOW}


def test_a_retained_alarm_without_a_time_reads_as_little_and_is_heard_once(house: Talkative) -> None:
    for n in range(3):
        house.hear(True, None, n * HOUR, event="gas", retained=True)
        assert house.read() <= FEW
    assert house.times()[-1] == timedelta()


@pytest.mark.parametrize("back", [HOUR, 20 * HOUR, timedelta(days=5)])
def test_a_clock_that_falls_back_is_known_within_minutes(house: Talkative, back: timedelta) -> None:
    for n in range(8):
        house.hear(n == 7, n * MINUTE - back, n * MINUTE, event="gas")
    assert house.times()[-1] == 7 * MINUTE


@pytest.mark.parametrize("ahead_or_behind", [-HOUR, HOUR, 5 * HOUR])
def test_what_is_published_again_half_an_hour_later_is_no_news(house: Talkative, ahead_or_behind: timedelta) -> None:
    for n in range(70):
        house.hear(n == 40, ahead_or_behind + n * MINUTE, n * MINUTE, event="gas")
    before = house.times()
    for n in range(40, 50):
        house.hear(n == 40, ahead_or_behind + n * MINUTE, 71 * MINUTE + n * timedelta(seconds=1), event="gas")
    assert house.times() == before
