"""Programs that gateways really run, over a real broker into ingest."""

import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Condition
from time import monotonic

import pytest

from domain.reading import Device
from ingest.bindings import Bindings
from ingest.connection import Subscription
from ingest.decode import Decoder
from ingest.mqtt import Subscriber
from ingest.receive import Receiver
from store.readings import Readings
from tests.ingest.radio import METER, SAMPLES_PER_S, radio
from tests.services import Mosquitto, listens, mosquitto, program

PATIENCE_S = 30
GALLON_L = 3.785411784


class House:
    """Ingest over a real file, behind a real broker."""

    def __init__(self, folder: Path, devices: dict[str, Device], gateways: dict[str, str]) -> None:
        self.readings = Readings(folder / "readings.db")
        self.committed = Condition()
        self.receiver = Receiver(
            decoder=Decoder(devices), bindings=Bindings(gateways), readings=self.readings, on_commit=self._commit
        )

    def _commit(self) -> None:
        with self.committed:
            self.committed.notify_all()

    def registers(self, meter_id: str) -> list[tuple[datetime, float]]:
        now = datetime.now(UTC)
        return list(self.readings.registers(meter_id, now - timedelta(days=1), now + timedelta(days=1)))

    def wait_for(self, meter_id: str) -> list[tuple[datetime, float]]:
        with self.committed:
            assert self.committed.wait_for(lambda: bool(self.registers(meter_id)), PATIENCE_S)
        return self.registers(meter_id)


@contextmanager
def listening(house: House, broker: Mosquitto) -> Iterator[None]:
    to = Subscription(host="127.0.0.1", port=broker.port)
    subscriber = Subscriber(to, house.receiver, now=lambda: datetime.now(UTC), steady_s=monotonic)
    with closing(house.readings), listens(subscriber, PATIENCE_S):
        yield


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    folder = tmp_path / "broker"
    folder.mkdir()
    with mosquitto(folder) as broker:
        yield broker


def test_a_water_meter_that_rtl_433_hears_is_stored(tmp_path: Path, broker: Mosquitto) -> None:
    """From the radio's samples to the file: rtl_433 demodulates and publishes."""
    path = program("rtl_433", "rtl-433")
    house = House(tmp_path, {METER: Device(device_id=METER, unit="gal")}, {METER: "attic"})
    with listening(house, broker), radio() as port:
        begun = datetime.now(UTC)
        to = f"mqtt://127.0.0.1:{broker.port},events=rtl_433/attic/events,devices=rtl_433/attic/devices[/model][/id]"
        command = [path, "-c", "/dev/null", "-d", f"rtl_tcp:127.0.0.1:{port}", "-s", str(SAMPLES_PER_S), "-R", "149"]
        gateway = subprocess.Popen([*command, "-M", "time:iso:tz", "-F", to], stderr=subprocess.DEVNULL)
        try:
            at, register_l = house.wait_for(METER)[0]
        finally:
            gateway.kill()
            gateway.wait(PATIENCE_S)
    assert register_l == pytest.approx(123_456 * GALLON_L)
    assert begun - timedelta(seconds=2) <= at <= datetime.now(UTC)
    assert house.receiver.counters.refused == {}
