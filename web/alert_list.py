"""The alerts that a viewer may see: running ones first, by urgency; and one of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, false, func, or_, select

from domain.alert import Outcome, State
from domain.finding import AlertKind, Level, Reason
from domain.people import Role
from notifier.places import places_of
from notifier.steps import BY_WATER
from store.tables import alerts, communities, contacts, gateways, messages, meters
from web.ledger import Household, Person, people_called, seen_ids, several
from web.session import Viewer

_AT_ONCE = {AlertKind.SOS, AlertKind.GAS, AlertKind.SMOKE, AlertKind.FLOOD, AlertKind.FOUND}
_LEFT = ("sending", "uncertain", "sent", "delivered", "bundled")  # somebody may have read it
_WAITING = {State.OPEN, State.ASKED, State.NOTIFIED, State.EASED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One alert as a page shows it."""

    alert_id: int
    kind: AlertKind
    level: Level
    state: State
    subject: str
    household: Household | None
    place: str  # where there is no household: the gateway's name, the community's
    timezone: str
    raised_at: datetime
    since: datetime
    reason: Reason
    holder_id: str | None
    acknowledged_by: Person | None
    acknowledged_until: datetime | None
    next_at: datetime | None
    ended_at: datetime | None
    resolved_at: datetime | None
    outcome: Outcome | None
    note: str | None
    told: tuple[Person, ...]

    @property
    def standing(self) -> str:
        """The state, by the word that people read: what is over is water missed, or something else; a text that waits
        for the morning has told nobody."""
        if self.state is State.NOTIFIED and not self.told:
            return State.OPEN.value
        water_again = self.state is State.EASED and self.kind is AlertKind.LOW_USE
        return "eased_by_water" if water_again else self.state.value

    @property
    def waits_for_water(self) -> bool:
        """It goes on until readings say otherwise, or somebody settles it."""
        return self.kind in BY_WATER and self.state.running and self.ended_at is None

    @property
    def tone(self) -> str:
        """The colour's name; a word always stands beside it."""
        if not self.state.running:
            return "settled"
        if self.kind.for_operator:
            return "technical"
        if self.state in {State.ACKNOWLEDGED, State.ON_SITE, State.ABSENT}:
            return "taken"
        return "calm" if self.kind.is_notice else "urgent" if self.level is Level.ALERT else "asking"

    @property
    def urgency(self) -> tuple[int, bool, datetime]:
        """Sorts: what can't wait, then what nobody has taken, then what has waited longest."""
        if self.kind in _AT_ONCE:
            rank = 0
        elif self.kind.for_operator or self.kind.is_notice:
            rank = 3
        else:
            rank = 1 if self.level is Level.ALERT else 2
        return rank, self.state not in _WAITING, self.raised_at


def running(tx: Connection, viewer: Viewer) -> list[Shown]:
    """All alerts that wait for a person, most urgent first."""
    rows = _shown(tx, _seen(viewer).where(alerts.c.state != State.RESOLVED.value))
    return sorted(rows, key=lambda alert: alert.urgency)


def settled(tx: Connection, viewer: Viewer, since: datetime, limit: int) -> list[Shown]:
    """Resolved alerts, latest first."""
    query = _seen(viewer).where(alerts.c.state == State.RESOLVED.value, alerts.c.resolved_at >= since)
    return _shown(tx, query.order_by(alerts.c.resolved_at.desc()).limit(limit))


def of_household(tx: Connection, household_id: str, meter_ids: Sequence[str], limit: int) -> list[Shown]:
    """A household's alerts: those that run, then the latest."""
    query = select(alerts).where(or_(alerts.c.household_id == household_id, alerts.c.subject.in_(meter_ids)))
    settled_last = alerts.c.state == State.RESOLVED.value
    return _shown(tx, query.order_by(settled_last, alerts.c.raised_at.desc()).limit(limit))


def homes_with_alerts(tx: Connection, household_ids: Select[str] | Collection[str]) -> set[str]:
    """Of these homes, those where something waits for a person."""
    mine = (alerts.c.household_id.in_(household_ids), alerts.c.state != State.RESOLVED.value)
    return set(tx.scalars(select(alerts.c.household_id).where(*mine)))


def running_at(tx: Connection, household_id: str) -> list[Shown]:
    """What waits for a person at one home, most urgent first. Asks nobody's permission."""
    mine = (alerts.c.household_id == household_id, alerts.c.state != State.RESOLVED.value)
    return sorted(_shown(tx, select(alerts).where(*mine)), key=lambda alert: alert.urgency)


