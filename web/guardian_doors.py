"""Where family comes in: a code to the phone, or the link in a text; and who a request comes from."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domain.alert import ImpossibleStepError
from notifier.people import person
from web import guardian_access
from web.desk import Desk, Text
from web.guardian_access import Guardian, SendsCodes
from web.guardian_view import NotYoursError
from web.limits import Limit, caller
from web.links import Links
from web.notes import NotesCipher
from web.sent import LONGEST_SHOWN, Fault, Sent, lacking
from web.session import same_token
from web.sign_in import ForgedFormError

ASKING = "anju_code"


class NotAGuardianError(Exception):
    """The page isn't there for this visitor: come in again."""


class NotByCodeError(Exception):
    """A link isn't enough for this: it may have been passed on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """All that guardians' pages need beside the desk."""

    desk: Desk
    letters: SendsCodes
    links: Links
    cipher: NotesCipher
    asks: Limit  # for codes, by phone and by address


def cookie_name(public_url: str) -> str:
    return "__Host-anju-family" if public_url.startswith("https:") else "anju_family"


def routes(family: Family) -> APIRouter:
    """Coming in by code or link, and going out."""
    router = APIRouter()
    _add_codes(family, router)
    _add_links(family, router)
    return router


def _add_codes(family: Family, router: APIRouter) -> None:
    desk = family.desk

    @router.post("/family/code")
    def ask(request: Request, phone: Text = "") -> Response:
        now, address = desk.now(), caller(request)
        if not guardian_access.looks_like_a_phone(phone):
            value, why = phone.strip()[:LONGEST_SHOWN], "family.no_phone"
            fault = Fault(name="phone", label="family.phone", why=why, value=value)
            return _ask_again(desk, request, phone, 422, fault)
        digits = guardian_access.digits_of(phone)[-8:]
        if not (family.asks.allows(f"phone {digits}", now) and family.asks.allows(f"address {address}", now)):
            return _ask_again(desk, request, phone, 429, Fault(why="page.too_many"))
        with desk.records.write() as tx:
            secret = guardian_access.send_code(tx, family.letters, phone, below=secrets.randbelow, now=now)
        answer = RedirectResponse("/family/code", 303)
        _set(desk, answer, ASKING, secret, guardian_access.CODE_LASTS.total_seconds())
        return answer

    @router.get("/family/code")
    def code_page(request: Request) -> Response:
        """In the browser's language: whose phone it is shows by no word before the code is right."""
        return desk.page(request, "family/code.html")

    @router.post("/family/enter")
    def enter(request: Request, code: Text = "") -> Response:
        if missing := lacking("code", "family.code", code):
            return _code_again(desk, request, 422, *missing)
        with desk.records.write() as tx:
            session = guardian_access.enter(tx, request.cookies.get(ASKING, ""), code[:20], desk.now())
        if session:
            family.asks.give_back(f"address {caller(request)}")
        return _come_in(desk, session) or _code_again(desk, request, 401, Fault(name="code", why="family.wrong_code"))


def _add_links(family: Family, router: APIRouter) -> None:
    desk = family.desk

    @router.get("/l/{token}")
    def link_page(request: Request, token: str) -> Response:
        """Opens nothing: previews of the text, too, follow links."""
        contact_id = family.links.contact_of(token, desk.now())
        if contact_id is None:
            return desk.page(request, "family/link.html", status=410, token=token, fits=False)
        with desk.records.read() as tx:
            reader = person(tx, contact_id, "contact")
        if reader:
            desk.speak(request, reader.language)
        return desk.page(request, "family/link.html", token=token, fits=True)

    @router.post("/l/{token}")
    def follow(request: Request, token: str) -> Response:
        now, session = desk.now(), None
        contact_id = family.links.contact_of(token, now)
        if contact_id is not None:
            with desk.records.write() as tx:
                session = guardian_access.open_session(tx, contact_id, by_code=False, now=now)
        return _come_in(desk, session) or RedirectResponse("/family", 303)

    @router.post("/family/out")
    def out(request: Request, csrf: Text = "") -> Response:
        acting(desk, request, csrf)
        with desk.records.write() as tx:
            guardian_access.close_session(tx, request.cookies.get(cookie_name(desk.public_url), ""))
        return RedirectResponse("/family", 303)


def problem_pages(desk: Desk) -> dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]]:
    """What the two errors look like."""

    async def again(request: Request, _: Exception) -> Response:
        return desk.remembering(request, RedirectResponse("/family", 303))

    async def code_first(request: Request, _: Exception) -> Response:
        sent = Sent(form="phone", page="/family/again", faults=[Fault(why="family.code_first")])
        return desk.page(request, "family/enter.html", status=403, sent=sent)

    return {NotAGuardianError: again, NotYoursError: again, ImpossibleStepError: again, NotByCodeError: code_first}


def guardian(desk: Desk, request: Request) -> Guardian:
    """Who asks. Raises `NotAGuardianError`."""
    with desk.records.read() as tx:
        found = guardian_access.guardian_of(tx, request.cookies.get(cookie_name(desk.public_url), ""), desk.now())
    if found is None:
        raise NotAGuardianError
    desk.speak(request, found.language)
    return found


def acting(desk: Desk, request: Request, token: str) -> Guardian:
    """Who acts, by a form that we gave to this very session. Raises `NotAGuardianError`, `ForgedFormError`."""
    found = guardian(desk, request)
    if not same_token(found.csrf, token):
        raise ForgedFormError
    return found


def _ask_again(desk: Desk, request: Request, phone: str, status: int, fault: Fault) -> Response:
    sent = Sent(form="phone", page="/family", typed={"phone": phone}, faults=[fault])
    return desk.page(request, "family/enter.html", status=status, sent=sent)


def _code_again(desk: Desk, request: Request, status: int, *faults: Fault) -> Response:
    sent = Sent(form="code", page="/family/code", faults=faults)
    return desk.page(request, "family/code.html", status=status, sent=sent)


def _come_in(desk: Desk, session: str | None) -> Response | None:
    if session is None:
        return None
    answer = RedirectResponse("/family", 303)
    _set(desk, answer, cookie_name(desk.public_url), session, guardian_access.SESSION_LASTS.total_seconds())
    return answer


def _set(desk: Desk, answer: Response, name: str, value: str, seconds: float) -> None:
    secure = desk.public_url.startswith("https:")
    answer.set_cookie(name, value, max_age=int(seconds), secure=secure, httponly=True, samesite="lax", path="/")
