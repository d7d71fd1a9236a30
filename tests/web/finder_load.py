"""A million cards behind a real server on one core, and finders who come from outside: how long each answer takes.

    nice -n -10 .venv/bin/python -m tests.web.finder_load [FOLDER]    # a folder is kept: made once, measured often

The server is a process of its own, bound to one core; the finders come in another, on another core where there is
one, at random moments, 200 a second whatever the server does. What is timed begins when a finder was due, so a queue
counts, and ends with the answer's last byte: what the server takes, and the loopback's share on top.
"""

import asyncio
import gc
import os
import random
import secrets
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from time import perf_counter, process_time, sleep

import uvicorn
from sqlalchemy import insert

from domain.wristband import ALPHABET, CARD_LENGTH, BandField, BandState, card_hash
from store.readings import Readings
from store.records import Records
from store.tables import consents, residents, wristbands
from tests.web import town
from web.app import create_app
from web.scan_log import ScanLog

CARDS, WEARERS, KNOWN, BATCH = 1_000_000, 10_000, 5_000, 50_000
RATE, SECONDS, CONNECTIONS = 200, 10.0, 100
Paths = Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What finders saw: seconds of each answer, and of the server's processor for one."""

    took_s: Sequence[float]
    processor_s: float

    def at(self, share: float) -> float:
        """The quantile [ms]."""
        return sorted(self.took_s)[min(len(self.took_s) - 1, int(share * len(self.took_s)))] * 1e3


def crowd(folder: Path, *, cards: int = CARDS) -> list[str]:
    """Makes the records; returns the codes of some of the cards, which may be scanned."""
    town.build(folder / "records.db")
    records, clock, rng = Records(folder / "records.db"), town.Clock(), random.Random(1)
    by = {"issued_at": clock(), "issued_by": "x", "state_at": clock(), "state_by": "x", "state_why": ""}
    wearers = [f"W{n}" for n in range(min(WEARERS, cards))]
    with records.write() as tx:
        home = {"household_id": "H1", "birth_year": 1941, "language": "zh"}
        tx.execute(insert(residents), [home | {"resident_id": w, "name": f"王{w}"} for w in wearers])
        paper = {"given_at": clock(), "given_by": "x", "paper": "y", "recorded_by": "x"}
        tx.execute(insert(consents), [paper | {"resident_id": w, "field": f.value} for w in wearers for f in BandField])
    known = ["".join(rng.choices(ALPHABET, k=CARD_LENGTH)) for _ in range(min(KNOWN, cards))]
    for start in range(0, cards, BATCH):
        with records.write() as tx:
            rows = [
                {
                    "resident_id": wearers[n % len(wearers)],
                    "card_hash": card_hash(known[n]) if n < len(known) else secrets.token_bytes(32),
                    "number": f"{n:08}",
                    "state": BandState.ACTIVE.value,
                }
                | by
                for n in range(start, min(start + BATCH, cards))
            ]
            tx.execute(insert(wristbands), rows)
    records.close()
    return known


def serve(folder: Path, core: int, to_parent: Connection) -> None:
    """The pages over the folder's files until the parent says so; then the seconds of processor that they took."""
    os.sched_setaffinity(0, {core})
    records, readings, clock = Records(folder / "records.db"), Readings(folder / "readings.db"), town.Clock()
    listener = socket.create_server(("127.0.0.1", 0))
    log = ScanLog(records, readings, at_once=False)
    app = create_app(records, readings, town.life(), now=clock, public_url=town.URL, scan_log=log)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, server_header=False))

    def mind() -> None:
        """Writes the log as the service does, and answers the parent."""
        while not server.started:
            sleep(0.05)
        gc.freeze()
        to_parent.send(listener.getsockname()[1])
        while not server.should_exit:
            if to_parent.poll(0.2):
                server.should_exit = to_parent.recv() == "stop"
                to_parent.send(process_time())
            log.write()

    minding = Thread(target=mind)
    minding.start()
    server.run([listener])
    minding.join()
    records.close()
    readings.close()


async def visit(port: int, paths: Paths, *, rate: float = RATE, seconds: float = SECONDS) -> list[float]:
    """Finders at random moments, each from an address of his own, as a reverse proxy passes them on."""
    rng, took = random.Random(2), list[float]()
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))

    async def one(number: int, due_at: float) -> None:
        reader, writer = await free.get()
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        head = f"GET {rng.choice(paths)} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: {address}\r\n"
        phone = "Accept-Language: zh-CN,zh;q=0.9\r\nUser-Agent: Mozilla/5.0 MicroMessenger/8.0\r\nAccept: text/html\r\n"
        writer.write(f"{head}{phone}\r\n".encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200"), answer[:100]
        length = next(line for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
        took.append(perf_counter() - due_at)
        free.put_nowait((reader, writer))

    due_at, running = perf_counter() + 0.1, []
    for number in range(int(rate * seconds)):
        due_at += rng.expovariate(rate)
        await asyncio.sleep(max(0.0, due_at - perf_counter()))
        running.append(asyncio.create_task(one(number, due_at)))
    await asyncio.gather(*running)
    while not free.empty():
        free.get_nowait()[1].close()
    return took


def measure(folder: Path, cards: Sequence[str], *, rate: float = RATE, seconds: float = SECONDS) -> dict[str, Seen]:
    """The bare page, then the finder's, from one server."""
    cores = sorted(os.sched_getaffinity(0))
    ours, theirs = get_context("spawn").Pipe()
    server = get_context("spawn").Process(target=serve, args=(folder, cores[0], theirs))
    server.start()
    port, seen = ours.recv(), dict[str, Seen]()
    os.sched_setaffinity(0, {cores[-1]})
    try:
        for name, paths in (("bare page", ["/health"]), ("finder's page", [f"/1/{card}" for card in cards])):
            asyncio.run(visit(port, paths, seconds=1.0))  # what is made at first use
            before = _asked(ours)
            took = asyncio.run(visit(port, paths, rate=rate, seconds=seconds))
            seen[name] = Seen(took_s=took, processor_s=(_asked(ours) - before) / len(took))
    finally:
        _asked(ours, "stop")
        server.join()
        os.sched_setaffinity(0, set(cores))
    return seen


def _asked(server: Connection, what: str = "processor") -> float:
    server.send(what)
    return float(server.recv())


def report(folder: Path, *, cards: int = CARDS, rate: float = RATE) -> str:
    """`folder` keeps the records for the next time."""
    codes = folder / "codes.txt"
    if not codes.exists():
        codes.write_text("\n".join(crowd(folder, cards=cards)))
    seen = measure(folder, codes.read_text().split(), rate=rate)
    lines = [f"{cards} cards, {rate} a second, one core, load {os.getloadavg()[0]:.1f}"]
    lines += [
        f"{name}: median {one.at(0.5):.1f} ms, p99 {one.at(0.99):.1f} ms, p99.9 {one.at(0.999):.1f} ms,"
        f" {one.processor_s * 1e3:.2f} ms of the processor"
        for name, one in seen.items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    with TemporaryDirectory() as own:
        print(report(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(own)))
