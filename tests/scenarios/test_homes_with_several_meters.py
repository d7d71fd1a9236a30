"""A kitchen's meter and a bathroom's: nobody hears of missing water where it runs behind the other."""

from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from domain.alert import State
from domain.finding import AlertKind
from notifier.homes import in_time
from store.contracts import Arrival
from tests.notifier.world import HOME, METER, MORNING, ZONE, World, put

KITCHEN, BATH = METER, "m201b"
USED = frozenset({7, 9, 12, 15, 18, 20})  # hours of the day
DAYS = 12


class Flat:
    """Mrs Wang's two meters, read every hour at the same time."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.litres = {KITCHEN: 100.0, BATH: 100.0}
        with self.world.records.write() as tx:
            put(tx, "meters", {"meter_id": BATH, "household_id": HOME, "gateway_id": "gw1"})
        for _ in range(DAYS):
            self.hours(24, KITCHEN, BATH, turn=False)
            self.world.turn()
        assert not self.asked()

    def hours(self, count: int, *used: str, heard: tuple[str, ...] = (KITCHEN, BATH), turn: bool = True) -> None:
        """`used`: the meters behind which water is drawn at the usual hours."""
        for _ in range(count):
            self.hour(*(used if self.next_hour() in USED else ()), heard=heard, turn=turn)

    def hour(self, *drawn: str, heard: tuple[str, ...] = (KITCHEN, BATH), turn: bool = True) -> None:
        self.world.now += timedelta(hours=1)
        for meter_id in drawn:
            self.litres[meter_id] += 20.0
        self.world.arrives(*((meter_id, self.world.now, self.litres[meter_id]) for meter_id in heard))
        if turn:
            self.world.turn()

    def next_hour(self) -> int:
        return (self.world.now + timedelta(hours=1)).astimezone(ZONE).hour

    def asked(self) -> list[dict[str, object]]:
        return self.world.alerts(AlertKind.LOW_USE)

    def until_asked(self) -> int:
        """Hours without water behind any meter."""
        for hours in range(1, 48):
            self.hour()
            if self.asked():
                return hours
        raise AssertionError("nobody was asked")


@pytest.fixture
def flat(tmp_path: Path) -> Flat:
    return Flat(tmp_path)


@pytest.mark.parametrize("used", [KITCHEN, BATH])
def test_who_uses_water_at_one_meter_alone_for_a_week_is_not_asked(flat: Flat, used: str) -> None:
    flat.hours(24 * 7, used)
    assert flat.asked() == []


def test_a_meter_that_is_not_read_with_the_other_learns_of_its_water_too(flat: Flat) -> None:
    for _ in range(24 * 3):  # the bathroom's reports an hour behind the kitchen's, in messages of their own
        flat.hours(1, KITCHEN, heard=(KITCHEN,))
        flat.world.arrives((BATH, flat.world.now, flat.litres[BATH]))
        flat.world.turn()
    assert flat.asked() == []


def test_where_no_water_runs_at_any_the_resident_is_asked_once(flat: Flat) -> None:
    assert flat.until_asked() < 24
    assert len(flat.asked()) == 1
    assert len([r for r in flat.world.received if r.template == "ask"]) == 1


def test_water_at_the_other_meter_answers_the_question_as_water(flat: Flat) -> None:
    flat.until_asked()
    flat.world.until(flat.world.now + timedelta(minutes=40), every=timedelta(minutes=10))
    flat.hour(BATH)
    (alert,) = flat.asked()
    assert alert["state"] == State.EASED.value
    eased = [r.body for r in flat.world.received if r.template == "eased"]
    assert eased != []
    assert all("用水" in body for body in eased if body.startswith("【安居】"))


@pytest.mark.parametrize("drawn", [KITCHEN, BATH])
def test_water_in_the_very_hour_in_which_the_silence_would_be_told_is_in_time(
    tmp_path_factory: pytest.TempPathFactory, drawn: str
) -> None:
    silent = Flat(tmp_path_factory.mktemp("silent")).until_asked()
    flat = Flat(tmp_path_factory.mktemp("drawn"))
    flat.hours(silent - 1)
    flat.hour(drawn)
    assert flat.world.texts() == []
    assert flat.asked() == []


@pytest.mark.parametrize("order", [sorted, lambda meters: sorted(meters, reverse=True)], ids=["as named", "reversed"])
def test_hours_that_come_at_once_are_judged_hour_by_hour(flat: Flat, order: Callable[[list[str]], list[str]]) -> None:
    for _ in range(48):
        flat.hours(1, KITCHEN, heard=tuple(order([KITCHEN, BATH])), turn=False)
    flat.world.turn()
    assert flat.asked() == []


def test_what_drips_at_one_meter_hides_nobody(flat: Flat) -> None:
    for hours in range(60):
        flat.litres[BATH] += 1.0 * (hours % 7 == 0)
        flat.hour()
    assert [alert["level"] for alert in flat.asked()] == ["alert"]


def test_a_garden_watered_by_a_timer_behind_the_other_meter_hides_nobody(flat: Flat) -> None:
    def day(*used: str) -> None:
        for hour in range(24):
            flat.litres[BATH] += (60.3 + hour % 3 / 10) * (flat.next_hour() % 4 == 2)
            flat.hours(1, *used, turn=False)
        flat.world.turn()

    for _ in range(DAYS + 2):
        day(KITCHEN)
    assert flat.asked() == []
    day()
    assert len(flat.asked()) == 1


def arrival(meter_id: str, hour: int, register_l: float, *, late: bool = False) -> Arrival:
    at = MORNING.astimezone(UTC) + timedelta(hours=hour)
    return Arrival(meter_id=meter_id, at=at, register_l=register_l, late=late, received_at=at)


def test_each_meters_arrivals_stay_as_they_came_and_of_one_hour_water_comes_first() -> None:
    kitchen = [arrival(KITCHEN, 1, 5.0), arrival(KITCHEN, 3, 5.0), arrival(KITCHEN, 2, 5.0, late=True)]
    bath = [arrival(BATH, 1, 8.0), arrival(BATH, 2, 8.0), arrival(BATH, 3, 9.0)]
    order = list(in_time({KITCHEN: kitchen, BATH: bath}, {KITCHEN: 5.0, BATH: 7.0}))
    assert [one for meter_id, one in order if meter_id == KITCHEN] == kitchen
    assert [one for meter_id, one in order if meter_id == BATH] == bath
    assert order.index((BATH, bath[0])) < order.index((KITCHEN, kitchen[0]))
    assert order.index((BATH, bath[2])) < order.index((KITCHEN, kitchen[1]))
