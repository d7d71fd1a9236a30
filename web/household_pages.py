"""Finding a household, and its page: who lives there, and the water of the last days."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form
from sqlalchemy import Connection, insert, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domain.alert import State
from domain.finding import AlertKind
from store.tables import absences, alerts
from web import alert_list
from web.band_pages import keeps_bands
from web.chart import Chart, draw
from web.desk import Desk
from web.ledger import Household, announced_absences, find, household
from web.sign_in import acting, viewer

CHART_DAYS = 14
BEFORE = timedelta(days=4)  # read before the chart begins, so that a silence across its edge has its true length
MOST_FOUND = 200
LONGEST_ABSENCE = timedelta(days=60)  # a longer one is announced again: nobody is forgotten behind it


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.get("/households")
    def households_page(request: Request, q: str = "") -> Response:
        who = viewer(desk, request)
        with desk.records.read() as tx:
            found, count = find(tx, who, q[:100], MOST_FOUND)
            running = set(
                tx.scalars(
                    select(alerts.c.household_id).where(
                        alerts.c.state != State.RESOLVED.value,
                        alerts.c.household_id.in_([one.household_id for one in found]),
                    )
                )
            )
        return desk.page(
            request, "households.html", who, found=found, count=count, most=MOST_FOUND, running=running, q=q[:100]
        )

    @router.get("/households/{household_id}")
    def household_page(request: Request, household_id: str) -> Response:
        who, now = viewer(desk, request), desk.now()
        with desk.records.read() as tx:
            home = household(tx, who, household_id)
            if home is None:
                return desk.problem(request, 404, "not_found", who)
            own = alert_list.of_household(tx, household_id, home.meter_ids, limit=20)
            away = announced_absences(tx, household_id, now)
        charts = {meter_id: _chart(desk, home, meter_id, own, now) for meter_id in home.meter_ids}
        return desk.page(
            request,
            "household.html",
            who,
            home=home,
            alerts=own,
            absences=away,
            charts=charts,
            days=CHART_DAYS,
            keeps_bands=keeps_bands(who),
        )

    @router.post("/households/{household_id}/absence")
    def announce(
        request: Request, household_id: str, csrf: Annotated[str, Form()] = "", until: Annotated[str, Form()] = ""
    ) -> Response:
        who, now = acting(desk, request, csrf), desk.now()
        with desk.records.write() as tx:
            home = household(tx, who, household_id)
            if home is None:
                return desk.problem(request, 404, "not_found", who)
            until_at = _local(until, home.timezone)
            if until_at is None or not now < until_at <= now + LONGEST_ABSENCE:
                return desk.problem(request, 422, "absence_when", who)
            _announce(desk, tx, household_id, by=who.contact_id, until=until_at, now=now)
        return RedirectResponse(f"/households/{quote(household_id)}", 303)

    return router


def _announce(desk: Desk, tx: Connection, household_id: str, *, by: str, until: datetime, now: datetime) -> None:
    """Known to be away until then. An alert for missing use that runs is put to rest until the end with it."""
    running = tx.scalars(
        select(alerts.c.alert_id).where(
            alerts.c.household_id == household_id,
            alerts.c.kind == AlertKind.LOW_USE.value,
            alerts.c.state != State.RESOLVED.value,
        )
    ).all()
    for alert_id in running:
        desk.life.leave(tx, alert_id, by=by, until=until, now=now)
    if not running:
        values = {"household_id": household_id, "from_at": now, "until_at": until, "announced_by": by}
        tx.execute(insert(absences).values(values))


def _local(text: str, timezone: str) -> datetime | None:
    """A date and time as the browser's field gives it, on the household's clock."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)
    except ValueError:
        return None


def _chart(desk: Desk, home: Household, meter_id: str, own: list[alert_list.Shown], now: datetime) -> Chart:
    since = now - timedelta(days=CHART_DAYS) - BEFORE
    registers = desk.readings.registers(meter_id, since, now + timedelta(seconds=1))
    raised = [(alert.raised_at, alert.alert_id, alert.kind.value) for alert in own if not alert.kind.for_operator]
    return draw(registers, raised, now=now, days=CHART_DAYS, timezone=home.timezone)
