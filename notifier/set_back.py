"""A clock set back by an hour must not hold up what is due within minutes."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from store import tables as t


def bring_forward(tx: Connection, now: datetime, back: timedelta) -> None:
    """What alerts and texts wait for moves with the clock."""
    for table, key in ((t.alerts, t.alerts.c.alert_id), (t.messages, t.messages.c.message_id)):
        for row in tx.execute(select(key.label("id"), table.c.next_at).where(table.c.next_at > now)).all():
            sooner = max(now, row.next_at - back)
            tx.execute(table.update().where(key == row.id).values(next_at=sooner))
