"""An MQTT broker in a child process on loopback, for the demo and a first look. Nothing survives its end."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from iotcore import Broker

LOOPBACK = "127.0.0.1"  # the broker's own default is every interface
MAX_PAYLOAD_BYTES = 262_144  # its own default of 20 kB closes the connection on a day's history
MAX_INFLIGHT = 500


@contextmanager
def embedded_broker(port: int = 0) -> Iterator[int]:
    """Runs while the block does; yields its port. 0 takes a free one."""
    broker = Broker(
        port=port or free_port(),
        listen=LOOPBACK,
        max_payload_size=MAX_PAYLOAD_BYTES,
        max_inflight_count=MAX_INFLIGHT,
    )
    with broker:
        yield broker.port


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
