"""Alive (this process answers) and ready (what it needs answers too): two questions, two addresses."""

from asyncio import get_running_loop
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from fastapi import APIRouter
from starlette.responses import JSONResponse

WATCHERS = ThreadPoolExecutor(2, "watchers")  # pages that hang with a disk must not keep a watch from asking


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`problems` is empty when all is well; `facts` are ages and counts, nothing personal."""

    problems: tuple[str, ...] = ()
    facts: Mapping[str, float | int | str | None] = field(default_factory=dict)


def routes(health: Callable[[], Health]) -> APIRouter:
    """GET /health: alive. GET /health/ready: 200, or 503 with what is wrong."""
    router = APIRouter()

    @router.get("/health")
    async def alive() -> JSONResponse:
        return JSONResponse({"status": "alive"})

    @router.get("/health/ready")
    async def ready() -> JSONResponse:
        now = await get_running_loop().run_in_executor(WATCHERS, health)
        body = {"status": "down" if now.problems else "ready", "problems": list(now.problems), **now.facts}
        return JSONResponse(body, 503 if now.problems else 200)

    return router
