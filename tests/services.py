"""Real services that tests start for themselves, on loopback and a free port."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from ingest.mqtt import Subscriber

MOSQUITTO = """user root
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
max_queued_messages 0
max_inflight_messages 500
"""


def program(name: str, package: str, *others: str) -> str:
    """Its path, or that of another name; where none is installed the test is skipped at home and fails in CI."""
    for one in (name, *others):
        path = shutil.which(one, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        if path:
            return path
    reason = f"{name} isn't installed (Debian: apt install {package})"
    if os.environ.get("ANJU_REQUIRE_SERVICES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mosquitto:
    """Debian's broker, which can be stopped and started again on the same port."""

    def __init__(self, folder: Path, config: str = MOSQUITTO) -> None:
        self._path = program("mosquitto", "mosquitto")
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._log = folder / "log"
        self._config.write_text(config.format(port=self.port, folder=folder))
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        with self._log.open("a") as log:
            self._process = subprocess.Popen([self._path, "-c", str(self._config)], stdout=log, stderr=log)
        wait_for_port(self.port, self._process)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            print("mosquitto ended with", self._process.wait(10), *self._log.read_text().splitlines()[-30:], sep="\n")
            self._process = None


@contextmanager
def mosquitto(folder: Path, config: str = MOSQUITTO) -> Iterator[Mosquitto]:
    broker = Mosquitto(folder, config)
    try:
        yield broker
    finally:
        broker.stop()


def wait_for_port(port: int, process: "subprocess.Popen[bytes] | subprocess.Popen[str]", seconds: float = 10.0) -> None:
    """Until something listens there; fails when the process ends instead."""
    for _ in range(round(seconds * 20)):
        with socket.socket() as probe:
            probe.settimeout(0.05)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
        break
    pytest.fail(f"nothing listens on port {port}; the process ended with {process.poll()}")


@contextmanager
def listens(subscriber: Subscriber, patience_s: float = 60) -> Iterator[None]:
    """From when it is subscribed on, in a thread of its own."""
    thread = Thread(target=subscriber.run)
    thread.start()
    try:
        assert subscriber.subscribed.wait(patience_s)
        yield
    finally:
        subscriber.stop()
        thread.join(patience_s)
        assert not thread.is_alive()
