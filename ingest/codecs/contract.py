"""What a codec gets and what all codecs share: the message, the ledger's word on devices, numbers, units and times."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from json import loads as slow_loads
from math import floor, isfinite
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from domain.reading import AtSource, Decoded, Device, DeviceEvent, Reading

EARLIEST_YEAR, LATEST_YEAR = 2000, 2100
EARLIEST_AT = datetime(2000, 1, 1, tzinfo=UTC)  # before it no clock was set: placeholders and clocks at zero
EARLIEST_S, LATEST_S = EARLIEST_AT.timestamp(), datetime(2100, 1, 1, tzinfo=UTC).timestamp()
MOST_REGISTER_L = 1e12  # 10^9 m3: no dial is that wide
LONGEST_ID = 200  # characters; topic levels and friendly names stay far below
MOST_REMEMBERED, MOST_REMEMBERED_BYTES = 200_000, 32 << 20  # of all formats; as JSON, some four times as much in memory
LITRES: Mapping[str, float] = {
    "l": 1.0, "litre": 1.0, "litres": 1.0, "liter": 1.0, "liters": 1.0, "dm3": 1.0, "dm³": 1.0,
    "m3": 1000.0, "m³": 1000.0, "m^3": 1000.0, "cbm": 1000.0, "kl": 1000.0, "立方米": 1000.0, "吨": 1000.0,
    "gal": 3.785411784, "gals": 3.785411784, "gallon": 3.785411784, "gallons": 3.785411784, "usgal": 3.785411784,
    "ft3": 28.316846592, "ft³": 28.316846592, "ft^3": 28.316846592, "cf": 28.316846592, "ccf": 2831.6846592,
    "ml": 0.001, "hl": 100.0, "dal": 10.0,
}  # fmt: skip

WORDS_OF_TRUTH: Mapping[str, bool] = {
    "true": True, "on": True, "yes": True, "alarm": True, "detected": True, "1": True,
    "false": False, "off": False, "no": False, "normal": False, "clear": False, "0": False,
}  # fmt: skip


class RefusedError(Exception):
    """The message can't be used; the text names the field and the value."""


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
        """The payload as JSON; refuses what isn't UTF-8, isn't JSON, is too deep, has NaN or a name twice."""
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


class Memory(dict[tuple[str, ...], Any]):
    """What formats that need earlier messages remember; the oldest goes first, so that it can't grow without end.

    `taught`: as `changes` gave it, by a service that has ended since. Values are what JSON can say, and are replaced,
    never changed: what is set to what it was is no change.
    """

    def __init__(
        self,
        taught: Mapping[str, str] | None = None,
        *,
        most: int = MOST_REMEMBERED,
        most_bytes: int = MOST_REMEMBERED_BYTES,
    ) -> None:
        known = {tuple(orjson.loads(name)): value for name, value in (taught or {}).items()}
        super().__init__({key: orjson.loads(value) for key, value in known.items()})
        self._sizes = {key: len(value) for key, value in known.items()}
        self._bytes = sum(self._sizes.values())
        self._most = most
        self._most_bytes = most_bytes
        self._changed: set[tuple[str, ...]] = set()
        self._before: dict[tuple[str, ...], Any] = {}
        self._unsettled: deque[dict[tuple[str, ...], Any]] = deque()

    def __setitem__(self, key: tuple[str, ...], value: Any) -> None:
        if key in self and self[key] == value:
            return
        if len(self) >= self._most and key not in self:
            self._lose_oldest()
        self._note(key)
        super().__setitem__(key, value)

    def _note(self, key: tuple[str, ...]) -> None:
        if key not in self._changed:
            self._before[key] = dict.get(self, key)
            self._changed.add(key)

    def _lose_oldest(self) -> tuple[str, ...]:
        oldest = next(iter(self))
        self._note(oldest)
        del self[oldest]
        return oldest

    def aside(self) -> "Memory":
        """To read old messages again: begins with what is remembered here, and teaches nothing here."""
        return _Aside(self)

    def undo(self, *, unsettled: bool = False) -> None:
        """What was set since `changes` were last asked for is as before: the same messages will be decoded again.

        `unsettled`: also what was set before then and isn't settled.
        """
        for before in (self._before, *(reversed(self._unsettled) if unsettled else ())):
            for key, value in before.items():
                if value is None:
                    self.pop(key, None)
                else:
                    super().__setitem__(key, value)
        self._changed, self._before = set(), {}
        if unsettled:
            self._unsettled.clear()

    def settle(self) -> None:
        """The oldest changes that were asked for are stored, and stay."""
        if self._unsettled:
            self._unsettled.popleft()

    def changes(self) -> list[tuple[str, str | None]]:
        """What was set since they were last asked for, as JSON; None where it is gone."""
        told = {key: self._dumped(key) for key in sorted(self._changed)}
        while self._bytes > self._most_bytes and self:
            oldest = self._lose_oldest()
            told[oldest] = self._dumped(oldest)
        self._unsettled.append(self._before)
        self._changed, self._before = set(), {}
        return [(orjson.dumps(key).decode(), value) for key, value in told.items()]

    def _dumped(self, key: tuple[str, ...]) -> str | None:
        value = self.get(key)
        text = None if value is None else orjson.dumps(value).decode()
        self._bytes -= self._sizes.pop(key, 0)
        if text is not None:
            self._sizes[key] = len(text)
            self._bytes += len(text)
        return text


