"""Staff keep a resident's wristbands: consent, what they show, issue and print, mark lost, revoke, see the log."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from domain.people import Role
from domain.wristband import BandField, BandState, ImpossibleBandStepError, UrlTooLongError, card_url
from store import consents
from store.held import KEPT, StillRunningError
from web import alert_list, band_print, bands, held, meetings, wearers
from web.band_print import LAYOUTS, Label
from web.bands import ConsentMissingError, Issued
from web.desk import Desk, IdInForm, IdInPath
from web.ledger import Household, Person, resident
from web.notes import Notes, NotesCipher, NotesError
from web.session import Viewer
from web.sign_in import acting, viewer

LOG_SHOWN = 50
LOG_REACHES = timedelta(days=90)  # back, for what scanners read
CLOCKS_DIFFER = timedelta(hours=1)  # of scanners
LONGEST_NOTE = 500
_KEEPERS = {Role.GRID_WORKER, Role.DUTY_STAFF, Role.SUPERVISOR}
_MARKS = {BandState.ACTIVE, BandState.LOST, BandState.REVOKED}
Text = Annotated[str, Form()]


class NotYoursError(Exception):
    """The page isn't there for this viewer."""


def keeps_bands(who: Viewer) -> bool:
    """Medical notes and bands are for those who answer for the resident; not for volunteers and operators."""
    return who.role in _KEEPERS


def may_forget(who: Viewer) -> bool:
    """What can't be undone is for those who answer for the community."""
    return who.role in {Role.DUTY_STAFF, Role.SUPERVISOR}


