"""Which gateway may speak for which device, from the ledger: ids are compared without case."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """The device as the ledger writes it, and heard from a gateway that may speak for it."""

    device_id: str


@dataclass(frozen=True, slots=True)
class Stranger:
    """In no ledger."""

    reason: str


@dataclass(frozen=True, slots=True)
class Imposed:
    """The ledger's device, heard from a gateway that it isn't bound to."""

    device_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unbound:
    """The ledger's meter, in a home whose water nobody consented to have watched."""

    device_id: str
    reason: str


class Bindings:
    """`gateways` says by device id which gateway speaks for it; None: any may. `without_consent`: meters not bound."""

    def __init__(self, gateways: Mapping[str, str | None], without_consent: Collection[str] = ()) -> None:
        self._exact = dict(gateways)
        self._without_consent = frozenset(without_consent)
        self._folded = {device_id.casefold(): device_id for device_id in gateways}

    def vouching(self, device_id: str) -> "Bindings":
        """A person vouches for this device's messages, whichever gateway they came through."""
        return Bindings({d: None if d == device_id else g for d, g in self._exact.items()}, self._without_consent)

    def as_written(self, device_id: str) -> str | None:
        """The id as the ledger writes it; None where it isn't there."""
        return device_id if device_id in self._exact else self._folded.get(device_id.casefold())

    def judge(self, device_id: str, gateway_id: str | None) -> Known | Stranger | Imposed | Unbound:
        known = self.as_written(device_id)
        if known is None:
            return Stranger(f"device {device_id!r}, heard from gateway {gateway_id!r}, is in no ledger")
        bound = self._exact[known]
        if bound is None or (gateway_id is not None and bound.casefold() == gateway_id.casefold()):
            if known in self._without_consent:
                return Unbound(known, f"meter {known!r}: nobody consented to watching the water of its home")
            return Known(known)
        return Imposed(known, f"device {known!r} is bound to gateway {bound!r}, not to {gateway_id!r}")
