"""Ingest is killed -9, at random and at each step: nothing that was handed over is lost, nothing is stored twice."""

import json
import multiprocessing
import random
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.broker import embedded_broker
from simulator.publish import Broker, Publisher
from store.readings import Readings
from tests.ingest.service import main
from tests.services import mosquitto

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["pytest", "tests.ingest.service"])  # pytest: what each child takes for its main module
START = datetime(2026, 3, 1, tzinfo=UTC)
PATIENCE_S = 30
A_ROUND = 400  # messages


class Process:
    """Ingest in a process of its own. From a server that forks: to import all of it takes seconds a start."""

    def __init__(self, port: int, folder: Path, step: str, count: int) -> None:
        self._words, says = FORKS.Pipe(duplex=False)
        self._process = FORKS.Process(target=main, args=(port, folder, step, count, says))
        self._process.start()
        says.close()

    def says(self, word: str) -> None:
        """Waits for it; an `EOFError` where the process ended before."""
        while self._words.recv() != word:
            pass

    def wait(self, seconds: float) -> int | None:
        self._process.join(seconds)
        return self._process.exitcode

    def end(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self._words.close()


@contextmanager
def service(port: int, folder: Path, step: str = "", count: int = 0) -> Iterator[Process]:
    process = Process(port, folder, step, count)
    try:
        yield process
    finally:
        process.kill()


def reading(n: int) -> tuple[str, datetime]:
    return f"m{n % 10}", START + timedelta(seconds=n)


def publish(port: int, numbers: range) -> None:
    with Publisher(Broker(host="127.0.0.1", port=port), client_id="tower-1") as publisher:
        for n in numbers:
            meter_id, at = reading(n)
            payload = {"meter_id": meter_id, "at": at.isoformat(), "register_l": n}
            publisher.publish("anju/tower-1/readings", json.dumps(payload).encode(), timeout_s=PATIENCE_S)
        publisher.wait_for_acks(timeout_s=PATIENCE_S)


def finish(port: int, folder: Path, count: int) -> None:
    """A last start, which takes what is left; it ends when all is there."""
    with service(port, folder) as process:
        process.says("subscribed")
        for _ in range(PATIENCE_S * 50):
            if rows(folder) >= count or process.wait(0.02) is not None:
                break
        process.end()
        assert process.wait(PATIENCE_S) == 0


def rows(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "readings.db")) as db:
        return int(db.execute("SELECT count(*) FROM readings").fetchone()[0])


def assert_all_stored_once(folder: Path, count: int) -> None:
    with closing(Readings(folder / "readings.db")) as readings:
        stored = [
            (register_l, meter_id, at)
            for meter_id in {reading(n)[0] for n in range(count)}
            for at, register_l in readings.registers(meter_id, START, START + timedelta(days=9))
        ]
        assert sorted(stored) == [(n, *reading(n)) for n in range(count)]
        told = [int(a.register_l) for entry in readings.follow(0, count) for a in entry.arrivals]
        assert sorted(told) == list(range(count))


@pytest.mark.parametrize("step", ["decode", "commit", "ack"])
def test_killed_at_a_step(step: str, tmp_path: Path) -> None:
    with embedded_broker() as port:
        with service(port, tmp_path) as process:  # the session must be there before what is to be kept in it
            process.says("subscribed")
        publish(port, range(300))
        for count in (1, 3):
            with service(port, tmp_path, step, count) as process:
                assert process.wait(PATIENCE_S) == -signal.SIGKILL
        finish(port, tmp_path, 300)
    assert_all_stored_once(tmp_path, 300)


def killed_at_random(folder: Path, rounds: int, seed: int) -> None:
    """A start lives for up to 100 ms, in which it takes some hundred of the messages that wait for it."""
    moments = random.Random(seed)
    (folder / "broker").mkdir()
    (folder / "data").mkdir()
    with mosquitto(folder / "broker") as broker:
        with service(broker.port, folder / "data") as process:
            process.says("subscribed")
        for start in range(0, rounds * A_ROUND, A_ROUND):
            publish(broker.port, range(start, start + A_ROUND))
            with service(broker.port, folder / "data") as process:
                process.says("ready")
                process.wait(moments.uniform(0, 0.1))
        finish(broker.port, folder / "data", rounds * A_ROUND)
    assert_all_stored_once(folder / "data", rounds * A_ROUND)


def test_killed_at_random_20_times(tmp_path: Path) -> None:
    killed_at_random(tmp_path, rounds=20, seed=1)


@pytest.mark.soak
def test_killed_at_random_200_times(tmp_path: Path) -> None:
    killed_at_random(tmp_path, rounds=200, seed=2)
