"""Who watches the watcher: whether every due step ran, and whose chain has a hole."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select

from domain.entered import is_landline
from domain.finding import AlertKind
from domain.message import MessageStatus
from notifier.circle import Group, reachable
from notifier.letters import ASKING
from notifier.people import circle_of
from notifier.places import home_of
from store import tables as t
from store.ledger_checks import NEEDS

A, M = t.alerts.c, t.messages.c
PATIENCE = timedelta(minutes=2)
TRIED_FOR = timedelta(minutes=15)  # longer than a wait for a provider's cap
UNANSWERED_FOR = timedelta(minutes=3)  # a call that hangs is cut, looked up and made once more within two


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What should have happened by now and has not. Empty `problems`: every due step ran."""

    problems: tuple[str, ...]
    oldest_unsent: timedelta | None
    waiting_texts: int
    uncertain_texts: int

    @property
    def passed(self) -> bool:
        return not self.problems


def audit(tx: Connection, now: datetime, patience: timedelta = PATIENCE, channels: Collection[str] = ()) -> Audit:
    """Alerts and texts that are overdue by more than `patience`; `channels` that failed, where no text left since."""
    late = now - patience
    overdue = tx.execute(select(func.count()).select_from(t.alerts).where(A.next_at < late)).scalar() or 0
    unsent = _count(tx, MessageStatus.PENDING, late)
    stuck = tx.execute(
        select(func.count()).select_from(t.messages).where(M.status == MessageStatus.SENDING, M.claimed_until < late)
    ).scalar()
    doubtful = _count(tx, MessageStatus.UNCERTAIN, late)
    tried = select(func.count()).select_from(t.messages).where(M.sent_at.is_(None), or_(_tried(now), _unanswered(now)))
    said = (
        (overdue, "alerts whose next step is overdue"),
        (unsent, "texts due and not sent"),
        (stuck or 0, "texts in a call that never ended"),
        (doubtful, "uncertain texts not looked up"),
        (tx.execute(tried).scalar() or 0, "texts tried again and again that no provider takes"),
    )
    oldest = tx.execute(select(func.min(M.next_at)).where(M.status == MessageStatus.PENDING, M.next_at <= now)).scalar()
    waiting = select(func.count()).select_from(t.messages)
    return Audit(
        problems=(*closed(tx, channels), *(f"{what}: {count}" for count, what in said if count)),
        oldest_unsent=now - oldest if isinstance(oldest, datetime) else None,
        waiting_texts=tx.execute(waiting.where(M.status == MessageStatus.PENDING)).scalar() or 0,
        uncertain_texts=tx.execute(waiting.where(M.status == MessageStatus.UNCERTAIN)).scalar() or 0,
    )


def _tried(now: datetime) -> ColumnElement[bool]:
    open_still = M.status.in_((MessageStatus.PENDING.value, MessageStatus.UNCERTAIN.value))
    return and_(open_still, M.attempts > 0, M.created_at < now - TRIED_FOR)


def _unanswered(now: datetime) -> ColumnElement[bool]:
    """What calls people, and hangs in one call after the other: a provider that gives no answer makes no error."""
    statuses = (MessageStatus.PENDING, MessageStatus.UNCERTAIN, MessageStatus.SENDING)
    calls = and_(M.status.in_(statuses), M.purpose.in_((*ASKING, "bundle")))
    return and_(calls, M.uncertain_count > 0, M.created_at < now - UNANSWERED_FOR)


def closed(tx: Connection, channels: Collection[str]) -> list[str]:
    """Providers that take nothing, as far as is known: it is known by the texts."""
    failed = (A.kind == AlertKind.CHANNEL_DOWN, A.subject.in_(tuple(channels)), A.ended_at.is_(None))
    rows = tx.execute(select(A.subject, A.opened_at, A.reason).where(*failed).order_by(A.subject)).all()
    return [
        f"{row.subject}: takes no texts ({row.reason['values'].get('error', '')})"
        for row in rows
        if tx.execute(select(M.message_id).where(M.sent_at >= row.opened_at).limit(1)).first() is None
    ]


def _count(tx: Connection, status: MessageStatus, late: datetime) -> int:
    query = select(func.count()).select_from(t.messages).where(M.status == status, M.next_at < late)
    return tx.execute(query).scalar() or 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """Something that is missing in a household's chain, or in where a member of staff serves."""

    subject: str  # the household's id, or the contact's
    place: str
    what: str


def holes(tx: Connection, heard: Collection[str] | None = None, *, calls: bool = True) -> list[Hole]:
    """Every household whose chain is incomplete (an unheard meter, nobody to tell, no pairing), and idle staff.

    `heard`: the meters that ever had a reading, where that is known; a new one is missed after days only. `calls`:
    whether any are made; else who has a landline is told of nothing.
    """
    found = [*_placeless(tx), *([] if calls else _on_landlines(tx))]
    for household_id in tx.execute(select(t.households.c.household_id).order_by(t.households.c.household_id)).scalars():
        home = home_of(tx, household_id)
        missing = _missing(tx, household_id, home.community_id, calls=calls)
        if heard is not None and "meter not heard" not in missing:
            own = tx.scalars(select(t.meters.c.meter_id).where(t.meters.c.household_id == household_id))
            missing += [f"meter {meter_id} was never heard" for meter_id in own if meter_id not in heard]
        found += [Hole(subject=household_id, place=home.place, what=what) for what in missing]
    return found


def _placeless(tx: Connection) -> Iterator[Hole]:
    """Staff of whom the ledger doesn't say where they serve: an import refuses them by now, an earlier one didn't."""
    c = t.contacts.c
    for role, column in NEEDS.items():
        query = select(c.contact_id, c.name).where(c.role == role, c[column].is_(None)).order_by(c.contact_id)
        for contact_id, name in tx.execute(query):
            yield Hole(subject=contact_id, place=name, what=f"{role} without {column}: told of no home, but by pairing")


def _on_landlines(tx: Connection) -> Iterator[Hole]:
    for people, key in ((t.residents.c, "resident_id"), (t.contacts.c, "contact_id")):
        for who, name, phone in tx.execute(select(people[key], people.name, people.phone).order_by(people[key])):
            if is_landline(phone or ""):
                yield Hole(subject=who, place=name, what="a landline gets no texts, and sms.channel makes no calls")


def _missing(tx: Connection, household_id: str, community_id: str | None, *, calls: bool) -> list[str]:
    circle = circle_of(tx, household_id, community_id)

    def nobody(groups: tuple[Group, ...]) -> bool:
        return not any(calls or not is_landline(one.phone or "") for one in reachable(circle, groups))

    meters = t.meters.c
    has_meter = exists().where(meters.household_id == household_id)
    unwatched = exists().where(t.unwatched.c.household_id == household_id)
    told = (Group.FIRST_GUARDIAN, Group.PAIRED, Group.OTHER_CONTACTS, Group.DUTY_STAFF, Group.SUPERVISOR)
    h = t.households.c
    paper = tx.execute(select(h.water_consent_paper).where(h.household_id == household_id)).scalar()
    metered = bool(tx.execute(select(has_meter)).scalar())
    answers = {
        "no meter": not metered,
        "not watched: no consent to watching the water": metered and paper is None,
        "consent to watching the water is not on paper": metered and paper == "",
        "meter not heard": bool(tx.execute(select(unwatched)).scalar()),
        "no pairing": not circle.get(Group.PAIRED),
        "no guardian who can be reached": nobody((Group.FIRST_GUARDIAN, Group.OTHER_CONTACTS)),
        "nobody who can be reached": nobody(told),
    }
    return [what for what, true in answers.items() if true]
