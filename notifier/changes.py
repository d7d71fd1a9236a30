"""What a device says anew: a heartbeat that repeats the same, or old news that arrive late, change nothing."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.sqlite import insert

from domain.finding import AlertKind
from domain.reading import DeviceEvent
from domain.wristband import BandState
from store import tables as t
from store.contracts import BandScan

FRESH = timedelta(minutes=15)  # an older sign of life says nothing about now
LEFT_BEFORE = timedelta(minutes=90)  # use shows at the end of its hour: the door went after it, and before that
FLAGS_HOLD = timedelta(hours=3)  # what a meter says of itself with an older reading is history
_METERS = ("water_meter", "water_meter_alarm", "pulse_counter")
_FOLLOWED = {
    "door_contact": ("open",),
    "motion_sensor": ("motion",),
    **dict.fromkeys(_METERS, ("leak", "burst")),
}


class Said(NamedTuple):
    """A flag that is another now; `before` is None where the device never said it."""

    device_id: str
    flag: str
    value: bool
    before: bool | None
    at: datetime

    @property
    def is_life(self) -> bool:
        """A door opens or closes, motion starts: somebody is there. A first word may be an old state."""
        return self.before is not None and (self.flag == "open" or (self.flag == "motion" and self.value))


def says_followed(event: DeviceEvent) -> bool:
    return any(flag in event.flags for flag in _FOLLOWED.get(event.kind, ()))


def changes(tx: Connection, event: DeviceEvent) -> list[Said]:
    """What the event says anew of what is followed; remembered in the caller's transaction."""
    followed = {flag: event.flags[flag] for flag in _FOLLOWED.get(event.kind, ()) if flag in event.flags}
    c = t.last_said.c
    rows = tx.execute(select(c.flag, c.value, c.at).where(c.device_id == event.device_id)).all()
    known = {row.flag: row for row in rows}
    said = []
    for flag, value in followed.items():
        before = known.get(flag)
        if before is not None and event.at <= before.at:
            continue
        _remember(tx, event.device_id, flag, value=value, at=event.at)
        if before is None or before.value is not value:
            said.append(Said(event.device_id, flag, value, before.value if before else None, event.at))
    return said


def is_fresh(at: datetime, now: datetime, within: timedelta = FRESH) -> bool:
    return now - at <= within


def wearers(tx: Connection, scans: Iterable[BandScan]) -> list[tuple[str, datetime]]:
    """The households whose resident's band was read by a scanner of staff, and when. A passer-by's page is no visit."""
    by_staff = [scan for scan in scans if scan.source != "web"]
    if not by_staff:
        return []
    b, r = t.wristbands, t.residents
    query = select(b.c.band_id, r.c.household_id).select_from(b.join(r)).where(b.c.state == BandState.ACTIVE.value)
    rows = tx.execute(query.where(b.c.band_id.in_({s.band_no for s in by_staff}))).all()
    homes = {row.band_id: row.household_id for row in rows}
    return [(homes[scan.band_no], scan.at) for scan in by_staff if scan.band_no in homes]


def remember_danger(tx: Connection, event: DeviceEvent, kind: AlertKind, value: bool, now: datetime) -> None:
    """The device's last word on a danger that can be over; one that goes on is as new as the newest word of it."""
    began_at = in_danger_since(tx, event.device_id, kind)
    at = max(event.at, began_at) if value and began_at else event.at
    _remember(tx, event.device_id, kind.value, value=value, at=at, heard_at=now)


def in_danger_since(tx: Connection, device_id: str, kind: AlertKind) -> datetime | None:
    """When the device last said so, by its own clock; None where it never did, or said that it is over."""
    c = t.last_said.c
    its = (c.device_id == device_id, c.flag == kind.value, c.value.is_(True))
    at: datetime | None = tx.execute(select(c.at).where(*its)).scalar()
    return at


def in_danger(
    tx: Connection, household_id: str, kind: AlertKind, since: datetime, *, but_for: str | None = None
) -> bool:
    """Whether a sensor of the home was heard to say so since then, and not yet that it is over; `but_for` one."""
    said, sensors = t.last_said, t.sensors
    query = select(said.c.device_id).join(sensors, sensors.c.device_id == said.c.device_id)
    query = query.where(sensors.c.household_id == household_id, said.c.device_id.is_distinct_from(but_for))
    query = query.where(said.c.flag == kind.value, said.c.value.is_(True), said.c.heard_at >= since)
    return tx.execute(query.limit(1)).first() is not None


def left_at(tx: Connection, household_id: str, silent_since: datetime) -> datetime | None:
    """When the door last went, if that was about when the silence began, and nobody was seen moving after it."""
    c, s = t.last_said.c, t.sensors.c
    last = select(c.flag, func.max(c.at)).join(t.sensors, s.device_id == c.device_id)
    rows = tx.execute(last.where(s.household_id == household_id, c.flag.in_(("open", "motion"))).group_by(c.flag))
    at: dict[str, datetime] = {row[0]: row[1] for row in rows}
    door, moved = at.get("open"), at.get("motion")
    if door is None or door < silent_since - LEFT_BEFORE or (moved is not None and moved > door):
        return None
    return door


def _remember(tx: Connection, device_id: str, flag: str, **said: bool | datetime) -> None:
    put = insert(t.last_said).values(device_id=device_id, flag=flag, **said)
    tx.execute(put.on_conflict_do_update(index_elements=["device_id", "flag"], set_=said))
