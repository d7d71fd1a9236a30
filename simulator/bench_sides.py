"""The sides of the ingest benchmark, each in a process of its own: publishers, a bare subscriber, durable ingest."""

import json
import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.queues import Queue
from pathlib import Path
from threading import Event, Thread
from typing import TypeAlias

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from ingest.bindings import Bindings
from ingest.connection import Subscription
from ingest.decode import Decoder
from ingest.mqtt import Subscriber
from ingest.receive import Receiver
from simulator.publish import Broker, Publisher
from store.contracts import Arrival, Batch
from store.readings import Readings

HOST = "127.0.0.1"
START_AT = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE_S = 300.0
TOPIC = "anju/bench/readings"
WATCHED = "watched"  # the meter whose last 30 days are read meanwhile
ELSEWHERE = 5  # publishers are other machines in truth: here they come after ingest and broker, by so much niceness

spawn = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """`messages` messages of `per_message` readings each, over `meters` meters in turn."""

    messages: int
    per_message: int = 1
    meters: int = 100_000

    @property
    def readings(self) -> int:
        return self.messages * self.per_message


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One subscriber process, up to `wanted` messages; 0: it makes its session and leaves."""

    port: int
    folder: Path
    load: Load
    wanted: int
    reads: bool = False

    @property
    def client_id(self) -> str:
        return self.folder.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """What one subscriber did. Rates count from the first message that came to the last."""

    messages: int
    readings: int
    took_s: float
    stored: int
    resident_mb: float
    lags_s: Sequence[float] = ()
    reads_s: Sequence[tuple[float, float]] = ()

    @property
    def messages_per_s(self) -> float:
        return self.messages / self.took_s

    @property
    def readings_per_s(self) -> float:
        return self.readings / self.took_s


Answers: TypeAlias = "Queue[Drained | None]"  # Python 3.11 has no queue of something at run time
Side = Callable[[Run, Answers], None]


def run_side(side: Side, run: Run, listening: Callable[[], None] = lambda: None) -> Drained:
    """In a process of its own; `listening` is called when its subscription stands."""
    answers: Answers = spawn.Queue()
    process = spawn.Process(target=side, args=(run, answers))
    process.start()
    answers.get(timeout=PATIENCE_S)
    listening()
    drained = answers.get(timeout=PATIENCE_S)
    process.join()
    if drained is None:
        raise RuntimeError("the subscriber gave no account")
    return drained


def publish(port: int, load: Load, rate: float) -> None:
    """From two processes, `rate` messages a second in all; 0: as fast as the broker takes them."""
    halves = [range(0, load.messages, 2), range(1, load.messages, 2)]
    processes = [spawn.Process(target=_publish_part, args=(port, load, part, rate / 2)) for part in halves]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode != 0:
            raise RuntimeError(f"a publisher ended with status {process.exitcode}")


def _publish_part(port: int, load: Load, numbers: Sequence[int], rate: float) -> None:
    os.nice(ELSEWHERE)
    with Publisher(Broker(host=HOST, port=port), client_id=f"bench-{numbers[0]}") as publisher:
        started = time.monotonic()
        for sent, number in enumerate(numbers):
            ahead_s = sent / rate - (time.monotonic() - started) if rate else 0.0
            if ahead_s > 0:
                time.sleep(ahead_s)
            publisher.publish(TOPIC, _payload(load, number, live=rate > 0), timeout_s=PATIENCE_S)
        publisher.wait_for_acks(timeout_s=PATIENCE_S)


def _payload(load: Load, number: int, *, live: bool) -> bytes:
    meter_id = f"m{number % load.meters}"
    first_at = datetime.now(UTC) if live else START_AT + timedelta(hours=number // load.meters * 24)
    readings = [
        {"meter_id": meter_id, "at": (first_at + timedelta(hours=n)).isoformat(), "register_l": 100_000 + n}
        for n in range(load.per_message)
    ]
    return json.dumps(readings if load.per_message > 1 else readings[0]).encode()


def bare(run: Run, answers: Answers) -> None:
    """paho as it comes: counts, acknowledges, drops."""
    done, times = Event(), [0.0, 0.0]
    count = 0

    def on_message(client: Client, _data: object, message: MQTTMessage) -> None:
        nonlocal count
        times[1] = time.monotonic()
        times[0] = times[0] or times[1]
        count += 1
        client.ack(message.mid, message.qos)
        if count == run.wanted:
            done.set()

    ready = Event()
    client = Client(CallbackAPIVersion.VERSION2, client_id=run.client_id, clean_session=False, manual_ack=True)
    client.on_message = on_message
    client.on_subscribe = lambda *_: ready.set()
    client.connect(HOST, run.port)
    client.subscribe(TOPIC, qos=1)
    client.loop_start()
    ready.wait(PATIENCE_S)
    answers.put(None)
    if run.wanted:
        done.wait(PATIENCE_S)
    client.disconnect()
    client.loop_stop()
    answers.put(_drained(run, count, times))


def durable(run: Run, answers: Answers) -> None:
    """Ingest as the service has it: decoded, judged by the ledger of all meters, stored, then acknowledged."""
    with closing(_Timed(run.folder / "readings.db", run.wanted * run.load.per_message)) as readings:
        bindings = Bindings({f"m{n}": "bench" for n in range(run.load.meters)})
        receiver = Receiver(decoder=Decoder(), bindings=bindings, readings=readings)
        to = Subscription(host=HOST, port=run.port, client_id=run.client_id, topics=(TOPIC,))
        subscriber = Subscriber(to, receiver, now=lambda: datetime.now(UTC), steady_s=time.monotonic)
        thread = Thread(target=subscriber.run)
        thread.start()
        subscriber.subscribed.wait(PATIENCE_S)
        if not run.wanted:
            _fill(readings, run.load)
        answers.put(None)
        reads_s = list(_read_until(readings.done, readings)) if run.reads else []
        if run.wanted:
            readings.done.wait(PATIENCE_S)
        subscriber.stop()
        thread.join()
        stored = sum(map(len, _entries(readings)))
        done = _drained(run, receiver.counters.received, readings.times, stored)
        answers.put(replace(done, lags_s=readings.lags_s, reads_s=reads_s))


class _Timed(Readings):
    """Notes when the first batch came and the last was on the disk, and how late each reading was there."""

    def __init__(self, path: Path, wanted: int) -> None:
        super().__init__(path)
        self.times = [0.0, 0.0]
        self.lags_s: list[float] = []
        self.done = Event()
        self._left = wanted

    def commit(self, batch: Batch) -> None:
        super().commit(batch)
        now = datetime.now(UTC)
        if batch.arrivals:
            self.times = [self.times[0] or batch.arrivals[0].received_at.timestamp(), now.timestamp()]
        self.lags_s += [(now - a.at).total_seconds() for a in batch.arrivals]
        self._left -= len(batch.arrivals)
        if self._left <= 0:
            self.done.set()


def _fill(readings: Readings, load: Load) -> None:
    """All meters have reported once before; one of them for 30 days."""
    at = [START_AT - timedelta(minutes=15 * n) for n in range(1, 30 * 96 + 1)]
    first = [(f"m{n}", at[0]) for n in range(load.meters)] + [(WATCHED, a) for a in at]
    readings.commit(
        Batch(
            arrivals=[
                Arrival(meter_id=meter_id, at=a, register_l=123_456.789, late=False, received_at=a)
                for meter_id, a in first
            ]
        )
    )
    readings.trim(readings.position())


def _read_until(done: Event, readings: Readings) -> Iterator[tuple[float, float]]:
    """How long the last 30 days of one meter take to read, and until they are pairs; twenty times a second."""
    deadline = time.monotonic() + PATIENCE_S
    while not done.wait(0.05) and time.monotonic() < deadline:
        started = time.perf_counter()
        registers = readings.registers(WATCHED, START_AT - timedelta(days=31), START_AT)
        read_s = time.perf_counter() - started
        list(registers)
        yield read_s, time.perf_counter() - started


def _entries(readings: Readings) -> Iterator[Sequence[Arrival]]:
    after = 0
    while entries := readings.follow(after, 100):
        yield from (entry.arrivals for entry in entries)
        after = entries[-1].position


def _drained(run: Run, count: int, times: Sequence[float], stored: int = 0) -> Drained:
    return Drained(
        messages=count,
        readings=count * run.load.per_message,
        took_s=max(times[1] - times[0], 1e-9),
        stored=stored,
        resident_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )
