"""A connection to the broker whose session outlives it: MQTT 3.1.1 or 5, account, TLS, nothing acknowledged unasked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from paho.mqtt.client import Client, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ingest.tls import Tls

KEEPALIVE_S = 30
SESSION_S = 0xFFFFFFFF  # MQTT 5: the session never expires


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


def client_of(to: Subscription) -> Client:
    """Not yet connected. Who makes it reads, writes, acknowledges and connects again."""
    five = to.protocol == "5"
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=to.client_id,
        clean_session=None if five else False,
        protocol=MQTTv5 if five else MQTTv311,
        manual_ack=True,
        reconnect_on_failure=False,
    )
    client.on_socket_register_write = lambda *_: None  # ours is the loop that writes
    if to.username is not None:
        client.username_pw_set(to.username, to.password)
    if to.tls is not None:
        client.tls_set_context(to.tls.context())
    return client


def connect(client: Client, to: Subscription) -> None:
    """Once; raises `OSError` where there is no broker."""
    if to.protocol != "5":
        client.connect(to.host, to.port, KEEPALIVE_S)
        return
    lasting = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    lasting.SessionExpiryInterval = SESSION_S
    client.connect(to.host, to.port, KEEPALIVE_S, clean_start=False, properties=lasting)
