"""A member of staff's own password, and for the operator what the service noticed about its safety."""

from fastapi import APIRouter
from sqlalchemy import select, update
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domain.people import Role
from store.tables import security_events
from web.desk import LARGEST_ID, Desk, IdInForm, IdInQuery, Text
from web.session import AccountError, Viewer, password_fits, set_password
from web.sign_in import acting, may_try, viewer

EVENTS_SHOWN = 200


def sees_security(who: Viewer) -> bool:
    """Events of all communities stand there side by side: for whoever runs the whole service."""
    return who.role is Role.OPERATOR and who.community_id is None


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.get("/account")
    def account_page(request: Request) -> Response:
        return desk.page(request, "account.html", viewer(desk, request), wrong=None)

    @router.post("/account")
    def change_password(
        request: Request, *, csrf: Text = "", password: Text = "", new: Text = "", again: Text = ""
    ) -> Response:
        who = acting(desk, request, csrf)
        if not may_try(desk, request, who.login, desk.now()):
            return desk.page(request, "account.html", who, 429, wrong="page.too_many")
        with desk.records.read() as tx:
            fits = password_fits(tx, who.login, password)
        if not fits or new != again:
            wrong = "account.not_twice" if fits else "account.wrong"
            return desk.page(request, "account.html", who, 422, wrong=wrong)
        try:
            with desk.records.write() as tx:
                set_password(tx, who.login, new)
        except AccountError:
            return desk.page(request, "account.html", who, 422, wrong="account.length")
        return RedirectResponse("/sign-in", 303)

    @router.get("/security")
    def security_page(request: Request, before: IdInQuery = LARGEST_ID) -> Response:
        who = viewer(desk, request)
        if not sees_security(who):
            return desk.problem(request, 404, "not_found", who)
        older = select(security_events).where(security_events.c.event_id < before)
        query = older.order_by(security_events.c.event_id.desc()).limit(EVENTS_SHOWN + 1)
        with desk.records.read() as tx:
            events = tx.execute(query).all()
        more, newest = len(events) > EVENTS_SHOWN, before == LARGEST_ID
        return desk.page(request, "security.html", who, events=events[:EVENTS_SHOWN], more=more, newest=newest)

    @router.post("/security/seen")
    def seen(request: Request, csrf: Text = "", up_to: IdInForm = 0) -> Response:
        who = acting(desk, request, csrf)
        if not sees_security(who):
            return desk.problem(request, 404, "not_found", who)
        with desk.records.write() as tx:
            tx.execute(update(security_events).where(security_events.c.event_id <= up_to).values(seen=True))
        return RedirectResponse("/security", 303)

    return router
