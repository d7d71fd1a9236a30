"""What the law lets a resident ask for, on the resident's page: all that is held, or that it be deleted."""

from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from store.held import KEPT
from store.security import security_event
from web import held
from web.desk import Desk, Text
from web.keepers import NotYoursError, may_forget, require
from web.notes import NotesCipher
from web.sign_in import acting, viewer


def routes(desk: Desk, cipher: NotesCipher) -> APIRouter:
    router = APIRouter()

    @router.get("/residents/{resident_id}/export")
    def export(request: Request, resident_id: str) -> Response:
        who, now = viewer(desk, request), desk.now()
        with desk.records.write() as tx:
            require(tx, who, resident_id)
            everything = held.everything_about(tx, resident_id, cipher, desk.readings.traces, now)
            security_event(tx, "exported", resident_id, f"by {who.login}", now)
        return JSONResponse(everything, headers={"content-disposition": 'attachment; filename="resident.json"'})

    @router.post("/residents/{resident_id}/forget")
    def forget(request: Request, resident_id: str, csrf: Text = "", sure: Text = "") -> Response:
        who = acting(desk, request, csrf)
        if not sure:
            return RedirectResponse(f"/residents/{quote(resident_id)}", 303)
        with desk.records.write() as tx:
            require(tx, who, resident_id)
            if not may_forget(who):
                raise NotYoursError
            traces = held.forget(tx, resident_id, by=who.contact_id, now=desk.now())
            desk.readings.erase(traces)  # before the records forget by what to find them
        return desk.page(request, "forgotten.html", who, kept=list(KEPT))

    return router