def one(tx: Connection, viewer: Viewer, alert_id: int) -> Shown | None:
    """The alert, if this viewer may see it."""
    return next(iter(_shown(tx, _seen(viewer).where(alerts.c.alert_id == alert_id))), None)


def _seen(viewer: Viewer) -> Select[*tuple[object, ...]]:
    """Alerts of the viewer's households and of their meters; the operator's own have no household at all."""
    own = seen_ids(viewer)
    condition = or_(
        alerts.c.household_id.in_(own),
        alerts.c.subject.in_(select(meters.c.meter_id).where(meters.c.household_id.in_(own))),
    )
    if viewer.role is Role.OPERATOR:
        technical = [kind.value for kind in AlertKind if kind.for_operator]
        condition |= alerts.c.household_id.is_(None) & alerts.c.kind.in_(technical) & ~_elsewhere(viewer)
    return select(alerts).where(condition)


def _elsewhere(viewer: Viewer) -> ColumnElement[bool]:
    """An operator of one community sees what concerns the service, and nothing of the other communities' devices."""
    own, subject = viewer.community_id, alerts.c.subject
    if own is None:
        return false()
    theirs = select(communities.c.community_id + "/").where(communities.c.community_id != own)
    return or_(
        subject.in_(select(gateways.c.gateway_id).where(gateways.c.community_id != own)),
        subject.in_(select("contact:" + contacts.c.contact_id).where(contacts.c.community_id != own)),
        func.substr(subject, 1, func.instr(subject, "/")).in_(theirs),
    )


def _shown(tx: Connection, query: Select[*tuple[object, ...]]) -> list[Shown]:
    rows = tx.execute(query).all()
    homes_of_meters = _homes_of_meters(tx, [row.subject for row in rows if row.household_id is None])
    home = {row.alert_id: row.household_id or homes_of_meters.get(row.subject) for row in rows}
    homes = several(tx, filter(None, home.values()))
    rest = {row.alert_id: (AlertKind(row.kind), row.subject) for row in rows if home[row.alert_id] not in homes}
    places_by_subject = places_of(tx, set(rest.values())) if rest else {}
    places = {alert_id: places_by_subject[subject] for alert_id, subject in rest.items()}
    told = _told(tx, [row.alert_id for row in rows])
    people = people_called(tx, {row.acknowledged_by for row in rows if row.acknowledged_by})
    return [
        Shown(
            alert_id=row.alert_id,
            kind=AlertKind(row.kind),
            level=Level(row.level),
            state=State(row.state),
            subject=row.subject,
            household=(own := homes.get(home[row.alert_id] or "")),
            place="" if own else places[row.alert_id].place,
            timezone=own.timezone if own else places[row.alert_id].timezone.key,
            raised_at=row.raised_at,
            since=row.since,
            reason=Reason(key=row.reason["key"], values=row.reason.get("values", {})),
            holder_id=row.acknowledged_by,
            acknowledged_by=people.get(row.acknowledged_by or ""),
            acknowledged_until=row.acknowledged_until,
            next_at=row.next_at,
            ended_at=row.ended_at,
            resolved_at=row.resolved_at,
            outcome=None if row.outcome is None else Outcome(row.outcome),
            note=row.outcome_note,
            told=tuple(told.get(row.alert_id, ())),
        )
        for row in rows
    ]


def _homes_of_meters(tx: Connection, subjects: Iterable[str]) -> dict[str, str]:
    query = select(meters.c.meter_id, meters.c.household_id).where(meters.c.meter_id.in_(set(subjects)))
    return dict(tx.execute(query).all())


def _told(tx: Connection, alert_ids: Sequence[int]) -> dict[int, list[Person]]:
    """Those to whom a text about the alert was written, each once, in order."""
    rows = tx.execute(
        select(messages.c.alert_id, messages.c.contact_id)
        .where(messages.c.alert_id.in_(alert_ids), messages.c.status.in_(_LEFT))
        .order_by(messages.c.message_id)
    ).all()
    people = people_called(tx, {row.contact_id for row in rows})
    told: dict[int, dict[str, Person]] = defaultdict(dict)
    for alert_id, contact_id in rows:
        if contact_id in people:
            told[alert_id][contact_id] = people[contact_id]
    return {alert_id: list(by_id.values()) for alert_id, by_id in told.items()}
