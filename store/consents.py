"""Consents, written down for good: who consented to what, when, on which paper; and who withdrew it, when.

A home's consent to watching its water stands in its row too, where it binds the meters; here stands how it came to be.
"""

from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from domain.wristband import BandField
from store.ledger import bump
from store.tables import consents, households, water_consents, wristband_profiles

LONGEST = 100  # characters of a name or of what says which paper it is
LEDGER = "ledger"  # who wrote down what the ledger's files say
C, W, H = consents.c, water_consents.c, households.c


def consented(tx: Connection, resident_id: str) -> set[BandField]:
    """What a wristband may do now."""
    running = (C.resident_id == resident_id, C.withdrawn_at.is_(None))
    return {BandField(field) for field in tx.scalars(select(C.field).where(*running))}


def consent(
    tx: Connection, resident_id: str, field: BandField, *, given_by: str, paper: str, recorded_by: str, now: datetime
) -> None:
    """Written down once: who consented to what, when, on which paper."""
    if field in consented(tx, resident_id):
        return
    tx.execute(
        insert(consents).values(
            resident_id=resident_id,
            field=field.value,
            given_at=now,
            given_by=given_by[:LONGEST],
            paper=paper[:LONGEST],
            recorded_by=recorded_by,
        )
    )


def withdraw(tx: Connection, resident_id: str, field: BandField, now: datetime, *, by: str) -> None:
    """From this moment the field is shown no more; withdrawn health consent deletes the notes."""
    running = (C.resident_id == resident_id, C.field == field.value, C.withdrawn_at.is_(None))
    tx.execute(update(consents).where(*running).values(withdrawn_at=now, withdrawn_by=by))
    if field is BandField.HEALTH:
        mine = wristband_profiles.c.resident_id == resident_id
        tx.execute(update(wristband_profiles).where(mine).values(notes=None))


def consent_to_water(
    tx: Connection, household_id: str, *, given_by: str, on: str, paper: str, recorded_by: str
) -> None:
    """From now on the home's meters are bound; what waited in quarantine is taken."""
    values = {"water_consent_by": given_by[:LONGEST], "water_consent_on": on, "water_consent_paper": paper[:LONGEST]}
    tx.execute(update(households).where(H.household_id == household_id).values(values))
    note_water(tx, household_id, given_by=given_by[:LONGEST], on=on, paper=paper[:LONGEST], recorded_by=recorded_by)
    bump(tx)


def withdraw_water(tx: Connection, household_id: str, *, on: str, by: str) -> None:
    """From now on nothing of the home's water is taken or looked at."""
    values = {"water_consent_by": None, "water_consent_on": None, "water_consent_paper": None}
    tx.execute(update(households).where(H.household_id == household_id).values(values))
    end_water(tx, household_id, on=on, by=by)
    bump(tx)


def note_water(tx: Connection, household_id: str, *, given_by: str, on: str, paper: str, recorded_by: str) -> None:
    """A line of the history; the one before ends with it."""
    end_water(tx, household_id, on=on, by=recorded_by)
    values = {"household_id": household_id, "given_on": on, "given_by": given_by, "paper": paper}
    tx.execute(insert(water_consents).values(values | {"recorded_by": recorded_by}))


def end_water(tx: Connection, household_id: str, *, on: str, by: str) -> None:
    running = (W.household_id == household_id, W.withdrawn_on.is_(None))
    tx.execute(update(water_consents).where(*running).values(withdrawn_on=on, withdrawn_by=by))


def water_withdrawn_on(tx: Connection, household_id: str) -> str | None:
    """The last day from which nobody consented, though somebody may have since; None where nobody ever withdrew.

    What another paper of the files took the place of was not withdrawn.
    """
    withdrawn = (W.household_id == household_id, W.withdrawn_by.is_distinct_from(LEDGER))
    last: str | None = tx.scalar(select(func.max(W.withdrawn_on)).where(*withdrawn))
    return last
