"""What devices report and where they belong: flags become concerns at once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from domain.finding import AlertKind, Level, Reason
from domain.reading import CALL_FROM_NOWHERE, DeviceEvent
from notifier.changes import is_fresh
from notifier.life import Concern
from store import tables as t

HELD_UP_AT_MOST = timedelta(days=30)  # by a gateway that was cut off


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Where the ledger says a device is."""

    household_id: str
    gateway_id: str | None
    zone: ZoneInfo


def bound(tx: Connection, device_ids: Iterable[str]) -> dict[str, Bound]:
    """Meters (of homes that consented to watching their water) and sensors of the ledger among these ids."""
    wanted = sorted(device_ids)
    found = {}
    for table, key in ((t.meters, t.meters.c.meter_id), (t.sensors, t.sensors.c.device_id)):
        home = table.join(t.households).join(t.buildings).join(t.grids).join(t.communities)
        columns = (key, table.c.household_id, table.c.gateway_id, t.communities.c.timezone)
        here = [key.in_(wanted)]
        if table is t.meters:
            here.append(t.households.c.water_consent_by.is_not(None))
        for row in tx.execute(select(*columns).select_from(home).where(*here)):
            found[row[0]] = Bound(household_id=row[1], gateway_id=row[2], zone=ZoneInfo(row[3]))
    return found


Says = Callable[[DeviceEvent], bool | None]


def _flag(name: str, *kinds: str) -> Says:
    """The flag where a device of these kinds (none: any kind) states it."""
    return lambda event: event.flags.get(name) if not kinds or event.kind in kinds else None


def _any(*says: Says) -> Says:
    """True where one says so, else false where one denies it."""

    def said(event: DeviceEvent) -> bool | None:
        told = [value for one in says if (value := one(event)) is not None]
        return any(told) if told else None

    return said


_DANGERS: dict[AlertKind, Says] = {
    AlertKind.SOS: _any(_flag("sos"), _flag("pressed", "sos_button")),
    AlertKind.GAS: _any(_flag("gas"), _flag("carbon_monoxide")),
    AlertKind.SMOKE: _flag("smoke"),
    AlertKind.FLOOD: _flag("leak", "leak_sensor"),
}


def concerns(event: DeviceEvent, household_id: str, now: datetime) -> tuple[list[Concern], list[AlertKind]]:
    """What the event raises, and which dangers it says are over. A button let go is no end of a call for help."""
    said = {kind: says(event) for kind, says in _DANGERS.items()}
    raised = [_concern(event, household_id, kind, now) for kind, value in said.items() if value]
    return raised, [kind for kind, value in said.items() if value is False and kind is not AlertKind.SOS]


def _concern(event: DeviceEvent, household_id: str, kind: AlertKind, now: datetime) -> Concern:
    """Of one that comes long after its own time people read both: its clock may be wrong, and it is a call of now."""
    reason = Reason(key=kind.value, values={"at": event.at.isoformat(), "device_id": event.device_id})
    if event.clock_is_wrong and event.told_at and not (kind is AlertKind.SOS and _may_be_held_up(event, event.told_at)):
        reason = Reason(key=kind.value, values={**reason.values, "told_at": event.told_at.isoformat()})
    if not is_fresh(event.at, now):
        reason = Reason(key=f"{kind.value}_late", values={**reason.values, "heard_at": now.isoformat()})
    return Concern(
        kind=kind,
        level=Level.ALERT,
        subject=household_id,
        household_id=household_id,
        at=event.at,
        since=event.at,
        reason=reason,
        reported=True,
        momentary=kind is AlertKind.SOS,
    )


def _may_be_held_up(event: DeviceEvent, told_at: datetime) -> bool:
    """A press that comes late is one of now, whether its clock is wrong or not."""
    return timedelta() < event.at - told_at <= HELD_UP_AT_MOST


def call_from_nowhere(tx: Connection, event: DeviceEvent) -> Concern:
    """A device in no ledger calls for help or tells of a danger: the operator must find out whose it is.

    One alert a gateway, for its ids may be made up; a call apart from the last one opens it again.
    """
    through = event.gateway_id or event.device_id
    community = tx.execute(select(t.gateways.c.community_id).where(t.gateways.c.gateway_id == through)).scalar()
    return Concern(
        kind=AlertKind.QUARANTINE,
        level=Level.ALERT,
        subject=f"{community}/{through}" if community else through,
        household_id=None,
        at=event.at,
        since=event.at,
        reason=Reason(key=CALL_FROM_NOWHERE, values={"at": event.at.isoformat(), "device_id": event.device_id}),
        reported=True,
        momentary=event.flags["called"],
    )


METER_ALARMS = {"leak": "meter_leak", "burst": "meter_burst"}  # by the meter's flag: the reason's key


def meter_concern(meter_id: str, household_id: str, flag: str, at: datetime) -> Concern:
    """The meter itself says that water runs where it should not."""
    return Concern(
        kind=AlertKind.CONSTANT_FLOW,
        level=Level.ALERT,
        subject=household_id,
        household_id=household_id,
        at=at,
        since=at,
        reason=Reason(key=METER_ALARMS[flag], values={"at": at.isoformat(), "device_id": meter_id}),
        reported=True,
    )


def gateway_goes(event: DeviceEvent) -> bool | None:
    """Whether a gateway says of itself that it is there; None where the event doesn't speak of that."""
    if not event.about_gateway:
        return None
    if event.kind == "gateway_birth":
        return True
    if event.flags.get("gateway_radio_silent"):
        return False
    return event.flags.get("online")


def operator_concern(device_id: str, household_id: str | None, key: str, now: datetime) -> Concern:
    """Something of ours is wrong with this device: its operator must look."""
    return Concern(
        kind=AlertKind.QUARANTINE,
        level=Level.ALERT,
        subject=device_id,
        household_id=household_id,
        at=now,
        since=now,
        reason=Reason(key=key, values={"at": now.isoformat(), "device_id": device_id}),
    )