def routes(desk: Desk, cipher: NotesCipher) -> APIRouter:  # noqa: C901, PLR0915  a list of routes
    router = APIRouter()

    @router.get("/residents/{resident_id}")
    def resident_page(request: Request, resident_id: str) -> Response:
        who = viewer(desk, request)
        return _resident_page(desk, cipher, request, who, resident_id)

    @router.get("/residents/{resident_id}/export")
    def export(request: Request, resident_id: str) -> Response:
        who, now = viewer(desk, request), desk.now()
        with desk.records.write() as tx:
            _require(tx, who, resident_id)
            everything = held.everything_about(tx, resident_id, cipher, desk.readings.traces, now)
            bands.security_event(tx, "exported", resident_id, f"by {who.login}", now)
        return JSONResponse(everything, headers={"content-disposition": 'attachment; filename="resident.json"'})

    @router.post("/residents/{resident_id}/profile")
    def profile(
        request: Request,
        resident_id: str,
        *,
        csrf: Text = "",
        salutation: Text = "",
        all_at_once: Text = "",
        care: Text = "",
        history: Text = "",
        allergies: Text = "",
        medicines: Text = "",
        blood_type: Text = "",
    ) -> Response:
        fields = {
            "care": care, "history": history, "allergies": allergies, "medicines": medicines, "blood_type": blood_type
        }  # fmt: skip
        written = Notes(**{name: text.strip()[:LONGEST_NOTE] for name, text in fields.items()})

        def save(tx: Connection, who: Viewer, now: datetime) -> None:
            may = BandField.HEALTH in consents.consented(tx, resident_id) and cipher.ready
            bands.save_profile(
                tx,
                resident_id,
                salutation=salutation.strip()[:30],
                all_at_once=bool(all_at_once),
                notes=written if may else None,
                cipher=cipher,
                by=who.contact_id,
                now=now,
            )

        return _change(desk, request, resident_id, csrf, save)

    @router.post("/residents/{resident_id}/consent")
    def consent(
        request: Request, resident_id: str, *, csrf: Text = "", field: Text = "", given_by: Text = "", paper: Text = ""
    ) -> Response:
        def write(tx: Connection, who: Viewer, now: datetime) -> None:
            if field in set(BandField) and given_by.strip() and paper.strip():
                consents.consent(
                    tx,
                    resident_id,
                    BandField(field),
                    given_by=given_by.strip(),
                    paper=paper.strip(),
                    recorded_by=who.contact_id,
                    now=now,
                )

        return _change(desk, request, resident_id, csrf, write)

    @router.post("/residents/{resident_id}/withdraw")
    def withdraw(request: Request, resident_id: str, csrf: Text = "", field: Text = "") -> Response:
        def write(tx: Connection, who: Viewer, now: datetime) -> None:
            if field in set(BandField):
                consents.withdraw(tx, resident_id, BandField(field), now, by=who.contact_id)

        return _change(desk, request, resident_id, csrf, write)

    @router.post("/residents/{resident_id}/forget")
    def forget(request: Request, resident_id: str, csrf: Text = "", sure: Text = "") -> Response:
        who = acting(desk, request, csrf)
        if not sure:
            return RedirectResponse(f"/residents/{quote(resident_id)}", 303)
        with desk.records.write() as tx:
            _require(tx, who, resident_id)
            if not may_forget(who):
                raise NotYoursError
            traces = held.forget(tx, resident_id, by=who.contact_id, now=desk.now())
            desk.readings.erase(traces)  # before the records forget by what to find them
        return desk.page(request, "forgotten.html", who, kept=list(KEPT))

    @router.post("/residents/{resident_id}/bands")
    def issue(request: Request, resident_id: str, csrf: Text = "") -> Response:
        who = acting(desk, request, csrf)
        with desk.records.write() as tx:
            _require(tx, who, resident_id)
            issued = bands.issue(tx, resident_id, by=who.contact_id, now=desk.now(), below=secrets.randbelow)
            label = _label(desk, tx, resident_id, issued)
        return _print_page(desk, request, who, resident_id, issued, label=label)

    @router.post("/residents/{resident_id}/bands/{band_id}/replace")
    def replace(request: Request, resident_id: str, band_id: IdInPath, csrf: Text = "", why: Text = "") -> Response:
        who, now = acting(desk, request, csrf), desk.now()
        with desk.records.write() as tx:
            _require_band(tx, who, resident_id, band_id)
            issued = bands.replace(tx, band_id, by=who.contact_id, why=why, now=now, below=secrets.randbelow)
            label = _label(desk, tx, resident_id, issued)
        return _print_page(desk, request, who, resident_id, issued, label=label)

    @router.post("/residents/{resident_id}/bands/{band_id}/state")
    def mark(
        request: Request, resident_id: str, band_id: IdInPath, *, csrf: Text = "", after: Text = "", why: Text = ""
    ) -> Response:
        def write(tx: Connection, who: Viewer, now: datetime) -> None:
            _require_band(tx, who, resident_id, band_id)
            if after in _MARKS:
                bands.change(tx, band_id, BandState(after), by=who.contact_id, why=why, now=now)

        return _change(desk, request, resident_id, csrf, write)

    @router.post("/residents/{resident_id}/print")
    def print_sheet(
        request: Request,
        resident_id: str,
        *,
        csrf: Text = "",
        card_id: Text = "",
        layout: Text = "",
        form: Text = "pdf",
    ) -> Response:
        who = acting(desk, request, csrf)
        with desk.records.read() as tx:
            band = bands.by_card(tx, card_id)
            if band is None or band.resident_id != resident_id or layout not in LAYOUTS:
                return desk.problem(request, 404, "not_found", who)
            _require(tx, who, resident_id)
            line = wearers.wearer(tx, resident_id).line
        label = Label(url=card_url(desk.public_url, card_id), number=band.number, line=line)
        pages = band_print.sheets([label], LAYOUTS[layout])
        name = f"{layout}-{band.number}.{form}"
        if form == "svg":
            return _file(band_print.svg(pages[0]).encode(), "image/svg+xml", name)
        return _file(band_print.pdf(pages), "application/pdf", name)

    @router.post("/alerts/{alert_id}/say")
    def say(
        request: Request, alert_id: IdInPath, csrf: Text = "", body: Text = "", meeting_id: IdInForm = 0
    ) -> Response:
        who = acting(desk, request, csrf)
        with desk.records.write() as tx:
            ours = {meeting.meeting_id for meeting, _ in meetings.of_alert(tx, alert_id)}
            if alert_list.one(tx, who, alert_id) is None or meeting_id not in ours:
                return desk.problem(request, 404, "not_found", who)
            meetings.say(tx, meeting_id, who.contact_id, body, desk.now())
        return RedirectResponse(f"/alerts/{alert_id}", 303)

    return router


