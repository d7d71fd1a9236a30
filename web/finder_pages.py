"""What a passer-by sees who scans a wristband: first how to help, then, by his own deed, more. GET tells nobody."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domain.finding import Reason
from domain.wristband import BandState, Emergency, Stage
from web import looks, meetings
from web.finder import (
    COOKIE,
    COOKIE_LASTS,
    Door,
    Finder,
    by_scan,
    by_typing,
    count_scan,
    guesses_too_much,
    page,
    unknown,
    wait,
)
from web.finder_look import look, talk
from web.limits import caller
from web.meetings import Meeting


def routes(finder: Finder) -> APIRouter:
    router = APIRouter()

    @router.get("/n")
    def ask_number(request: Request, number: str = "") -> Response:
        if number:
            code = "".join(character for character in number.upper() if character.isalnum())[:40]
            return RedirectResponse(f"/n/{code or '-'}", 303)
        return page(finder, request, "finder/number.html")

    _add(router, finder, "1", by_scan)
    _add(router, finder, "n", by_typing)
    return router


def _add(router: APIRouter, finder: Finder, prefix: str, door_of: Callable[[str], Door]) -> None:
    @router.get(f"/{prefix}/{{code}}")
    async def look_at(request: Request, code: str) -> Response:
        return await look(finder, request, door_of(code))

    @router.get(f"/{prefix}/{{code}}/talk")
    def listen(request: Request, code: str) -> Response:
        return talk(finder, request, door_of(code))

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


def _deed(finder: Finder, request: Request, door: Door, stage: Stage, why: str) -> Response:
    """The finder says: I am here. Guardian and staff are told, once, however often it is tapped."""
    desk, now, address = finder.desk, finder.desk.now(), caller(request)
    if guesses_too_much(finder, door, address, now):
        return wait(finder, request)
    token = request.cookies.get(COOKIE, "")
    with desk.records.write() as tx:
        worn = door.find(tx)
        if worn is not None:
            band, who = worn
            if not finder.limits.deeds.allows(f"band {band.band_id}", now):
                return wait(finder, request, who)
            meeting = meetings.of_token(tx, token, band.band_id, now)
            if meeting is None:
                token, meeting = meetings.begin(tx, band, now)
            active = band.state_at(now) is BandState.ACTIVE
            medical = active and (meeting.medical or stage is Stage.MEDICAL)
            key = "found_inactive" if not active else "found_medical" if medical else "found"
            reason = Reason(key=key, values={"at": now.isoformat(), "why": why})
            meetings.tell(tx, finder.life, band, who, meeting, medical=medical, reason=reason, now=now)
            looks.log_views(tx, looks.View(band_id=band.band_id, at=now, address=address, stage=stage, why=why))
    if worn is None:
        return unknown(finder, request, address, now)
    count_scan(finder, band, stage, now)
    answer = RedirectResponse(door.path, 303)
    secure = desk.public_url.startswith("https:")
    answer.set_cookie(COOKIE, token, max_age=COOKIE_LASTS, path="/", secure=secure, httponly=True, samesite="lax")
    return answer


def _write(
    finder: Finder, request: Request, door: Door, write: Callable[[Connection, Meeting, datetime], None]
) -> Response:
    """Adds to a running meeting; without one the page begins again."""
    now, address = finder.desk.now(), caller(request)
    if guesses_too_much(finder, door, address, now):
        return wait(finder, request)
    with finder.desk.records.write() as tx:
        worn = door.find(tx)
        token = request.cookies.get(COOKIE, "")
        meeting = meetings.of_token(tx, token, worn[0].band_id, now) if worn else None
        if meeting and finder.limits.deeds.allows(f"meeting {meeting.meeting_id}", now):
            write(tx, meeting, now)
    return RedirectResponse(door.path, 303) if worn else unknown(finder, request, address, now)


def _place(tx: Connection, meeting: Meeting, place: str) -> None:
    if place:
        meetings.keep_place(tx, meeting.meeting_id, place)


def _coarse_place(at: str) -> str | None:
    """Latitude and longitude to three decimals, about 100 m: enough to find somebody, and no doorstep."""
    found = re.fullmatch(r"(-?\d{1,2}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?)", at.strip())
    return f"{float(found[1]):.3f}, {float(found[2]):.3f}" if found else None
