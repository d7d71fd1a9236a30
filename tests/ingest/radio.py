"""A radio for rtl_433: the wire format of rtl_tcp, on which an ERT water meter sends now and then."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import numpy as np

SAMPLES_PER_S = 1_000_000
BLOCK_S = 0.1
HALF_BIT_S = 30e-6
METER = "1234567"  # 123,456 on its dial; the decoder's type 13: water
FRAME = "f953003401e24012d687243d"
HEADER = b"RTL0" + (5).to_bytes(4, "big") + (29).to_bytes(4, "big")  # a tuner R820T with 29 gains


def recording() -> bytes:
    """I and Q of one transmission: a one is on and then off, a zero off and then on."""
    bits = f"{int(FRAME, 16):0{4 * len(FRAME)}b}"
    halves = np.array([half for bit in bits for half in ((1, 0) if bit == "1" else (0, 1))])
    level = np.zeros(round(BLOCK_S * SAMPLES_PER_S))
    sent = halves[(np.arange(round(len(halves) * HALF_BIT_S * SAMPLES_PER_S)) / HALF_BIT_S / SAMPLES_PER_S).astype(int)]
    level[20_000 : 20_000 + len(sent)] = sent
    noise = np.random.default_rng(1).normal(0, 1, (len(level), 2))
    return np.clip(noise + 127.5 + 90 * np.stack([level, 0 * level], axis=1), 0, 255).astype(np.uint8).tobytes()


@contextmanager
def radio() -> Iterator[int]:
    """Its port. It sends again and again until the end, at the speed of a real one."""
    stopping = Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        thread = Thread(target=_send, args=(server, stopping))
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            stopping.set()
            thread.join(20)


def _send(server: socket.socket, stopping: Event) -> None:
    block = recording()
    try:
        client, _ = server.accept()
        with client:
            client.sendall(HEADER)
            while not stopping.wait(BLOCK_S):
                client.sendall(block)
    except OSError:
        return  # the listener is gone
