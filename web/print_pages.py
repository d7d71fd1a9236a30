"""A band issued, or another for a lost one: its code is shown once, to be printed."""

import secrets

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from domain.wristband import card_url
from web import band_print, bands, wearers
from web.band_print import LAYOUTS, Label
from web.bands import Issued
from web.desk import Desk, IdInPath, Text
from web.keepers import require, require_band
from web.ledger import Household, Person
from web.session import Viewer
from web.sign_in import acting

FORMS = {"pdf": "application/pdf", "svg": "image/svg+xml"}


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.post("/residents/{resident_id}/bands")
    def issue(request: Request, resident_id: str, csrf: Text = "") -> Response:
        who = acting(desk, request, csrf)
        with desk.records.write() as tx:
            whose = require(tx, who, resident_id)
            issued = bands.issue(tx, resident_id, by=who.contact_id, now=desk.now(), below=secrets.randbelow)
            label = _label(desk, tx, resident_id, issued)
        return _print_page(desk, request, who, whose, issued, label=label)

    @router.post("/residents/{resident_id}/bands/{band_id}/replace")
    def replace(request: Request, resident_id: str, band_id: IdInPath, csrf: Text = "", why: Text = "") -> Response:
        who, now = acting(desk, request, csrf), desk.now()
        with desk.records.write() as tx:
            whose = require_band(tx, who, resident_id, band_id)
            issued = bands.replace(tx, band_id, by=who.contact_id, why=why, now=now, below=secrets.randbelow)
            label = _label(desk, tx, resident_id, issued)
        return _print_page(desk, request, who, whose, issued, label=label)

    @router.post("/residents/{resident_id}/print")
    def print_sheet(
        request: Request,
        resident_id: str,
        *,
        csrf: Text = "",
        card_id: Text = "",
        layout: Text = "",
        form: Text = "pdf",
    ) -> Response:
        who = acting(desk, request, csrf)
        with desk.records.read() as tx:
            band = bands.by_card(tx, card_id)
            if band is None or band.resident_id != resident_id or layout not in LAYOUTS or form not in FORMS:
                return desk.problem(request, 404, "not_found")
            require(tx, who, resident_id)
            line = wearers.wearer(tx, resident_id).line
        label = Label(url=card_url(desk.public_url, card_id), number=band.number, line=line)
        pages = band_print.sheets([label], LAYOUTS[layout])
        content = band_print.svg(pages[0]).encode() if form == "svg" else band_print.pdf(pages)
        return _file(content, FORMS[form], f"{layout}-{band.number}.{form}")

    return router


def _label(desk: Desk, tx: Connection, resident_id: str, issued: Issued) -> Label:
    """Where the address is too long to print, the band isn't issued."""
    line = wearers.wearer(tx, resident_id).line
    return Label(url=card_url(desk.public_url, issued.card_id), number=issued.number, line=line)


def _print_page(
    desk: Desk, request: Request, who: Viewer, whose: tuple[Household, Person], issued: Issued, *, label: Label
) -> Response:
    """Once: the card id is on this page and nowhere else."""
    return desk.page(
        request,
        "print.html",
        who,
        home=whose[0],
        person=whose[1],
        issued=issued,
        layouts=list(LAYOUTS),
        preview=band_print.preview(label),
    )


def _file(content: bytes, media_type: str, name: str) -> Response:
    return Response(content, media_type=media_type, headers={"content-disposition": f'attachment; filename="{name}"'})
