"""What a passer-by sees who scans a wristband: first how to help, then, by his own deed, more. GET tells nobody."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Form
from sqlalchemy import Connection
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from domain.finding import Reason
from domain.wristband import Band, BandField, BandState, Emergency, Stage, coarse, shown
from store.contracts import BandScan, Batch, BatchSink
from web import bands, meetings
from web.bands import Wearer
from web.desk import Desk
from web.limits import Limit
from web.meetings import Meeting, RaisesAlerts, View
from web.notes import Notes, NotesCipher, NotesError
from web.scan_log import ScanLog

COOKIE = "anju_finder"
_FIRST_FIELDS = shown(Stage.VIEWED, list(BandField), all_at_once=False)
COOKIE_LASTS = int(meetings.MEETING_LASTS.total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class FinderLimits:
    """Generous for one who helps, too tight for one who guesses. Counted by address, by band, and for misses by all."""

    views: Limit
    deeds: Limit
    misses: Limit
    all_misses: Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Finder:
    """All that the finder's pages need beside the desk."""

    desk: Desk
    life: RaisesAlerts
    sink: BatchSink
    log: ScanLog
    cipher: NotesCipher
    limits: FinderLimits
    emergency_numbers: tuple[str, str]  # doctor, police
    policy: str  # the page's own content security policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How the finder came in: by scanning the code, or by typing the number. The number opens no medical notes."""

    path: str
    find: Callable[[Connection], Band | None]
    medical: bool


def by_scan(card_id: str) -> Door:
    return Door(path=f"/1/{card_id}", find=lambda tx: bands.by_card(tx, card_id), medical=True)


def by_typing(number: str) -> Door:
    return Door(path=f"/n/{number}", find=lambda tx: bands.by_number(tx, number), medical=False)


def routes(finder: Finder) -> APIRouter:
    router = APIRouter()

    @router.get("/n")
    def ask_number(request: Request, number: str = "") -> Response:
        if number:
            code = "".join(character for character in number.upper() if character.isalnum())[:40]
            return RedirectResponse(f"/n/{code or '-'}", 303)
        return _page(finder, request, "finder/number.html")

    def add(prefix: str, door_of: Callable[[str], Door]) -> None:
        @router.get(f"/{prefix}/{{code}}")
        def look(request: Request, code: str) -> Response:
            return _look(finder, request, door_of(code))

        @router.post(f"/{prefix}/{{code}}/here")
        def here(request: Request, code: str) -> Response:
            return _deed(finder, request, door_of(code), Stage.PRESENT, "")

        @router.post(f"/{prefix}/{{code}}/medical")
        def medical(request: Request, code: str, why: Annotated[str, Form()] = "") -> Response:
            door = door_of(code)
            if why not in set(Emergency) or not door.medical:
                return RedirectResponse(door.path, 303)
            return _deed(finder, request, door, Stage.MEDICAL, why)

        @router.post(f"/{prefix}/{{code}}/say")
        def say(request: Request, code: str, body: Annotated[str, Form()] = "") -> Response:
            return _write(
                finder, request, door_of(code), lambda tx, m, now: meetings.say_as_finder(tx, finder.life, m, body, now)
            )

        @router.post(f"/{prefix}/{{code}}/place")
        def place(
            request: Request, code: str, words: Annotated[str, Form()] = "", at: Annotated[str, Form()] = ""
        ) -> Response:
            given = _coarse_place(at) or words.strip()
            return _write(finder, request, door_of(code), lambda tx, m, now: _place(tx, m, given))

    add("1", by_scan)
    add("n", by_typing)
    return router


def _look(finder: Finder, request: Request, door: Door) -> Response:
    """The page as far as this finder has gone; changes nothing but the log."""
    desk, now, address = finder.desk, finder.desk.now(), _address(request)
    if _guesses_too_much(finder, door, address, now) or not finder.limits.views.allows(address, now):
        return _page(finder, request, "finder/wait.html", 429)
    with desk.records.read() as tx:
        band = door.find(tx)
        if band is None:
            who, meeting = None, None
        else:
            who = bands.wearer(tx, band.resident_id)
            meeting = meetings.of_token(tx, request.cookies.get(COOKIE, ""), band.band_id, now)
            talk = meetings.lines(tx, meeting.meeting_id) if meeting else []
    if band is None or who is None:
        return _unknown(finder, request, address, now)
    if band.state_at(now) is not BandState.ACTIVE:
        return _inactive(finder, request, door, band, line=who.line, told=meeting is not None)
    stage = meeting.stage if meeting else Stage.VIEWED
    fields = shown(stage, who.consented, all_at_once=who.all_at_once)
    if not door.medical:
        fields -= {BandField.HEALTH}
    later = _log_look(finder, band, stage, fields, address=address, now=now)
    answer = _page(
        finder,
        request,
        "finder/band.html",
        door=door,
        who=who,
        meeting=meeting,
        talk=talk,
        fields=fields,
        notes=_notes(finder, who) if BandField.HEALTH in fields else None,
        emergencies=list(Emergency),
        year=now.year,
    )
    answer.background = later
    return answer


def _log_look(
    finder: Finder, band: Band, stage: Stage, fields: frozenset[BandField], *, address: str, now: datetime
) -> BackgroundTask | None:
    """What shows no more than form of address and age is written down after the answer; all else before it."""
    if stage is Stage.VIEWED and fields <= _FIRST_FIELDS:
        view = View(band_id=band.band_id, at=now, address=address, fields=fields)
        return BackgroundTask(finder.log.add, view)
    with finder.desk.records.write() as tx:
        meetings.log_scan(tx, band.band_id, stage, address=address, fields=fields, now=now)
    _count_scan(finder, band, stage, now)
    return None


