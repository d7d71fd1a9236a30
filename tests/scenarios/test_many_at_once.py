"""Bursts: nobody gets a hundred texts, nothing urgent waits behind what is not, and a street is told as a street."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Semaphore

import pytest

from domain.finding import AlertKind, Level, Reason
from domain.reading import DeviceEvent
from notifier.contract import Capabilities
from notifier.life import Concern
from notifier.outbox import OutboxRules
from notifier.service import NotifierRules
from store import tables as t
from tests.notifier.world import World, add_household, at, put, silence

FAST = NotifierRules(outbox=OutboxRules(at_once=10**4, a_second=10**4))


def street(folder: Path, homes: int, rules: NotifierRules = FAST) -> World:
    """So many more homes, all paired with the one grid worker, each with a daughter of its own."""
    world = World(folder, rules=rules)
    with world.records.write() as tx:
        for n in range(homes):
            door = str(1000 + n)
            add_household(tx, door, f"老人{n}")
            put(tx, "pairings", {"household_id": f"h{door}", "contact_id": "grid_worker"})
            daughter = {"contact_id": f"d{n}", "name": f"女儿{n}", "role": "guardian", "phone": f"+86139{n:08}"}
            put(tx, "contacts", daughter | {"language": "zh", "community_id": "c1"})
            put(tx, "guardians", {"household_id": f"h{door}", "contact_id": f"d{n}", "order": 1})
    return world


def all_fall_silent(world: World, homes: int) -> None:
    with world.records.write() as tx:
        for n in range(homes):
            concern = silence(Level.ALERT, world.now, household_id=f"h{1000 + n}")
            world.life.raise_or_join(tx, concern, world.now)


def unheard(meter_id: str, now: datetime) -> Concern:
    reason = Reason(key="no_data", values={"last_at": now.isoformat()})
    return Concern(
        kind=AlertKind.NO_DATA,
        level=Level.ALERT,
        subject=meter_id,
        household_id=None,
        at=now,
        since=now,
        reason=reason,
    )


def test_the_first_text_of_a_new_alert_never_waits_and_three_at_once_become_one_text(tmp_path: Path) -> None:
    world = street(tmp_path, 8)
    world.now = at("19:00")
    all_fall_silent(world, 8)
    world.turn()
    to = Counter(who for _, who in world.texts())
    assert to["李敏"] == 1
    assert all(to[f"女儿{n}"] == 1 for n in range(8))
    bundle = next(r.body for r in world.received if r.who == "李敏")
    assert bundle == "【安居】8条新消息：幸福里3号楼1000 老人0没用水；幸福里3号楼1001 老人1没用水。在工作台接警。"


def test_a_whole_town_without_data_is_a_text_a_minute_to_the_operator_and_a_call_for_help_waits_for_none(
    tmp_path: Path,
) -> None:
    """Its meters come to light a few hundred a second; here five."""
    world = street(tmp_path, 15)
    for second in range(90):
        world.now = at("19:00") + timedelta(seconds=second)
        for n in range(5 * second, 5 * second + 5):
            with world.records.write() as tx:
                world.life.raise_or_join(tx, unheard(f"m{n}", world.now), world.now)
        world.turn()
    operator = [(f"{r.at:%M:%S}", r.body[:18]) for r in world.received if r.who == "Olga"]
    assert operator == [("00:00", "anju: 5 messages: "), ("01:00", "anju: 300 messages")]
    before = len(world.received)
    for first in (0, 3):
        world.now += timedelta(seconds=1)
        with world.records.write() as tx:
            for n in range(first, first + 3):
                doubt = silence(Level.ALERT, world.now, household_id=f"h{1000 + n}")
                world.life.raise_or_join(tx, replace(doubt, kind=AlertKind.SOS), world.now)
        world.turn()
    assert [r.template for r in world.received[before:] if r.who == "值班室"] == ["bundle", "bundle"]


def test_reminders_to_one_contact_are_a_minute_apart_and_at_most_five_in_a_quarter_of_an_hour(tmp_path: Path) -> None:
    world = street(tmp_path, 12)
    for minute in range(12):
        world.now = at("19:00") + timedelta(minutes=minute)
        with world.records.write() as tx:
            world.life.raise_or_join(tx, silence(Level.ALERT, world.now, household_id=f"h{1000 + minute}"), world.now)
        world.turn()
    world.until(at("21:00"))
    times = [r.at for r in world.received if r.who == "值班室"]
    first_words = 12
    for begin in times:
        assert len([t for t in times if begin <= t < begin + timedelta(minutes=15)]) <= 5 + first_words


def test_a_burst_main_is_one_notice_to_the_operator_and_the_rest_waits_until_it_could_be_found(tmp_path: Path) -> None:
    world = street(tmp_path, 60)
    world.now = at("19:00")
    all_fall_silent(world, 60)
    world.turn()
    told_at_once = {r.who for r in world.received if r.who.startswith("女儿")}
    assert len(told_at_once) == 20
    assert [(a["kind"], a["subject"]) for a in world.alerts(AlertKind.STREET)] == [("street", "c1/low_use")]
    operator = [r.body for r in world.received if r.who == "Olga"]
    assert operator == [
        "anju: 幸福里: 20 or more homes found to use no water within 30 min, likely one cause. "
        "Please find out; see the desk."
    ]
    world.until(at("19:31"))
    assert len({r.who for r in world.received if r.who.startswith("女儿")}) == 60


def test_a_call_for_help_goes_out_before_a_whole_street(tmp_path: Path) -> None:
    world = street(tmp_path, 60)
    world.now = at("19:00")
    all_fall_silent(world, 60)
    world.happens(DeviceEvent(device_id="sos1", at=world.now, kind="sos_button", flags={"sos": True}))
    world.turn()
    first = [r for r in world.received if "王秀英按" in r.body or "求助按钮" in r.body]
    assert len(first) >= 4
    assert world.received.index(first[0]) == 0
    everybody_else = [r for r in world.received if r.who.startswith("女儿")]
    assert max(world.received.index(r) for r in first) < min(world.received.index(r) for r in everybody_else)


@pytest.mark.soak
def test_five_thousand_alerts_in_one_minute(tmp_path: Path) -> None:
    """At the rate of the shipped rules: a call for help among them still goes out before all that wait."""
    world = street(tmp_path, 5000, rules=NotifierRules())
    world.now = at("19:00")
    all_fall_silent(world, 5000)
    world.turn()
    assert len(world.received) < 100
    world.until(at("19:30"))
    for second in range(180):
        world.now = at("19:30") + timedelta(seconds=second)
        if second == 20:
            before = len(world.received)
            press = DeviceEvent(device_id="sos1", at=world.now, kind="sos_button", flags={"sos": True})
            world.happens(press)
        world.notifier.watch_some(world.now)
        world.notifier.send_turn(world.now)
    assert [r.template for r in world.received[before : before + 4]] == ["alert"] * 4
    assert all("求助按钮" in r.body for r in world.received[before : before + 2])
    assert max(Counter(r.at for r in world.received if r.at > at("19:30")).values()) <= NotifierRules().outbox.a_second
    daughters = Counter(r.who for r in world.received if r.who.startswith("女儿"))
    assert Counter(daughters.values()) == {1: 4980, 2: 20}  # the first twenty, who had not waited, are told again
    assert len([r for r in world.received if r.who == "李敏"]) < 60


def test_over_the_daily_cost_the_operator_is_alarmed_once_and_no_text_is_dropped(tmp_path: Path) -> None:
    rules = NotifierRules(outbox=OutboxRules(daily_cost=0.2))
    world = World(tmp_path, rules=rules, capabilities=Capabilities(cost=0.05))
    world.now = at("19:00")
    world.raise_alert(silence(Level.ALERT, at("19:00")))
    world.until(at("20:30"))
    guards = [r for r in world.received if "over 0.20" in r.body]
    assert [(r.who, r.at) for r in guards] == [("Olga", at("19:30"))]
    assert len(world.texts("alert")) > 8


def test_never_more_texts_a_second_than_the_provider_takes(tmp_path: Path) -> None:
    world = street(tmp_path, 18)
    world.notifier.outbox._rules = replace(FAST.outbox, a_second=5)
    world.now = at("19:00")
    all_fall_silent(world, 18)
    for _ in range(10):
        world.turn()
        world.now += timedelta(seconds=1)
    per_second = Counter(r.at for r in world.received)
    assert max(per_second.values()) <= 5
    assert len([r for r in world.received if r.who.startswith("女儿")]) == 18


def test_a_call_for_help_passes_the_notices_that_wait_for_a_slow_provider(tmp_path: Path) -> None:
    """One text a second, and many wait already when the button is pressed."""
    gate = Semaphore(0)

    def through() -> None:
        gate.acquire()

    rules = NotifierRules(outbox=OutboxRules(a_second=1))
    with ThreadPoolExecutor(50) as pool:
        world = World(tmp_path, rules=rules, pool=pool, turnstile=through)
        with world.records.write() as tx:
            for n in range(20):
                world.life.tell_operator(tx, f"part {n}", Reason(key="readings_lost", values={}), world.now)
            tx.execute(t.messages.update().values(purpose="code"))  # which nobody bundles
        world.turn()
        world.happens(DeviceEvent(device_id="sos1", at=world.now, kind="sos_button", flags={"sos": True}))
        for _ in range(8):
            world.turn()
            gate.release()
            assert world.arrived.acquire(timeout=60)
        gate.release(200)
        for _ in range(20):
            world.turn()
    assert [r.template for r in world.received[:8]].count("alert") >= 5
