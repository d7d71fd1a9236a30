"""What ingest must know of the ledger: its devices, and which gateway speaks for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Connection, Row, select

from domain.reading import Device
from store import cursors
from store import tables as t

VERSION = "ledger"  # its row among the cursors rises with every import


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """One state of it. `gateways`: by device id, the gateway that may speak for it; None: any may.

    A gateway speaks for itself. `without_consent`: meters of homes whose water nobody consented to have watched.
    `version` differs where anything in the ledger does.
    """

    version: int
    devices: Mapping[str, Device]
    gateways: Mapping[str, str | None]
    without_consent: frozenset[str] = frozenset()


def read_ledger(tx: Connection) -> Ledger:
    """All devices, meters and sensors alike, with the time zone of their community."""
    rows = [*tx.execute(_METERS), *tx.execute(_SENSORS)]
    own = {gateway_id: gateway_id for gateway_id in tx.scalars(select(t.gateways.c.gateway_id))}
    return Ledger(
        version=version(tx),
        devices={row.device_id: _device(row) for row in rows},
        gateways=own | {row.device_id: row.gateway_id for row in rows},
        without_consent=frozenset(tx.scalars(_WITHOUT_CONSENT)),
    )


def version(tx: Connection) -> int:
    """Cheap enough to ask every few seconds."""
    return cursors.position(tx, VERSION)


def bump(tx: Connection) -> None:
    """To be called in every transaction that changes the ledger."""
    cursors.move(tx, VERSION, version(tx) + 1)


_PLACE = t.households.join(t.buildings).join(t.grids).join(t.communities)
_METERS = select(
    t.meters.c.meter_id.label("device_id"),
    t.meters.c.gateway_id,
    t.meters.c.profile,
    t.meters.c.unit,
    t.meters.c.litres_per_pulse,
    t.communities.c.timezone,
).select_from(t.meters.join(_PLACE))
_SENSORS = select(
    t.sensors.c.device_id, t.sensors.c.gateway_id, t.sensors.c.profile, t.communities.c.timezone
).select_from(t.sensors.join(_PLACE))


_WITHOUT_CONSENT = (
    select(t.meters.c.meter_id)
    .join_from(t.meters, t.households, t.households.c.household_id == t.meters.c.household_id)
    .where(t.households.c.water_consent_by.is_(None))
)


def _device(row: Row[*tuple[object, ...]]) -> Device:
    fields = cast("dict[str, object]", row._mapping)  # noqa: SLF001  its documented public way
    known = {name: fields.get(name) for name in ("device_id", "profile", "unit", "litres_per_pulse", "timezone")}
    return Device(**known)  # type: ignore[arg-type]
