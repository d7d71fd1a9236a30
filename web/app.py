"""The web application: pages for staff, health, and whatever routers it is given. Served from one process."""

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

from store.contracts import RegisterReader
from web import alert_pages, health, household_pages, sign_in
from web.desk import AlertLife, Desk, Records, all_words, templates
from web.guard import Guard
from web.health import Health
from web.limits import Limit


def create_app(
    records: Records,
    readings: RegisterReader,
    life: AlertLife,
    *,
    now: Callable[[], datetime],
    public_url: str,
    signed_in_as: str | None = None,
    is_healthy: Callable[[], Health] = Health,
    routers: Sequence[APIRouter] = (),
) -> FastAPI:
    """Everything wired. `signed_in_as` opens the console without a password: for the demonstration on loopback alone.

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
        templates=templates(),
        words=all_words(),
    )
    app = FastAPI(title="anju", docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/static", StaticFiles(directory=str(files("web") / "static")), name="static")
    for router in (sign_in.routes(desk), alert_pages.routes(desk), household_pages.routes(desk), *routers):
        app.include_router(router)
    app.include_router(health.routes(is_healthy))
    for error, page in sign_in.problem_pages(desk).items():
        app.add_exception_handler(error, page)
    _add_problem_pages(app, desk)
    app.add_middleware(Guard, public_url=desk.public_url)
    return app


def _add_problem_pages(app: FastAPI, desk: Desk) -> None:
    """Friendly pages for what isn't there, can't be read, or went wrong; nothing of the inside is shown."""

    async def unknown(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        return desk.problem(request, status, "not_found" if status in {404, 405} else "problem")

    async def broken(request: Request, _: Exception) -> Response:
        return desk.problem(request, 500, "problem")

    app.add_exception_handler(HTTPException, unknown)
    app.add_exception_handler(RequestValidationError, unknown)
    app.add_exception_handler(Exception, broken)
