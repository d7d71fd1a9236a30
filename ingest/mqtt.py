"""Messages from the broker, stored in groups, acknowledged after the commit and never before."""

import logging
import select
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Any, Literal

from paho.mqtt.client import MQTT_ERR_SUCCESS, Client, ConnectFlags, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.receive import Receiver
from ingest.sorted import Message, Sorted
from store.contracts import StoreUnavailableError

log = logging.getLogger("anju.mqtt")

IDLE_S = 0.1  # how soon a stop is noticed
KEEPALIVE_S = 30
MOST_HELD = 10_000  # messages held unstored while the store is away; the broker queues the rest
RETRY_MIN_S, RETRY_MAX_S = 0.2, 5.0
RECONNECT_MIN_S, RECONNECT_MAX_S = 0.5, 30.0
SESSION_S = 0xFFFFFFFF  # MQTT 5: the session never expires


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Files in PEM; without `ca_file` the system's authorities count."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Where and as whom to listen. `client_id` is fixed, so that the broker keeps our session while we are away."""

    host: str
    port: int
    client_id: str = "anju"
    topics: Sequence[str] = ("#",)
    username: str | None = None
    password: str | None = None
    tls: Tls | None = None
    protocol: Literal["3.1.1", "5"] = "3.1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group commit holds at most `messages` and waits at most `wait_s` for more; it ends early when none come."""

    messages: int = 400
    wait_s: float = 0.02
    quiet_s: float = 0.002


