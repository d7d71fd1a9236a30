"""Signing in and out, and the two questions every staff page asks: who is it, and is the form his own?"""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from store.contracts import StoreUnavailableError
from store.security import SIGNED_IN, security_event
from web.desk import Desk, page_of
from web.limits import caller
from web.sent import Fault, Sent, lacking
from web.session import (
    SESSION_LENGTH,
    Viewer,
    close_session,
    open_session,
    password_fits,
    same_token,
    viewer_named,
    viewer_of,
)


class NotSignedInError(Exception):
    """This page is for staff; go and sign in."""


class ForgedFormError(Exception):
    """The form's token isn't the session's: too old, or not ours."""


def cookie_name(public_url: str) -> str:
    """`__Host-` binds the cookie to this host and to https; plain http on loopback can't have it."""
    return "__Host-anju" if public_url.startswith("https:") else "anju"


def viewer(desk: Desk, request: Request) -> Viewer:
    """Who asks; from here on the request knows it, too. Raises `NotSignedInError`."""
    with desk.records.read() as tx:
        if desk.signed_in_as is not None:
            found = viewer_named(tx, desk.signed_in_as, desk.demo_csrf)
        else:
            found = viewer_of(tx, request.cookies.get(cookie_name(desk.public_url), ""), desk.now())
    if found is None:
        raise NotSignedInError
    request.state.viewer = found
    desk.speak(request, found.language)
    return found


def acting(desk: Desk, request: Request, token: str) -> Viewer:
    """Who acts, by a form that we gave to this very session. Raises `NotSignedInError`, `ForgedFormError`."""
    found = viewer(desk, request)
    if not same_token(found.csrf, token):
        raise ForgedFormError
    return found


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    cookie, secure = cookie_name(desk.public_url), desk.public_url.startswith("https:")

    @router.get("/sign-in")
    def form(request: Request, page: str = "") -> Response:
        return desk.page(request, "sign_in.html", at=_sign_in_for(page))

    @router.post("/sign-in")
    def sign_in(
        request: Request, page: str = "", login: Annotated[str, Form()] = "", password: Annotated[str, Form()] = ""
    ) -> Response:
        def again(status: int, *faults: Fault) -> Response:
            sent = Sent(form="sign in", page=_sign_in_for(page), typed={"login": login}, faults=faults)
            return desk.page(request, "sign_in.html", status=status, sent=sent, at=sent.page)

        now = desk.now()
        if faults := lacking("login", "page.login", login) + lacking("password", "page.password", password):
            return again(422, *faults)
        if not may_try(desk, request, login, now):
            with suppress(StoreUnavailableError):  # on a full disk; a try after it is noted
                desk.security.note(at=now, kind="password_guessing", subject=caller(request), detail="too many tries")
            return again(429, Fault(why="page.too_many"))
        with desk.records.read() as tx:
            fits = password_fits(tx, login, password)
        if not fits:
            return again(401, Fault(why="page.wrong_password"))
        was_no_guess(desk, request, login)
        with desk.records.write() as tx:
            secret = open_session(tx, login, now)
            security_event(tx, SIGNED_IN, login, f"from {caller(request)}", now)
        answer = RedirectResponse(_own(page), 303)
        length = int(SESSION_LENGTH.total_seconds())
        answer.set_cookie(cookie, secret, max_age=length, secure=secure, httponly=True, samesite="lax")
        return answer

    @router.post("/sign-out")
    def sign_out(request: Request, csrf: Annotated[str, Form()] = "") -> Response:
        acting(desk, request, csrf)
        with desk.records.write() as tx:
            close_session(tx, request.cookies.get(cookie, ""))
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(cookie, secure=secure, httponly=True, samesite="lax")
        return answer

    return router


def problem_pages(desk: Desk) -> dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]]:
    """What the two errors look like."""

    async def to_sign_in(request: Request, _: Exception) -> Response:
        if request.url.path.startswith("/api/"):
            return Response(status_code=401)
        page = quote(request.url.path) if request.method == "GET" else page_of(request)
        return desk.remembering(request, RedirectResponse(_sign_in_for(page), 303))

    async def forged(request: Request, _: Exception) -> Response:
        return desk.problem(request, 403, "expired_form")

    return {NotSignedInError: to_sign_in, ForgedFormError: forged}


def _own(page: str) -> str:
    """Where to go after signing in: no link to us may lead on to another site."""
    return page if re.fullmatch(r"(/[\w.~%-]+)+", page, re.ASCII) else "/"


def _sign_in_for(page: str) -> str:
    return "/sign-in" if _own(page) == "/" else f"/sign-in?page={quote(page)}"


def may_try(desk: Desk, request: Request, login: str, now: datetime) -> bool:
    """Counts the try for the login and for the address: neither one password for all nor all for one gets far."""
    by_login = desk.sign_in_limit.allows(_login(login), now)
    by_address = desk.sign_in_limit.allows(f"address {caller(request)}", now)
    return by_login and by_address


def was_no_guess(desk: Desk, request: Request, login: str) -> None:
    """The password was right: the login begins anew, and of the address this try counts no more, but all others do."""
    desk.sign_in_limit.forget(_login(login))
    desk.sign_in_limit.give_back(f"address {caller(request)}")


def _login(login: str) -> str:
    return f"login {login[:100]}"
