"""Family who chose it hear each morning that somebody is up, once."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from store import tables as t
from tests.notifier.world import METER, World, at


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    with world.records.write() as tx:
        tx.execute(update(t.guardians).where(t.guardians.c.contact_id == "son").values(first_use="yes"))
    world.now = at("00:00", day=1)
    return world


def until(world: World, clock: str, day: int, register: float = 100.0, **uses: float) -> float:
    """Half-hourly readings; `uses`: litres by clock, as h6_30=5."""
    while world.now < at(clock, day=day):
        world.now += timedelta(minutes=30)
        register += uses.get(f"h{world.now.hour}_{world.now.minute:02}", 0.0)
        world.arrives((METER, world.now, register))
        world.turn()
    return register


def test_who_chose_it_hears_once_a_morning_and_nobody_else(world: World) -> None:
    register = until(world, "23:30", 1, h6_30=5.0, h9_00=5.0, h12_00=9.0, h16_00=5.0, h20_00=7.0, h23_00=5.0)
    until(world, "10:00", 2, register, h4_30=5.0, h8_30=5.0)
    heard = [(text.who, f"{text.at:%d %H:%M}") for text in world.received if text.template == "notice"]
    assert heard == [("王强", "10 08:00"), ("王强", "11 08:00")]
    assert "今天6:30开始用水了" in world.received[0].body


def test_who_gets_up_in_the_afternoon_is_not_said_to_have_been_up_in_the_morning(world: World) -> None:
    until(world, "18:00", 1, h15_00=5.0)
    assert [text.body for text in world.received if text.who == "王强"] == [
        "【安居】幸福里3号楼201 王秀英：今天15:00开始用水了。不用处理。"
    ]


def test_what_would_reach_family_a_day_later_is_not_told(world: World) -> None:
    until(world, "12:00", 2, h21_30=5.0)
    assert [text.body for text in world.received if text.who == "王强"] == []


def test_use_in_the_small_hours_is_no_getting_up(world: World) -> None:
    until(world, "12:00", 1, h2_30=5.0)
    assert [text for text in world.received if text.who == "王强"] == []


def test_a_restart_says_it_no_second_time(world: World) -> None:
    register = until(world, "10:00", 1, h8_30=5.0)
    world.start()
    until(world, "20:00", 1, register, h12_00=5.0)
    assert [text.who for text in world.received] == ["王强"]


def test_a_morning_that_is_learned_of_in_the_evening_says_nothing_of_now(world: World) -> None:
    until(world, "04:00", 1)
    world.now = at("18:00", day=1)
    for clock, register in (("06:30", 100.0), ("07:00", 105.0), ("17:30", 105.0)):
        world.arrives((METER, at(clock, day=1), register))
    world.turn()
    until(world, "20:00", 1, 105.0)
    assert [text for text in world.received if text.template == "notice"] == []
