"""Finding a household, and its page: who lives there, and the water of the last days."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from sqlalchemy import Connection, Select, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from notifier.away import announce_away, take_back
from notifier.feedback import realised
from notifier.watched import state_in
from store.tables import detector_states
from web import absences, alert_list, staff_log, water
from web.chart import Chart, Told, draw
from web.desk import Desk, IdInForm, Text
from web.keepers import keeps_bands
from web.ledger import Household, announced_absences, find, household, seen_ids
from web.sent import LONGEST, NOTHING, Sent, line
from web.session import Viewer
from web.sign_in import acting, viewer
from web.wearers import worn_by_number

CHART_DAYS = 14
BEFORE = timedelta(days=4)  # read before the chart begins, so that a silence across its edge has its true length
MOST_FOUND = 200
KINDS: Mapping[str, Callable[[Connection, Select[str]], set[str]] | None] = {
    "all": None,
    "alerts": alert_list.homes_with_alerts,
    "unheard": water.unheard,
    "not_watched": water.not_watched,
}


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.get("/households")
    def households_page(request: Request, q: str = "", only: str = "all") -> Response:
        who = viewer(desk, request)
        with desk.records.read() as tx:
            if only not in KINDS:
                return desk.problem(request, 404, "not_found")
            chosen = KINDS[only]
            worn = worn_by_number(tx, q) if keeps_bands(who) else None
            if worn:  # who found somebody has told the band's number on the telephone
                found, count = find(tx, who, "", MOST_FOUND, [worn[1].household_id])
            else:
                found, count = find(tx, who, q[:100], MOST_FOUND, chosen(tx, seen_ids(who)) if chosen else None)
            ids = [one.household_id for one in found]
            running, dark = alert_list.homes_with_alerts(tx, ids), water.not_watched(tx, ids)
        return desk.page(
            request,
            "households.html",
            who,
            found=found,
            count=count,
            most=MOST_FOUND,
            running=running,
            dark=dark,
            q=q[:100],
            only=only,
            kinds=list(KINDS),
            keeps_bands=keeps_bands(who),
        )

    @router.get("/households/{household_id}")
    def one_household(request: Request, household_id: str) -> Response:
        who = viewer(desk, request)
        answer = household_page(desk, request, who, household_id)
        return answer if answer.status_code == 404 else staff_log.noted(desk, answer, who, household_id)

    _add_absences(desk, router)
    _add_consent(desk, router)
    return router


def household_page(desk: Desk, request: Request, who: Viewer, household_id: str, *, sent: Sent = NOTHING) -> Response:
    now = desk.now()
    with desk.records.read() as tx:
        home = household(tx, who, household_id)
        if home is None:
            return desk.problem(request, 404, "not_found")
        own = alert_list.of_household(tx, household_id, home.meter_ids, limit=20)
        away = announced_absences(tx, household_id, now)
        outcomes = realised(tx, now, household_id)
        consent = water.consent_of(tx, household_id)
        recalled = _recalled(tx, home.meter_ids)
        looks = staff_log.of_home(tx, household_id, now) if keeps_bands(who) else []
    charts = {meter_id: chart_of(desk, home, meter_id, own, now=now, days=CHART_DAYS) for meter_id in home.meter_ids}
    return desk.page(
        request,
        "household.html",
        who,
        422 if sent.faults else 200,
        sent=sent,
        home=home,
        alerts=own,
        absences=away,
        outcomes=outcomes,
        consent=consent,
        charts=charts,
        today=now.astimezone(ZoneInfo(home.timezone)).date(),
        recalled=recalled,
        looks=looks,
        days=CHART_DAYS,
        keeps_bands=keeps_bands(who),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """When a meter was last heard, and water last used there: what the watch remembers, however long ago."""

    heard_at: datetime | None = None
    used_at: datetime | None = None


def _recalled(tx: Connection, meter_ids: Collection[str]) -> dict[str, Recalled]:
    d = detector_states.c
    recalled = dict.fromkeys(meter_ids, Recalled())
    for meter_id, body in tx.execute(select(d.meter_id, d.body).where(d.meter_id.in_(meter_ids))):
        if state := state_in(body):
            used_s = state.low_use.last_use_s
            used_at = datetime.fromtimestamp(used_s, UTC) if used_s else None
            recalled[meter_id] = Recalled(heard_at=state.register.last_at, used_at=used_at)
    return recalled


def _add_absences(desk: Desk, router: APIRouter) -> None:
    @router.post("/households/{household_id}/absence")
    def announce(request: Request, household_id: str, csrf: Text = "", begins: Text = "", until: Text = "") -> Response:
        who, now = acting(desk, request, csrf), desk.now()
        with desk.records.write() as tx:
            home = household(tx, who, household_id)
            if home is None:
                return desk.problem(request, 404, "not_found")
            span = absences.span_of(begins, until, home.timezone, now)
            if isinstance(span, tuple):
                from_at, until_at = span
                announce_away(tx, desk.life, household_id, by=who.contact_id, from_at=from_at, until=until_at, now=now)
        page = f"/households/{quote(household_id)}"
        if not isinstance(span, tuple):
            sent = Sent(form="away", page=page, typed={"begins": begins, "until": until}, faults=span)
            return household_page(desk, request, who, household_id, sent=sent)
        return RedirectResponse(page, 303)

    @router.post("/households/{household_id}/back")
    def back(request: Request, household_id: str, csrf: Text = "", absence_id: IdInForm = 0) -> Response:
        who, now = acting(desk, request, csrf), desk.now()
        with desk.records.write() as tx:
            if household(tx, who, household_id) is None:
                return desk.problem(request, 404, "not_found")
            take_back(tx, desk.life, household_id, absence_id, by=who.contact_id, now=now)
        return RedirectResponse(f"/households/{quote(household_id)}", 303)


def _add_consent(desk: Desk, router: APIRouter) -> None:
    @router.post("/households/{household_id}/water-consent")
    def water_consent(
        request: Request, household_id: str, *, csrf: Text = "", given_by: Text = "", paper: Text = "", sure: Text = ""
    ) -> Response:
        who, now = acting(desk, request, csrf), desk.now()
        faults = [] if sure else line("given_by", "band.given_by", given_by, LONGEST)
        faults += [] if sure else line("paper", "band.paper", paper, LONGEST)
        page = f"/households/{quote(household_id)}"
        if faults and keeps_bands(who):
            typed = {"given_by": given_by, "paper": paper}
            sent = Sent(form="consent", page=page, typed=typed, faults=faults)
            return household_page(desk, request, who, household_id, sent=sent)
        with desk.records.write() as tx:
            home = household(tx, who, household_id) if keeps_bands(who) else None
            if home is None:
                return desk.problem(request, 404, "not_found")
            if sure:
                water.withdraw(tx, household_id, by=who.login, timezone=home.timezone, now=now)
            else:
                water.give(
                    tx,
                    household_id,
                    given_by=given_by.strip(),
                    paper=paper.strip(),
                    by=who.login,
                    timezone=home.timezone,
                    now=now,
                )
        return RedirectResponse(page, 303)


def chart_of(
    desk: Desk, home: Household, meter_id: str, own: Sequence[alert_list.Shown], *, now: datetime, days: int
) -> Chart:
    """The water of the days up to `now`, and these alerts."""
    since = now - timedelta(days=days) - BEFORE
    registers = desk.readings.registers(meter_id, since, now + timedelta(seconds=1))
    told = [
        Told(
            raised_at=alert.raised_at,
            since=alert.since,
            ended_at=alert.ended_at or alert.resolved_at,
            alert_id=alert.alert_id,
            kind=alert.kind.value,
        )
        for alert in own
        if not alert.kind.for_operator
    ]
    return draw(registers, told, now=now, days=days, timezone=home.timezone)
