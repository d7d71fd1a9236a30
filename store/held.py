"""What the records hold on one resident: of every table which rows. The same answer serves export and deletion."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, false, select, update

from domain.alert import State
from store import tables as t
from store.contracts import StoreError, Traces
from store.ledger import bump

Rows = ColumnElement[bool]

NOT_PERSONAL = {
    "accounts": "of staff",
    "sessions": "of staff",
    "gateways": "a community's devices",
    "gateways_heard": "a community's devices",
    "cursors": "how far the service has got",
}
SHARED = {"communities", "grids", "buildings"}  # where the home lies; others live there too
ACCESS = {"guardian_codes", "guardian_sessions"}  # of guardians, for hours; nobody's to read
SECRETS = {"card_hash", "token_hash"}
KEPT = {
    "consents": "the proof of who consented to what, and withdrew it",
    "water_consents": "the proof of who consented to watching the home's water, and withdrew it",
    "security_events": "who looked at notes and took exports, at least six months by China's Cybersecurity Law",
}


class UnknownResidentError(StoreError):
    """Nobody of this id is in the ledger."""


class StillRunningError(StoreError):
    """An alert of the home waits for somebody; deletion would end the search for a person in silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """The ids by which a resident's rows are known. `alone`: the home's rows are nobody else's too."""

    resident_id: str
    household_id: str
    building_id: str
    alone: bool
    phone: str | None
    family: tuple[str, ...]
    only_family: tuple[str, ...]  # guardians of this home alone
    band_ids: tuple[int, ...]
    meeting_ids: tuple[int, ...]
    alert_ids: tuple[int, ...]
    meter_ids: tuple[str, ...]
    device_ids: tuple[str, ...]

    @property
    def traces(self) -> Traces:
        """By which the readings file knows them; of a home where others live on, only the bands."""
        devices = (*self.meter_ids, *self.device_ids)
        return Traces(meter_ids=self.meter_ids, device_ids=devices, band_nos=self.band_ids)


def whose(tx: Connection, resident_id: str) -> Whose:
    """Raises `UnknownResidentError`."""
    person = tx.execute(
        select(t.residents.c.household_id, t.residents.c.phone, t.households.c.building_id)
        .join_from(t.residents, t.households)
        .where(t.residents.c.resident_id == resident_id)
    ).one_or_none()
    if person is None:
        raise UnknownResidentError(f"resident: no {resident_id!r} in the ledger")
    home = person.household_id

    def ids(column: Any, *where: Rows) -> tuple[Any, ...]:
        return tuple(tx.scalars(select(column).where(*where)))

    g = t.guardians.c
    family = ids(g.contact_id, g.household_id == home)
    elsewhere = ids(g.contact_id, g.contact_id.in_(family), g.household_id != home)
    only = tuple(one for one in family if one not in elsewhere)
    band_ids = ids(t.wristbands.c.band_id, t.wristbands.c.resident_id == resident_id)
    lost = [f"contact:{one}" for one in (resident_id, *only)]
    return Whose(
        resident_id=resident_id,
        household_id=home,
        building_id=person.building_id,
        alone=len(ids(t.residents.c.resident_id, t.residents.c.household_id == home)) == 1,
        phone=person.phone,
        family=family,
        only_family=only,
        band_ids=band_ids,
        meeting_ids=ids(t.meetings.c.meeting_id, t.meetings.c.band_id.in_(band_ids)),
        alert_ids=ids(t.alerts.c.alert_id, (t.alerts.c.household_id == home) | t.alerts.c.subject.in_(lost)),
        meter_ids=ids(t.meters.c.meter_id, t.meters.c.household_id == home),
        device_ids=ids(t.sensors.c.device_id, t.sensors.c.household_id == home),
    )


def rows_of(who: Whose) -> dict[str, Rows]:
    """All tables with something on the resident or the home, but those that others share."""
    own, home = _own(who), _home(who)
    return {name: own.get(name, false()) | home.get(name, false()) for name in own.keys() | home.keys()}


def read(tx: Connection, who: Whose) -> dict[str, list[dict[str, Any]]]:
    """By table; without secrets. Bytes stay bytes."""
    shared = {"buildings": t.buildings.c.building_id == who.building_id}
    wanted = rows_of(who) | shared
    return {
        table.name: [
            {name: value for name, value in row.items() if name not in SECRETS}
            for row in tx.execute(select(table).where(wanted[table.name])).mappings()
        ]
        for table in t.metadata.sorted_tables
        if table.name in wanted and table.name not in ACCESS
    }


