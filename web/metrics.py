"""Numbers for Prometheus: counts and ages, nothing personal, for whoever can reach the address."""

from asyncio import get_running_loop
from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import Response

from web.health import WATCHERS


def routes(text: Callable[[], str], content_type: str) -> APIRouter:
    """GET /metrics."""
    router = APIRouter()

    @router.get("/metrics")
    async def metrics() -> Response:
        page = await get_running_loop().run_in_executor(WATCHERS, text)
        return Response(page, headers={"content-type": content_type})

    return router