class _Aside(Memory):
    """Takes from the other memory what it is asked for, while another thread goes on with that one."""

    def __init__(self, other: Memory) -> None:
        super().__init__()
        self._other = other

    def get(self, key: tuple[str, ...], default: Any = None) -> Any:
        if key not in self and (value := self._other.get(key)) is not None:
            self[key] = orjson.loads(orjson.dumps(value))  # a value of its own, whole
        return super().get(key, default)


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
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise RefusedError(f"timezone {shown(device.timezone)} of device {device.device_id} is unknown") from error


Decode = Callable[[Message, Context], list[Decoded]]


def parse_json(payload: bytes | str) -> Any:
    """Strict JSON; refuses malformed, not UTF-8, deeper than 1,024, NaN, infinite, and names that come twice."""
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise RefusedError(f"payload isn't JSON: {error}; it begins {shown(payload[:40])}") from error
    raw = payload.encode() if isinstance(payload, str) else payload
    again = orjson.dumps(document)
    if raw != again and (b"\\" in raw or raw.count(b'"') != again.count(b'"')):
        slow_loads(payload, object_pairs_hook=_no_name_twice)  # a lost pair takes its quotes with it
    return document


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        seen: set[str] = set()
        name = next(n for n, _ in pairs if n in seen or seen.add(n))  # type: ignore[func-returns-value]
        raise RefusedError(f"payload has the name {shown(name)} twice in one object")
    return names


def shown(value: object) -> str:
    """A value for a reason, cut short."""
    text = repr(value[:60] if isinstance(value, str | bytes) else value)
    return text if len(text) <= 60 else text[:57] + "..."


def number(document: Mapping[str, Any], name: str) -> float | None:
    """A JSON number, None where absent or null; refuses text, true and false."""
    value = document.get(name)
    if type(value) is float or type(value) is int:
        return float(value)
    if value is None:
        return None
    raise RefusedError(f"{name}: a number was expected, not {shown(value)}")


def number_from_text(value: object, name: str) -> float | None:
    """A number, also written as plain decimal text ("001978.208"), None where absent, null or empty; refuses others."""
    if type(value) is float or type(value) is int:
        return float(value)
    if value is None or value == "":
        return None
    if isinstance(value, str) and len(value) <= 40 and _plain_decimal(value.strip()):
        return float(value)
    raise RefusedError(f"{name}: a number was expected, not {shown(value)}")


def _plain_decimal(text: str) -> bool:
    digits = text.removeprefix("-").replace(".", "", 1)
    return digits.isascii() and digits.isdigit()


def truth(value: object) -> bool | None:
    """True or false as sensors' software writes it ("ON", "true", 1); None for null and for words that say neither."""
    if type(value) is bool:
        return value
    if type(value) is int:
        return {0: False, 1: True}.get(value)
    return WORDS_OF_TRUTH.get(value.strip().lower()) if isinstance(value, str) else None


def percent(value: object) -> dict[str, float]:
    """The battery, where the value is a percentage."""
    known = isinstance(value, int | float) and type(value) is not bool and 0 <= value <= 100
    return {"percent": float(value)} if known else {}  # type: ignore[arg-type]


def litres(value: float, litres_per_unit: float, name: str) -> float:
    """A register [L]; refuses negative, infinite or impossibly large values. To the nearest 0.001 L: no float dust."""
    register_l = value * litres_per_unit
    if not 0 <= register_l <= MOST_REGISTER_L:
        raise RefusedError(f"{name}: {value!r} is no possible register")
    return floor(register_l * 1000.0 + 0.5) / 1000.0  # round() takes three times as long


def litres_per(unit: object) -> float | None:
    """Litres in a unit of volume by its name, None where the name is no known unit."""
    return LITRES.get(unit.strip().lower().replace(" ", "")) if isinstance(unit, str) else None


