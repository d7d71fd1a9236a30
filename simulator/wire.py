"""MQTT 3.1.1 on the wire, as much of it as a gateway that publishes at QoS 1 needs.

A client library spends most of its time on threads and callbacks; packets put together by hand are sent many at once.
"""

from collections.abc import Iterator
from struct import pack, unpack_from

PUBLISH, PUBACK, RETAINED = 0x30, 0x40, 0x01
CONNACK_BYTES = 4
PING, DISCONNECT = b"\xc0\x00", b"\xe0\x00"
REFUSALS = {
    1: "it doesn't speak MQTT 3.1.1",
    2: "client id refused",
    3: "not available",
    4: "bad user name or password",
    5: "not allowed",
}


def connect(client_id: str, *, keepalive_s: int, username: str | None, password: str | None) -> bytes:
    """A session that leaves nothing with the broker."""
    flags = 0x02 | (0x80 if username is not None else 0) | (0x40 if password is not None else 0)
    texts = [client_id, *(text for text in (username, password) if text is not None)]
    return _packet(0x10, _text("MQTT") + pack(">BBH", 4, flags, keepalive_s) + b"".join(map(_text, texts)))


def publish(topic: str, payload: bytes, mid: int) -> bytes:
    """At QoS 1."""
    return _packet(0x32, _text(topic) + pack(">H", mid) + payload)


def subscribe(topics: tuple[str, ...], mid: int) -> bytes:
    """At QoS 0."""
    return _packet(0x82, pack(">H", mid) + b"".join(_text(topic) + b"\x00" for topic in topics))


def packets(buffer: bytearray) -> Iterator[tuple[int, bytes]]:
    """(kind and flags, body) of every whole packet, taken off the buffer."""
    place = 0
    while (ends := _header(buffer, place)) is not None and ends[1] <= len(buffer):
        body, end = ends
        yield buffer[place], bytes(buffer[body:end])
        place = end
    del buffer[:place]


def message(body: bytes) -> tuple[str, bytes]:
    """Topic and payload of a message that came at QoS 0."""
    (length,) = unpack_from(">H", body)
    return body[2 : 2 + length].decode(), body[2 + length :]


def _header(buffer: bytearray, place: int) -> tuple[int, int] | None:
    """Where the body begins and ends; None while the header isn't whole."""
    length, shift = 0, 0
    for at in range(place + 1, min(place + 5, len(buffer))):
        length |= (buffer[at] & 0x7F) << shift
        shift += 7
        if buffer[at] < 0x80:
            return at + 1, at + 1 + length
    return None


def _packet(kind: int, body: bytes) -> bytes:
    length, left = bytearray(), len(body)
    while True:
        left, low = left >> 7, left & 0x7F
        length.append(low | (0x80 if left else 0))
        if not left:
            return bytes([kind]) + bytes(length) + body


def _text(text: str) -> bytes:
    raw = text.encode()
    return pack(">H", len(raw)) + raw
