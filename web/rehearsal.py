"""A wristband for the demonstration: one resident wears it, one passer-by scans it through the public page.

key = web.notes.new_key()                        # create_app(..., notes_keys=[key])
band = dress(records, "r1", by="limin", key=key, now=now)
pass_by("http://127.0.0.1:8000", band.card_id)   # the alert `found` is there when it returns
"""

import secrets
from datetime import datetime
from urllib.request import Request, urlopen

from domain.wristband import BandField
from store.consents import consent
from web.bands import Issued, issue, save_profile
from web.desk import Records
from web.notes import Notes, NotesCipher

_PAPER = "演示 / demonstration"
_NOTES = Notes(
    care="慢慢说，耳背；怕生人拉手 / speak slowly, hard of hearing",
    history="高血压、糖尿病 / high blood pressure, diabetes",
    allergies="青霉素 / penicillin",
    medicines="二甲双胍 / metformin",
    blood_type="O",
)


def dress(records: Records, resident_id: str, *, by: str, key: str, now: datetime, salutation: str = "") -> Issued:
    """Consents to everything, writes notes down and issues one band."""
    with records.write() as tx:
        for field in BandField:
            consent(tx, resident_id, field, given_by=_PAPER, paper=_PAPER, recorded_by=by, now=now)
        save_profile(
            tx,
            resident_id,
            salutation=salutation or None,
            all_at_once=False,
            notes=_NOTES,
            cipher=NotesCipher([key]),
            by=by,
            now=now,
        )
        return issue(tx, resident_id, by=by, now=now, below=secrets.randbelow)


def pass_by(url: str, card_id: str) -> None:
    """Opens the band's page as a phone would, then says: I am with this person."""
    page = f"{url.rstrip('/')}/1/{card_id}"
    for request in (Request(page), Request(f"{page}/here", data=b"", method="POST")):  # noqa: S310  our own address
        with urlopen(request, timeout=10) as answer:  # noqa: S310  our own address
            answer.read()
