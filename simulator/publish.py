"""Recordings published over MQTT as a gateway would: QoS 1, in order of time, no faster than told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Condition
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import numpy as np
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from domain.recording import Recording
from simulator.formats import Format, Published, plain
from simulator.radio import sending_times

MAX_UNACKNOWLEDGED = 500  # Mosquitto's default queue holds 1000 for a slow subscriber
WAKE_AT = frozenset({0, MAX_UNACKNOWLEDGED // 2})  # unacknowledged messages at which the caller may go on
RECONNECT_MAX_S = 30


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
    tls: bool = False


def broker_at(url: str) -> Broker:
    """mqtt://[user:password@]host[:port], or mqtts:// for TLS; raises `ValueError` naming what is wrong."""
    parts = urlsplit(url)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise ValueError(f"{url!r} is no broker: expected mqtt://host:port or mqtts://host:port")
    tls = parts.scheme == "mqtts"
    return Broker(
        host=parts.hostname,
        port=parts.port or (8883 if tls else 1883),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=tls,
    )


class Publisher:
    """One gateway's connection. QoS 1; holds back when too much is unacknowledged; reconnects by itself."""

    def __init__(self, broker: Broker, *, client_id: str, say: Callable[[str], None] = lambda line: None) -> None:
        self._broker = broker
        self._say = say
        self._acknowledged = Condition()
        self._published = self._acks = 0  # each written by one thread alone: the caller's, the network's
        self._closing = False
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False)
        self._client.max_inflight_messages_set(MAX_UNACKNOWLEDGED)
        self._client.reconnect_delay_set(min_delay=1, max_delay=RECONNECT_MAX_S)
        self._client.on_publish = self._on_publish
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        if broker.username is not None:
            self._client.username_pw_set(broker.username, broker.password)
        if broker.tls:
            self._client.tls_set()

    def __enter__(self) -> Self:
        try:
            self._client.connect(self._broker.host, self._broker.port)
        except OSError as e:
            raise UnreachableError(f"no broker at {self._broker.host}:{self._broker.port}: {e}") from e
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes, *, timeout_s: float | None = None) -> None:
        """Hands one message over, waiting first while too many are unacknowledged."""
        if self._published - self._acks >= MAX_UNACKNOWLEDGED:
            self._wait_for(lambda: self._published - self._acks <= MAX_UNACKNOWLEDGED // 2, timeout_s)
        self._published += 1
        self._client.publish(topic, payload, qos=1)

    def wait_for_acks(self, *, timeout_s: float | None = None) -> None:
        """Returns when the broker has acknowledged everything."""
        self._wait_for(lambda: self._acks == self._published, timeout_s)

    def _wait_for(self, ready: Callable[[], bool], timeout_s: float | None) -> None:
        with self._acknowledged:
            if not self._acknowledged.wait_for(ready, timeout_s):
                left = self._published - self._acks
                raise UnreachableError(f"{left} messages not acknowledged within {timeout_s:g} s")

    def _on_publish(
        self, _client: Client, _data: Any, _mid: int, _code: ReasonCode, _properties: Properties | None
    ) -> None:
        self._acks += 1
        if self._published - self._acks in WAKE_AT:
            with self._acknowledged:
                self._acknowledged.notify_all()

    def _on_connect(
        self, _client: Client, _data: Any, _flags: ConnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if code.is_failure:
            self._say(f"{self._broker.host}:{self._broker.port} refuses the connection: {code}")

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if not self._closing:
            self._say(f"connection to {self._broker.host}:{self._broker.port} lost ({code}); trying again")


class Player:
    """Plays recordings in lock-step with a virtual clock: publishes all that is due, waits for the acks."""

    def __init__(
        self,
        recordings: Sequence[Recording],
        publisher: Publisher,
        *,
        gateway_id: str,
        form: Format = plain,
        also: Sequence[tuple[datetime, Published]] = (),
    ) -> None:
        """`form` is the gateway's payload format; `also` is what its other devices say, and when."""
        self._publisher = publisher
        self._prefix = f"anju/{gateway_id}/"
        self._form = form
        self._also = [published for _, published in also]
        due_s = np.concatenate(
            [sending_times(recording) for recording in recordings]
            + [np.array([at.timestamp() for at, _ in also], dtype=np.int64)]
        )
        source = np.repeat(np.arange(len(recordings) + 1), [*(len(recording) for recording in recordings), len(also)])
        place = np.concatenate([np.arange(len(recording)) for recording in recordings] + [np.arange(len(also))])
        order = np.argsort(due_s, kind="stable")
        self._due_s, self._source, self._place = due_s[order], source[order], place[order]
        self._recordings = recordings
        self.published = 0

    def __len__(self) -> int:
        return len(self._due_s)

    @property
    def next_at(self) -> datetime | None:
        """When the next reading is due; None after the last."""
        if self.published == len(self):
            return None
        return datetime.fromtimestamp(int(self._due_s[self.published]), UTC)

    @property
    def ends_at(self) -> datetime:
        """When the last reading is due."""
        return datetime.fromtimestamp(int(self._due_s[-1]), UTC)

    def play_until(self, at: datetime, *, timeout_s: float | None = 60.0) -> int:
        """Publishes every reading up to and including `at` that is still due; the number of them.

        Raises `UnreachableError` when the broker does not acknowledge for `timeout_s`.
        """
        count = self.send_until(at, timeout_s=timeout_s)
        self._publisher.wait_for_acks(timeout_s=timeout_s)
        return count

    def send_until(self, at: datetime, *, at_most: int | None = None, timeout_s: float | None = None) -> int:
        """Hands over what is due, without waiting for the last acks; the number of readings."""
        due = int(np.searchsorted(self._due_s, at.timestamp(), side="right"))
        last = due if at_most is None else min(due, self.published + at_most)
        count = max(last - self.published, 0)
        for _ in range(count):
            topic, payload = self._said(int(self._source[self.published]), int(self._place[self.published]))
            self._publisher.publish(self._prefix + topic, payload, timeout_s=timeout_s)
            self.published += 1
        return count

    def _said(self, source: int, place: int) -> Published:
        if source == len(self._recordings):
            return self._also[place]
        recording = self._recordings[source]
        at = datetime.fromtimestamp(int(recording.at_s[place]), UTC)
        return self._form(recording.meter_id, at, float(recording.register_l[place]))
