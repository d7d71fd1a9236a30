"""A meter that came before its ledger entry: nothing of it is lost."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from ingest.bindings import Bindings
from ingest.decode import Decoder
from ingest.follow_ledger import LedgerFollower, bindings_of
from ingest.receive import Receiver
from ingest.sorted import Message
from store.contracts import Traces
from store.ledger import Ledger, bump, read_ledger
from store.ledger_import import import_ledger
from store.memory import MemoryReadings
from store.migrations import migrate
from store.records import Records
from store.tables import release_requests

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FILES = {
    "communities": "community_id,name,timezone,language\nc,C,Asia/Shanghai,zh\n",
    "grids": "grid_id,community_id,name\ng,c,G\n",
    "buildings": "building_id,grid_id,name\nb,g,B\n",
    "households": (
        "household_id,building_id,door,water_consent_by,water_consent_on,water_consent_paper\n"
        "h,b,1,Wang,2026-01-05,17\n"
    ),
    "meters": "meter_id,household_id\nm1,h\n",
}


def test_readings_of_a_new_meter_leave_quarantine_when_the_ledger_is_imported(tmp_path: Path) -> None:
    migrate(tmp_path / "records.db")
    records = Records(tmp_path / "records.db")
    with records.read() as tx:
        ledger = read_ledger(tx)
    readings = MemoryReadings()
    receiver = Receiver(decoder=Decoder(ledger.devices), bindings=bindings_of(ledger), readings=readings)
    follower = LedgerFollower(records, receiver, decoder=Decoder, ledger=ledger, erasures=readings)
    for n in range(1200):
        reading = {"meter_id": "m1", "at": (NOW - timedelta(minutes=n)).isoformat(), "register_l": 5000 - n}
        message = Message("anju/gw/readings", json.dumps(reading).encode(), NOW)
        receiver.store(receiver.sort([message]), messages=1, at=NOW, took_s=lambda: 0.0)
    assert follower.look(NOW) == 0
    assert len(readings.kept("quarantined", 2000)) == 1200
    folder = tmp_path / "ledger"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / f"{name}.csv").write_text(text)
    import_ledger(records, folder, now=NOW)
    assert follower.look(NOW) == 1200
    assert follower.look(NOW) == 0
    assert len(readings.registers("m1", NOW - timedelta(days=9), NOW + timedelta(days=1))) == 1200
    assert readings.kept("quarantined") == []
    records.close()


def test_what_came_through_a_wrong_gateway_is_released_when_somebody_vouches_for_it(tmp_path: Path) -> None:
    migrate(tmp_path / "records.db")
    records = Records(tmp_path / "records.db")
    readings = MemoryReadings()
    receiver = Receiver(decoder=Decoder(), bindings=Bindings({"m1": "gw1", "m2": "gw1"}), readings=readings)
    with records.read() as tx:
        follower = LedgerFollower(records, receiver, decoder=Decoder, ledger=read_ledger(tx), erasures=readings)
    for meter_id in ("m1", "m2"):
        reading = {"meter_id": meter_id, "at": NOW.isoformat(), "register_l": 5000}
        message = Message("anju/gw2/readings", json.dumps(reading).encode(), NOW)
        receiver.store(receiver.sort([message]), messages=1, at=NOW, took_s=lambda: 0.0)
    with records.write() as tx:
        tx.execute(insert(release_requests).values(at=NOW, device_id="m1"))
    assert follower.look(NOW) == 1
    assert follower.look(NOW) == 0
    assert [kept.device_id for kept in readings.kept("quarantined")] == ["m2"]
    assert readings.registers("m1", NOW, NOW + timedelta(days=1)) == [(NOW, 5000.0)]
    records.close()


def test_a_ledger_that_was_imported_while_no_service_ran_lets_its_meters_readings_pass_at_the_start(
    tmp_path: Path,
) -> None:
    migrate(tmp_path / "records.db")
    records, readings = Records(tmp_path / "records.db"), MemoryReadings()
    payload = json.dumps({"meter_id": "m1", "at": NOW.isoformat(), "register_l": 5000}).encode()
    before = Receiver(decoder=Decoder(), bindings=Bindings({}), readings=readings)
    before.store(before.sort([Message("anju/gw/readings", payload, NOW)]), messages=1, at=NOW, took_s=lambda: 0.0)
    with records.write() as tx:
        bump(tx)
    ledger = Ledger(version=1, devices={}, gateways={"m1": None})

    def start() -> LedgerFollower:
        receiver = Receiver(decoder=Decoder(), bindings=bindings_of(ledger), readings=readings)
        return LedgerFollower(records, receiver, decoder=Decoder, ledger=ledger, erasures=readings)

    follower = start()
    assert (follower.look(NOW), follower.look(NOW)) == (1, 0)
    assert readings.kept("quarantined") == []
    before.store(before.sort([Message("anju/gw/readings", payload, NOW)]), messages=1, at=NOW, took_s=lambda: 0.0)
    assert start().look(NOW) == 0  # by this ledger all was judged
    records.close()


def test_refused_messages_are_judged_again_once_when_somebody_asks(tmp_path: Path) -> None:
    migrate(tmp_path / "records.db")
    records, readings, ledger = (
        Records(tmp_path / "records.db"),
        MemoryReadings(),
        Ledger(version=0, devices={}, gateways={"m1": None}),
    )
    receiver = Receiver(decoder=Decoder(), bindings=bindings_of(ledger), readings=readings)
    follower = LedgerFollower(records, receiver, decoder=Decoder, ledger=ledger, erasures=readings)
    payload = json.dumps({"meter_id": "m1", "at": NOW.isoformat(), "register_l": 5000}).encode()
    then = NOW - timedelta(hours=1)
    receiver.store(receiver.sort([Message("anju/gw/readings", payload, then)]), messages=1, at=then, took_s=lambda: 0.0)
    follower.look(NOW)
    with records.write() as tx:
        tx.execute(insert(release_requests).values(at=NOW, kind="refused"))
    assert (follower.look(NOW), follower.look(NOW)) == (1, 0)
    with records.read() as tx:
        assert tx.scalars(select(release_requests.c.released)).all() == [1]
    assert len(readings.registers("m1", NOW, NOW + timedelta(seconds=1))) == 1
    records.close()


def test_a_meter_of_a_home_that_consented_to_nothing_waits_until_it_does(tmp_path: Path) -> None:
    migrate(tmp_path / "records.db")
    records, readings, folder = Records(tmp_path / "records.db"), MemoryReadings(), tmp_path / "ledger"
    folder.mkdir()
    for name, text in (FILES | {"households": "household_id,building_id,door\nh,b,1\n"}).items():
        (folder / f"{name}.csv").write_text(text)
    import_ledger(records, folder, now=NOW)
    with records.read() as tx:
        ledger = read_ledger(tx)
    receiver = Receiver(decoder=Decoder(ledger.devices), bindings=bindings_of(ledger), readings=readings)
    follower = LedgerFollower(records, receiver, decoder=Decoder, ledger=ledger, erasures=readings)
    payload = json.dumps({"meter_id": "M1", "at": NOW.isoformat(), "register_l": 5000}).encode()
    receiver.store(receiver.sort([Message("anju/gw/readings", payload, NOW)]), messages=1, at=NOW, took_s=lambda: 0.0)
    (kept,) = readings.kept("quarantined")
    assert kept.reason == "meter 'm1': nobody consented to watching the water of its home"
    (folder / "households.csv").write_text(FILES["households"])
    import_ledger(records, folder, now=NOW)
    assert follower.look(NOW) == 1
    assert readings.kept("quarantined") == []
    assert readings.registers("m1", NOW, NOW + timedelta(seconds=1)) == [(NOW, 5000.0)]
    records.close()


def test_a_meter_that_was_deleted_on_request_is_taken_again_once_the_ledger_names_it(tmp_path: Path) -> None:
    migrate(tmp_path / "records.db")
    records, readings, folder = Records(tmp_path / "records.db"), MemoryReadings(), tmp_path / "ledger"
    with records.read() as tx:
        ledger = read_ledger(tx)
    receiver = Receiver(decoder=Decoder(), bindings=bindings_of(ledger), readings=readings)
    follower = LedgerFollower(records, receiver, decoder=Decoder, ledger=ledger, erasures=readings)
    readings.erase(Traces(meter_ids=["M1"], device_ids=["M1"]))
    follower.look(NOW)
    assert readings.erased() == {"m1"}
    folder.mkdir()
    for name, text in FILES.items():
        (folder / f"{name}.csv").write_text(text)
    import_ledger(records, folder, now=NOW)
    follower.look(NOW)
    assert readings.erased() == set()
    records.close()


def test_where_a_deletion_failed_half_way_the_home_that_stays_is_heard_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The readings are erased before the records: what came in between is lost, and the log says so."""
    migrate(tmp_path / "records.db")
    records, readings = Records(tmp_path / "records.db"), MemoryReadings()
    ledger = Ledger(version=0, devices={}, gateways={"m1": None})
    receiver = Receiver(decoder=Decoder(), bindings=bindings_of(ledger), readings=readings)
    follower = LedgerFollower(records, receiver, decoder=Decoder, ledger=ledger, erasures=readings)
    with records.write() as tx:
        bump(tx)
        readings.erase(Traces(meter_ids=["m1"], device_ids=["m1"]))
        tx.rollback()
    follower.look(NOW)
    assert readings.erased() == set()
    assert "though deleted on request: taken from now on: m1" in caplog.text
    records.close()
