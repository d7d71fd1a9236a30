"""One LoRaWAN uplink as a profile sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.reading import AtSource, Decoded, Device, Ignored
from ingest.codecs.contract import Message
from ingest.codecs.outcomes import device_event
from ingest.codecs.values import RefusedError, shown

At = tuple[datetime, AtSource]


@dataclass(slots=True)
class Uplink:
    """`frame` is the device's own bytes, `decoded` what the network server's codec made of them, if it has one."""

    message: Message
    device: Device
    at: At
    port: int | None
    frame: bytes | None
    decoded: Mapping[str, Any] | None

    def needs_frame(self) -> bytes:
        """The frame; refuses an uplink without one."""
        if not self.frame:
            raise RefusedError(f"uplink of {self.device.device_id} has no frame for profile {self.device.profile}")
        return self.frame

    def event(
        self,
        kind: str,
        *,
        flags: Mapping[str, bool] | None = None,
        battery: Mapping[str, float] | None = None,
        at: At | None = None,
        device_id: str | None = None,
    ) -> Decoded:
        """An event of this device."""
        return device_event(
            self.message, device_id or self.device.device_id, kind, at or self.at, flags=flags, battery=battery
        )

    def ignored(self, what: str) -> Ignored:
        """Nothing for us in this uplink."""
        return Ignored(f"uplink of {self.device.device_id} on port {self.port}: {what}")

    def refused(self, what: str) -> RefusedError:
        """The frame can't be used."""
        return RefusedError(f"frame {shown((self.frame or b'').hex())} of {self.device.device_id}: {what}")