def _deed(finder: Finder, request: Request, door: Door, stage: Stage, why: str) -> Response:
    """The finder says: I am here. Guardian and staff are told, once, however often it is tapped."""
    desk, now, address = finder.desk, finder.desk.now(), _address(request)
    if _guesses_too_much(finder, door, address, now):
        return _page(finder, request, "finder/wait.html", 429)
    token = request.cookies.get(COOKIE, "")
    with desk.records.write() as tx:
        band = door.find(tx)
        if band is not None:
            if not finder.limits.deeds.allows(f"band {band.band_id}", now):
                return _page(finder, request, "finder/wait.html", 429)
            who = bands.wearer(tx, band.resident_id)
            meeting = meetings.of_token(tx, token, band.band_id, now)
            if meeting is None:
                token, meeting = meetings.begin(tx, band, now)
            active = band.state_at(now) is BandState.ACTIVE
            medical = active and (meeting.medical or stage is Stage.MEDICAL)
            key = "found_inactive" if not active else "found_medical" if medical else "found"
            reason = Reason(key=key, values={"at": now.isoformat(), "number": band.number, "why": why})
            meetings.tell(tx, finder.life, band, who, meeting, medical=medical, reason=reason, now=now)
            meetings.log_scan(tx, band.band_id, stage, address=address, fields=frozenset(), now=now, why=why)
    if band is None:
        return _unknown(finder, request, address, now)
    _count_scan(finder, band, stage, now)
    answer = RedirectResponse(door.path, 303)
    secure = desk.public_url.startswith("https:")
    answer.set_cookie(COOKIE, token, max_age=COOKIE_LASTS, path="/", secure=secure, httponly=True, samesite="lax")
    return answer


def _write(
    finder: Finder, request: Request, door: Door, write: Callable[[Connection, Meeting, datetime], None]
) -> Response:
    """Adds to a running meeting; without one the page begins again."""
    now, address = finder.desk.now(), _address(request)
    if _guesses_too_much(finder, door, address, now):
        return _page(finder, request, "finder/wait.html", 429)
    with finder.desk.records.write() as tx:
        band = door.find(tx)
        token = request.cookies.get(COOKIE, "")
        meeting = meetings.of_token(tx, token, band.band_id, now) if band else None
        if meeting and finder.limits.deeds.allows(f"meeting {meeting.meeting_id}", now):
            write(tx, meeting, now)
    return RedirectResponse(door.path, 303) if band else _unknown(finder, request, address, now)


def _inactive(finder: Finder, request: Request, door: Door, band: Band, *, line: str | None, told: bool) -> Response:
    """Shows nobody; staff see that it was scanned, and the finder can still call them."""
    now = finder.desk.now()
    with finder.desk.records.write() as tx:
        meetings.log_scan(tx, band.band_id, Stage.VIEWED, address=_address(request), fields=frozenset(), now=now)
        bands.security_event(tx, "inactive_band_scanned", f"band {band.band_id}", band.state_at(now).value, now)
    _count_scan(finder, band, Stage.VIEWED, now)
    return _page(finder, request, "finder/inactive.html", 410, door=door, line=line, told=told)


def _unknown(finder: Finder, request: Request, address: str, now: datetime) -> Response:
    """Counts a miss; one who misses often is guessing, and staff should know."""
    limits = finder.limits
    limits.misses.allows(address, now)
    limits.all_misses.allows("all", now)
    if limits.misses.count(address, now) == limits.misses.tries:
        with finder.desk.records.write() as tx:
            bands.security_event(tx, "guessing", coarse(address), f"{limits.misses.tries} unknown codes", now)
    return _page(finder, request, "finder/unknown.html", 404)


def _guesses_too_much(finder: Finder, door: Door, address: str, now: datetime) -> bool:
    """Nobody guesses a card id; numbers are closed to all for a while when the whole world misses."""
    many = not door.medical and finder.limits.all_misses.exhausted("all", now)
    return many or finder.limits.misses.exhausted(address, now)


def _notes(finder: Finder, who: Wearer) -> Notes | None:
    """None where there are none, or the key is gone: the page then says to ask the doctor's line."""
    try:
        return finder.cipher.open(who.sealed, who.resident_id) if who.sealed else None
    except NotesError:
        return None


def _count_scan(finder: Finder, band: Band, stage: Stage, now: datetime) -> None:
    finder.sink.commit(Batch(scans=[BandScan(band_no=band.band_id, at=now, stage=stage.value, source="web")]))


def _place(tx: Connection, meeting: Meeting, place: str) -> None:
    if place:
        meetings.keep_place(tx, meeting.meeting_id, place)


def _coarse_place(at: str) -> str | None:
    """Latitude and longitude to three decimals, about 100 m: enough to find somebody, and no doorstep."""
    found = re.fullmatch(r"(-?\d{1,2}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?)", at.strip())
    return f"{float(found[1]):.3f}, {float(found[2]):.3f}" if found else None


def _address(request: Request) -> str:
    return request.client.host if request.client else "?"


def _page(finder: Finder, request: Request, name: str, status: int = 200, **values: object) -> HTMLResponse:
    """One page with its own strict policy: nothing but itself is loaded, and nobody learns whence the finder came."""
    doctor, police = finder.emergency_numbers
    answer = finder.desk.page(request, name, None, status, doctor=doctor, police=police, **values)
    answer.headers["content-security-policy"] = finder.policy
    answer.headers["referrer-policy"] = "no-referrer"
    return answer


def content_policy(style: str, script: str) -> str:
    """Allows exactly the page's own style and script, by their hashes."""
    hashes = [base64.b64encode(sha256(text.encode()).digest()).decode() for text in (style, script)]
    return (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
