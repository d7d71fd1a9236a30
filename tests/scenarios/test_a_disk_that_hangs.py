"""A disk that hangs gives no error: a commit doesn't end, and whoever watches must see it all the same."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import cast

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from anju_service.service import Service
from config.settings import Settings
from ingest.broker import embedded_broker
from ingest.connection import Subscription
from notifier.channels.log import LogChannel
from store import tables as t
from tests.ingest.test_faults import PATIENCE_S, publish, told
from tests.notifier.world import METER, fill_ledger, records_in
from tests.services import listens, program

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAME = "readings can't be stored"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system that can be frozen: who writes to it waits."""
    image, folder = tmp_path / "image", tmp_path / "disk"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(32 << 20)
    make = program("mkfs.ext4", "e2fsprogs")
    for command in ([make, "-q", str(image)], ["mount", "-o", "loop", str(image), str(folder)]):
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            pytest.skip("mounting a file system that can be frozen needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def reading(n: int) -> bytes:
    at = NOW - timedelta(hours=2, seconds=300 - n)  # not ahead of a clock that is set back, whenever it comes
    return json.dumps({"meter_id": METER, "at": at.isoformat(), "register_l": n}).encode()


@contextmanager
def frozen(folder: Path) -> Iterator[None]:
    subprocess.run(["fsfreeze", "-f", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["fsfreeze", "-u", str(folder)], check=True)


@contextmanager
def running(service: Service, port: int) -> Iterator[None]:
    """The subscriber and the part that minds the service itself."""
    subscriber = service.subscriber(Subscription(host="127.0.0.1", port=port))
    with listens(subscriber, PATIENCE_S):
        yield


def test_a_commit_that_hangs_in_the_disk_is_seen_by_all_who_watch_and_loses_nothing(disk: Path) -> None:
    with closing(records_in(disk)) as records, records.write() as tx:
        fill_ledger(tx)
    begun, ahead_s, clock, stored = monotonic(), [0.0], [NOW], Event()
    texts = [LogChannel(lambda text: None)]
    service = Service(disk, Settings(), texts, lambda: clock[0], steady_s=lambda: monotonic() + ahead_s[0])
    counters = service.receiver.counters
    with closing(service), embedded_broker() as port, running(service, port):
        watch = TestClient(cast("FastAPI", service.pages("http://testserver").config.app))
        with frozen(disk):
            publish(port, "gw1", [reading(n) for n in range(300)])
            while counters.committing_since_s is None and monotonic() - begun < PATIENCE_S:
                stored.wait(0.01)
            ahead_s[0], clock[0] = 40.0, NOW - timedelta(hours=1)  # a clock set back meanwhile delays nothing
            (said,) = service.self_watch.health().problems
            assert re.fullmatch(r"readings can't be stored since 10:59:[01].* UTC: a commit hangs", said)
            assert [one.split(" since ")[0] for one in watch.get("/health/ready").json()["problems"]] == [NAME]
            assert watch.get("/health").status_code == 200
            numbers = watch.get("/metrics").text
            assert "anju_store_available 0\n" in numbers
            running_s = re.search(r"^anju_commit_running_seconds (.*)$", numbers, re.M)
            assert running_s
            assert float(running_s[1]) > 40
            minding = Thread(target=service.self_watch.look)
            minding.start()
            clock[0] = NOW
        minding.join(PATIENCE_S)
        while counters.received < 300 and monotonic() - begun < PATIENCE_S:
            stored.wait(0.01)
        assert service.self_watch.health().problems == ()
        assert "anju_store_available 1\n" in watch.get("/metrics").text
        with service.records.read() as tx:
            (alert,) = tx.execute(select(t.alerts.c.reason)).all()
        assert alert.reason["key"] == "service_down"
        assert alert.reason["values"]["name"] == NAME
        assert told(service.readings) == list(range(300))