def _resident_page(desk: Desk, cipher: NotesCipher, request: Request, who: Viewer, resident_id: str) -> Response:
    """Everything about the resident's bands; that the notes were seen is written down."""
    now = desk.now()
    with desk.records.write() as tx:
        home, person = _require(tx, who, resident_id)
        wearer = wearers.wearer(tx, resident_id)
        notes, locked = Notes(), not cipher.ready
        if wearer.sealed:
            bands.security_event(tx, "notes_viewed", resident_id, f"by {who.login}", now)
            try:
                notes = cipher.open(wearer.sealed, resident_id)
            except NotesError:
                locked = True
        return desk.page(
            request,
            "resident.html",
            who,
            home=home,
            person=person,
            wearer=wearer,
            notes=notes,
            locked=locked,
            running={row["field"]: row for row in bands.consents_of(tx, resident_id) if row["withdrawn_at"] is None},
            fields=list(BandField),
            bands=bands.of_resident(tx, resident_id),
            may_forget=may_forget(who),
            log=_log(desk, tx, resident_id),
        )


def _log(desk: Desk, tx: Connection, resident_id: str) -> list[Mapping[str, object]]:
    """What finders opened and what staff's scanners read, latest first."""
    number_of, now = {band.band_id: band.number for band in bands.of_resident(tx, resident_id)}, desk.now()
    log = [(row["at"], row) for row in meetings.scan_log(tx, resident_id, LOG_SHOWN)]
    for scan in desk.readings.band_scans(now - LOG_REACHES, now + CLOCKS_DIFFER, number_of):
        if scan.source != "web":  # the finder's page has told more of it to the log
            row = {"at": scan.at, "stage": scan.stage, "number": number_of[scan.band_no], "address": scan.source}
            log.append((scan.at, row | {"fields": "", "why": ""}))
    return [row for _, row in sorted(log, key=itemgetter(0), reverse=True)][:LOG_SHOWN]


def _label(desk: Desk, tx: Connection, resident_id: str, issued: Issued) -> Label:
    """Where the address is too long to print, the band isn't issued."""
    line = wearers.wearer(tx, resident_id).line
    return Label(url=card_url(desk.public_url, issued.card_id), number=issued.number, line=line)


def _print_page(
    desk: Desk, request: Request, who: Viewer, resident_id: str, issued: Issued, *, label: Label
) -> Response:
    """Once: the card id is on this page and nowhere else."""
    return desk.page(
        request,
        "print.html",
        who,
        issued=issued,
        resident_id=resident_id,
        layouts=list(LAYOUTS),
        preview=band_print.preview(label),
    )


def _change(
    desk: Desk,
    request: Request,
    resident_id: str,
    csrf: str,
    write: Callable[[Connection, Viewer, datetime], None],
) -> Response:
    who = acting(desk, request, csrf)
    with desk.records.write() as tx:
        _require(tx, who, resident_id)
        write(tx, who, desk.now())
    return RedirectResponse(f"/residents/{resident_id}", 303)


def _require(tx: Connection, who: Viewer, resident_id: str) -> tuple[Household, Person]:
    """The household and the person; raises `NotYoursError`."""
    found = resident(tx, who, resident_id) if keeps_bands(who) else None
    if found is None:
        raise NotYoursError
    return found


def _require_band(tx: Connection, who: Viewer, resident_id: str, band_id: int) -> None:
    _require(tx, who, resident_id)
    band = bands.by_id(tx, band_id)
    if band is None or band.resident_id != resident_id:
        raise NotYoursError


def _file(content: bytes, media_type: str, name: str) -> Response:
    return Response(content, media_type=media_type, headers={"content-disposition": f'attachment; filename="{name}"'})


PROBLEMS: dict[type[Exception], tuple[int, str]] = {
    NotYoursError: (404, "not_found"),
    ImpossibleBandStepError: (409, "impossible"),
    ConsentMissingError: (409, "consent_first"),
    UrlTooLongError: (409, "url_too_long"),
    StillRunningError: (409, "settle_first"),
}