def checked_id(value: object, name: str) -> str:
    """An id as text; refuses what is no id or would be a wildcard, a path or a control character."""
    if isinstance(value, str) and ((value.isalnum() and len(value) <= LONGEST_ID) or _can_be_id(value)):
        return value
    if type(value) is int:
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise RefusedError(f"{name}: an id was expected, not {shown(value)}")
    raise RefusedError(f"{name}: {shown(value)} can't be an id (wildcard, slash, control character, or too long)")


@lru_cache(maxsize=200_000)
def _can_be_id(value: str) -> bool:
    return 0 < len(value.strip()) <= len(value) <= LONGEST_ID and value.isprintable() and not {*"#+/"} & {*value}


def clock(value: object, zone: tzinfo | None) -> datetime | None:
    """An ISO 8601 time as UTC; None where there is none, it is implausible, or it lacks its zone and `zone` is None."""
    if not isinstance(value, str):
        return None
    return _clock(value) if zone is None else _read_clock(value, zone)


@lru_cache(maxsize=1_000)
def _clock(value: str) -> datetime | None:
    """What many send in one second is read once."""
    return _read_clock(value, None)


def _read_clock(value: str, zone: tzinfo | None) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    if at.tzinfo is UTC and EARLIEST_YEAR <= at.year < LATEST_YEAR:
        return at  # the common case
    if at.tzinfo is None:
        if zone is None or len(value) < 11:
            return None
        at = at.replace(tzinfo=zone)
    return plausible(at)


def epoch(value: object, per_second: float = 1.0) -> datetime | None:
    """Seconds (or parts of them) since 1970 as UTC; None where it is no number or implausible."""
    if (type(value) is not int and type(value) is not float) or not isfinite(value):
        return None
    seconds = value / per_second
    return datetime.fromtimestamp(seconds, UTC) if EARLIEST_S <= seconds < LATEST_S else None


def plausible(at: datetime) -> datetime | None:
    """The time as UTC, None outside the years in which a clock can have been set."""
    if not EARLIEST_YEAR <= at.year < LATEST_YEAR:
        return None
    return at if at.tzinfo is UTC else at.astimezone(UTC)


def first_clock(message: Message, *candidates: tuple[datetime | None, AtSource]) -> tuple[datetime, AtSource]:
    """The first time that is known, else the time of receipt."""
    for candidate in candidates:
        if candidate[0] is not None:
            return candidate  # type: ignore[return-value]
    return message.received


def device_event(
    message: Message,
    device_id: str,
    kind: str,
    at: tuple[datetime, AtSource],
    *,
    flags: Mapping[str, bool] | None = None,
    battery: Mapping[str, float] | None = None,
    lacks: str | None = None,
) -> DeviceEvent:
    """A device event of this message."""
    if not device_id.strip("/ "):
        raise RefusedError(f"topic {shown(message.topic)} names no device")
    return DeviceEvent(
        device_id=device_id,
        at=at[0],
        kind=kind,
        at_source=at[1],
        gateway_id=message.gateway_id,
        flags=flags or {},
        battery=battery or {},
        lacks=lacks,
    )


def register_or_event(
    message: Message,
    meter_id: str,
    at: tuple[datetime, AtSource],
    value: float | None,
    litres_per_unit: float | None,
    *,
    name: str = "register",
    kind: str = "water_meter",
    flags: Mapping[str, bool] | None = None,
    battery: Mapping[str, float] | None = None,
    history: tuple[Any, ...] = (),
) -> Decoded:
    """A reading where the register and its unit are known, else the event that remains, saying what it lacks."""
    if value is not None and litres_per_unit is not None:
        register_l, gateway_id = litres(value, litres_per_unit, name), message.gateway_id
        return Reading.of(meter_id, at[0], register_l, at[1], gateway_id, flags or {}, battery or {}, kind, history)
    lacks = None if value is None else lacking(kind, meter_id, name, value)
    return device_event(message, meter_id, kind, at, flags=flags, battery=battery, lacks=lacks)


def lacking(kind: str, meter_id: str, name: str, value: float) -> str:
    """What the ledger must say before this register can be read."""
    if kind == "pulse_counter":
        return f"{name}: {value:g} pulses of {meter_id} have no volume: the ledger must say litres_per_pulse"
    return f"{name}: {value:g} of {meter_id} has no unit: the ledger must say unit (m3, L or gal)"


def ledger_unit(device: Device | None) -> float | None:
    """Litres in the unit that the ledger gives, None where it gives none."""
    return LITRES[device.unit.lower()] if device is not None and device.unit is not None else None
