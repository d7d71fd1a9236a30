"""How fast ingest stores durably, beside a bare paho subscriber that counts and drops: both drain the same queue.

Publishers run in processes of their own and fill the broker's queue first; then the subscriber, again a process of
its own, comes back to its session and takes it all. A last run publishes live at half of the rate that was reached.
"""

import json
import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.queues import Queue
from pathlib import Path
from threading import Event, Thread
from typing import TypeAlias

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from ingest.bindings import Bindings
from ingest.broker import embedded_broker
from ingest.decode import Decoder
from ingest.mqtt import Subscriber, Subscription
from ingest.receive import Receiver
from simulator.publish import Broker, Publisher, broker_at
from store.contracts import Arrival, Batch
from store.readings import Readings

HOST = "127.0.0.1"
START_AT = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE_S = 300.0
TOPIC = "anju/bench/readings"
WATCHED = "watched"  # the meter whose last 30 days are read meanwhile

_spawn = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """`messages` messages of `per_message` readings each, over `meters` meters in turn."""

    messages: int
    per_message: int
    meters: int = 100_000

    @property
    def readings(self) -> int:
        return self.messages * self.per_message


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One subscriber process, up to `wanted` messages."""

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
    lag_p99_ms: float = 0.0
    read_p50_ms: float = 0.0

    @property
    def messages_per_s(self) -> float:
        return self.messages / self.took_s

    @property
    def readings_per_s(self) -> float:
        return self.readings / self.took_s


Answers: TypeAlias = "Queue[Drained]"  # Python 3.11 has no queue of something at run time
Target = Callable[[Run, "Queue[Drained]"], None]


def bench_at(url: str | None, folder: Path, *, messages: int, say: Callable[[str], None]) -> bool:
    """On the broker there, or on the embedded one."""
    if url is None:
        with embedded_broker() as port:
            return bench(port, folder, messages=messages, say=say)
    return bench(broker_at(url).port, folder, messages=messages, say=say)


def bench(port: int, folder: Path, *, messages: int, say: Callable[[str], None]) -> bool:
    """Prints the table line by line; true where nothing was lost."""
    single, bundles = Load(messages=messages, per_message=1), Load(messages=messages // 10, per_message=24)
    bare = _drain(_bare, port, folder / "bare", single)
    say(f"bare paho subscriber, counts and drops   {bare.messages_per_s:8.0f} messages/s")
    ours = _drain(_durable, port, folder / "single", single)
    ratio = ours.messages_per_s / bare.messages_per_s
    say(f"ingest, durable, 1 reading a message     {ours.messages_per_s:8.0f} messages/s   ratio {ratio:.2f}")
    many = _drain(_durable, port, folder / "bundles", bundles)
    say(f"ingest, durable, 24 readings a message   {many.readings_per_s:8.0f} readings/s")
    live = _live(port, folder / "live", Load(messages=messages // 4, per_message=1), ours.messages_per_s / 2)
    say(f"at half load: commit lag p99             {live.lag_p99_ms:8.1f} ms")
    say(f"at half load: 30 days of a meter, p50    {live.read_p50_ms:8.2f} ms")
    say(f"resident memory, {single.meters} meters            {ours.resident_mb:8.0f} MB")
    lost = sum(load.readings - run.stored for load, run in ((single, ours), (bundles, many)))
    lost += messages // 4 - live.stored
    say(f"lost                                     {lost:8d}")
    return lost == 0


def _drain(subscriber: Target, port: int, folder: Path, load: Load) -> Drained:
    """The subscriber makes its session and leaves; publishers fill the queue; the subscriber drains it."""
    folder.mkdir(parents=True)
    _in_process(subscriber, Run(port=port, folder=folder, load=load, wanted=0))
    _publish(port, load, rate=0.0)
    return _in_process(subscriber, Run(port=port, folder=folder, load=load, wanted=load.messages))


def _live(port: int, folder: Path, load: Load, rate: float) -> Drained:
    folder.mkdir(parents=True)
    _in_process(_durable, Run(port=port, folder=folder, load=load, wanted=0))
    publisher = Thread(target=_publish, args=(port, load, rate))
    publisher.start()
    done = _in_process(_durable, Run(port=port, folder=folder, load=load, wanted=load.messages, reads=True))
    publisher.join()
    return done


def _in_process(target: Target, run: Run) -> Drained:
    answers: Queue[Drained] = _spawn.Queue()
    process = _spawn.Process(target=target, args=(run, answers))
    process.start()
    answer = answers.get(timeout=PATIENCE_S)
    process.join()
    return answer


# Publishers


def _publish(port: int, load: Load, rate: float) -> None:
    halves = [range(0, load.messages, 2), range(1, load.messages, 2)]
    processes = [_spawn.Process(target=_publish_part, args=(port, load, part, rate / 2)) for part in halves]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode != 0:
            raise RuntimeError(f"a publisher ended with status {process.exitcode}")


def _publish_part(port: int, load: Load, numbers: Sequence[int], rate: float) -> None:
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


# Subscribers


def _bare(run: Run, answers: Answers) -> None:
    ready, done, times = Event(), Event(), [0.0, 0.0]
    count = 0

    def on_message(client: Client, _data: object, message: MQTTMessage) -> None:
        nonlocal count
        times[1] = time.monotonic()
        times[0] = times[0] or times[1]
        count += 1
        client.ack(message.mid, message.qos)
        if count == run.wanted:
            done.set()

    client = Client(CallbackAPIVersion.VERSION2, client_id=run.client_id, clean_session=False, manual_ack=True)
    client.on_message = on_message
    client.on_subscribe = lambda *_: ready.set()
    client.connect(HOST, run.port)
    client.subscribe(TOPIC, qos=1)
    client.loop_start()
    (done if run.wanted else ready).wait(PATIENCE_S)
    client.disconnect()
    client.loop_stop()
    answers.put(_drained(run, count, times))


class _Timed(Readings):
    """Notes when the first and the last batch were on the disk, and how late each reading was there."""

    def __init__(self, path: Path, wanted: int) -> None:
        super().__init__(path)
        self.times = [0.0, 0.0]
        self.lags_s: list[float] = []
        self.done = Event()
        self._left = wanted

    def commit(self, batch: Batch) -> None:
        self.times[0] = self.times[0] or time.monotonic()
        super().commit(batch)
        self.times[1] = time.monotonic()
        now = datetime.now(UTC)
        self.lags_s += [(now - a.at).total_seconds() for a in batch.arrivals]
        self._left -= len(batch.arrivals)
        if self._left <= 0:
            self.done.set()


def _durable(run: Run, answers: Answers) -> None:
    readings = _Timed(run.folder / "readings.db", run.wanted * run.load.per_message)
    if not run.wanted:
        _fill(readings, run.load)
    bindings = Bindings({f"m{n}": "bench" for n in range(run.load.meters)})
    receiver = Receiver(decoder=Decoder(), bindings=bindings, readings=readings)
    subscriber = Subscriber(
        Subscription(host=HOST, port=run.port, client_id=run.client_id, topics=(TOPIC,)),
        receiver,
        now=lambda: datetime.now(UTC),
    )
    thread = Thread(target=subscriber.run)
    thread.start()
    reads_s = list(_read_until(readings.done, readings)) if run.reads else []
    (readings.done if run.wanted else subscriber.subscribed).wait(PATIENCE_S)
    subscriber.stop()
    thread.join()
    stored = sum(map(len, _entries(readings)))
    done = _drained(run, receiver.counters.received, readings.times, stored)
    answers.put(replace(done, lag_p99_ms=_quantile_ms(readings.lags_s, 0.99), read_p50_ms=_quantile_ms(reads_s, 0.5)))
    readings.close()


def _fill(readings: Readings, load: Load) -> None:
    """All meters have reported once before; one of them for 30 days."""
    at = [START_AT - timedelta(minutes=15 * n) for n in range(1, 30 * 96 + 1)]
    first = [(f"m{n}", at[0]) for n in range(load.meters)] + [(WATCHED, a) for a in at]
    readings.commit(
        Batch(
            arrivals=[
                Arrival(meter_id=meter_id, at=a, register_l=1.0, late=False, received_at=a) for meter_id, a in first
            ]
        )
    )
    readings.trim(readings.position())


def _read_until(done: Event, readings: Readings) -> Iterator[float]:
    """How long the last 30 days of one meter take to read, twenty times a second."""
    deadline = time.monotonic() + PATIENCE_S
    while not done.wait(0.05) and time.monotonic() < deadline:
        started = time.perf_counter()
        readings.registers(WATCHED, START_AT - timedelta(days=31), START_AT)
        yield time.perf_counter() - started


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


def _quantile_ms(values_s: Sequence[float], q: float) -> float:
    return 1000 * sorted(values_s)[int(q * len(values_s))] if values_s else 0.0
