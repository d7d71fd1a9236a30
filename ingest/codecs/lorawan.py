"""What all LoRaWAN network servers share: an uplink with its frame, handed to the device's profile."""

from base64 import b64decode
from binascii import Error as Base64Error
from binascii import unhexlify
from collections.abc import Mapping
from typing import Any

from domain.reading import Decoded, Ignored
from ingest.codecs.contract import Context, Message
from ingest.codecs.profiles import PROFILES
from ingest.codecs.profiles.uplink import At, Uplink
from ingest.codecs.values import RefusedError, shown


def decode_uplink(
    message: Message,
    context: Context,
    device_id: str,
    at: At,
    *,
    port: Any,
    data: bytes | RefusedError | None,
    decoded: Any,
) -> list[Decoded]:
    """The results of the ledger's profile for this device; without one a frame's bytes mean nothing to us."""
    if data is None and not isinstance(decoded, Mapping):
        return [Ignored(f"uplink of {device_id} without a frame: the network's own business")]
    device = context.device(device_id)
    if device is None or device.profile is None:
        return [Ignored(f"uplink of {device_id}: the ledger names no profile for its frames")]
    profile = PROFILES.get(device.profile)
    if profile is None:
        raise RefusedError(
            f"profile {shown(device.profile)} of {device_id} is unknown; known are {', '.join(PROFILES)}"
        )
    if isinstance(data, RefusedError):
        if not isinstance(decoded, Mapping):
            raise data
        data = None
    numbered = port if type(port) is int else int(port) if isinstance(port, str) and port.isdecimal() else None
    return profile(Uplink(message, device, at, numbered, data, decoded if type(decoded) is dict else None), context)


def from_base64(value: Any, name: str) -> bytes | RefusedError | None:
    """The frame, None where absent; a refusal is an answer here, as a decoded object may make up for it."""
    if value is None or value == "":
        return None
    try:
        return b64decode(value, validate=True)
    except (Base64Error, ValueError, TypeError):
        return RefusedError(f"{name}: {shown(value)} isn't base64")


def from_hex(value: Any, name: str) -> bytes | RefusedError | None:
    """The frame, None where absent; as `from_base64`."""
    if value is None or value == "":
        return None
    try:
        return unhexlify(value)
    except (Base64Error, ValueError, TypeError):
        return RefusedError(f"{name}: {shown(value)} isn't hexadecimal")
