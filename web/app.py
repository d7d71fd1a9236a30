"""The web application: pages for staff, health, and whatever routers it is given. Served from one process."""

import re
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from importlib.resources import files

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from store.security import SecurityLog
from web import (
    account_pages,
    alert_list_page,
    alert_pages,
    band_pages,
    finder_pages,
    guardian_doors,
    guardian_pages,
    health,
    held_pages,
    household_pages,
    kept_pages,
    morning_pages,
    print_pages,
    sign_in,
)
from web.desk import FINDER_SCRIPT, FINDER_STYLE, AlertLife, Desk, Readings, Records, all_words, templates
from web.finder import Finder, FinderLimits, content_policy, page
from web.first_page import FirstPages
from web.guard import Guard
from web.guardian_access import SendsCodes
from web.guardian_doors import Family
from web.health import Health
from web.limits import Limit
from web.links import Links
from web.notes import NotesCipher
from web.scan_log import ScanLog


def create_app(
    records: Records,
    readings: Readings,
    life: AlertLife,
    *,
    now: Callable[[], datetime],
    public_url: str,
    signed_in_as: str | None = None,
    is_healthy: Callable[[], Health] = Health,
    notes_keys: Sequence[str] = (),
    letters: SendsCodes | None = None,
    links: Links | None = None,
    emergency_numbers: tuple[str, str] = ("120", "110"),
    routers: Sequence[APIRouter] = (),
    scan_log: ScanLog | None = None,
    reaches: Callable[[str], bool] = lambda _: True,
) -> FastAPI:
    """Everything wired. `signed_in_as` opens the console without a password: for the demonstration on loopback alone.

    `letters` sends guardians their codes, without it they have no pages; `links` checks the links in their texts.
    `notes_keys` open the medical notes of wristbands, the newest first; `emergency_numbers`: ambulance, police.
    `scan_log`: where somebody else writes it. `reaches`: whether a text or a call gets to this phone or address.
    `routers` are added as they are (providers' webhooks, metrics); they must check who calls by themselves.
    """
    desk = Desk(
        records=records,
        readings=readings,
        life=life,
        now=now,
        public_url=public_url.rstrip("/"),
        is_healthy=is_healthy,
        signed_in_as=signed_in_as,
        demo_csrf=secrets.token_urlsafe(24),
        sign_in_limit=Limit(tries=10, within=timedelta(minutes=15)),
        security=SecurityLog(records),
        templates=templates(reaches),
        words=all_words(),
    )
    finder = Finder(
        desk=desk,
        life=life,
        sink=readings,
        log=scan_log or ScanLog(records, readings),
        cipher=NotesCipher(notes_keys),
        limits=_finder_limits(),
        emergency_numbers=emergency_numbers,
        policy=content_policy(FINDER_STYLE, FINDER_SCRIPT),
        first_pages=FirstPages(desk.html, emergency_numbers),
    )
    app = FastAPI(title="anju", docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/static", StaticFiles(directory=str(files("web") / "static")), name="static")
    app.include_router(finder_pages.routes(finder))
    for router in (
        band_pages.routes(desk, finder.cipher),
        held_pages.routes(desk, finder.cipher),
        print_pages.routes(desk),
        sign_in.routes(desk),
        account_pages.routes(desk),
        alert_list_page.routes(desk),
        alert_pages.routes(desk),
        household_pages.routes(desk),
        morning_pages.routes(desk),
        kept_pages.routes(desk),
        *routers,
    ):
        app.include_router(router)
    app.include_router(health.routes(is_healthy))
    if letters is not None:
        asks = Limit(tries=5, within=timedelta(minutes=15))
        links = links or Links(public_url)
        family = Family(desk=desk, letters=letters, links=links, cipher=finder.cipher, asks=asks)
        app.include_router(guardian_doors.routes(family))
        app.include_router(guardian_pages.routes(family))
    for error, problem in (sign_in.problem_pages(desk) | guardian_doors.problem_pages(desk)).items():
        app.add_exception_handler(error, problem)
    _add_problem_pages(app, desk, finder)
    app.add_middleware(Guard, public_url=desk.public_url, emergency_numbers=emergency_numbers)
    return app


def _finder_limits() -> FinderLimits:
    """A finder looks a few times and writes a few lines; a crowd behind one address may look too."""
    quarter = timedelta(minutes=15)
    return FinderLimits(
        views=Limit(tries=120, within=quarter),
        deeds=Limit(tries=40, within=quarter),
        misses=Limit(tries=10, within=quarter),
        all_misses=Limit(tries=300, within=quarter),
    )


def _add_problem_pages(app: FastAPI, desk: Desk, finder: Finder) -> None:
    """Friendly pages for what isn't there, can't be read, or went wrong; nothing of the inside is shown.

    Where a band's address was meant, with how to help all the same.
    """

    def of_a_band(request: Request) -> bool:
        return re.match(r"/[0-9n](/|$)", request.url.path) is not None

    async def unknown(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        if of_a_band(request):
            return page(finder, request, "finder/unknown.html", status)
        return desk.problem(request, status, "not_found" if status in {404, 405} else "problem")

    async def refused(request: Request, error: Exception) -> Response:
        status, why = band_pages.PROBLEMS[type(error)]
        return desk.problem(request, status, why)

    async def broken(request: Request, _: Exception) -> Response:
        if of_a_band(request):
            return page(finder, request, "finder/wait.html", 500, line=None)
        return desk.problem(request, 500, "problem")

    for error in band_pages.PROBLEMS:
        app.add_exception_handler(error, refused)
    app.add_exception_handler(HTTPException, unknown)
    app.add_exception_handler(RequestValidationError, unknown)
    app.add_exception_handler(Exception, broken)
