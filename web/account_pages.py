"""A member of staff's own password, and for the operator what the service noticed about its safety."""

from fastapi import APIRouter
from sqlalchemy import select, update
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domain.people import Role
from notifier.places import shared_zone
from store.security import ROUTINE, security_event
from store.tables import security_events
from web.desk import LARGEST_ID, Desk, IdInForm, IdInQuery, Text
from web.sent import Fault, Sent, lacking
from web.session import Viewer, password_fits, password_is_long, set_password
from web.sign_in import acting, may_try, viewer, was_no_guess

EVENTS_SHOWN = 200


def sees_security(who: Viewer) -> bool:
    """Events of all communities stand there side by side: for whoever runs the whole service."""
    return who.role is Role.OPERATOR and who.community_id is None


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    _add_password(desk, router)
    _add_security(desk, router)
    return router


def _add_password(desk: Desk, router: APIRouter) -> None:
    @router.get("/account")
    def account_page(request: Request) -> Response:
        return desk.page(request, "account.html", viewer(desk, request))

    @router.post("/account")
    def change_password(
        request: Request, *, csrf: Text = "", password: Text = "", new: Text = "", again: Text = ""
    ) -> Response:
        who = acting(desk, request, csrf)
        if desk.signed_in_as is not None:  # all visitors of the demonstration share this account
            return desk.page(request, "account.html", who, 403)

        def refuse(status: int, *faults: Fault) -> Response:
            return desk.page(
                request, "account.html", who, status, sent=Sent(form="password", page="/account", faults=faults)
            )

        faults = _faults(password, new, again)
        if faults:
            return refuse(422, *faults)
        if not may_try(desk, request, who.login, desk.now()):
            return refuse(429, Fault(why="page.too_many"))
        with desk.records.read() as tx:
            fits = password_fits(tx, who.login, password)
        if not fits:
            return refuse(422, Fault(name="password", label="account.current", why="account.wrong"))
        was_no_guess(desk, request, who.login)
        with desk.records.write() as tx:
            set_password(tx, who.login, new)
            security_event(tx, "account_changed", who.login, f"by {who.login}", desk.now())
        return RedirectResponse("/sign-in", 303)


def _add_security(desk: Desk, router: APIRouter) -> None:
    @router.get("/security")
    def security_page(request: Request, before: IdInQuery = LARGEST_ID, kind: str = "events") -> Response:
        who = viewer(desk, request)
        if not sees_security(who) or kind not in ("events", "routine"):
            return desk.problem(request, 404, "not_found")
        routine = security_events.c.kind.in_(ROUTINE)
        wanted = routine if kind == "routine" else ~routine
        older = select(security_events).where(security_events.c.event_id < before, wanted)
        query = older.order_by(security_events.c.event_id.desc()).limit(EVENTS_SHOWN + 1)
        with desk.records.read() as tx:
            events, timezone = tx.execute(query).all(), shared_zone(tx).key
        more, newest = len(events) > EVENTS_SHOWN, before == LARGEST_ID
        return desk.page(
            request,
            "security.html",
            who,
            kind=kind,
            events=events[:EVENTS_SHOWN],
            timezone=timezone,
            more=more,
            newest=newest,
        )

    @router.post("/security/seen")
    def seen(request: Request, csrf: Text = "", up_to: IdInForm = 0) -> Response:
        who = acting(desk, request, csrf)
        if not sees_security(who):
            return desk.problem(request, 404, "not_found")
        with desk.records.write() as tx:
            tx.execute(update(security_events).where(security_events.c.event_id <= up_to).values(seen=True))
        return RedirectResponse("/security", 303)


def _faults(password: str, new: str, again: str) -> list[Fault]:
    """What can be said of the three before the current one is tried."""
    faults = lacking("password", "account.current", password) + lacking("new", "account.new", new)
    if new and not password_is_long(new):
        faults.append(Fault(name="new", label="account.new", why="account.length"))
    if new != again:
        faults.append(Fault(name="again", label="account.again", why="account.not_twice"))
    return faults
