"""What a community's texts cost today: over the limit the operator is alarmed, and no text is dropped."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from domain.finding import Reason
from notifier.life import Life
from store import tables as t

M = t.messages.c


def guard_cost(tx: Connection, life: Life, limit: float, now: datetime) -> None:
    """One alert a community and day (of 24 hours back from now)."""
    spent = func.sum(M.cost)
    rows = tx.execute(
        select(M.community_id, spent.label("spent"))
        .where(M.sent_at > now - timedelta(days=1), M.community_id.is_not(None))
        .group_by(M.community_id)
        .having(spent > limit)
    ).all()
    for row in rows:
        values: dict[str, float | int | str] = {"cost": f"{row.spent:.2f}", "limit": f"{limit:.2f}"}
        reason = Reason(key="cost_guard", values=values)
        life.tell_operator(tx, f"{row.community_id}/cost {now.date().isoformat()}", reason, now)
