"""Messages from the broker, stored in groups, acknowledged after the commit and never before."""

import logging
import select
import ssl
import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from struct import Struct
from threading import Event
from typing import Any

from paho.mqtt.client import MQTT_ERR_CONN_LOST, MQTT_ERR_SUCCESS, Client, ConnectFlags, MQTTMessage
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.connection import KEEPALIVE_S, Subscription, client_of, connect
from ingest.intake import Group, Intake
from ingest.receive import Receiver
from ingest.sorted import Message

log = logging.getLogger("anju.mqtt")

ACCOUNT_REFUSED = (134, 135)  # bad user name or password, not authorized
RECONNECT_MIN_S, RECONNECT_MAX_S = 0.5, 30.0
SWITCH_S = (
    0.0005  # each read gives the interpreter up; beside a thread that computes, 5 ms (Python's own) leave a fifth
)
QUIET_S = 1.5 * KEEPALIVE_S  # a broker that is there answers a ping meanwhile
PUBACK = Struct("!BBH")  # as MQTT 3.1.1 and 5 have it: paho sends each by itself, a hundred calls for a hundred of them


class Subscriber:
    """`run` in a thread of its own until `stop`; reconnects by itself, for however long the broker is away."""

    def __init__(
        self,
        subscription: Subscription,
        receiver: Receiver,
        *,
        now: Callable[[], datetime],
        steady_s: Callable[[], float],
        group: Group | None = None,
    ) -> None:
        """`now` is the wall clock, which says when messages came; `steady_s` says how long something takes."""
        self._to = subscription
        self._receiver = receiver
        self._now = now
        self._steady_s = steady_s
        self._intake = Intake(receiver, now=now, steady_s=steady_s, group=group or Group())
        self._stopping = Event()
        self.subscribed = Event()
        self._acks = bytearray()
        self._read_at = now()
        self._heard_at_s = steady_s()  # of the broker, its answers to our pings too
        self._away = False
        self._client = self._make_client()

    def run(self) -> None:
        sys.setswitchinterval(SWITCH_S)
        delay_s = RECONNECT_MIN_S
        while not self._stopping.is_set():
            try:
                if self._connect():
                    self._serve()
            except Exception:
                log.exception("ingest failed and starts again; the broker sends again what is not acknowledged")
                self._intake.start_afresh()
            delay_s = min(2 * delay_s, RECONNECT_MAX_S) if self._away else RECONNECT_MIN_S
            self._away = True
            counters = self._receiver.counters
            counters.turned_at_s = self._steady_s()
            if counters.broker_away_since_s is None:
                counters.broker_away_since_s = self._silent_since_s(counters.turned_at_s)
            self._stopping.wait(delay_s)
        self._finish()

    def stop(self) -> None:
        """Ends `run` soon; what isn't stored yet stays with the broker."""
        self._stopping.set()

    def _silent_since_s(self, now_s: float) -> float:
        """A machine or a line that dies gives no sign: it was gone when it was last heard of."""
        return self._heard_at_s if now_s - self._heard_at_s > QUIET_S else now_s

    def _finish(self) -> None:
        try:
            self._acknowledge(self._intake.finish())
            self._write()
        except Exception:
            log.exception("the last messages are not stored and stay with the broker")
        self._client.disconnect()

    def _make_client(self) -> Client:
        client = client_of(self._to)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _connect(self) -> bool:
        try:
            connect(self._client, self._to)
        except OSError as e:
            self._say_away(f"no broker at {self._to.host}:{self._to.port}: {e}")
            return False
        return True

    def _serve(self) -> None:
        """Reads, has it stored, acknowledges; until the connection ends or we shall stop."""
        self._forget_numbers()
        rc = self._write()
        while rc == MQTT_ERR_SUCCESS and self._client.socket() is not None and not self._stopping.is_set():
            rc = self._read(self._wait())
            if rc == MQTT_ERR_SUCCESS:
                self._acknowledge(self._intake.turn())
                rc = self._client.loop_misc()
            if rc == MQTT_ERR_SUCCESS:
                rc = self._write()
        self.subscribed.clear()
        if rc == MQTT_ERR_SUCCESS and self._client.socket() is not None:
            return  # what is on its way to the disk can still be acknowledged
        self._forget_numbers()
        if not self._stopping.is_set() and not self._away:
            self._receiver.counters.lost_at_s.append(self._steady_s())
            log.error("lost the broker at %s:%s", self._to.host, self._to.port)

    def _forget_numbers(self) -> None:
        """What another connection brought is not acknowledged in this one: its numbers mean other messages now."""
        self._intake.forget_numbers()
        self._acks.clear()

    def _wait(self) -> bool:
        """Until the socket has something to read; at most until the intake wants its turn."""
        socket = self._client.socket()
        if socket is None:
            return True
        if isinstance(socket, ssl.SSLSocket) and socket.pending() and not self._intake.full:
            return True
        poll = select.poll()
        poll.register(self._intake.told, select.POLLIN)
        wanted = (0 if self._intake.full else select.POLLIN) | (
            select.POLLOUT if self._acks or self._client.want_write() else 0
        )
        if wanted:
            poll.register(socket, wanted)
        ready = poll.poll(self._intake.patience_s() * 1000)
        return any(number == socket.fileno() and event != select.POLLOUT for number, event in ready)

    def _read(self, readable: bool) -> int:
        """All that is there, until the intake wants its turn."""
        self._read_at, read_at_s = self._now(), self._steady_s()
        self._receiver.counters.turned_at_s = read_at_s
        while readable:
            before = len(self._intake)
            rc = self._client.loop_read()
            if rc != MQTT_ERR_SUCCESS:
                return rc
            self._heard_at_s = read_at_s
            readable = before < len(self._intake) and not self._intake.wants_turn and not self._intake.full
        return MQTT_ERR_SUCCESS

    def _write(self) -> int:
        """What paho has to say, and the acknowledgements, all in one; neither breaks into the other's packet."""
        rc: int = MQTT_ERR_SUCCESS
        broken_off = len(self._acks) % PUBACK.size != 0
        if self._client.want_write() and not broken_off:
            rc = self._client.loop_write()
        socket = self._client.socket()
        if rc == MQTT_ERR_SUCCESS and self._acks and socket and (broken_off or not self._client.want_write()):
            try:
                del self._acks[: socket.send(self._acks)]
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                pass
            except OSError:
                return MQTT_ERR_CONN_LOST
        return rc

    def _acknowledge(self, mids: Iterable[int]) -> None:
        for mid in filter(None, mids):
            self._acks += PUBACK.pack(0x40, 2, mid)

    def _say_away(self, what: str) -> None:
        if not self._away:
            log.error("%s; trying again until it is back", what)

    def _on_connect(
        self, client: Client, _data: Any, flags: ConnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if code.is_failure:
            account = " (mqtt.username, ANJU_MQTT_PASSWORD)" if code.value in ACCOUNT_REFUSED else ""
            self._say_away(f"the broker refuses us: {code}{account}")
            self._away = True
            return
        if self._away:
            log.warning("the broker is back")
        self._away = False
        self._receiver.counters.broker_away_since_s = None
        if not flags.session_present:
            self._no_session()
        client.subscribe([(topic, 1) for topic in self._to.topics])

    def _no_session(self) -> None:
        """There was none before the first start; later, what the broker held for us is lost: a gap in the registers."""
        if self._receiver.had_a_session:
            self._receiver.counters.sessions_lost += 1
            log.error("the broker has lost our session, and with it what came while we were away")

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        refused = [topic for topic, code in zip(self._to.topics, codes, strict=False) if code.is_failure]
        self._receiver.counters.topics_refused = refused
        if refused:
            log.error("the broker refuses our subscription to %s", ", ".join(refused))
        else:
            log.info("listening to %s at %s:%s", " ".join(self._to.topics), self._to.host, self._to.port)
        self.subscribed.set()

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "topic that isn't UTF-8"
        came = Message(topic, bytes(message.payload), self._read_at, message.retain, message.dup)
        self._intake.add(came, message.mid if message.qos else 0)
