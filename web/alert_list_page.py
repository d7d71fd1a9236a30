"""All alerts that somebody may see: what waits for a person, what can't be seen, what was settled."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from domain.people import Language
from web import alert_list, looks, water
from web.alert_list import Shown
from web.desk import Desk
from web.keepers import keeps_bands
from web.ledger import seen_ids
from web.sign_in import viewer

SETTLED_SHOWN = timedelta(days=30)
MOST_SETTLED = 50
OLD_BANDS_SHOWN = timedelta(days=7)


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.get("/")
    def alerts_page(request: Request) -> Response:
        who = viewer(desk, request)
        with desk.records.read() as tx:
            running = alert_list.running(tx, who)
            settled = alert_list.settled(tx, who, desk.now() - SETTLED_SHOWN, MOST_SETTLED)
            old_bands = (
                looks.inactive_scans(tx, seen_ids(who), desk.now() - OLD_BANDS_SHOWN) if keeps_bands(who) else []
            )
            watched, dark = water.watched(tx, seen_ids(who)), len(water.not_watched(tx, seen_ids(who)))
            unseen = water.unheard(tx, seen_ids(who))
        of_homes = [alert for alert in running if alert.kind.for_operator and alert.household]
        groups = {
            "running": [alert for alert in running if not alert.kind.for_operator],
            "unwatched": [alert for alert in of_homes if alert.ended_at is None],
            "back": [alert for alert in of_homes if alert.ended_at],
            "technical": [alert for alert in running if alert.kind.for_operator and not alert.household],
        }
        unseen |= {alert.household.household_id for alert in groups["unwatched"] if alert.household}
        return desk.page(
            request,
            "alerts.html",
            who,
            groups=groups,
            settled=settled,
            watched=watched,
            unseen=len(unseen),
            dark=dark,
            old_bands=old_bands,
            problems=desk.is_healthy().problems,
        )

    @router.get("/api/alerts")
    def alerts_json(request: Request) -> Response:
        who, language = viewer(desk, request), desk.language(request)
        with desk.records.read() as tx:
            running = alert_list.running(tx, who)
            settled = alert_list.settled(tx, who, desk.now() - SETTLED_SHOWN, MOST_SETTLED)
        return JSONResponse({"alerts": [_json(desk, alert, language) for alert in [*running, *settled]]})

    return router


def _json(desk: Desk, alert: Shown, language: Language) -> dict[str, Any]:
    """Ids and times for programs, the reason also in words; names stay on the pages."""
    return {
        "alert_id": alert.alert_id,
        "household_id": alert.household.household_id if alert.household else None,
        "subject": alert.subject,
        "kind": alert.kind,
        "level": alert.level,
        "state": alert.state,
        "raised_at": alert.raised_at.isoformat(),
        "since": alert.since.isoformat(),
        "ended_at": alert.ended_at.isoformat() if alert.ended_at else None,
        "outcome": alert.outcome,
        "reason": {"key": alert.reason.key, "values": dict(alert.reason.values)},
        "reason_text": desk.explain(alert.reason, language, alert.timezone),
    }
