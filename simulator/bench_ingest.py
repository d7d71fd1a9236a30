"""How fast ingest stores durably, beside a bare paho subscriber that counts and drops: both drain the same queue.

Publishers run in processes of their own and fill the broker's queue first; then the subscriber, again a process of
its own, comes back to its session and takes it all. Both sides take turns, and the medians of their rates are compared.
A last run publishes live at half of the rate that was reached.
"""

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from getpass import getuser
from pathlib import Path
from socket import create_connection
from statistics import median
from threading import Thread
from time import sleep

from ingest.broker import embedded_broker, free_port
from simulator.bench_sides import START_AT, Drained, Load, Run, Side, bare, durable, publish, run_side
from simulator.publish import broker_at
from store.contracts import Arrival, Batch
from store.readings import Readings

ROUNDS = 3
LIVE_S = 10
# As docs/deployment/mosquitto.conf has it, without TLS and accounts.
MOSQUITTO = """listener {port} 127.0.0.1
user {user}
allow_anonymous true
persistence true
persistence_location {folder}/
max_queued_messages 1000000
max_inflight_messages 500
"""


def bench_at(url: str | None, folder: Path, *, messages: int, say: Callable[[str], None]) -> bool:
    """On the broker there; without one on Mosquitto where it is installed, else on the embedded one."""
    if url is not None:
        return bench(broker_at(url).port, folder, messages=messages, say=say)
    program = shutil.which("mosquitto", path="/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin")
    say(f"broker: {program or 'embedded (it hands out 100 messages at a time; Mosquitto is not installed)'}")
    with _mosquitto(program, folder) if program else embedded_broker() as port:
        return bench(port, folder, messages=messages, say=say)


def bench(port: int, folder: Path, *, messages: int, say: Callable[[str], None]) -> bool:
    """Prints the table line by line; true where nothing was lost."""
    single, bundles = Load(messages=messages), Load(messages=messages // 10, per_message=24)
    idle, ours = [], []
    for n in range(ROUNDS):
        idle.append(_drain(bare, port, folder / f"bare{n}", single))
        ours.append(_drain(durable, port, folder / f"single{n}", single))
    limit, reached = (median(d.messages_per_s for d in side) for side in (idle, ours))
    ratios = " ".join(f"{o.messages_per_s / i.messages_per_s:.2f}" for i, o in zip(idle, ours, strict=True))
    say(f"bare paho subscriber, counts and drops   {limit:8.0f} messages/s   median of {ROUNDS}")
    say(f"ingest, durable, 1 reading a message     {reached:8.0f} messages/s   ratio {reached / limit:.2f} ({ratios})")
    many = _drain(durable, port, folder / "bundles", bundles)
    say(f"ingest, durable, 24 readings a message   {many.readings_per_s:8.0f} readings/s")
    half = Load(messages=round(LIVE_S * reached / 2))
    live = _live(port, folder / "live", half, reached / 2)
    say(f"half load, published live                {live.messages_per_s:8.0f} messages/s   for {LIVE_S} s")
    say(f"  from published to on the disk, p99     {_quantile_ms(live.lags_s, 0.99):8.1f} ms           "
        f"p50 {_quantile_ms(live.lags_s, 0.5):.1f}")  # fmt: skip
    read_s, paired_s = zip(*live.reads_s, strict=True)
    say(f"  a meter's 30 days at 15 min read, p50  {_quantile_ms(read_s, 0.5):8.2f} ms           "
        f"{_quantile_ms(paired_s, 0.5):.1f} as pairs of time and litres")  # fmt: skip
    say(f"resident memory, {single.meters} meters          {max(d.resident_mb for d in (*ours, live)):8.0f} MB")
    say(f"a reading takes                          {_bytes_a_reading(folder / 'size.db'):8.1f} bytes")
    runs = [*zip([single] * ROUNDS, ours, strict=True), (bundles, many), (half, live)]
    lost = sum(load.readings - run.stored for load, run in runs)
    say(f"lost                                     {lost:8d} of {sum(load.readings for load, _ in runs)} readings")
    return lost == 0


def _drain(side: Side, port: int, folder: Path, load: Load) -> Drained:
    """The subscriber makes its session and leaves; publishers fill the queue; the subscriber drains it."""
    folder.mkdir(parents=True)
    run_side(side, Run(port=port, folder=folder, load=load, wanted=0))
    publish(port, load, rate=0.0)
    return run_side(side, Run(port=port, folder=folder, load=load, wanted=load.messages))


def _live(port: int, folder: Path, load: Load, rate: float) -> Drained:
    folder.mkdir(parents=True)
    run_side(durable, Run(port=port, folder=folder, load=load, wanted=0))
    publisher = Thread(target=publish, args=(port, load, rate))
    run = Run(port=port, folder=folder, load=load, wanted=load.messages, reads=True)
    drained = run_side(durable, run, listening=publisher.start)
    publisher.join()
    return drained


def _bytes_a_reading(path: Path) -> float:
    """100 meters over ten days at 15 minutes, as they come: all meters in turn."""
    with closing(Readings(path)) as readings:
        for step in range(960):
            at = START_AT + timedelta(minutes=15 * step)
            arrivals = [
                Arrival(meter_id=f"m{n}", at=at, register_l=100_000 + step, late=False, received_at=at)
                for n in range(100)
            ]
            readings.commit(Batch(arrivals=arrivals))
    with closing(sqlite3.connect(path)) as db:
        size = db.execute("SELECT sum(pgsize) FROM dbstat WHERE name = 'readings'").fetchone()[0]
    return float(size) / (960 * 100)


def _quantile_ms(values_s: Sequence[float], q: float) -> float:
    return 1000 * sorted(values_s)[int(q * len(values_s))] if values_s else 0.0


@contextmanager
def _mosquitto(program: str, folder: Path) -> Iterator[int]:
    port, config = free_port(), folder / "mosquitto.conf"
    config.write_text(MOSQUITTO.format(port=port, user=getuser(), folder=folder))
    with subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL) as process:  # noqa: S603  found on the system's path
        try:
            _wait_for(port)
            yield port
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    for _ in range(100):
        try:
            create_connection(("127.0.0.1", port)).close()
        except OSError:
            sleep(0.05)
        else:
            return
    raise RuntimeError("Mosquitto doesn't answer")
