"""The same through Debian's Mosquitto, the clock of the service moved by hand between its starts."""

import json
from datetime import timedelta
from pathlib import Path
from threading import Event
from time import monotonic

from paho.mqtt.publish import single

from ingest.bindings import Bindings
from ingest.connection import Subscription
from ingest.decode import Decoder
from ingest.mqtt import Subscriber
from ingest.receive import Receiver
from store.readings import Readings
from tests.scenarios.detector import FACTORY, HOUR, MINUTE, Home
from tests.services import listens, mosquitto

NEVER = Event()


def until(receiver: Receiver, messages: int) -> None:
    for _ in range(1000):
        if receiver.counters.received >= messages:
            return
        NEVER.wait(0.02)
    raise AssertionError("waited 20 s in vain")


def test_over_a_real_broker_each_danger_calls_and_what_it_retained_calls_nobody_after_a_restart(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.world.readings = Readings(tmp_path / "readings.db")  # type: ignore[assignment]  # as the service has it
    home.world.start()
    broker_folder = tmp_path / "broker"
    broker_folder.mkdir()
    rings, is_quiet = (
        json.dumps({"device_id": "gas1", "event": "gas", "on": on, "at": FACTORY}) for on in (True, False)
    )
    with mosquitto(broker_folder) as broker:

        def published(*payloads: str, after: timedelta) -> list[int]:
            """To whom each was told, as of a start: what the broker kept comes first."""
            told = []
            home.world.now += after
            receiver = Receiver(decoder=Decoder(), bindings=Bindings({"gas1": "gw1"}), readings=home.world.readings)
            to = Subscription(host="127.0.0.1", port=broker.port)
            with listens(Subscriber(to, receiver, now=lambda: home.now, steady_s=monotonic), 20):
                for n, payload in enumerate(("", *payloads)):
                    home.world.now += MINUTE
                    if payload:
                        single("anju/gw1/events", payload, 1, retain=True, hostname="127.0.0.1", port=broker.port)
                    came = n + bool(home.last)
                    until(receiver, came)
                    told.append(home.hears())
                home.last = b"retained"
            return told

        assert published(rings, is_quiet, rings, after=MINUTE) == [0, 5, 0, 0]
        home.settle()
        assert published(after=HOUR) == [0]
        assert published(rings, after=5 * HOUR) == [0, 5]
        home.settle()
        assert published(after=HOUR) == [0]
        assert published(is_quiet, rings, after=HOUR) == [0, 0, 5]
    home.world.readings.close()
