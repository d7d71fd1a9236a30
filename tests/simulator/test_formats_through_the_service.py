"""What simulated gateways of every make publish is what the running service stores, to the litre."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import floor
from pathlib import Path

import pytest
from typer.testing import CliRunner

from anju import app
from ingest.decode import Decoder
from ingest.follow_ledger import bindings_of
from ingest.receive import Receiver
from ingest.sorted import Message
from simulator.formats import FORMATS
from simulator.simulate import many_meters
from store.ledger import read_ledger
from store.memory import MemoryReadings
from store.readings import Readings
from store.records import Records
from tests.scenarios.running import Running
from tests.services import mosquitto

NOW = datetime.now(UTC).replace(microsecond=0)
BEGIN = NOW - timedelta(hours=6)
REGISTERS = {BEGIN + timedelta(minutes=15 * n): 81_234.0 + 7 * n for n in range(12)}
EVER = (NOW - timedelta(days=4000), NOW + timedelta(days=4000))
METERS = {name: f"102603020000{n:02d}" for n, name in enumerate(FORMATS)}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Readings]:
    """One service, one meter a format, each replayed as its own gateway."""
    folder, broker_folder = tmp_path_factory.mktemp("service"), tmp_path_factory.mktemp("broker")
    with mosquitto(broker_folder) as broker:
        service = Running(folder, broker.port, {"ANJU_WEB_PORT": "0"})
        service.enter("communities.csv", ["utc", "UTC", "UTC", "en"])  # whose clocks don't say their zone
        service.enter("grids.csv", ["utc-1", "utc", "1"])
        service.enter("buildings.csv", ["utc-b", "utc-1", "1"])
        for n, (name, meter_id) in enumerate(METERS.items()):
            form = FORMATS[name]
            columns = {key: str(value) for key, value in form.ledger.columns.items()}
            service.enter("gateways.csv", [f"gw-{n}", "utc"])
            service.enter("households.csv", [f"home-{n}", "utc-b", f"{n}", "A. Lee", "2026-01-05", "1"])
            said = [columns.get(key, "") for key in ("profile", "unit", "litres_per_pulse")]
            service.enter("meters.csv", [form.known_as.format(meter_id), f"home-{n}", f"gw-{n}", *said])
        service.command("migrate")
        service.command("import-ledger", str(service.ledger))
        with service.run():
            replayed(service)
            service.until(lambda: service.counted("anju_readings_stored_total") >= 1 + len(METERS) * len(REGISTERS))
            service.command("backup", str(folder / "copy"))
        readings = Readings(folder / "copy" / "readings.db")
        yield readings
        readings.close()


def replayed(service: Running) -> None:
    to = f"mqtt://127.0.0.1:{service.broker_port}"
    for n, (name, meter_id) in enumerate(METERS.items()):
        path = service.folder / f"{meter_id}.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows(
                [("ts", "register_l"), *((at.isoformat(), register_l) for at, register_l in REGISTERS.items())]
            )
        options = ["--to", to, "--format", name, "--gateway", f"gw-{n}", "--speed", "0", "--rate", "0"]
        service.command("replay", str(path), *options)


@pytest.mark.parametrize("name", FORMATS)
def test_as_many_readings_as_were_published_are_stored_with_equal_litres(stored: Readings, name: str) -> None:
    form = FORMATS[name]
    found = list(stored.registers(form.known_as.format(METERS[name]), *EVER))
    steps = [floor(register_l / form.step_l) * form.step_l for register_l in REGISTERS.values()]
    if form.dated:
        assert [at for at, _ in found] == list(REGISTERS)
        assert [register_l for _, register_l in found] == pytest.approx(steps, abs=0.001)
    else:  # dated on arrival: of those that come at once, the last
        assert found[-1][1] == steps[-1]
        assert {register_l for _, register_l in found} <= set(steps)


def test_nothing_was_refused_or_put_into_quarantine(stored: Readings) -> None:
    assert stored.kept("refused") == stored.kept("quarantined") == []


@pytest.mark.parametrize("name", ["cjt188", "tasmota", "ttn_v3/axioma_w1"])
def test_a_simulated_ledger_is_imported_and_knows_all_that_its_meters_say(tmp_path: Path, name: str) -> None:
    files, store = tmp_path / "ledger", {"ANJU_STORE_FOLDER": str(tmp_path)}
    for words in (
        ["simulate", "--meters", "3", "--every", "360", "--format", name, "--out", str(files)],
        ["migrate"],
        ["import-ledger", str(files)],
    ):
        done = CliRunner().invoke(app, words, env=store)
        assert done.exit_code == 0, done.stderr
    records = Records(tmp_path / "records.db")
    with records.read() as tx:
        ledger = read_ledger(tx)
    records.close()
    receiver = Receiver(decoder=Decoder(ledger.devices), bindings=bindings_of(ledger), readings=MemoryReadings())
    form = FORMATS[name]
    for recording in many_meters(3, days=1, every_s=21_600, seed=1, first_day=NOW.date() - timedelta(days=1)):
        for at, register_l in recording.readings():
            topic, payload = form.encode(recording.meter_id, at, register_l)
            (arrival,) = receiver.sort([Message(f"anju/gw-xingfuli/{topic}", payload, NOW)]).arrivals
            assert (arrival.at, arrival.register_l) == (at, floor(register_l / form.step_l) * form.step_l)
