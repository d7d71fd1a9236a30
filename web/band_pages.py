"""Staff keep a resident's wristbands: consent, what they show, issue and print, mark lost, revoke, see the log."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from operator import itemgetter
from urllib.parse import quote

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domain.wristband import BandField, BandState, ImpossibleBandStepError, UrlTooLongError
from store import consents
from store.held import StillRunningError
from store.security import security_event
from web import alert_list, bands, looks, meetings, staff_log, wearers
from web.alert_pages import alert_page
from web.bands import ConsentMissingError
from web.desk import Desk, IdInForm, IdInPath, Text
from web.keepers import NotYoursError, may_forget, require, require_band
from web.notes import Notes, NotesCipher, NotesError
from web.sent import LONGEST, NOTHING, Sent, line, text, too_long
from web.session import Viewer
from web.sign_in import acting, viewer

LOG_SHOWN = 50
LOG_REACHES = timedelta(days=90)  # back, for what scanners read
CLOCKS_DIFFER = timedelta(hours=1)  # of scanners
LONGEST_NOTE, LONGEST_SALUTATION = 500, 30  # characters
_MARKS = {BandState.ACTIVE, BandState.LOST, BandState.REVOKED}


def routes(desk: Desk, cipher: NotesCipher) -> APIRouter:  # noqa: C901  a list of routes
    router = APIRouter()

    def change(
        request: Request,
        resident_id: str,
        csrf: str,
        write: Callable[[Connection, Viewer, datetime], None],
        sent: Sent = NOTHING,
    ) -> Response:
        """Writes what was sent, unless it has faults: then the page shows them."""
        who, page = acting(desk, request, csrf), f"/residents/{quote(resident_id)}"
        if sent.faults:
            return _resident_page(desk, cipher, request, who, resident_id, sent=replace(sent, page=page))
        with desk.records.write() as tx:
            require(tx, who, resident_id)
            write(tx, who, desk.now())
        return RedirectResponse(page, 303)

    @router.get("/residents/{resident_id}")
    def resident_page(request: Request, resident_id: str) -> Response:
        who = viewer(desk, request)
        return _resident_page(desk, cipher, request, who, resident_id)

    @router.get("/residents/{resident_id}/notes")
    def notes_page(request: Request, resident_id: str) -> Response:
        return _resident_page(desk, cipher, request, viewer(desk, request), resident_id, opens_notes=True)

    @router.post("/residents/{resident_id}/profile")
    def profile(
        request: Request, resident_id: str, *, csrf: Text = "", salutation: Text = "", all_at_once: Text = ""
    ) -> Response:
        def save(tx: Connection, who: Viewer, now: datetime) -> None:
            bands.save_profile(
                tx,
                resident_id,
                salutation=salutation.strip(),
                all_at_once=bool(all_at_once),
                notes=None,
                cipher=cipher,
                by=who.contact_id,
                now=now,
            )

        faults = too_long("salutation", "band.salutation", salutation, LONGEST_SALUTATION)
        typed = {"salutation": salutation, "all_at_once": all_at_once}
        return change(request, resident_id, csrf, save, Sent(form="profile", typed=typed, faults=faults))

    @router.post("/residents/{resident_id}/notes")
    def notes(
        request: Request,
        resident_id: str,
        *,
        csrf: Text = "",
        care: Text = "",
        history: Text = "",
        allergies: Text = "",
        medicines: Text = "",
        blood_type: Text = "",
    ) -> Response:
        fields = {
            "care": care, "history": history, "allergies": allergies, "medicines": medicines, "blood_type": blood_type
        }  # fmt: skip
        written = Notes(**{name: note.strip() for name, note in fields.items()})
        faults = [
            fault for name, note in fields.items() for fault in too_long(name, f"notes.{name}", note, LONGEST_NOTE)
        ]

        def save(tx: Connection, who: Viewer, now: datetime) -> None:
            if BandField.HEALTH in consents.consented(tx, resident_id) and cipher.ready:
                bands.save_notes(tx, resident_id, written, cipher=cipher, by=who.contact_id, now=now)

        return change(request, resident_id, csrf, save, Sent(form="notes", typed=fields, faults=faults))

    @router.post("/residents/{resident_id}/consent")
    def consent(
        request: Request, resident_id: str, *, csrf: Text = "", field: Text = "", given_by: Text = "", paper: Text = ""
    ) -> Response:
        if field not in set(BandField):  # nobody types it
            raise NotYoursError
        faults = line("given_by", "band.given_by", given_by, LONGEST) + line("paper", "band.paper", paper, LONGEST)

        def write(tx: Connection, who: Viewer, now: datetime) -> None:
            consents.consent(
                tx,
                resident_id,
                BandField(field),
                given_by=given_by.strip(),
                paper=paper.strip(),
                recorded_by=who.contact_id,
                now=now,
            )

        typed = {"given_by": given_by, "paper": paper}
        sent = Sent(form=f"consent {field}", typed=typed, faults=faults)
        return change(request, resident_id, csrf, write, sent)

    @router.post("/residents/{resident_id}/withdraw")
    def withdraw(request: Request, resident_id: str, csrf: Text = "", field: Text = "") -> Response:
        def write(tx: Connection, who: Viewer, now: datetime) -> None:
            if field in set(BandField):
                consents.withdraw(tx, resident_id, BandField(field), now, by=who.contact_id)

        return change(request, resident_id, csrf, write)

    @router.post("/residents/{resident_id}/bands/{band_id}/state")
    def mark(
        request: Request, resident_id: str, band_id: IdInPath, *, csrf: Text = "", after: Text = "", why: Text = ""
    ) -> Response:
        def write(tx: Connection, who: Viewer, now: datetime) -> None:
            require_band(tx, who, resident_id, band_id)
            if after in _MARKS:
                bands.change(tx, band_id, BandState(after), by=who.contact_id, why=why, now=now)

        return change(request, resident_id, csrf, write)

    @router.post("/alerts/{alert_id}/say")
    def say(
        request: Request, alert_id: IdInPath, csrf: Text = "", body: Text = "", meeting_id: IdInForm = 0
    ) -> Response:
        who = acting(desk, request, csrf)
        if faults := text("body", "band.answer", body, meetings.LONGEST_LINE):
            sent = Sent(form=f"say{meeting_id}", page=f"/alerts/{alert_id}", typed={"body": body}, faults=faults)
            return alert_page(desk, request, who, alert_id, sent=sent)
        with desk.records.write() as tx:
            ours = {meeting.meeting_id for meeting, _ in meetings.of_alert(tx, alert_id)}
            if alert_list.one(tx, who, alert_id) is None or meeting_id not in ours:
                return desk.problem(request, 404, "not_found")
            meetings.say(tx, meeting_id, who.contact_id, body, desk.now())
        return RedirectResponse(f"/alerts/{alert_id}", 303)

    return router


def _resident_page(
    desk: Desk,
    cipher: NotesCipher,
    request: Request,
    who: Viewer,
    resident_id: str,
    *,
    sent: Sent = NOTHING,
    opens_notes: bool = False,
) -> Response:
    """Everything about the resident's bands. Notes are opened where they are asked for, and that is written down."""
    now, opens_notes = desk.now(), opens_notes or sent.form == "notes"
    with desk.records.write() as tx:
        home, person = require(tx, who, resident_id)
        wearer = wearers.wearer(tx, resident_id)
        notes, locked = Notes(), not cipher.ready
        if opens_notes and wearer.sealed:
            security_event(tx, "notes_viewed", resident_id, f"by {who.login}", now)
            try:
                notes = cipher.open(wearer.sealed, resident_id)
            except NotesError:
                locked = True
        answer = desk.page(
            request,
            "resident.html",
            who,
            422 if sent.faults else 200,
            sent=sent,
            home=home,
            person=person,
            wearer=wearer,
            notes=notes if opens_notes else None,
            locked=locked,
            running={row["field"]: row for row in bands.consents_of(tx, resident_id) if row["withdrawn_at"] is None},
            fields=list(BandField),
            bands=(own := bands.of_resident(tx, resident_id)),
            worn=any(band.state_at(now) is BandState.ACTIVE for band in own),
            may_forget=may_forget(who),
            log=_log(desk, tx, resident_id),
        )
    return staff_log.noted(desk, answer, who, home.household_id)


def _log(desk: Desk, tx: Connection, resident_id: str) -> list[Mapping[str, object]]:
    """What finders opened and what staff's scanners read, latest first."""
    number_of, now = {band.band_id: band.number for band in bands.of_resident(tx, resident_id)}, desk.now()
    log = [(row["at"], row) for row in looks.scan_log(tx, resident_id, LOG_SHOWN)]
    for scan in desk.readings.band_scans(now - LOG_REACHES, now + CLOCKS_DIFFER, number_of):
        if scan.source != "web":  # the finder's page has told more of it to the log
            row = {"at": scan.at, "stage": scan.stage, "number": number_of[scan.band_no], "address": scan.source}
            log.append((scan.at, row | {"fields": "", "why": ""}))
    return [row for _, row in sorted(log, key=itemgetter(0), reverse=True)][:LOG_SHOWN]


PROBLEMS: dict[type[Exception], tuple[int, str]] = {
    NotYoursError: (404, "not_found"),
    ImpossibleBandStepError: (409, "impossible"),
    ConsentMissingError: (409, "consent_first"),
    UrlTooLongError: (409, "url_too_long"),
    StillRunningError: (409, "settle_first"),
}
