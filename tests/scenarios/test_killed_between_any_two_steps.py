"""The service dies at every boundary between two steps and starts again: no alert and no text is lost or doubled."""

import os
import random
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from shutil import rmtree

import pytest
from sqlalchemy import func, select

from domain.alert import ImpossibleStepError, Outcome
from domain.reading import DeviceEvent
from store import tables as t
from tests.notifier.world import World, at
from tests.scenarios.killing import Countdown, Killed, MortalRecords, Paper, die_really

EVENTS = (
    DeviceEvent(device_id="sos1", at=at("07:00"), kind="sos_button", flags={"sos": True}),
    DeviceEvent(device_id="sos1", at=at("07:01"), kind="gas_detector", flags={"gas": True}),
)
MINUTES = range(0, 41, 8)


def live_on(folder: Path, countdown: Countdown, *, can_find: bool = True) -> None:
    """The service from where it died (or its start) to the day's end: a button is pressed, gas is smelt, the grid
    worker takes the first, the duty desk settles the second."""
    paper = Paper(folder / "paper", countdown, can_find=can_find)
    world = World(folder, channels=[paper], wrap=lambda records: MortalRecords(records, countdown))
    for event in EVENTS:
        world.happens(event)
    clock = folder / "minute"
    for minute in MINUTES:
        if clock.exists() and minute < int(clock.read_text()):
            continue
        clock.write_text(str(minute))
        world.now = at("07:00") + timedelta(minutes=minute)
        world.turn()
        world.now += timedelta(seconds=30)  # a text that the provider doesn't have is asked for twice before it is sent
        world.turn()
        _people_act(world, minute)
        world.turn()


def _people_act(world: World, minute: int) -> None:
    """Somebody whose click was lost clicks again; whose click was not hears that it is done."""
    try:
        with world.records.write() as tx:
            if minute == 16:
                world.life.acknowledge(tx, 1, by="grid_worker", now=world.now)
            if minute == 24:
                world.life.resolve(tx, 2, by="duty_desk", outcome=Outcome.FALSE_ALARM, now=world.now)
    except ImpossibleStepError:
        pass


def taken(folder: Path) -> Counter[tuple[str, str]]:
    return Counter((to, body) for _, to, body in Paper(folder / "paper").lines())


def uncertain(folder: Path) -> int:
    """Calls of which nobody knows whether they counted."""
    with World(folder).records.read() as tx:
        return int(tx.execute(select(func.sum(t.messages.c.uncertain_count))).scalar() or 0)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Counter[tuple[str, str]]:
    folder = tmp_path_factory.mktemp("undisturbed")
    live_on(folder, Countdown(0))
    return taken(folder)


@pytest.fixture(scope="module")
def boundaries(tmp_path_factory: pytest.TempPathFactory) -> int:
    countdown = Countdown(10**9)
    live_on(tmp_path_factory.mktemp("counted"), countdown)
    return 10**9 - countdown.left


def die_and_live_on(folder: Path, n: int, *, can_find: bool = True) -> str:
    countdown = Countdown(n)
    try:
        live_on(folder, countdown, can_find=can_find)
    except Killed:
        live_on(folder, Countdown(0), can_find=can_find)
    return countdown.where


def test_the_day_has_texts_to_lose(undisturbed: Counter[tuple[str, str]]) -> None:
    assert sum(undisturbed.values()) > 15
    assert max(undisturbed.values()) == 1


def dies_everywhere(boundaries: Iterable[int], undisturbed: Counter[tuple[str, str]], tmp_path: Path) -> set[str]:
    places = set()
    for n in boundaries:
        folder = tmp_path / str(n)
        folder.mkdir()
        where = die_and_live_on(folder, n)
        places.add(where)
        assert taken(folder) == undisturbed, f"boundary {n}, {where}"
        rmtree(folder)
    return places


def test_no_text_is_lost_or_doubled_wherever_it_dies(
    boundaries: int, undisturbed: Counter[tuple[str, str]], tmp_path: Path
) -> None:
    """Where the death falls into the provider's call, the text is looked up, so that even then none is doubled."""
    places = dies_everywhere(range(1, boundaries + 1, 11), undisturbed, tmp_path)
    assert places == {
        "before a transaction",
        "before its commit",
        "after its commit",
        "in the call, before it was taken",
        "in the call, after it was taken",
    }


@pytest.mark.soak
def test_no_text_is_lost_or_doubled_at_every_single_boundary(
    boundaries: int, undisturbed: Counter[tuple[str, str]], tmp_path: Path
) -> None:
    dies_everywhere(range(1, boundaries + 1), undisturbed, tmp_path)


def test_a_provider_that_can_not_be_asked_gets_the_uncertain_text_once_more_and_it_is_counted(
    boundaries: int, undisturbed: Counter[tuple[str, str]], tmp_path: Path
) -> None:
    """A double text is better than none."""
    for n in random.Random(7).sample(range(1, boundaries + 1), 6):
        folder = tmp_path / str(n)
        folder.mkdir()
        where = die_and_live_on(folder, n, can_find=False)
        doubled = sum((taken(folder) - undisturbed).values())
        assert not undisturbed - taken(folder), f"lost at boundary {n}, {where}"
        assert doubled <= min(1, uncertain(folder))


def killed_really(folder: Path, n: int) -> None:
    """The same by SIGKILL to a process of its own, which has nothing but what is on the disk."""
    child = os.fork()
    if child == 0:
        live_on(folder, Countdown(n, death=die_really))
        os._exit(0)
    os.waitpid(child, 0)


@dataclass
class Counts:
    """What became of the texts of many lives; `uncertain`: calls of which nobody knew, so they were looked up."""

    texts: int = 0
    kills: int = 0
    lost: int = 0
    doubled: int = 0
    uncertain: int = 0

    def add(self, folder: Path, kills: int, undisturbed: Counter[tuple[str, str]]) -> None:
        got = taken(folder)
        self.texts += sum(got.values())
        self.kills += kills
        self.lost += sum((undisturbed - got).values())
        self.doubled += sum((got - undisturbed).values())
        self.uncertain += uncertain(folder)


def kill_often(lives: int, undisturbed: Counter[tuple[str, str]], boundaries: int, folder: Path) -> Counts:
    """Each life is killed four times by the system, and then lived to its end."""
    randomly, counts = random.Random(lives), Counts()
    for life in range(lives):
        here = folder / str(life)
        here.mkdir()
        for _ in range(4):
            killed_really(here, randomly.randint(1, boundaries // 3))
        live_on(here, Countdown(0))
        counts.add(here, 4, undisturbed)
        rmtree(here)
    return counts


def test_twenty_kills_by_the_system_lose_and_double_nothing(
    boundaries: int, undisturbed: Counter[tuple[str, str]], tmp_path: Path
) -> None:
    counts = kill_often(5, undisturbed, boundaries, tmp_path)
    assert (counts.kills, counts.lost, counts.doubled) == (20, 0, 0), counts


@pytest.mark.soak
def test_five_hundred_kills_by_the_system_lose_and_double_nothing(
    boundaries: int, undisturbed: Counter[tuple[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = kill_often(125, undisturbed, boundaries, tmp_path)
    with capsys.disabled():
        sys.stdout.write(f"\n{counts}\n")
    assert (counts.kills, counts.lost, counts.doubled) == (500, 0, 0), counts
    assert counts.uncertain > 0, "some deaths fall into the provider's call"
