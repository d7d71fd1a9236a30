"""Who has been up by now: the curtain is drawn back, not yet, or nobody can tell."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from detectors.household import HouseholdWatch
from detectors.parameters import WatchParameters
from notifier.watches import loaded
from store.tables import absences, detector_states, meters
from web.desk import Desk
from web.ledger import Household, find
from web.session import Viewer
from web.sign_in import viewer

MOST = 2000
UNHEARD = timedelta(hours=3)  # without a reading for so long nobody can tell whether they are up


class Up(StrEnum):
    """What is known of a home's morning."""

    NOT_YET = "not_yet"
    UNKNOWN = "unknown"
    COARSE = "coarse"
    AWAY = "away"
    UP = "up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Morning:
    """One home's."""

    home: Household
    up: Up
    up_at: datetime | None


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.get("/mornings")
    def mornings_page(request: Request) -> Response:
        who = viewer(desk, request)
        with desk.records.read() as tx:
            found, count = mornings(tx, who, desk.now())
        return desk.page(request, "mornings.html", who, mornings=found, count=count, states=list(Up))

    @router.get("/api/mornings")
    def mornings_json(request: Request) -> Response:
        who = viewer(desk, request)
        with desk.records.read() as tx:
            found, _ = mornings(tx, who, desk.now())
        return JSONResponse({"mornings": [_json(one) for one in found]})

    return router


def mornings(tx: Connection, who: Viewer, now: datetime) -> tuple[list[Morning], int]:
    """Those who are not up yet first, then those of whom nobody can tell; the latest up stands before the earliest.

    Of the first `MOST` homes; and how many there are.
    """
    homes, count = find(tx, who, "", MOST)
    ids = [home.household_id for home in homes]
    away = (absences.c.household_id.in_(ids), absences.c.from_at <= now, absences.c.until_at > now)
    gone = set(tx.scalars(select(absences.c.household_id).where(*away)))
    first, coarse = _first_uses(tx, homes, now)
    found = [
        _morning(home, first.get(home.household_id, []), home.household_id in gone, home.household_id in coarse)
        for home in homes
    ]
    order = list(Up)
    found.sort(key=lambda one: (order.index(one.up), -(one.up_at or now).timestamp()))
    return found, count


def _morning(home: Household, first: list[datetime | None], is_gone: bool, is_coarse: bool) -> Morning:
    """`first`: of each meter that is heard and tells hours apart, when water was first drawn today."""
    up_at = min((at for at in first if at is not None), default=None)
    if up_at is not None:
        return Morning(home=home, up=Up.UP, up_at=up_at)
    unseen = Up.AWAY if is_gone else Up.NOT_YET if first else Up.COARSE if is_coarse else Up.UNKNOWN
    return Morning(home=home, up=unseen, up_at=None)


def _first_uses(
    tx: Connection, homes: Iterable[Household], now: datetime
) -> tuple[dict[str, list[datetime | None]], set[str]]:
    """And the homes whose meter is too coarse to tell."""
    zones = {home.household_id: ZoneInfo(home.timezone) for home in homes}
    watch_in = cache(lambda zone: HouseholdWatch(WatchParameters(), zone))
    query = select(meters.c.household_id, detector_states.c.body).join_from(
        meters, detector_states, meters.c.meter_id == detector_states.c.meter_id
    )
    first: dict[str, list[datetime | None]] = {}
    coarse: set[str] = set()
    for household_id, body in tx.execute(query.where(meters.c.household_id.in_(zones))):
        watch = watch_in(zones[household_id])
        state = loaded(watch, body)
        if state is None:
            continue
        up_at, heard_at = watch.up_at(state, now), datetime.fromtimestamp(state.no_data.last_s, UTC)
        if up_at is None and watch.only_the_net(state):
            coarse.add(household_id)
        elif up_at is not None or (now - heard_at <= UNHEARD and watch.tells_use(state)):
            first.setdefault(household_id, []).append(up_at)
    return first, coarse


def _json(one: Morning) -> dict[str, Any]:
    """Ids and times for programs; names stay on the page."""
    return {
        "household_id": one.home.household_id,
        "up": one.up.value,
        "up_at": one.up_at.isoformat() if one.up_at else None,
    }
