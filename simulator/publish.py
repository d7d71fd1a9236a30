"""One gateway's connection to a broker: QoS 1, many messages in one write, so many unacknowledged and no more."""

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from struct import unpack
from typing import Self
from urllib.parse import unquote, urlsplit

from ingest.tls import Tls
from simulator import wire

MAX_UNACKNOWLEDGED = 500
WRITE_AT = 16_384  # bytes that are worth a write of their own while more is to come
KEEPALIVE_S = 60
ANSWER_S = 10.0  # for a connection
NO_FILES = Tls()
RECONNECT_MIN_S, RECONNECT_MAX_S = 1.0, 30.0


class PublishError(Exception):
    """Base of all that publishing raises."""


class UnreachableError(PublishError):
    """The broker could not be reached, or did not acknowledge in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where to publish."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None

    def __str__(self) -> str:
        return f"broker at {self.host}:{self.port}"


def broker_at(url: str, files: Tls = NO_FILES) -> Broker:
    """mqtt://[user:password@]host[:port], or mqtts:// for TLS; raises `ValueError` naming what is wrong."""
    parts = urlsplit(url)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise ValueError(f"{url!r} is no broker: expected mqtt://host:port or mqtts://host:port")
    tls = parts.scheme == "mqtts"
    if not tls and files != NO_FILES:
        raise ValueError(f"certificates are for TLS: expected mqtts://, not {parts.scheme}://")
    return Broker(
        host=parts.hostname,
        port=parts.port or (8883 if tls else 1883),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=_context(files) if tls else None,
    )


def _context(files: Tls) -> ssl.SSLContext:
    try:
        return files.context()
    except OSError as e:  # ssl.SSLError is one
        raise ValueError(f"--ca-file, --cert-file, --key-file: not certificates and their key in PEM: {e}") from e