class Subscriber:
    """`run` in a thread of its own until `stop`; reconnects by itself, for however long the broker is away."""

    def __init__(
        self,
        subscription: Subscription,
        receiver: Receiver,
        *,
        now: Callable[[], datetime],
        group: Group | None = None,
    ) -> None:
        self._to = subscription
        self._receiver = receiver
        self._now = now
        self._group = group or Group()
        self._stopping = Event()
        self.subscribed = Event()
        self._waiting: list[Message] = []
        self._mids: list[int] = []
        self._sorted: Sorted | None = None
        self._suspects = 0  # so many messages may hold the one that made ingest fail: each is stored alone
        self._first_at = self._last_at = self._retry_at = 0.0
        self._retry_s = RETRY_MIN_S
        self._away = False
        self._client = self._make_client()

    def run(self) -> None:
        delay_s = RECONNECT_MIN_S
        while not self._stopping.is_set():
            try:
                if self._connect():
                    self._serve()
            except Exception:
                log.exception("ingest failed and starts again; the broker sends again what is not acknowledged")
                self._start_afresh()
            delay_s = min(2 * delay_s, RECONNECT_MAX_S) if self._away else RECONNECT_MIN_S
            self._away = True
            counters = self._receiver.counters
            counters.broker_away_since = counters.broker_away_since or self._now()
            self._stopping.wait(delay_s)
        self._client.disconnect()

    def stop(self) -> None:
        """Ends `run` soon; what isn't stored yet stays with the broker."""
        self._stopping.set()

    def _start_afresh(self) -> None:
        self._suspects = max(self._suspects, len(self._waiting))
        self._waiting.clear()
        self._mids.clear()
        self._sorted = None
        self._receiver.counters.unavailable_since = self._now()

    def _make_client(self) -> Client:
        five = self._to.protocol == "5"
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._to.client_id,
            clean_session=None if five else False,
            protocol=MQTTv5 if five else MQTTv311,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_socket_register_write = lambda *_: None  # ours is the loop that writes
        if self._to.username is not None:
            client.username_pw_set(self._to.username, self._to.password)
        if self._to.tls is not None:
            context = ssl.create_default_context(cafile=self._to.tls.ca_file)
            if self._to.tls.cert_file:
                context.load_cert_chain(self._to.tls.cert_file, self._to.tls.key_file)
            client.tls_set_context(context)
        return client

    def _connect(self) -> bool:
        try:
            if self._to.protocol == "5":
                lasting = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
                lasting.SessionExpiryInterval = SESSION_S
                self._client.connect(self._to.host, self._to.port, KEEPALIVE_S, clean_start=False, properties=lasting)
            else:
                self._client.connect(self._to.host, self._to.port, KEEPALIVE_S)
        except OSError as e:
            self._say_away(f"no broker at {self._to.host}:{self._to.port}: {e}")
            return False
        return True

    def _serve(self) -> None:
        """Reads, stores, acknowledges until the connection ends."""
        rc = self._write()
        while rc == MQTT_ERR_SUCCESS and self._client.socket() is not None and not self._stopping.is_set():
            rc = self._read(self._wait())
            if rc == MQTT_ERR_SUCCESS:
                self._store_if_due()
                rc = self._client.loop_misc()
            if rc == MQTT_ERR_SUCCESS:
                rc = self._write()
        self.subscribed.clear()
        self._mids = [0] * len(self._waiting)  # the broker sends them again, under other numbers
        if not self._stopping.is_set() and not self._away:
            log.error("lost the broker at %s:%s", self._to.host, self._to.port)

    def _wait(self) -> bool:
        """Until the socket has something to read; at most until the group must be stored."""
        socket = self._client.socket()
        if socket is None:
            return True
        if isinstance(socket, ssl.SSLSocket) and socket.pending():
            return True
        if self._full():
            time.sleep(min(IDLE_S, max(0.0, self._retry_at - time.monotonic())))
            return False
        poll = select.poll()
        poll.register(socket.fileno(), select.POLLIN)
        return bool(poll.poll(self._patience_s() * 1000))

    def _full(self) -> bool:
        return len(self._waiting) >= (MOST_HELD if self._retry_at else self._group.messages)

    def _patience_s(self) -> float:
        if not self._waiting:
            return IDLE_S
        now = time.monotonic()
        return max(0.0, min(IDLE_S, (self._retry_at or self._due_at()) - now))

    def _due_at(self) -> float:
        return min(self._first_at + self._group.wait_s, self._last_at + self._group.quiet_s)

    def _read(self, readable: bool) -> int:
        """All that is there, up to a full group."""
        if not readable:
            return MQTT_ERR_SUCCESS
        while True:
            before = len(self._waiting)
            rc = self._client.loop_read()
            if rc != MQTT_ERR_SUCCESS or len(self._waiting) == before or self._full():
                return rc

    def _write(self) -> int:
        rc: int = MQTT_ERR_SUCCESS
        while rc == MQTT_ERR_SUCCESS and self._client.want_write():
            rc = self._client.loop_write()
        return rc

    def _store_if_due(self) -> None:
        if not self._waiting:
            return
        now = time.monotonic()
        if now < self._retry_at or not (self._retry_at or self._full() or now >= self._due_at()):
            return
        try:
            self._store()
        except StoreUnavailableError as e:
            self._say_unavailable(e)
            self._retry_at = time.monotonic() + self._retry_s
            self._retry_s = min(2 * self._retry_s, RETRY_MAX_S)
            return
        self._acknowledge()

    def _store(self) -> None:
        started = time.monotonic()

        def took_s() -> float:
            return time.monotonic() - started

        if self._suspects:
            count = len(self._waiting)
            self._receiver.store_singly(self._waiting, at=self._now(), took_s=took_s)
            self._sorted_messages, self._suspects = count, max(0, self._suspects - count)
            return
        if self._sorted is None:
            self._sorted = self._receiver.sort(self._waiting)
            self._sorted_messages = len(self._waiting)
        self._receiver.store(self._sorted, messages=self._sorted_messages, at=self._now(), took_s=took_s)

    def _acknowledge(self) -> None:
        """Only what was in the commit: messages that came while the store was away wait for the next."""
        count = self._sorted_messages
        for mid in self._mids[:count]:
            if mid:
                self._client.ack(mid, 1)
        del self._waiting[:count], self._mids[:count]
        self._sorted = None
        if self._retry_at:
            log.warning("the store takes readings again")
        self._receiver.counters.unavailable_since = None
        self._retry_at, self._retry_s = 0.0, RETRY_MIN_S
        self._first_at = time.monotonic()

    def _say_unavailable(self, error: Exception) -> None:
        if not self._retry_at:
            log.error("readings can't be stored and are not acknowledged: %s", error)
            self._receiver.counters.unavailable_since = self._now()

    def _say_away(self, what: str) -> None:
        if not self._away:
            log.error("%s; trying again until it is back", what)

    def _on_connect(
        self, client: Client, _data: Any, flags: ConnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if code.is_failure:
            self._say_away(f"the broker refuses us: {code}")
            self._away = True
            return
        if self._away:
            log.warning("the broker is back")
        self._away = False
        self._receiver.counters.broker_away_since = None
        if not flags.session_present:
            log.warning("the broker has no session of ours; what came in our absence is lost there or never was")
        client.subscribe([(topic, 1) for topic in self._to.topics])

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        refused = [topic for topic, code in zip(self._to.topics, codes, strict=False) if code.is_failure]
        if refused:
            log.error("the broker refuses our subscription to %s", ", ".join(refused))
        self.subscribed.set()

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self._last_at = time.monotonic()
        if not self._waiting:
            self._first_at = self._last_at
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "topic that isn't UTF-8"
        self._waiting.append(Message(topic, bytes(message.payload), self._now(), message.retain, message.dup))
        self._mids.append(message.mid if message.qos else 0)
