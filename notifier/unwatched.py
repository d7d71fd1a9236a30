"""Who can't be watched just now: one alert for a silent gateway, not one a meter; guardians hear when it lasts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from domain.alert import State
from domain.finding import AlertKind, Finding, Level, Reason
from notifier.circle import Group, reachable
from notifier.devices import Bound
from notifier.letters import Letter, Letters
from notifier.life import Concern, Life
from notifier.messages import When, moment
from notifier.people import circle_of
from notifier.places import home_of
from notifier.quiet import QuietHours
from notifier.timelines import URGENCY
from store import tables as t

U, H = t.unwatched.c, t.gateways_heard.c


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwatchedRules:
    """`tell_guardians_after` without readings; `back_within`: a gateway is back, its meters must follow."""

    tell_guardians_after: timedelta = timedelta(hours=24)
    back_within: timedelta = timedelta(hours=3)
    quiet: QuietHours = QuietHours()  # noqa: RUF009  frozen, without state


class Unwatched:
    """`Unwatched(life, letters)`; all methods work inside the caller's transaction."""

    def __init__(self, life: Life, letters: Letters, rules: UnwatchedRules | None = None) -> None:
        self._life = life
        self._letters = letters
        self._rules = rules or UnwatchedRules()

    def begins(self, tx: Connection, meter_id: str, place: Bound, finding: Finding, now: datetime) -> None:
        """A meter is silent: on its own, or because nothing at all comes through its gateway."""
        gateway = place.gateway_id if self._gateway_is_silent(tx, place.gateway_id, finding, now) else None
        reason = {"key": finding.reason.key, "values": dict(finding.reason.values)}
        put = insert(t.unwatched).values(
            meter_id=meter_id,
            household_id=place.household_id,
            since=finding.since,
            behind_gateway=gateway,
            reason=reason,
        )
        tx.execute(put.on_conflict_do_nothing())
        if gateway:
            heard_at = tx.execute(select(H.heard_at).where(H.gateway_id == gateway)).scalar() or finding.since
            self.gateway_silent(tx, gateway, heard_at, now)
        else:
            self._life.raise_or_join(tx, Concern.of(finding, place.household_id, meter_id), now)

    def ends(self, tx: Connection, meter_id: str, at: datetime, now: datetime) -> None:
        """Readings are back; guardians who were told hear it."""
        row = tx.execute(select(t.unwatched).where(U.meter_id == meter_id)).mappings().first()
        if row is not None:
            tx.execute(delete(t.unwatched).where(U.meter_id == meter_id))
            if row["told_at"] is not None:
                self._tell_guardians(tx, row, "watched", now)
        self._life.ease(tx, meter_id, AlertKind.NO_DATA, at, now)

    def gateway_silent(self, tx: Connection, gateway_id: str, since: datetime, now: datetime) -> None:
        """One alert a gateway, however many meters stand behind it."""
        if tx.execute(select(t.gateways).where(t.gateways.c.gateway_id == gateway_id)).first() is None:
            return
        self._life.raise_or_join(
            tx,
            Concern(
                kind=AlertKind.GATEWAY_SILENT,
                level=Level.ALERT,
                subject=gateway_id,
                household_id=None,
                at=now,
                since=since,
                reason=Reason(key="gateway_silent", values={"last_at": since.isoformat()}),
                reported=True,
            ),
            now,
        )

    def gateway_heard(self, tx: Connection, gateway_id: str, now: datetime) -> None:
        """It is there: its alert eases, and the meters behind it have a while to be heard, too."""
        known = select(t.gateways.c.gateway_id).where(t.gateways.c.gateway_id == gateway_id)
        if tx.execute(known).first() is None:
            return
        put = insert(t.gateways_heard).values(gateway_id=gateway_id, heard_at=now)
        tx.execute(put.on_conflict_do_update(index_elements=["gateway_id"], set_={"heard_at": now}))
        if self._life.ease(tx, gateway_id, AlertKind.GATEWAY_SILENT, now, now) is not None:
            behind = update(t.unwatched).where(U.behind_gateway == gateway_id, U.recheck_at.is_(None))
            tx.execute(behind.values(recheck_at=now + self._rules.back_within))

    def anything_due(self, tx: Connection, now: datetime) -> bool:
        long_ago = now - self._rules.tell_guardians_after
        due = (U.recheck_at <= now) | (U.told_at.is_(None) & (U.since <= long_ago))
        return tx.execute(select(U.meter_id).where(due).limit(1)).first() is not None

    def round(self, tx: Connection, now: datetime) -> int:
        """Meters that did not come back with their gateway get their own alert; guardians of long gaps are told."""
        return self._recheck(tx, now) + self._tell_of_long_gaps(tx, now)

    def _recheck(self, tx: Connection, now: datetime) -> int:
        rows = tx.execute(select(t.unwatched).where(U.recheck_at <= now)).mappings().all()
        for row in rows:
            tx.execute(
                update(t.unwatched).where(U.meter_id == row["meter_id"]).values(behind_gateway=None, recheck_at=None)
            )
            finding = Finding(
                kind=AlertKind.NO_DATA,
                level=Level.ALERT,
                at=now,
                since=row["since"],
                reason=Reason(key=row["reason"]["key"], values=row["reason"]["values"]),
            )
            self._life.raise_or_join(tx, Concern.of(finding, row["household_id"], row["meter_id"]), now)
        return len(rows)

    def _tell_of_long_gaps(self, tx: Connection, now: datetime) -> int:
        long_ago = now - self._rules.tell_guardians_after
        rows = tx.execute(select(t.unwatched).where(U.told_at.is_(None), U.since <= long_ago)).mappings().all()
        for row in rows:
            tx.execute(update(t.unwatched).where(U.meter_id == row["meter_id"]).values(told_at=now))
            if row["reason"]["key"] != "no_data_never":
                self._tell_guardians(tx, row, "unwatched", now)
        return len(rows)

    def _tell_guardians(self, tx: Connection, row: RowMapping, template: str, now: datetime) -> None:
        home, since = home_of(tx, row["household_id"]), row["since"]
        circle = circle_of(tx, row["household_id"], home.community_id)
        not_before = self._rules.quiet.not_before(now, home.timezone)
        when = When(now=not_before or now, zone=home.timezone)
        for reader in reachable(circle, (Group.FIRST_GUARDIAN,)):
            letter = Letter(
                cause=f"{template}:{row['meter_id']}:{since.isoformat()}",
                person=reader,
                template=template,
                variables={
                    "place": home.place,
                    "who": self._letters.who(home, reader.language),
                    "since": moment(since, reader.language, when),
                },
                purpose="notice",
                urgency=URGENCY[AlertKind.NO_DATA],
                why=template,
                now=now,
                community_id=home.community_id,
                not_before=not_before,
            )
            self._letters.write(tx, letter)

    def _gateway_is_silent(self, tx: Connection, gateway_id: str | None, finding: Finding, now: datetime) -> bool:
        """Nothing from any of its devices for half as long as from this meter; with one device, nobody can tell."""
        if gateway_id is None:
            return False
        a = t.alerts.c
        running = select(a.alert_id).where(
            a.subject == gateway_id,
            a.kind == AlertKind.GATEWAY_SILENT,
            a.state != State.RESOLVED,
            a.ended_at.is_(None),
        )
        if tx.execute(running).first() is not None:
            return True
        meters = select(func.count()).select_from(t.meters).where(t.meters.c.gateway_id == gateway_id)
        sensors = select(func.count()).select_from(t.sensors).where(t.sensors.c.gateway_id == gateway_id)
        devices = (tx.execute(meters).scalar() or 0) + (tx.execute(sensors).scalar() or 0)
        heard_at = tx.execute(select(H.heard_at).where(H.gateway_id == gateway_id)).scalar()
        return devices > 1 and heard_at is not None and heard_at <= now - (now - finding.since) / 2