def forget(tx: Connection, who: Whose) -> None:
    """Deletes all but `KEPT`, and where others live on, what is the home's. Raises `StillRunningError`."""
    running = t.alerts.c.alert_id.in_(who.alert_ids) & (t.alerts.c.state != State.RESOLVED)
    if who.alone and tx.execute(select(t.alerts.c.alert_id).where(running).limit(1)).first():
        raise StillRunningError(f"resident {who.resident_id!r}: an alert of the home runs; settle it first")
    rows = rows_of(who) if who.alone else _own(who)
    _unbundle(tx, rows["messages"])
    if not who.alone:  # the alert is the home's
        tx.execute(update(t.meetings).where(rows["meetings"]).values(alert_id=None))
    for table in reversed(t.metadata.sorted_tables):
        if table.name in rows and table.name not in KEPT:
            tx.execute(table.delete().where(_gone(table, rows[table.name], who)))
    bump(tx)


def _gone(table: Table, rows: Rows, who: Whose) -> Rows:
    """Guardians of another home, too, are needed there."""
    return t.contacts.c.contact_id.in_(who.only_family) if table is t.contacts else rows


def _unbundle(tx: Connection, mine: Rows) -> None:
    """A text that said several homes' news in one stays as sent; its words go."""
    m = t.messages.c
    carriers = tuple(tx.scalars(select(m.bundle_id).where(mine, m.bundle_id.is_not(None)).distinct()))
    tx.execute(update(t.messages).where(m.message_id.in_(carriers)).values(body="…", variables={}))
    ids = tuple(tx.scalars(select(m.message_id).where(mine)))
    tx.execute(update(t.messages).where(m.bundle_id.in_(ids)).values(bundle_id=None))


def _own(who: Whose) -> dict[str, Rows]:
    resident = who.resident_id
    phone = t.replies.c.phone == who.phone if who.phone else false()
    m, e = t.messages.c, t.security_events.c
    return {
        "residents": t.residents.c.resident_id == resident,
        "resident_categories": t.resident_categories.c.resident_id == resident,
        "wristbands": t.wristbands.c.band_id.in_(who.band_ids),
        "wristband_profiles": t.wristband_profiles.c.resident_id == resident,
        "consents": t.consents.c.resident_id == resident,
        "scans": t.scans.c.band_id.in_(who.band_ids),
        "meetings": t.meetings.c.meeting_id.in_(who.meeting_ids),
        "meeting_lines": t.meeting_lines.c.meeting_id.in_(who.meeting_ids),
        "messages": (m.addressee == "resident") & (m.contact_id == resident),
        "replies": (t.replies.c.contact_id == resident) | phone,
        "blocked_phones": t.blocked_phones.c.phone == who.phone if who.phone else false(),
        "security_events": e.subject.in_([resident, *(f"band {number}" for number in who.band_ids)]),
    }


def _home(who: Whose) -> dict[str, Rows]:
    home, devices = who.household_id, (*who.meter_ids, *who.device_ids)
    m = t.messages.c
    causes = [f"first_use:{home}:", f"away:{home}:"]
    causes += [f"{what}:{meter_id}:" for meter_id in who.meter_ids for what in ("unwatched", "watched")]
    told: Rows = m.alert_id.in_(who.alert_ids)
    for cause in causes:
        told |= m.key.startswith(cause, autoescape=True)
    return {
        "households": t.households.c.household_id == home,
        "water_consents": t.water_consents.c.household_id == home,
        "guardians": t.guardians.c.household_id == home,
        "pairings": t.pairings.c.household_id == home,
        "contacts": t.contacts.c.contact_id.in_(who.family),
        "guardian_codes": t.guardian_codes.c.contact_id.in_(who.only_family),
        "guardian_sessions": t.guardian_sessions.c.contact_id.in_(who.only_family),
        "meters": t.meters.c.household_id == home,
        "sensors": t.sensors.c.household_id == home,
        "absences": t.absences.c.household_id == home,
        "alerts": t.alerts.c.alert_id.in_(who.alert_ids),
        "alert_events": t.alert_events.c.alert_id.in_(who.alert_ids),
        "messages": told | ((m.purpose == "code") & m.contact_id.in_(who.only_family)),
        "replies": t.replies.c.alert_id.in_(who.alert_ids) | t.replies.c.contact_id.in_(who.only_family),
        "unwatched": t.unwatched.c.household_id == home,
        "detector_states": t.detector_states.c.meter_id.in_(who.meter_ids),
        "last_said": t.last_said.c.device_id.in_(devices),
        "release_requests": t.release_requests.c.device_id.in_(devices),
        "security_events": t.security_events.c.subject.in_([home, *devices]),
    }
