"""Family's own pages, without an account: the alert that runs, absences, what the band shows, consent, lost bands."""

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domain.alert import Outcome
from domain.wristband import BandField, BandState
from notifier.away import announce_away, take_back
from store import consents
from web import absences, bands, guardian_view, meetings
from web.desk import Desk, IdInForm, IdInPath, Text
from web.guardian_access import Guardian
from web.guardian_doors import Family, NotAGuardianError, NotByCodeError, acting, guardian
from web.sent import NOTHING, Sent, text


def routes(family: Family) -> APIRouter:
    router = APIRouter()
    _add_pages(family, router)
    _add_answers(family, router)
    _add_absences(family, router)
    _add_bands(family, router)
    return router


def _add_pages(family: Family, router: APIRouter) -> None:
    desk = family.desk

    @router.get("/family")
    def home(request: Request) -> Response:
        try:
            who = guardian(desk, request)
        except NotAGuardianError:
            return desk.page(request, "family/enter.html")
        return _home_page(desk, request, who)

    @router.get("/family/again")
    def again(request: Request) -> Response:
        return desk.page(request, "family/enter.html")

    @router.get("/family/residents/{resident_id}")
    def resident(request: Request, resident_id: str) -> Response:
        who = guardian(desk, request)
        with desk.records.write() as tx:
            _require_resident(tx, who, resident_id)
            band = guardian_view.band_of(tx, who, resident_id, family.cipher, desk.now())
        return desk.page(request, "family/band.html", who=who, band=band)


def _home_page(desk: Desk, request: Request, who: Guardian, *, sent: Sent = NOTHING) -> Response:
    with desk.records.read() as tx:
        homes = guardian_view.homes(tx, who, desk.now(), desk.life.holds_for)
    status = 422 if sent.faults else 200
    return desk.page(request, "family/home.html", status=status, sent=sent, who=who, homes=homes)


def _add_answers(family: Family, router: APIRouter) -> None:
    """To an alert, and to the finder who writes."""
    desk, life = family.desk, family.desk.life

    @router.post("/family/alerts/{alert_id}/{deed}")
    def answer(request: Request, alert_id: IdInPath, deed: str, csrf: Text = "") -> Response:
        who, now = acting(desk, request, csrf), desk.now()
        with desk.records.write() as tx:
            guardian_view.require_alert(tx, who, alert_id)
            if deed == "going":
                life.acknowledge(tx, alert_id, by=who.contact_id, now=now)
            elif deed == "there":
                life.arrive(tx, alert_id, by=who.contact_id, now=now)
            elif deed == "cannot":
                life.decline(tx, alert_id, by=who.contact_id, now=now)
            elif deed == "well":
                note = desk.words[desk.language(request)]("family.well_note")
                life.resolve(tx, alert_id, by=who.contact_id, outcome=Outcome.SAFE, now=now, note=note)
        return RedirectResponse("/family", 303)

    @router.post("/family/say/{meeting_id}")
    def say(request: Request, meeting_id: IdInPath, csrf: Text = "", body: Text = "") -> Response:
        who = acting(desk, request, csrf)
        if faults := text("body", "band.answer", body, meetings.LONGEST_LINE):
            sent = Sent(form=f"say{meeting_id}", page="/family", typed={"body": body}, faults=faults)
            return _home_page(desk, request, who, sent=sent)
        with desk.records.write() as tx:
            guardian_view.require_meeting(tx, who, meeting_id)
            meetings.say(tx, meeting_id, who.contact_id, body, desk.now())
        return RedirectResponse("/family", 303)


def _add_absences(family: Family, router: APIRouter) -> None:
    desk, life = family.desk, family.desk.life

    @router.post("/family/households/{household_id}/away")
    def away(request: Request, household_id: str, csrf: Text = "", begins: Text = "", until: Text = "") -> Response:
        who, now = acting(desk, request, csrf), desk.now()
        with desk.records.write() as tx:
            zone = guardian_view.require_household(tx, who, household_id)
            longest = absences.LONGEST_BY_FAMILY if who.by_code else absences.LONGEST_BY_LINK
            why = "page.absence_by_code" if who.by_code else "page.absence_by_link"
            span = absences.span_of(begins, until, zone, now, longest=longest, why=why)
            if isinstance(span, tuple):
                from_at, until_at = span
                announce_away(tx, life, household_id, by=who.contact_id, from_at=from_at, until=until_at, now=now)
                life.away_announced(tx, household_id, by=who.contact_id, from_at=from_at, until=until_at, now=now)
        if not isinstance(span, tuple):
            typed = {"begins": begins, "until": until}
            sent = Sent(form=f"away {household_id}", page="/family", typed=typed, faults=span)
            return _home_page(desk, request, who, sent=sent)
        return RedirectResponse("/family", 303)

    @router.post("/family/households/{household_id}/back")
    def back(request: Request, household_id: str, csrf: Text = "", absence_id: IdInForm = 0) -> Response:
        who = acting(desk, request, csrf)
        with desk.records.write() as tx:
            guardian_view.require_household(tx, who, household_id)
            take_back(tx, life, household_id, absence_id, by=who.contact_id, now=desk.now())
        return RedirectResponse("/family", 303)


def _add_bands(family: Family, router: APIRouter) -> None:
    desk = family.desk

    def change_band(
        request: Request, resident_id: str, csrf: str, write: Callable[[Connection, Guardian, datetime], None]
    ) -> Response:
        who = acting(desk, request, csrf)
        with desk.records.write() as tx:
            _require_resident(tx, who, resident_id)
            write(tx, who, desk.now())
        return RedirectResponse(f"/family/residents/{resident_id}", 303)

    @router.post("/family/residents/{resident_id}/lost")
    def lost(request: Request, resident_id: str, csrf: Text = "", band_id: IdInForm = 0) -> Response:
        def write(tx: Connection, who: Guardian, now: datetime) -> None:
            band = bands.by_id(tx, band_id)
            if band is None or band.resident_id != resident_id:
                raise NotAGuardianError
            bands.change(tx, band_id, BandState.LOST, by=who.contact_id, why="", now=now)

        return change_band(request, resident_id, csrf, write)

    @router.post("/family/residents/{resident_id}/consent")
    def consent(request: Request, resident_id: str, csrf: Text = "", field: Text = "", agree: Text = "") -> Response:
        def write(tx: Connection, who: Guardian, now: datetime) -> None:
            if not who.by_code:
                raise NotByCodeError
            if field not in set(BandField):
                return
            if agree != "yes":
                consents.withdraw(tx, resident_id, BandField(field), now, by=who.contact_id)
                return
            consents.consent(
                tx,
                resident_id,
                BandField(field),
                given_by=who.name,
                paper=desk.words[desk.language(request)]("family.paper", phone=(who.phone or "")[-4:]),
                recorded_by=who.contact_id,
                now=now,
            )

        return change_band(request, resident_id, csrf, write)


def _require_resident(tx: Connection, who: Guardian, resident_id: str) -> None:
    guardian_view.require_household(tx, who, guardian_view.home_of_resident(tx, resident_id))
