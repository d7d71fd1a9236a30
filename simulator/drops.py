"""Whether the broker dropped messages that it had acknowledged: Mosquitto counts them, and tells its count."""

import socket
import time
from contextlib import suppress
from typing import Self

from simulator import wire
from simulator.publish import Broker, UnreachableError, connected

DROPPED, UPTIME = "$SYS/broker/publish/messages/dropped", "$SYS/broker/uptime"
TOLD_EVERY_S = 12.0  # Mosquitto's sys_interval is 10 s


class DropCount:
    """Listens from `with` on, over a connection of its own: brokers that don't know such topics may close it."""

    def __init__(self, broker: Broker, *, client_id: str) -> None:
        self._broker, self._client_id = broker, client_id
        self._link: socket.socket | None = None
        self._in = bytearray()
        self._before = self._count = 0
        self._uptimes = 0

    def __enter__(self) -> Self:
        with suppress(UnreachableError, OSError):
            self._link = connected(self._broker, self._client_id, keepalive_s=0)
            self._link.sendall(wire.subscribe((DROPPED, UPTIME), 1))
        return self

    def __exit__(self, *_: object) -> None:
        if self._link is not None:
            self._link.close()

    def since(self) -> int | None:
        """Messages dropped since then, of any client's; None where the broker doesn't tell. Waits for its next word."""
        self._take(0.0 if self._uptimes else 1.0)  # counters are retained: a broker that has them tells at once
        before, give_up = self._uptimes, time.monotonic() + TOLD_EVERY_S
        while before and self._uptimes == before and self._link is not None and time.monotonic() < give_up:
            self._take(give_up - time.monotonic())
        if self._uptimes == before:
            return None
        return self._count - self._before

    def _take(self, patience_s: float) -> None:
        """All that has come, or the first that comes within the patience."""
        try:
            while self._link is not None:
                self._link.settimeout(max(patience_s, 0.0))
                received = self._link.recv(65_536)
                if not received:
                    self._link.close()
                    self._link = None
                    return
                patience_s = 0.0
                self._in += received
                for kind, body in wire.packets(self._in):
                    if kind & 0xF0 == wire.PUBLISH:
                        self._told(*wire.message(body), retained=bool(kind & wire.RETAINED))
        except OSError:
            return

    def _told(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """What is retained was so before; a broker that retains no count has just started, at zero."""
        if topic == UPTIME:
            self._uptimes += 1
        elif topic == DROPPED and payload.isdigit():
            self._count = int(payload)
            self._before = self._count if retained else self._before
