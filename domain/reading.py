"""What gateways report: readings of meters, events of other devices, and what of it was refused or ignored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Literal, NamedTuple

AtSource = Literal["meter", "gateway", "network", "server"]

NO_FLAGS: Mapping[str, bool] = MappingProxyType({})
NO_BATTERY: Mapping[str, float] = MappingProxyType({})


class PastRegister(NamedTuple):
    """A register value [L] of the past that a meter repeats in a later message."""

    at: datetime
    register_l: float


class Reading(NamedTuple):
    """One register value of one meter at one time.

    `register_l` is the cumulative volume [L]; `at` is aware UTC, and `at_source` says whose clock gave it.
    `flags` holds what the meter itself says (leak, backflow, ...): only what the payload states, true or false.
    `only_history`: the message came at `at`, but its register is the newest of `history` and was not read at `at`:
    whoever stores registers takes the history alone.

    A named tuple, as it is made a hundred thousand times a second; written with names, as all values are.
    `of` makes the most common ones in a third of the time.
    """

    meter_id: str
    at: datetime
    register_l: float
    at_source: AtSource = "meter"
    kind: str = "water_meter"
    gateway_id: str | None = None
    flags: Mapping[str, bool] = NO_FLAGS
    battery: Mapping[str, float] = NO_BATTERY
    history: tuple[PastRegister, ...] = ()
    only_history: bool = False

    @staticmethod
    def of(  # noqa: PLR0917 by place: it is quicker
        meter_id: str,
        at: datetime,
        register_l: float,
        at_source: AtSource,
        gateway_id: str | None,
        flags: Mapping[str, bool],
        battery: Mapping[str, float],
        kind: str = "water_meter",
        history: tuple[PastRegister, ...] = (),
    ) -> "Reading":
        """A register read at `at`."""
        return _reading((meter_id, at, register_l, at_source, kind, gateway_id, flags, battery, history, False))


_reading: Callable[[tuple[object, ...]], Reading] = partial(tuple.__new__, Reading)


CALL_FROM_NOWHERE = "call_from_nowhere"
NEAR = timedelta(minutes=15)  # a message that is on its way for longer was held up, or a clock is wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceEvent:
    """What a sensor, a gateway, or a meter without a readable register says at one time.

    `kind` is one of sos_button, leak_sensor, smoke_detector, gas_detector, door_contact, motion_sensor, water_meter,
    pulse_counter, water_meter_alarm, device_status, gateway_status, gateway_alarm, gateway_birth, gateway_death, or
    `CALL_FROM_NOWHERE`: a device in no ledger called for help (flag `called`) or told of gas or smoke.
    `flags` as in `Reading`. `lacks` says why a register in the message can't be read, and what the ledger must say.
    `message`: a digest of the message that it came in, by which the same one sent again is known.
    `heard_at`: when it came, if that is long after `at`. `told_at`: what its clock said, where that can't be believed;
    `at` is then when it came.
    """

    device_id: str
    at: datetime
    kind: str
    at_source: AtSource = "meter"
    gateway_id: str | None = None
    flags: Mapping[str, bool] = field(default_factory=lambda: NO_FLAGS)
    battery: Mapping[str, float] = field(default_factory=dict)
    lacks: str | None = None
    message: str | None = field(default=None, compare=False)
    heard_at: datetime | None = field(default=None, compare=False)
    told_at: datetime | None = field(default=None, compare=False)

    @property
    def clock_is_wrong(self) -> bool:
        """By more than a message's way explains."""
        return self.told_at is not None and abs(self.at - self.told_at) > NEAR

    @property
    def about_gateway(self) -> bool:
        """The gateway speaks of itself; `device_id` is then its own."""
        return self.kind.startswith("gateway_")


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that is in order and carries nothing for us."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that can't be used; the reason names the field and the value, cut short."""

    reason: str


Decoded = Reading | DeviceEvent | Ignored | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What the ledger knows of a device where the payload alone doesn't say."""

    device_id: str
    profile: str | None = None
    unit: Literal["m3", "L", "gal"] | None = None
    litres_per_pulse: float | None = None
    timezone: str | None = None
