"""What `anju decode` prints: one JSON line a result, each with the number of its message."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from domain.entered import UNITS, litres, one_of, zone
from domain.reading import Decoded, Device, DeviceEvent, Ignored, Reading, Refused
from ingest.codecs.times import clock
from ingest.codecs.values import RefusedError, parse_json, shown
from ingest.decode import Decoder
from ingest.text_files import NoTextError, bytes_of


class UsageError(ValueError):
    """The ledger's word on a device can't be understood; the text names field and value."""


def decode_command(
    topic: str | None,
    device: Sequence[str],
    messages: Path | None,
    devices: Path | None,
    timezone: str,
    *,
    now: datetime,
    stdin: BinaryIO,
) -> Iterator[str]:
    """`anju decode`: one message from `stdin`, or many from a file; raises `UsageError`."""
    zone = _zone(timezone)
    if messages is not None:
        ledger = _ledger(devices)
        with _opened(messages) as lines:
            yield from map(_json, decode_many(lines, ledger, now, zone))
    elif topic is not None:
        fields = dict(_pair(text) for text in device)
        yield from map(_json, decode_one(topic, stdin.read(), now, fields, zone))
    else:
        raise UsageError("say --topic for one message, or --messages FILE")


def decode_one(
    topic: str, payload: bytes, received_at: datetime, device: Mapping[str, str], timezone: tzinfo
) -> Iterator[dict[str, Any]]:
    """The lines of one message; `device` holds for whatever device it speaks of."""
    known = device_of("*", device)
    decoder = Decoder(_Everyone(known) if device else {}, timezone=timezone)
    for decoded in decoder.decode(topic, payload, received_at):
        yield {"message": 0, **line(decoded)}


def decode_many(
    lines: Iterable[bytes], devices: Mapping[str, Mapping[str, Any]], received_at: datetime, timezone: tzinfo
) -> Iterator[dict[str, Any]]:
    """The lines of many messages in order, with one decoder's memory."""
    ledger = {device_id: device_of(device_id, fields) for device_id, fields in devices.items()}
    decoder = Decoder(ledger | {device_id.lower(): device for device_id, device in ledger.items()}, timezone=timezone)
    for number, text in enumerate(filter(bytes.strip, lines)):
        for decoded in _message(decoder, text, received_at):
            yield {"message": number, **line(decoded)}


def device_of(device_id: str, fields: Mapping[str, Any]) -> Device:
    """A device from plain fields; raises `UsageError` for what it can't understand."""
    unknown = fields.keys() - {"profile", "unit", "litres_per_pulse", "timezone"}
    if unknown:
        raise UsageError(
            f"device {device_id}: {unknown.pop()!r} is no field (profile, unit, litres_per_pulse, timezone)"
        )
    known = {name: _checked(device_id, name, value) for name, value in fields.items() if value is not None}
    return Device(
        device_id=device_id,
        **known,
    )


def _checked(device_id: str, name: str, value: object) -> Any:
    """An unknown profile is for the decoder to refuse, message by message."""
    checks: dict[str, Callable[[str], object]] = {
        "profile": str,
        "unit": one_of(UNITS),
        "litres_per_pulse": litres,
        "timezone": zone,
    }
    try:
        return checks[name](str(value).strip())
    except ValueError as error:
        raise UsageError(f"device {device_id}: {name} {str(value)[:60]!r} {error}") from error


def line(decoded: Decoded) -> dict[str, Any]:
    """One result as plain values."""
    if isinstance(decoded, Ignored):
        return {"ignored": decoded.reason}
    if isinstance(decoded, Refused):
        return {"refused": decoded.reason}
    common = {
        "kind": decoded.kind,
        "device_id": _device_id(decoded),
        "gateway_id": decoded.gateway_id,
        "at": _text(decoded.at),
        "at_source": decoded.at_source,
    }
    told = {"flags": dict(decoded.flags), "battery": dict(decoded.battery)}
    if isinstance(decoded, Reading):
        history = [{"at": _text(past.at), "register_l": past.register_l} for past in decoded.history]
        extra = {"only_history": True} if decoded.only_history else {}
        return {**common, "register_l": decoded.register_l, **told, "history": history, **extra}
    lacks = {"lacks": decoded.lacks} if decoded.lacks else {}
    return {**common, "register_l": None, **told, "history": [], **lacks}


def _message(decoder: Decoder, text: bytes, default_at: datetime) -> list[Decoded]:
    """One line of the file; a line that is none is refused like a message."""
    try:
        fields = parse_json(text)
        topic, payload = fields["topic"], b64decode(fields["payload_b64"], validate=True)
        received_at = clock(fields["received_at"], None) if "received_at" in fields else default_at
    except (RefusedError, KeyError, TypeError, Base64Error, ValueError) as error:
        return [Refused(f"line isn't a message: {type(error).__name__} {error}")]
    if not isinstance(topic, str) or received_at is None:
        return [Refused(f"topic {shown(topic)} or received_at {shown(fields.get('received_at'))} can't be used")]
    return decoder.decode(topic, payload, received_at)


def _device_id(decoded: Reading | DeviceEvent) -> str | None:
    if isinstance(decoded, Reading):
        return decoded.meter_id
    return None if decoded.kind in ("gateway_status", "gateway_alarm") else decoded.device_id


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


class _Everyone(dict[str, Device]):
    """A ledger in which every device is the same."""

    def __init__(self, device: Device) -> None:
        super().__init__()
        self._device = device

    def get(self, device_id: str, default: Any = None) -> Any:
        return Device(
            device_id=device_id,
            profile=self._device.profile,
            unit=self._device.unit,
            litres_per_pulse=self._device.litres_per_pulse,
            timezone=self._device.timezone,
        )


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--device {text!r} is not KEY=VALUE")
    return key, value


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"time zone {name!r} is unknown") from error


def _ledger(path: Path | None) -> dict[str, dict[str, Any]]:
    if path is None:
        return {}
    with _opened(path) as file:
        try:
            ledger = parse_json(file.read())
        except RefusedError as error:
            raise UsageError(f"{path}: {error}") from error
    if not isinstance(ledger, dict) or not all(isinstance(fields, dict) for fields in ledger.values()):
        raise UsageError(f"{path}: an object of objects was expected")
    return ledger


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with bytes_of(path) as file:
            yield file
    except NoTextError as error:
        raise UsageError(f"{path}: {error}") from error


def _json(line: dict[str, Any]) -> str:
    return orjson.dumps(line).decode()
