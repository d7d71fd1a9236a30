"""What an encoder makes: a message of one gateway, and what the ledger must say before it is understood."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from domain.finding import AlertKind
from domain.reading import Device

Published = tuple[str, bytes]
Encode = Callable[[str, datetime, float], Published]


class FormatError(ValueError):
    """This can't be said in this format; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What the payload doesn't say, and the ledger must; as the columns of its meters."""

    profile: str | None = None
    unit: str | None = None
    litres_per_pulse: float | None = None
    timezone: str | None = None

    def device(self, device_id: str) -> Device:
        """The ledger's entry of one device."""
        return Device(device_id=device_id, **self.columns)  # type: ignore[arg-type]

    @property
    def columns(self) -> dict[str, str | float]:
        """Only what has to be said."""
        told = {name: getattr(self, name) for name in ("profile", "unit", "litres_per_pulse", "timezone")}
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How a gateway says one reading: its register in steps of `step_l` [L].

    `known_as` is the meter's id as its messages give it; without `dated` they carry no time, and the service takes that
    of receipt. `alarms`: what other sensors of the same gateways say.
    """

    encode: Encode
    ledger: Ledger = field(default_factory=Ledger)
    step_l: float = 1.0
    known_as: str = "{}"
    dated: bool = True
    alarms: "Mapping[AlertKind, Alarm]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """How a gateway says that a sensor found something; as `Format`."""

    encode: Callable[[str, datetime], Published]
    ledger: Ledger = field(default_factory=Ledger)
    known_as: str = "{}"


@lru_cache(maxsize=100_000)
def quoted(text: str) -> str:
    """A text as JSON has it."""
    return json.dumps(text)


def as_json(document: Any) -> bytes:
    """Compact, as devices send it."""
    return json.dumps(document, separators=(",", ":")).encode()


def iso(at: datetime) -> str:
    """2026-03-01T06:30:00Z."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def ms(at: datetime) -> int:
    """Milliseconds since 1970."""
    return int(at.timestamp()) * 1000
