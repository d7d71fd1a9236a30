"""Consent to watching a home's water: who gave it, when, on which paper. Without it no meter of the home is bound."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, func, select

from store import consents
from store.security import security_event
from store.tables import households, meters, unwatched

H = households.c


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterConsent:
    """`paper` is empty where the home was watched before consents were written down: to be asked for."""

    given_by: str
    on: date | None
    paper: str


def consent_of(tx: Connection, household_id: str) -> WaterConsent | None:
    row = tx.execute(
        select(H.water_consent_by, H.water_consent_on, H.water_consent_paper).where(H.household_id == household_id)
    ).one_or_none()
    if row is None or row.water_consent_by is None:
        return None
    on = date.fromisoformat(row.water_consent_on) if row.water_consent_on else None
    return WaterConsent(given_by=row.water_consent_by, on=on, paper=row.water_consent_paper or "")


def give(
    tx: Connection, household_id: str, *, given_by: str, paper: str, by: str, timezone: str, now: datetime
) -> None:
    """From now on the home's meters are bound; what waited in quarantine is taken."""
    on = now.astimezone(ZoneInfo(timezone)).date().isoformat()
    consents.consent_to_water(tx, household_id, given_by=given_by, on=on, paper=paper, recorded_by=by)
    security_event(tx, "water_consent_given", household_id, f"{given_by[:50]}, {paper[:50]}; written by {by}", now)


def withdraw(tx: Connection, household_id: str, *, by: str, timezone: str, now: datetime) -> None:
    """From now on nothing of the home's water is taken or looked at, and nobody is told of it."""
    on = now.astimezone(ZoneInfo(timezone)).date().isoformat()
    consents.withdraw_water(tx, household_id, on=on, by=by)
    security_event(tx, "water_consent_withdrawn", household_id, f"written by {by}", now)


def not_watched(tx: Connection, household_ids: Select[str] | Collection[str]) -> set[str]:
    """Of these homes, those with a meter and without consent."""
    metered = H.household_id.in_(select(meters.c.household_id))
    here = (H.household_id.in_(household_ids), metered, H.water_consent_by.is_(None))
    return set(tx.scalars(select(H.household_id).where(*here)))


def unheard(tx: Connection, household_ids: Select[str]) -> set[str]:
    """Of these homes, those of which a meter tells nothing now, also where a silent gateway explains it."""
    silent = select(meters.c.household_id).join(unwatched, unwatched.c.meter_id == meters.c.meter_id)
    return set(tx.scalars(silent.where(meters.c.household_id.in_(household_ids))))


def watched(tx: Connection, household_ids: Select[str]) -> int:
    """How many of these homes are watched."""
    metered = H.household_id.in_(select(meters.c.household_id))
    here = (H.household_id.in_(household_ids), metered, H.water_consent_by.is_not(None))
    return tx.scalar(select(func.count()).select_from(households).where(*here)) or 0
