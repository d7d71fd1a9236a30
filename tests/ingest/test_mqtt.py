"""Against real brokers: what a gateway handed over is stored once, whatever comes and goes meanwhile."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Condition, Event, Thread, Timer
from time import monotonic
from typing import Literal

import pytest

from ingest.bindings import Bindings
from ingest.broker import embedded_broker
from ingest.connection import Subscription
from ingest.counters import Instant
from ingest.decode import Decoder
from ingest.intake import Group
from ingest.mqtt import Subscriber
from ingest.receive import Receiver
from simulator.publish import Broker, Publisher
from store.contracts import Batch, ReadingStore, StoreUnavailableError
from store.memory import MemoryReadings
from tests.services import Mosquitto, listens, mosquitto

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVER = (NOW - timedelta(days=400), NOW + timedelta(days=400))
PATIENCE_S = 20


class Flaky(MemoryReadings):
    """A store that can be away."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.refused = 0
        self.changed = Condition()

    def commit(self, batch: Batch) -> None:
        with self.changed:
            self.changed.notify_all()
            if self.away:
                self.refused += 1
                raise StoreUnavailableError("database or disk is full")
            super().commit(batch)

    def wait(self, until: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(until, PATIENCE_S)

    def stored(self) -> list[int]:
        return [int(register_l) for _, register_l in self.registers("m1", *EVER)]


@pytest.fixture(params=["embedded", "mosquitto"])
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    with ExitStack() as stack:
        if request.param == "embedded":
            yield stack.enter_context(embedded_broker())
        else:
            yield stack.enter_context(mosquitto(tmp_path)).port


@contextmanager
def listening(
    port: int, readings: ReadingStore, protocol: Literal["3.1.1", "5"] = "3.1.1", group: Group | None = None
) -> Iterator[Receiver]:
    receiver = Receiver(decoder=Decoder(), bindings=Bindings({"m1": None}), readings=readings)
    subscription = Subscription(host="127.0.0.1", port=port, protocol=protocol)
    subscriber = Subscriber(subscription, receiver, now=lambda: NOW, steady_s=monotonic, group=group)
    with listens(subscriber, PATIENCE_S):
        yield receiver


def publish(port: int, numbers: range) -> None:
    """As reading number n of meter m1, acknowledged by the broker when it returns."""
    with Publisher(Broker(host="127.0.0.1", port=port), client_id="tower-1") as publisher:
        for n in numbers:
            at = NOW - timedelta(minutes=15 * (1000 - n))
            payload = {"meter_id": "m1", "at": at.isoformat(), "register_l": n}
            publisher.publish("anju/tower-1/readings", json.dumps(payload).encode(), timeout_s=PATIENCE_S)
        publisher.wait_for_acks(timeout_s=PATIENCE_S)


def test_every_reading_published_is_stored_once(port: int) -> None:
    store = Flaky()
    with listening(port, store) as receiver:
        publish(port, range(500))
        store.wait(lambda: len(store.stored()) == 500)
    assert receiver.counters.received == 500
    assert store.stored() == list(range(500))


def test_bundles_are_committed_a_few_at_a_time_however_large_they_are(tmp_path: Path) -> None:
    """A gateway that hands over a year at once must not fill the memory."""

    class Counts(Flaky):
        def __init__(self) -> None:
            super().__init__()
            self.sizes: list[int] = []

        def commit(self, batch: Batch) -> None:
            self.sizes.append(len(batch.arrivals))
            super().commit(batch)

    store = Counts()
    with mosquitto(tmp_path) as broker:
        with listening(broker.port, store):
            pass  # makes its session
        publish(broker.port, range(500))
        size = 10 * len(json.dumps({"meter_id": "m1", "at": NOW.isoformat(), "register_l": 100}))
        with listening(broker.port, store, group=Group(size=size)):
            store.wait(lambda: len(store.stored()) == 500)
    assert max(store.sizes) <= 11


def test_readings_that_came_while_we_were_away_are_stored_after_our_return(port: int) -> None:
    store = Flaky()
    with listening(port, store):
        publish(port, range(10))
        store.wait(lambda: len(store.stored()) == 10)
    publish(port, range(10, 300))
    with listening(port, store):
        store.wait(lambda: len(store.stored()) == 300)
    assert store.stored() == list(range(300))


def test_what_the_store_did_not_take_is_not_acknowledged(port: int) -> None:
    """The service ends while its store is away: the broker still has all of it for the next start."""
    store = Flaky()
    store.away = True
    with listening(port, store):
        publish(port, range(100))
        store.wait(lambda: store.refused > 0)
    store.away = False
    assert store.stored() == []
    with listening(port, store):
        store.wait(lambda: len(store.stored()) == 100)
    assert store.stored() == list(range(100))


def test_a_store_that_was_away_gets_everything_when_it_is_back(port: int, caplog: pytest.LogCaptureFixture) -> None:
    store = Flaky()
    with listening(port, store) as receiver:
        publish(port, range(20))
        store.wait(lambda: len(store.stored()) == 20)
        store.away = True
        publish(port, range(20, 320))
        store.wait(lambda: store.refused >= 2)
        assert receiver.counters.unavailable_since_s is not None
        store.away = False
        store.wait(lambda: len(store.stored()) == 320)
        publish(port, range(320, 330))
        store.wait(lambda: len(store.stored()) == 330)
    assert store.stored() == list(range(330))
    said = [record.message for record in caplog.records if "store" in record.message]
    assert said == [
        "readings can't be stored and are not acknowledged: database or disk is full",
        "the store takes readings again",
    ]


def test_what_was_being_stored_when_the_service_stopped_is_acknowledged_and_comes_no_second_time(port: int) -> None:
    class Slow(Flaky):
        def __init__(self) -> None:
            super().__init__()
            self.begun, self.go_on = Event(), Event()

        def commit(self, batch: Batch) -> None:
            self.begun.set()
            assert self.go_on.wait(PATIENCE_S)
            super().commit(batch)

    store = Slow()
    with listening(port, store) as receiver:
        publish(port, range(1))
        assert store.begun.wait(PATIENCE_S)
        Timer(0.3, store.go_on.set).start()  # while the subscriber is being stopped
    assert receiver.counters.received == 1
    with listening(port, store) as again:
        publish(port, range(1, 3))
        store.wait(lambda: len(store.stored()) == 3)
    assert again.counters.received == 2


def test_a_fault_of_the_program_ends_neither_ingest_nor_any_reading(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    class Faulty(Flaky):
        def commit(self, batch: Batch) -> None:
            if self.refused == 0:
                self.refused += 1
                raise KeyError("a fault")
            super().commit(batch)

    store = Faulty()
    with listening(port, store):
        publish(port, range(50))
        store.wait(lambda: len(store.stored()) == 50)
    assert store.stored() == list(range(50))
    assert "ingest failed and starts again" in caplog.text


def test_a_message_that_no_store_can_take_is_kept_and_all_others_are_stored(port: int) -> None:
    class Poisoned(Flaky):
        def commit(self, batch: Batch) -> None:
            if any(a.register_l == 7 for a in batch.arrivals):
                raise OverflowError("int too large")
            super().commit(batch)

    store = Poisoned()
    with listening(port, store) as receiver:
        publish(port, range(50))
        store.wait(lambda: len(store.stored()) == 49 and len(store.kept("refused")) == 1)
        publish(port, range(50, 60))
        store.wait(lambda: len(store.stored()) == 59)
    assert receiver.counters.unavailable_since_s is None
    assert [kept.reason for kept in store.kept("refused")] == ["fault: OverflowError int too large"]


@pytest.mark.parametrize(("lost_at_s", "gone_since_s"), [(20.0, 20.0), (60.0, 0.0)])
def test_a_broker_is_away_since_it_is_lost_or_where_its_line_died_without_a_word_since_it_was_heard_of(
    tmp_path: Path, lost_at_s: float, gone_since_s: float
) -> None:
    steady, stopping = [0.0], Event()
    with mosquitto(tmp_path) as broker:
        receiver = Receiver(decoder=Decoder(), bindings=Bindings({"m1": None}), readings=MemoryReadings())
        to = Subscription(host="127.0.0.1", port=broker.port)
        with listens(Subscriber(to, receiver, now=lambda: NOW, steady_s=lambda: steady[0]), PATIENCE_S):
            steady[0] = lost_at_s
            broker.stop()
            while (since_s := receiver.counters.broker_away_since_s) is None and not stopping.wait(0.05):
                pass
    assert since_s == gone_since_s


def test_a_broker_that_was_restarted_is_found_again_and_nothing_is_missing(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    store = Flaky()
    try:
        with listening(broker.port, store) as receiver:
            publish(broker.port, range(50))
            store.wait(lambda: len(store.stored()) == 50)
            broker.stop()
            broker.start()
            publish(broker.port, range(50, 100))
            store.wait(lambda: len(store.stored()) == 100)
            assert receiver.counters.broker_away_since_s is None
            assert len(receiver.counters.lost_at_s) == 1
    finally:
        broker.stop()
    assert store.stored() == list(range(100))


@contextmanager
def broker_that_lets_nobody_subscribe(*, refuses_first: bool = False) -> Iterator[int]:
    """It answers CONNECT (the first one "not authorized", if so wished), and SUBSCRIBE with a refusal."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            if refuses_first:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(1000)
                    connection.sendall(bytes([0x20, 2, 0, 5]))
                    connection.recv(1000)
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(bytes([0x20, 2, 0, 0]))
                asked = connection.recv(1000)
                connection.sendall(bytes([0x90, 3, *asked[2:4], 0x80]))
                connection.recv(1000)

        Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


def test_a_broker_that_refuses_our_subscription_is_a_problem_that_is_told() -> None:
    with broker_that_lets_nobody_subscribe() as port, listening(port, Flaky()) as receiver:
        assert list(receiver.counters.problems(Instant(NOW, monotonic()))) == ["broker refuses our subscription: #"]


def test_where_we_listen_and_which_settings_a_refused_account_has_are_logged(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with listening(port, Flaky()):
        assert f"listening to # at 127.0.0.1:{port}" in caplog.text
    with broker_that_lets_nobody_subscribe(refuses_first=True) as refusing, listening(refusing, Flaky()):
        assert "refuses us: Not authorized (mqtt.username, ANJU_MQTT_PASSWORD); trying again" in caplog.text


def test_mqtt_5_does_as_well(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        store = Flaky()
        with listening(broker.port, store, "5"):
            publish(broker.port, range(10))
            store.wait(lambda: len(store.stored()) == 10)
        publish(broker.port, range(10, 50))
        with listening(broker.port, store, "5"):
            store.wait(lambda: len(store.stored()) == 50)
        assert store.stored() == list(range(50))