class Publisher:
    """QoS 1; holds back when too much is unacknowledged; reconnects by itself and sends that again."""

    def __init__(self, broker: Broker, *, client_id: str, say: Callable[[str], None] = lambda line: None) -> None:
        self._broker, self._client_id, self._say = broker, client_id, say
        self._socket: socket.socket | None = None
        self._unacknowledged: dict[int, bytes] = {}
        self._out, self._in = bytearray(), bytearray()
        self._mid, self._last_sent_s = 0, 0.0

    def __enter__(self) -> Self:
        self._socket = self._connect()
        return self

    def __exit__(self, *_: object) -> None:
        if self._socket is not None:
            try:
                self._socket.sendall(bytes(self._out) + wire.DISCONNECT)
            except OSError:
                self._say("the connection was gone at the end")
            self._socket.close()
            self._socket = None

    def publish(self, topic: str, payload: bytes, *, timeout_s: float | None = None, more: bool = False) -> None:
        """Hands one message over, waiting first while too many are unacknowledged; `more`: others follow at once."""
        if len(self._unacknowledged) >= MAX_UNACKNOWLEDGED:
            self._wait_for(MAX_UNACKNOWLEDGED // 2, timeout_s)
        mid = self._next_mid()
        packet = wire.publish(topic, payload, mid)
        self._unacknowledged[mid] = packet
        self._out += packet
        if not more or len(self._out) >= WRITE_AT:
            self._write(timeout_s)

    def wait_for_acks(self, *, timeout_s: float | None = None) -> None:
        """Returns when the broker has acknowledged everything."""
        self._wait_for(0, timeout_s)

    def idle(self) -> None:
        """To be called now and then while nothing is published: takes what has come, and keeps the connection alive."""
        if time.monotonic() - self._last_sent_s >= KEEPALIVE_S / 2:
            self._out += wire.PING
        if self._out:
            self._write(None)
        self._read(0.0)

    def _next_mid(self) -> int:
        self._mid = self._mid % 0xFFFF + 1
        while self._mid in self._unacknowledged:
            self._mid = self._mid % 0xFFFF + 1
        return self._mid

    def _wait_for(self, most: int, timeout_s: float | None) -> None:
        """Until no more than so many are unacknowledged."""
        give_up = None if timeout_s is None else time.monotonic() + timeout_s
        self._write(timeout_s)
        while (left := len(self._unacknowledged)) > most:
            patience_s = KEEPALIVE_S if give_up is None else give_up - time.monotonic()
            if patience_s <= 0:
                raise UnreachableError(f"{left} messages not acknowledged within {timeout_s:g} s")
            self._read(patience_s, give_up)

    def _write(self, timeout_s: float | None) -> None:
        give_up = None if timeout_s is None else time.monotonic() + timeout_s
        out, self._out = bytes(self._out), bytearray()
        self._last_sent_s = time.monotonic()
        try:
            if self._socket is None:
                raise ConnectionError("not connected")
            self._socket.settimeout(timeout_s)
            self._socket.sendall(out)
        except OSError as e:
            self._reconnect(e, give_up)

    def _read(self, patience_s: float, give_up: float | None = None) -> None:
        """What has come, or comes within the patience."""
        try:
            if self._socket is None:
                raise ConnectionError("not connected")
            self._socket.settimeout(max(patience_s, 0.0))
            received = self._socket.recv(65_536)
            if not received:
                raise ConnectionError("closed by the broker")
        except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError as e:
            self._reconnect(e, give_up)
            return
        self._in += received
        for kind, body in wire.packets(self._in):
            if kind == wire.PUBACK:
                self._unacknowledged.pop(unpack(">H", body[:2])[0], None)

    def _reconnect(self, why: OSError, give_up: float | None) -> None:
        """As often as it takes; then what is unacknowledged goes first."""
        where = f"{self._broker.host}:{self._broker.port}"
        self._say(f"connection to {where} lost ({why}); trying again")
        if self._socket is not None:
            self._socket.close()
        self._socket, delay_s = None, RECONNECT_MIN_S
        while self._socket is None:
            left_s = delay_s if give_up is None else min(delay_s, give_up - time.monotonic())
            if left_s <= 0:
                raise UnreachableError(f"{len(self._unacknowledged)} messages not acknowledged: {where} is away")
            time.sleep(left_s)
            delay_s = min(2 * delay_s, RECONNECT_MAX_S)
            try:
                self._socket = self._connect()
            except UnreachableError:
                continue
        self._out = bytearray(b"".join(self._unacknowledged.values()))
        self._write(None if give_up is None else max(give_up - time.monotonic(), 0.1))

    def _connect(self) -> socket.socket:
        link = connected(self._broker, self._client_id, keepalive_s=KEEPALIVE_S)
        self._in.clear()
        self._last_sent_s = time.monotonic()
        return link


def connected(broker: Broker, client_id: str, *, keepalive_s: int) -> socket.socket:
    """A connection that the broker has accepted; raises `UnreachableError`."""
    greeting = wire.connect(client_id, keepalive_s=keepalive_s, username=broker.username, password=broker.password)
    try:
        link = socket.create_connection((broker.host, broker.port), ANSWER_S)
    except OSError as e:
        raise UnreachableError(f"no {broker}: {e}") from e
    try:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if broker.tls is not None:
            link = broker.tls.wrap_socket(link, server_hostname=broker.host)
        link.sendall(greeting)
        _check_answer(link)
    except OSError as e:
        link.close()
        raise UnreachableError(f"{broker}: {_meaning(e, broker)}") from e
    return link


def _meaning(error: OSError, broker: Broker) -> str:
    """What somebody can do about it, where that is known."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message}): --ca-file says who signed it"
    if not isinstance(error, (ssl.SSLError, ConnectionResetError, BrokenPipeError, _ClosedError)):
        return str(error)
    if broker.tls is None:
        return f"it ends the connection ({error}): it may speak TLS alone (mqtts://)"
    return (
        f"it ends the connection ({error}): it may want a client certificate, or another "
        "(--cert-file, --key-file), or speak no TLS there (mqtt://)"
    )


class _ClosedError(ConnectionError):
    """Without a word."""


def _check_answer(link: socket.socket) -> None:
    answer = b""
    while len(answer) < wire.CONNACK_BYTES:
        received = link.recv(wire.CONNACK_BYTES - len(answer))
        if not received:
            raise _ClosedError("closed without a word")
        answer += received
    if answer[3]:
        raise ConnectionError(f"refused: {wire.REFUSALS.get(answer[3], 'unknown reason')}")
