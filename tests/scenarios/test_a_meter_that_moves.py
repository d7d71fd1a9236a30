"""The ledger moves a device to another home while an alert runs: nobody is forgotten, staff hear what becomes of it."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from domain.alert import State
from domain.finding import AlertKind, Level, Reason
from domain.reading import DeviceEvent
from notifier.moved import left_behind
from store import tables as t
from store.ledger_import import Moved, import_ledger
from tests.notifier.world import HOME, METER, World, add_household, at, put, records_in, silence
from tests.scenarios.test_readings_become_texts import live, still

OTHER, LAST_L = "h202", 1000.0 + 20 * 6 * 8.0


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    with world.records.write() as tx:
        add_household(tx, "202", "李建国")
        tx.execute(t.meters.delete().where(t.meters.c.meter_id == "m202"))
    return world


def move(world: World, *, dry_run: bool = False) -> list[str]:
    """By the ledger's files, as `anju import-ledger` does it."""
    files, said = world.folder / "files", list[str]()
    files.mkdir(exist_ok=True)
    (files / "meters.csv").write_text(f"meter_id,household_id,gateway_id\n{METER},{OTHER},gw1\n")
    (files / "sensors.csv").write_text(f"device_id,household_id,gateway_id,kind\nsos1,{OTHER},gw1,sos_button\n")

    def look(tx: Connection, moved: list[Moved]) -> None:
        said.extend(left_behind(tx, moved, world.now))

    import_ledger(records_in(world.folder), files, now=world.now, dry_run=dry_run, look=look)
    return said


def test_a_silence_that_goes_on_is_told_at_the_home_that_the_meter_belongs_to_now(world: World) -> None:
    live(world, days=20)
    still(world, 16, LAST_L)
    assert [row["household_id"] for row in world.alerts(AlertKind.LOW_USE)] == [HOME]
    move(world)
    still(world, 2, LAST_L)
    old, new = world.alerts(AlertKind.LOW_USE)
    assert (old["state"], new["household_id"], new["level"]) == (State.NOTIFIED, OTHER, "alert")
    assert any("202 李建国" in received.body for received in world.received)


def test_whoever_moves_a_device_is_told_which_alerts_no_reading_ends_any_more(world: World) -> None:
    world.now = at("19:00")
    world.raise_alert(silence(Level.ALERT, world.now))
    world.happens(DeviceEvent(device_id="sos1", at=world.now, kind="sos_button", flags={"sos": True}))
    world.turn()
    first, second = (int(str(row["alert_id"])) for row in world.alerts())
    ends = "no reading ends it any more, and people are told until somebody settles it"
    expected = [
        f"alert {first} (low_use) of {HOME} goes on though {METER} moves to {OTHER}: {ends}",
        f"alert {second} (sos) of {HOME} goes on though sos1 moves to {OTHER}: {ends}",
    ]
    assert move(world, dry_run=True) == expected
    assert noted(world) == []
    assert move(world) == expected
    assert noted(world) == [(first, f"{METER} → {OTHER}"), (second, f"sos1 → {OTHER}")]
    assert move(world) == []


def test_whoever_withdraws_a_consent_by_the_files_is_told_of_the_running_alert(world: World) -> None:
    world.now = at("19:00")
    world.raise_alert(silence(Level.ALERT, world.now))
    files, said = world.folder / "files", list[str]()
    files.mkdir()
    (files / "households.csv").write_text(
        "household_id,building_id,door,water_consent_by,water_consent_on,water_consent_paper\n"
        f"{HOME},b3,201,withdrawn,2026-03-09,40\n"
    )

    def look(tx: Connection, moved: list[Moved]) -> None:
        said.extend(left_behind(tx, moved, world.now))

    for _ in range(2):
        import_ledger(records_in(world.folder), files, now=world.now, look=look)
    (line,) = said
    assert line.startswith(f"alert 1 (low_use) of {HOME} goes on though nobody consents to watching its water: no rea")


def noted(world: World) -> list[tuple[int, str]]:
    e = t.alert_events.c
    with world.records.read() as tx:
        return [tuple(row) for row in tx.execute(select(e.alert_id, e.why).where(e.event == "moved"))]


def test_that_a_meter_is_not_heard_is_told_of_its_home_of_now(world: World) -> None:
    reason = Reason(key="no_data", values={"last_at": world.now.isoformat()})
    missed = replace(silence(Level.ALERT, world.now), kind=AlertKind.NO_DATA, subject=METER, reason=reason)
    world.raise_alert(missed)
    with world.records.write() as tx:
        put(tx, "unwatched", {"meter_id": METER, "household_id": HOME, "since": world.now, "reason": {}})
    assert move(world) == []
    assert [row["household_id"] for row in world.alerts(AlertKind.NO_DATA)] == [OTHER]
    with world.records.read() as tx:
        assert tx.scalars(select(t.unwatched.c.household_id)).all() == [OTHER]
