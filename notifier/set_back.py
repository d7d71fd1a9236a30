"""A clock set back by an hour must not hold up what is due within minutes; nor one set back while we were away."""

import logging
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, or_, select

from domain.length import in_words
from notifier.contract import Records
from store import cursors
from store import tables as t

CURSOR = "clock"  # the last time at which we ran [s since 1970]
NOTED_EVERY = timedelta(minutes=1)
SET_BACK = timedelta(seconds=5)  # between two rounds; steps and texts are due to the second, more or less
TOLD = timedelta(minutes=2)  # a time server's corrections are smaller
TOLD_FOR = timedelta(hours=1)
log = logging.getLogger(__name__)


class SetBack:
    """`mind` before every round, from one thread; `times` counts, and what an operator must hear is a `problem`."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._last: datetime | None = None
        self._noted: datetime | None = None
        self._told: tuple[datetime, timedelta] | None = None
        self.times = 0

    def mind(self, now: datetime) -> bool:
        """True where the clock went back; what is due has moved with it then.

        Of a clock set back while we were away it is known by how much at least: nothing is done too early for it.
        """
        last = self._last or self._ran_at() or now
        back = last - now
        if back >= SET_BACK:
            log.warning("the clock went back by %s; what is due moves with it", back)
            self.times += 1
            if back >= TOLD:
                self._told = now, back
        if back >= SET_BACK or self._noted is None or abs(now - self._noted) >= NOTED_EVERY:
            with self._records.write() as tx:
                if back >= SET_BACK:
                    bring_forward(tx, now, back)
                cursors.move(tx, CURSOR, int(now.timestamp()))
            self._noted = now
        self._last = now
        return back >= SET_BACK

    def problem(self, now: datetime) -> str | None:
        """For an hour after it."""
        if self._told is None or not timedelta(0) <= now - self._told[0] < TOLD_FOR:
            return None
        at, back = self._told
        return f"clock: went back by {in_words(back)} at {at:%H:%M:%S} UTC; is it set?"

    def _ran_at(self) -> datetime | None:
        with self._records.read() as tx:
            ran_s = cursors.position(tx, CURSOR)
        return datetime.fromtimestamp(ran_s, UTC) if ran_s else None


def bring_forward(tx: Connection, now: datetime, back: timedelta) -> None:
    """What alerts and texts wait for moves with the clock, and so does what sensors said last."""
    for table, key in ((t.alerts, t.alerts.c.alert_id), (t.messages, t.messages.c.message_id)):
        for row in tx.execute(select(key.label("id"), table.c.next_at).where(table.c.next_at > now)).all():
            sooner = max(now, row.next_at - back)
            tx.execute(table.update().where(key == row.id).values(next_at=sooner))
    said = t.last_said
    for word in tx.execute(select(said).where(or_(said.c.at > now, said.c.heard_at > now))).mappings().all():
        moved = {name: word[name] - back for name in ("at", "heard_at") if word[name] and word[name] > now}
        its = (said.c.device_id == word["device_id"], said.c.flag == word["flag"])
        tx.execute(said.update().where(*its).values(moved))
