"""What a codec gets: the message, and what is known besides it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.reading import AtSource, Decoded, Device
from ingest.codecs.memory import Memory
from ingest.codecs.values import RefusedError, parse_json, shown


@dataclass(slots=True)
class Message:
    """One MQTT message. `topic` is without the prefix `anju/<gateway_id>/`, which gave `gateway_id`."""

    topic: str
    payload: bytes
    received_at: datetime
    gateway_id: str
    _parsed: Any = field(default=..., repr=False)

    def speaks_for_itself(self, gateway_id: str) -> None:
        """The format's own topic names its gateway better than the first level; a prefix `anju/...` stays."""
        if gateway_id and self.topic.lstrip("/").startswith(f"{self.gateway_id}/"):
            self.gateway_id = gateway_id

    @property
    def received(self) -> tuple[datetime, AtSource]:
        """The time of receipt, where the message tells none."""
        return self.received_at, "server"

    def json(self) -> Any:
        """The payload as JSON; refuses what isn't UTF-8, isn't JSON, is too deep or has a name twice."""
        if self._parsed is ...:
            self._parsed = parse_json(self.payload)
        return self._parsed

    def object(self) -> dict[str, Any]:
        """The payload as a JSON object; refuses anything else."""
        if self._parsed is ...:
            self._parsed = parse_json(self.payload)
        document = self._parsed
        if type(document) is not dict:
            raise RefusedError(f"payload: a JSON object was expected, not {shown(document)}")
        return document

    def text(self) -> str:
        """The payload as text without surrounding spaces; refuses what isn't UTF-8."""
        try:
            return self.payload.decode().strip()
        except UnicodeDecodeError as error:
            raise RefusedError(f"payload isn't UTF-8: {shown(self.payload)}") from error


@dataclass(slots=True)
class Context:
    """What codecs know besides the message: the ledger's devices, the zone of clocks without one, and the memory."""

    devices: Mapping[str, Device] = field(default_factory=dict)
    timezone: tzinfo = UTC
    memory: Memory = field(default_factory=Memory)

    def device(self, device_id: str) -> Device | None:
        """The ledger's entry, whatever the case of the id."""
        devices = self.devices
        return devices.get(device_id) or devices.get(device_id.lower()) or devices.get(device_id.upper())

    def zone(self, device: Device | None) -> tzinfo:
        """The zone of a clock that doesn't say its own."""
        if device is None or device.timezone is None:
            return self.timezone
        try:
            return ZoneInfo(device.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise RefusedError(f"timezone {shown(device.timezone)} of device {device.device_id} is unknown") from error


Decode = Callable[[Message, Context], list[Decoded]]
