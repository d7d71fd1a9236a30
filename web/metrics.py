"""Numbers for Prometheus: counts and ages, nothing personal, for whoever can reach the address."""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import Response


def routes(text: Callable[[], str], content_type: str) -> APIRouter:
    """GET /metrics."""
    router = APIRouter()

    @router.get("/metrics")
    def metrics() -> Response:
        return Response(text(), headers={"content-type": content_type})

    return router
