"""Faults that a service meets over the years, each with a count: nothing lost, nothing stored twice."""

import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import pytest

from domain.register import Case, RegisterState, advance
from ingest.bindings import Bindings
from ingest.broker import embedded_broker
from ingest.connection import Subscription
from ingest.decode import Decoder
from ingest.mqtt import Subscriber
from ingest.receive import Receiver
from ingest.sorted import Message
from simulator.publish import Broker, Publisher
from store.kept import REFUSED_KEPT
from store.readings import Readings
from tests.services import listens, mosquitto

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVER = (NOW - timedelta(days=4000), NOW + timedelta(days=4000))
METERS = Bindings({f"m{n}": None for n in range(20)})
PATIENCE_S = 60


def payload(n: int) -> bytes:
    at = NOW - timedelta(minutes=n // 20)
    return json.dumps({"meter_id": f"m{n % 20}", "at": at.isoformat(), "register_l": n}).encode()


def stored(readings: Readings) -> list[int]:
    return sorted(int(register_l) for n in range(20) for _, register_l in readings.registers(f"m{n}", *EVER))


def told(readings: Readings) -> list[int]:
    return sorted(int(a.register_l) for entry in readings.follow(0, 10**6) for a in entry.arrivals)


@contextmanager
def listening(port: int, readings: Readings, arrived: Event, wanted: int) -> Iterator[Receiver]:
    """`arrived` is set when `wanted` messages are stored."""

    def check() -> None:
        if receiver.counters.received >= wanted:
            arrived.set()

    receiver = Receiver(decoder=Decoder(), bindings=METERS, readings=readings, on_commit=check)
    subscriber = Subscriber(Subscription(host="127.0.0.1", port=port), receiver, now=lambda: NOW, steady_s=monotonic)
    with listens(subscriber, PATIENCE_S):
        yield receiver


def publish(port: int, gateway: str, payloads: list[bytes]) -> None:
    with Publisher(Broker(host="127.0.0.1", port=port), client_id=gateway) as publisher:
        for data in payloads:
            publisher.publish(f"anju/{gateway}/readings", data, timeout_s=PATIENCE_S)
        publisher.wait_for_acks(timeout_s=PATIENCE_S)


def test_a_full_disk_holds_readings_at_the_broker_until_there_is_room(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    filler = small_disk / "filler"
    arrived = Event()
    with closing(Readings(small_disk / "readings.db")) as readings, embedded_broker() as port:
        filler.write_bytes(bytes(1_500_000))
        with listening(port, readings, arrived, wanted=3000) as receiver:
            publisher = Thread(target=publish, args=(port, "tower-1", [payload(n) for n in range(3000)]))
            publisher.start()
            for _ in range(PATIENCE_S * 20):
                if receiver.counters.unavailable_since_s or arrived.wait(0.05):
                    break
            assert receiver.counters.unavailable_since_s is not None
            assert len(stored(readings)) < 3000
            filler.unlink()
            assert arrived.wait(PATIENCE_S)
            publisher.join()
        assert stored(readings) == told(readings) == list(range(3000))
    said = [r.message for r in caplog.records if r.name == "anju.mqtt" and "store" in r.message]
    assert said == [
        f"readings can't be stored and are not acknowledged: {small_disk}/readings.db: database or disk is full",
        "the store takes readings again",
    ]


@contextmanager
def locked(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def gone(file: Path) -> Iterator[None]:
    away = file.parent / "away"
    away.mkdir()
    names = [path.name for path in file.parent.glob("readings.db*") if path.suffix != ".lock"]
    for name in names:
        (file.parent / name).rename(away / name)
    yield
    for name in names:
        (away / name).rename(file.parent / name)


@pytest.mark.parametrize("away", [locked, gone])
def test_a_locked_or_vanished_file_holds_readings_at_the_broker_until_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, away: Callable[[Path], AbstractContextManager[None]]
) -> None:
    first, all_there = Event(), Event()
    file = tmp_path / "readings.db"
    with closing(Readings(file)) as readings, embedded_broker() as port:
        with listening(port, readings, first, wanted=300):
            publish(port, "tower-1", [payload(n) for n in range(300)])
            assert first.wait(PATIENCE_S)
        with listening(port, readings, all_there, wanted=300) as receiver:
            with away(file):
                publish(port, "tower-1", [payload(n) for n in range(300, 600)])
                for _ in range(PATIENCE_S * 20):
                    if receiver.counters.unavailable_since_s or all_there.wait(0.05):
                        break
                assert receiver.counters.unavailable_since_s is not None
                assert receiver.counters.received == 0
            assert all_there.wait(PATIENCE_S)
        assert stored(readings) == told(readings) == list(range(600))
    assert caplog.text.count("can't be stored") == caplog.text.count("takes readings again") == 1


def test_the_same_ten_thousand_messages_twice_and_shuffled_are_ten_thousand_readings(tmp_path: Path) -> None:
    messages = [Message("anju/tower-1/readings", payload(n), NOW) for n in range(10_000)] * 2
    random.Random(3).shuffle(messages)
    with closing(Readings(tmp_path / "readings.db")) as readings:
        receiver = Receiver(decoder=Decoder(), bindings=METERS, readings=readings)
        for start in range(0, len(messages), 400):
            group = messages[start : start + 400]
            receiver.store(receiver.sort(group), messages=len(group), at=NOW, took_s=lambda: 0.0)
        assert stored(readings) == told(readings) == list(range(10_000))


def test_a_gateway_that_floods_costs_the_others_nothing_and_fills_no_disk(tmp_path: Path) -> None:
    nonsense = [b'{"meter_id": "m1", "register_l": "%d"' % n for n in range(REFUSED_KEPT + 1000)]
    arrived = Event()
    wanted = len(nonsense) + 500
    with closing(Readings(tmp_path / "readings.db")) as readings, embedded_broker() as port:
        with listening(port, readings, arrived, wanted) as receiver:
            flood = Thread(target=publish, args=(port, "mad", nonsense))
            flood.start()
            publish(port, "tower-1", [payload(n) for n in range(500)])
            flood.join()
            assert arrived.wait(PATIENCE_S)
        assert stored(readings) == list(range(500))
        assert sum(receiver.counters.refused.values()) == len(nonsense)
        assert len(readings.kept("refused", 10**6)) == REFUSED_KEPT


def in_order(n: int) -> bytes:
    """Twenty meters a minute, registers that rise."""
    at = NOW - timedelta(minutes=(4000 - n) // 20)
    return json.dumps({"meter_id": f"m{n % 20}", "at": at.isoformat(), "register_l": n}).encode()


def cases(readings: Readings, meter_id: str) -> list[Case]:
    state = RegisterState()
    return [advance(state, at, register_l)[1] for at, register_l in readings.registers(meter_id, *EVER)]


def test_what_a_broker_lost_with_our_session_is_said_and_is_a_gap_of_each_meter(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Two hours and more of readings are lost with the broker's disk: no volume is known there, and none is zero."""
    first, second = Event(), Event()
    (tmp_path / "broker").mkdir()
    with closing(Readings(tmp_path / "readings.db")) as readings, mosquitto(tmp_path / "broker") as broker:
        with listening(broker.port, readings, first, wanted=100) as receiver:
            publish(broker.port, "tower-1", [in_order(n) for n in range(100)])
            assert first.wait(PATIENCE_S)
        assert receiver.counters.sessions_lost == 0
        publish(broker.port, "tower-1", [in_order(n) for n in range(100, 2900)])
        broker.stop()
        (tmp_path / "broker" / "mosquitto.db").unlink()
        broker.start()
        with listening(broker.port, readings, second, wanted=100) as receiver:
            publish(broker.port, "tower-1", [in_order(n) for n in range(2900, 3000)])
            assert second.wait(PATIENCE_S)
        assert stored(readings) == told(readings) == [*range(100), *range(2900, 3000)]
        assert receiver.counters.sessions_lost == 1
        for n in range(20):
            assert cases(readings, f"m{n}") == [Case.FIRST, *4 * [Case.ORDINARY], Case.GAP, *4 * [Case.ORDINARY]]
    assert caplog.text.count("the broker has lost our session") == 1
