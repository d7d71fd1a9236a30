"""Twilio's receipts, replies and keys: believed only with its signature, answered at once."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from notifier.inbound import TwilioInbound

MOST_BYTES = 64 * 1024
NOTHING_TO_SAY = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
Endpoint = Callable[[Request], Awaitable[Response]]
Take = Callable[[dict[str, str], Mapping[str, str]], object]


def webhooks(twilio: TwilioInbound, now: Callable[[], datetime]) -> APIRouter:
    """`app.include_router(webhooks(inbound, now))`; in Twilio's console the addresses are public_url + these paths."""
    router = APIRouter()
    take: dict[str, Take] = {
        "status": lambda form, _: twilio.receipt(form, now()),
        "reply": lambda form, _: twilio.reply(form, now()),
        "call": lambda form, _: twilio.call(form, now()),
        "key": lambda form, query: twilio.key(form, query.get("m", ""), now()),
    }
    for name, handle in take.items():
        endpoint = _signed(twilio, handle, speaks=name == "key")
        router.add_api_route(f"/webhooks/twilio/{name}", endpoint, methods=["POST"], include_in_schema=False)
    return router


def _signed(twilio: TwilioInbound, take: Take, *, speaks: bool) -> Endpoint:
    """Refuses what Twilio did not sign; a receipt twice, late or for a text not known is answered the same.

    `speaks`: what `take` answers is what a call says next.
    """

    async def endpoint(request: Request) -> Response:
        if int(request.headers.get("content-length") or MOST_BYTES + 1) > MOST_BYTES:
            return Response(status_code=413)
        async with request.form(max_files=0) as sent:
            form = {key: value for key, value in sent.items() if isinstance(value, str)}
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        if not twilio.believes(path, form, request.headers.get("x-twilio-signature", "")):
            return Response(status_code=403)
        said = await run_in_threadpool(take, form, request.query_params)
        return Response(said if speaks else NOTHING_TO_SAY, media_type="text/xml")

    return endpoint
