"""Callbacks of Aliyun and Tencent: at a secret address, answered at once in the form that each wants."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from notifier.inbound_china import ChinaInbound, UnbelievedError

MOST_BYTES = 256 * 1024
ALIYUN_TAKEN = {"code": 0, "msg": "接收成功"}
TENCENT_TAKEN = {"result": 0, "errmsg": "OK"}
Endpoint = Callable[[Request], Awaitable[Response]]


def webhooks_china(inbound: ChinaInbound, now: Callable[[], datetime]) -> APIRouter:
    """`app.include_router(...)`; the consoles' addresses are public_url + /webhooks/aliyun/SECRET/report and so on."""
    router = APIRouter()
    take: tuple[tuple[str, Callable[[Any], object], dict[str, Any]], ...] = (
        ("aliyun/{secret}/report", lambda sent: inbound.receipts(sent, "biz_id", now()), ALIYUN_TAKEN),
        ("aliyun/{secret}/reply", lambda sent: inbound.aliyun_replies(sent, now()), ALIYUN_TAKEN),
        ("tencent/{secret}/report", lambda sent: inbound.receipts(sent, "sid", now()), TENCENT_TAKEN),
        ("tencent/{secret}/reply", lambda sent: inbound.tencent_reply(sent, now()), TENCENT_TAKEN),
    )
    for path, handle, taken in take:
        endpoint = _secretly(inbound, handle, taken)
        router.add_api_route(f"/webhooks/{path}", endpoint, methods=["POST"], include_in_schema=False)
    return router


def _secretly(inbound: ChinaInbound, take: Callable[[Any], object], taken: dict[str, Any]) -> Endpoint:
    """404 for a wrong secret, as for any page that is not there; 503 asks for the same again."""

    async def endpoint(request: Request) -> Response:
        if not inbound.believes(request.path_params["secret"]):
            return Response(status_code=404)
        if int(request.headers.get("content-length") or MOST_BYTES + 1) > MOST_BYTES:
            return Response(status_code=413)
        try:
            sent = json.loads(await request.body())
        except ValueError:
            return Response(status_code=400)
        try:
            await run_in_threadpool(take, sent)
        except UnbelievedError:
            return Response(status_code=503)
        return JSONResponse(taken)

    return endpoint
