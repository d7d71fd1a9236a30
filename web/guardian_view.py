"""What a guardian sees: the homes he or she answers for, what runs there, and what each resident's band shows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from domain.alert import TRANSITIONS, Event
from domain.doors import in_a_row
from domain.wristband import Band, BandField, Stage, shown
from store.security import security_event
from store.tables import alerts, residents
from store.tables import meetings as meetings_table
from web import alert_list, bands, meetings, wearers
from web.alert_list import Shown
from web.guardian_access import Guardian
from web.ledger import Absence, Household, announced_absences, people_called, several
from web.meetings import Line, Meeting
from web.notes import Notes, NotesCipher, NotesError
from web.wearers import Helper, Wearer


class NotYoursError(Exception):
    """The home isn't this guardian's, or the alert isn't one for family."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """An alert that waits for somebody, with the finders who write."""

    alert: Shown
    can: frozenset[str]
    holds_for: timedelta
    talks: list[tuple[Meeting, list[tuple[Line, str]]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One home as its family sees it."""

    household: Household
    line: str | None
    running: list[Running]
    away: list[Absence]


@dataclass(frozen=True, slots=True, kw_only=True)
class BandView:
    """A resident's bands, and what each of the finder's stages shows. `notes` None: none, or not for this session."""

    wearer: Wearer
    helpers: list[Helper]
    timezone: str
    bands: list[Band]
    stages: dict[Stage, frozenset[BandField]]
    consents: dict[str, dict[str, Any]]
    fields: list[BandField]
    notes: Notes | None


HoldsFor = Callable[[Connection, int, datetime], timedelta]


def homes(tx: Connection, who: Guardian, now: datetime, holds_for: HoldsFor) -> list[Home]:
    """All homes of this guardian: those with an alert first, then door by door.

    `holds_for`: how long who takes an alert has it.
    """
    found = several(tx, who.household_ids)
    own = [_home(tx, found[one], now, holds_for) for one in who.household_ids if one in found]
    return sorted(own, key=lambda home: (not home.running, in_a_row(home.household.address)))


def band_of(tx: Connection, who: Guardian, resident_id: str, cipher: NotesCipher, now: datetime) -> BandView:
    """Notes are opened for a session by code alone, and every look is written down."""
    wearer = wearers.wearer(tx, resident_id)
    notes = None
    if who.by_code and wearer.sealed:
        security_event(tx, "notes_viewed", resident_id, f"by guardian {who.contact_id}", now)
        notes = _opened(cipher, wearer.sealed, resident_id)
    return BandView(
        wearer=wearer,
        helpers=wearers.helpers(tx, wearer.household_id),
        timezone=several(tx, [wearer.household_id])[wearer.household_id].timezone,
        bands=bands.of_resident(tx, resident_id),
        stages={stage: shown(stage, wearer.consented, all_at_once=wearer.all_at_once) for stage in Stage},
        consents={row["field"]: row for row in bands.consents_of(tx, resident_id) if row["withdrawn_at"] is None},
        fields=list(BandField),
        notes=notes,
    )


def home_of_resident(tx: Connection, resident_id: str) -> str:
    return tx.scalar(select(residents.c.household_id).where(residents.c.resident_id == resident_id)) or ""


def require_household(tx: Connection, who: Guardian, household_id: str) -> str:
    """The home's time zone; raises `NotYoursError`."""
    home = several(tx, [household_id]).get(household_id) if household_id in who.household_ids else None
    if home is None:
        raise NotYoursError
    return home.timezone


def require_alert(tx: Connection, who: Guardian, alert_id: int) -> None:
    """Raises `NotYoursError`."""
    household_id = tx.scalar(select(alerts.c.household_id).where(alerts.c.alert_id == alert_id))
    require_household(tx, who, household_id or "")
    if alert_id not in {one.alert_id for one in _for_family(tx, household_id or "")}:
        raise NotYoursError


def require_meeting(tx: Connection, who: Guardian, meeting_id: int) -> None:
    """Raises `NotYoursError`."""
    alert_id = tx.scalar(select(meetings_table.c.alert_id).where(meetings_table.c.meeting_id == meeting_id))
    require_alert(tx, who, alert_id or 0)


def _home(tx: Connection, home: Household, now: datetime, holds_for: HoldsFor) -> Home:
    first = next((person.person_id for person in home.residents), None)
    return Home(
        household=home,
        line=wearers.wearer(tx, first).line if first else None,
        running=[
            _running(tx, alert, holds_for(tx, alert.alert_id, now)) for alert in _for_family(tx, home.household_id)
        ],
        away=announced_absences(tx, home.household_id, now),
    )


def _for_family(tx: Connection, household_id: str) -> list[Shown]:
    """What runs and concerns the people there; devices are the operator's."""
    found = alert_list.running_at(tx, household_id)
    return [one for one in found if not one.kind.for_operator and not one.kind.is_notice]


def _running(tx: Connection, alert: Shown, holds_for: timedelta) -> Running:
    steps = {"going": Event.ACKNOWLEDGE, "there": Event.ARRIVE, "well": Event.RESOLVE}
    talks = meetings.of_alert(tx, alert.alert_id)
    names = people_called(tx, {line.by for _, lines in talks for line in lines})
    return Running(
        alert=alert,
        can=frozenset(name for name, event in steps.items() if event in TRANSITIONS[alert.state]),
        holds_for=holds_for,
        talks=[
            (meeting, [(line, names[line.by].name if line.by in names else "") for line in lines])
            for meeting, lines in talks
        ],
    )


def _opened(cipher: NotesCipher, sealed: bytes, resident_id: str) -> Notes | None:
    try:
        return cipher.open(sealed, resident_id)
    except NotesError:
        return None
