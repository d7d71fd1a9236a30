"""One alert: see why, who was told, and act on it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domain.alert import TRANSITIONS, Event, ImpossibleStepError, Outcome
from notifier.watched import told_until
from web import alert_list, alert_past, meetings, staff_log
from web.alert_list import Shown
from web.alert_past import Step
from web.chart import Chart
from web.desk import Desk, IdInPath, Text
from web.household_pages import chart_of
from web.ledger import Household, household, people_called
from web.sent import NOTHING, Sent, choice, text
from web.session import Viewer
from web.sign_in import acting, viewer

LONGEST_NOTE = 500
CHART_DAYS, MOST_CHART_DAYS = 3, 14
CHART_AFTER = timedelta(hours=6)


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.get("/alerts/{alert_id}")
    def one_alert(request: Request, alert_id: IdInPath) -> Response:
        return alert_page(desk, request, viewer(desk, request), alert_id)

    @router.post("/alerts/{alert_id}/acknowledge")
    def acknowledge(request: Request, alert_id: IdInPath, csrf: Text = "") -> Response:
        who = acting(desk, request, csrf)
        return _act(
            desk,
            request,
            who,
            alert_id,
            lambda tx, now: desk.life.acknowledge(tx, alert_id, by=who.contact_id, now=now),
        )

    @router.post("/alerts/{alert_id}/decline")
    def decline(request: Request, alert_id: IdInPath, csrf: Text = "") -> Response:
        who = acting(desk, request, csrf)
        return _act(
            desk, request, who, alert_id, lambda tx, now: desk.life.decline(tx, alert_id, by=who.contact_id, now=now)
        )

    @router.post("/alerts/{alert_id}/arrive")
    def arrive(request: Request, alert_id: IdInPath, csrf: Text = "") -> Response:
        who = acting(desk, request, csrf)
        return _act(
            desk, request, who, alert_id, lambda tx, now: desk.life.arrive(tx, alert_id, by=who.contact_id, now=now)
        )

    @router.post("/alerts/{alert_id}/resolve")
    @router.post("/alerts/{alert_id}/correct")
    def settle(request: Request, alert_id: IdInPath, csrf: Text = "", outcome: Text = "", note: Text = "") -> Response:
        deed = desk.life.correct if request.url.path.endswith("/correct") else desk.life.resolve
        who = acting(desk, request, csrf)
        faults = choice("outcome", "alert.outcome", outcome, list(Outcome))
        faults += text("note", "alert.note", note, LONGEST_NOTE)
        if faults:
            typed = {"outcome": outcome, "note": note}
            sent = Sent(form="settle", page=f"/alerts/{alert_id}", typed=typed, faults=faults)
            return alert_page(desk, request, who, alert_id, sent=sent)
        return _act(
            desk,
            request,
            who,
            alert_id,
            lambda tx, now: deed(tx, alert_id, by=who.contact_id, outcome=Outcome(outcome), now=now, note=note.strip()),
        )

    @router.post("/alerts/{alert_id}/reopen")
    def reopen(request: Request, alert_id: IdInPath, csrf: Text = "") -> Response:
        who = acting(desk, request, csrf)
        return _act(
            desk, request, who, alert_id, lambda tx, now: desk.life.reopen(tx, alert_id, by=who.contact_id, now=now)
        )

    return router


def alert_page(desk: Desk, request: Request, who: Viewer, alert_id: int, *, sent: Sent = NOTHING) -> Response:
    with desk.records.read() as tx:
        alert = alert_list.one(tx, who, alert_id)
        if alert is None:
            return desk.problem(request, 404, "not_found")
        home = household(tx, who, alert.household.household_id) if alert.household else None
        steps, texts = alert_past.life(tx, alert_id), alert_past.texts(tx, alert_id)
        unwatched = bool(home and told_until(tx, home.household_id, desk.now()) is None)
        finders = meetings.of_alert(tx, alert_id)
        holds_for = desk.life.holds_for(tx, alert_id, desk.now())
        writers = people_called(tx, {line.by for _, lines in finders for line in lines})
        said = [
            (m, [(one, writers[one.by].name if one.by in writers else one.by) for one in own]) for m, own in finders
        ]
    answer = desk.page(
        request,
        "alert.html",
        who,
        422 if sent.faults else 200,
        sent=sent,
        alert=alert,
        home=home,
        charts=_charts(desk, alert, home),
        today=desk.now().astimezone(ZoneInfo(alert.timezone)).date(),
        steps=steps,
        ends_by_hand=_ends_by_hand(alert, steps, unwatched=unwatched),
        texts=texts,
        finders=said,
        can=_possible(alert),
        mine=alert.holder_id == who.contact_id,
        holds_for=holds_for,
        outcomes=list(Outcome),
    )
    return staff_log.noted(desk, answer, who, home.household_id) if home else answer


def _ends_by_hand(alert: Shown, steps: Sequence[Step], *, unwatched: bool) -> bool:
    """Nothing that is read ends it: its device went to another home, or the home is watched no more."""
    moved = any(step.event == "moved" for step in steps)
    return alert.state.running and alert.ended_at is None and (moved or (alert.waits_for_water and unwatched))


def _charts(desk: Desk, alert: Shown, home: Household | None) -> dict[str, Chart]:
    """The days of water that led to it and until it was over, for each of the home's meters."""
    if home is None or alert.kind.for_operator:
        return {}
    until = min(desk.now(), (alert.ended_at or alert.resolved_at or desk.now()) + CHART_AFTER)
    days = min(max(CHART_DAYS, (until - alert.raised_at).days + 2), MOST_CHART_DAYS)
    return {one: chart_of(desk, home, one, [alert], now=until, days=days) for one in home.meter_ids}


def _possible(alert: Shown) -> set[str]:
    """The names of the steps that the alert's table allows now."""
    return {
        event.value
        for event in (Event.ACKNOWLEDGE, Event.ARRIVE, Event.RESOLVE, Event.REOPEN, Event.CORRECT)
        if event in TRANSITIONS[alert.state]
    }


def _act(
    desk: Desk, request: Request, who: Viewer, alert_id: int, step: Callable[[Connection, datetime], object]
) -> Response:
    """Takes one step if the alert is the viewer's to see; somebody else may have been faster."""
    with desk.records.read() as tx:
        if alert_list.one(tx, who, alert_id) is None:
            return desk.problem(request, 404, "not_found")
    try:
        with desk.records.write() as tx:
            step(tx, desk.now())
    except ImpossibleStepError:
        return desk.problem(request, 409, "impossible")
    return RedirectResponse(f"/alerts/{alert_id}", 303)
