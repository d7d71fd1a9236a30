"""Ingest alone as a process to be killed.

With a step it kills itself the nth time it gets there: decode, commit (before it), ack (after the commit).
"""

import os
import signal
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from time import monotonic

from domain.reading import Decoded
from ingest.bindings import Bindings
from ingest.connection import Subscription
from ingest.decode import Decoder
from ingest.intake import Group
from ingest.mqtt import Subscriber
from ingest.receive import Receiver
from store.contracts import Batch
from store.readings import Readings


class Step:
    """Dies the nth time it is passed."""

    def __init__(self, count: int = 0) -> None:
        self._left = count

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class DyingDecoder(Decoder):
    step = Step()

    def decode(self, topic: str, payload: bytes, received_at: datetime) -> list[Decoded]:
        self.step()
        return super().decode(topic, payload, received_at)


class DyingReadings(Readings):
    step = Step()

    def commit(self, batch: Batch) -> None:
        self.step()
        super().commit(batch)


def main(port: int, folder: Path, step: str, count: int, says: "Connection[str, str]") -> None:
    """Says ready and subscribed."""
    steps = {name: Step(count if name == step else 0) for name in ("decode", "commit", "ack")}
    decoder, readings = DyingDecoder(), DyingReadings(folder / "readings.db")
    decoder.step, readings.step = steps["decode"], steps["commit"]
    receiver = Receiver(
        decoder=decoder,
        bindings=Bindings({f"m{n}": None for n in range(10)}),
        readings=readings,
        on_commit=steps["ack"],
    )
    subscriber = Subscriber(
        Subscription(host="127.0.0.1", port=port),
        receiver,
        now=lambda: datetime.now(UTC),
        steady_s=monotonic,
        group=Group(messages=50),
    )
    signal.signal(signal.SIGTERM, lambda *_: subscriber.stop())
    thread = Thread(target=subscriber.run)
    says.send("ready")
    thread.start()
    subscriber.subscribed.wait()
    says.send("subscribed")
    while thread.is_alive():
        thread.join(0.1)
    readings.close()
