"""For whoever runs the service: the messages that weren't taken as they are, and why."""

from collections import Counter

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from domain.in_chinese import kind_of
from notifier.places import shared_zone
from store.contracts import Kept
from web.account_pages import sees_security
from web.desk import Desk
from web.sign_in import viewer

LOOKED_AT, SHOWN = 1000, 100  # the newest so many are counted by reason, listed
LONGEST_SHOWN = 300  # characters of a payload


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.get("/messages")
    def messages_page(request: Request, kind: str = "refused") -> Response:
        who = viewer(desk, request)
        if not sees_security(who) or kind not in ("refused", "quarantined"):
            return desk.problem(request, 404, "not_found")
        found = desk.readings.kept(kind, LOOKED_AT)
        with desk.records.read() as tx:
            timezone = shared_zone(tx).key
        kinds = [kind_of(one.reason) for one in found]
        newest = {kind: one.reason for kind, one in zip(reversed(kinds), reversed(found), strict=True)}
        by_reason = [(newest[kind], count) for kind, count in Counter(kinds).most_common(20)]
        return desk.page(
            request,
            "messages.html",
            who,
            kind=kind,
            by_reason=by_reason,
            kept=found[:SHOWN],
            timezone=timezone,
            text=text,
        )

    return router


def text(one: Kept) -> str:
    """What can be read of a payload; the rest as escapes."""
    readable = one.payload[: LONGEST_SHOWN * 4].decode("utf-8", "backslashreplace")
    readable = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in readable)
    return readable if len(readable) <= LONGEST_SHOWN else readable[:LONGEST_SHOWN] + " …"
