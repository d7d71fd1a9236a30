"""One alert in one transaction at one moment: its row, its home, and the writes that belong together."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, insert, or_, select, update

from domain.alert import Event, Outcome, State, step
from domain.finding import AlertKind, Level, Reason
from domain.message import MessageStatus
from notifier.circle import Person
from notifier.people import person
from notifier.places import Home, place_of
from notifier.policy import Standing, Why
from notifier.watched import known_silence
from store import tables as t

ANJU = "anju"
_ENDED_BY = {Why.SIGN_OF_LIFE.value: "_sign", Why.OVER_WHEN_HEARD.value: "_held_back"}
A, M = t.alerts.c, t.messages.c


class NoSuchAlertError(Exception):
    """No alert has this number."""


@dataclass(slots=True)
class Case:
    """The alert as it stands in `tx`, at `now`. Every write is seen in `row` at once."""

    tx: Connection
    row: dict[str, Any]
    home: Home
    now: datetime

    @classmethod
    def open(cls, tx: Connection, alert_id: int, now: datetime) -> "Case":
        found = cls.find(tx, A.alert_id == alert_id, now)
        if found is None:
            raise NoSuchAlertError(f"there is no alert {alert_id}")
        return found

    @classmethod
    def begin(cls, tx: Connection, values: Mapping[str, Any], now: datetime) -> "Case":
        """A new alert."""
        row = tx.execute(insert(t.alerts).values(values).returning(*t.alerts.c)).mappings().one()
        return cls(tx, dict(row), _home(tx, row), now)

    @classmethod
    def find(cls, tx: Connection, where: ColumnElement[bool], now: datetime) -> "Case | None":
        """The newest alert of which `where` is true."""
        row = tx.execute(select(t.alerts).where(where).order_by(A.alert_id.desc()).limit(1)).mappings().first()
        if row is None:
            return None
        return cls(tx, dict(row), _home(tx, row), now)

    @property
    def alert_id(self) -> int:
        return int(self.row["alert_id"])

    @property
    def kind(self) -> AlertKind:
        return AlertKind(self.row["kind"])

    @property
    def state(self) -> State:
        return State(self.row["state"])

    @property
    def level(self) -> Level:
        return Level(self.row["level"])

    @property
    def ended(self) -> bool:
        return self.row["ended_at"] is not None

    @property
    def standing(self) -> Standing:
        return Standing(
            kind=self.kind,
            level=self.level,
            state=self.state,
            opened_at=self.row["opened_at"],
            told=self.row["policy_step"],
            ended=self.ended,
            asked=self.state is State.OPEN and self._asked(),
            may_be_out="left_at" in self.row["reason"]["values"],
        )

    def _asked(self) -> bool:
        """Whether the resident was asked, or others were told, since it began: nobody waits for an answer again."""
        e, told = t.alert_events.c, (Event.ASK.value, Event.NOTIFY.value)
        mine = (e.alert_id == self.alert_id, e.event.in_(("raise", Event.RECUR.value, Event.LEAVE.value, *told)))
        newest = select(e.event).where(*mine).order_by(e.event_id.desc()).limit(1)
        return self.tx.execute(newest).scalar() in told

    def heard_at(self) -> datetime:
        """When we heard of what it is about now: it was raised then, or a new incident opened it again."""
        return self._newest("raise", Event.RECUR)[1]

    def over_heard_at(self) -> datetime:
        """When we last heard that its cause is gone; of it at all, where nobody said so."""
        return self._newest("raise", "over", Event.EASE)[1]

    @property
    def eased(self) -> bool:
        """Whether it was, since it was raised, recurred or was opened again."""
        return self._newest("raise", Event.RECUR, Event.REOPEN, Event.EASE)[0] == Event.EASE

    def _newest(self, *events: str) -> tuple[str, datetime]:
        """The newest of these in its history, and when."""
        e = t.alert_events.c
        its = select(e.event, e.at).where(e.alert_id == self.alert_id, e.event.in_(tuple(map(str, events))))
        event, heard_at = self.tx.execute(its.order_by(e.event_id.desc()).limit(1)).one()
        return event, heard_at

    def happened(self, event: Event) -> bool:
        """Ever, also before it recurred."""
        e = t.alert_events.c
        found = select(e.event_id).where(e.alert_id == self.alert_id, e.event == event.value).limit(1)
        return self.tx.execute(found).first() is not None

    @property
    def ending(self) -> Reason:
        """How it ended, by the key of the words for it: who is said to be back (by a person) has used no water yet."""
        e = t.alert_events.c
        its = (e.alert_id == self.alert_id, e.event == Event.EASE.value)
        row = self.tx.execute(select(e.why, e.by).where(*its).order_by(e.event_id.desc()).limit(1)).first()
        how = "" if row is None else _ENDED_BY.get(row.why, "") if row.by == ANJU else "_back"
        times = {"since_at": self.row["since"].isoformat(), "at": (self.row["ended_at"] or self.now).isoformat()}
        return Reason(key=self.kind.value + how, values=times)

    @property
    def reason(self) -> Reason:
        """The reason as it is by now: a silence that goes on has grown since it was found, up to the last reading."""
        values = dict(self.row["reason"]["values"])
        if "as_of_at" in values and not self.ended:
            values |= self._grown(values)
        values.setdefault("since_at", self.row["since"].isoformat())
        values.setdefault("at", self.row["last_at"].isoformat())
        return Reason(key=self.row["reason"]["key"], values=values)

    def _grown(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The silence up to the last reading, and how many uses are usual in all of it."""
        known = known_silence(self.tx, self.row["household_id"], self.row["since"], self.home.timezone)
        as_of = datetime.fromisoformat(values["as_of_at"])
        if known is None or known.until <= as_of:
            return {}
        hours = values["silent_hours"] + (known.until - as_of) / timedelta(hours=1)
        uses = max(round(known.uses), values["expected_uses"])
        return {"silent_hours": round(hours, 1), "expected_uses": uses, "as_of_at": known.until.isoformat()}

    def step(self, event: Event, by: str, why: str) -> int:
        """Moves the state and writes its history; returns that row's id. Raises `ImpossibleStepError`."""
        before = self.state
        after = step(before, event)
        self.write(state=after.value)
        return self.note(event.value, by, why, before)

    def note(self, event: str, by: str, why: str, before: State | None) -> int:
        """A row of history."""
        values = {
            "alert_id": self.alert_id,
            "at": self.now,
            "event": event,
            "from_state": before.value if before else None,
            "to_state": self.state.value,
            "by": by,
            "why": str(why),
        }
        return _key(self.tx, t.alert_events, values)

    def write(self, **values: Any) -> None:
        self.tx.execute(update(t.alerts).where(A.alert_id == self.alert_id).values(values))
        self.row |= values

    def start_again(self) -> None:
        """As if raised now: nobody has been told, nobody has it."""
        self.cancel_texts()
        self.write(
            opened_at=self.now,
            policy_step=0,
            next_at=None,
            acknowledged_by=None,
            acknowledged_until=None,
            resolved_at=None,
            outcome=None,
            outcome_note=None,
        )

    def hold(self, by: str, until: datetime) -> None:
        """`by` has it until then; what was about to leave stays."""
        self.write(acknowledged_by=by, acknowledged_until=until, next_at=until)
        self.cancel_texts(news=False)

    def settle(self, outcome: Outcome, note: str, next_at: datetime | None) -> None:
        self.write(outcome=outcome.value, outcome_note=note or None, resolved_at=self.now, next_at=next_at)
        self.cancel_texts()

    def cancel_texts(self, *, news: bool = True) -> None:
        """Texts of this alert that have not left stay; `news` false: those that say how it stands still leave."""
        purposes = ("first", "reminder", "notice", *(("news",) if news else ()))
        self.tx.execute(
            update(t.messages)
            .where(M.alert_id == self.alert_id, M.status == MessageStatus.PENDING, M.purpose.in_(purposes))
            .values(status=MessageStatus.CANCELLED.value, status_at=self.now, next_at=None)
        )

    def told(self, *, or_will_be: bool = False) -> list[Person]:
        """Everybody to whom a text of this alert may have gone; `or_will_be`: or waits to go."""
        left = [status.value for status in MessageStatus if status.may_have_left]
        left += [MessageStatus.PENDING.value] * or_will_be
        rows = self.tx.execute(
            select(M.contact_id, M.addressee)
            .where(M.alert_id == self.alert_id, or_(M.status.in_(left), M.sent_at.is_not(None)))
            .distinct()
            .order_by(M.addressee, M.contact_id)
        ).all()
        found = [person(self.tx, row.contact_id, row.addressee) for row in rows]
        return [p for p in found if p is not None and p.reachable]

    def waiting_for(self) -> set[str]:
        """Those who were asked to go since it was opened, and have not said that they can't."""
        e = t.alert_events.c
        opened = self.row["opened_at"]
        asked = select(M.contact_id).where(
            M.alert_id == self.alert_id, M.purpose.in_(("first", "reminder")), M.created_at >= opened
        )
        declined = select(e.by).where(e.alert_id == self.alert_id, e.event == "decline", e.at >= opened)
        return set(self.tx.execute(asked).scalars()) - set(self.tx.execute(declined).scalars())

    def reminded(self, reader: Person) -> bool:
        """Whether this person has been told of it since it was last opened."""
        earlier = select(M.message_id).where(
            M.alert_id == self.alert_id,
            M.contact_id == reader.contact_id,
            M.purpose.in_(("first", "reminder")),
            M.created_at >= self.row["opened_at"],
        )
        return self.tx.execute(earlier.limit(1)).first() is not None

    def raised_like_it(self, since: datetime, at_most: int) -> int:
        """How many other homes of the community have an alert of this kind since then; counts no further than asked."""
        home = t.alerts.join(t.households).join(t.buildings).join(t.grids)
        alike = (
            select(A.alert_id)
            .select_from(home)
            .where(
                A.raised_at > since,
                A.kind == self.kind.value,
                A.alert_id != self.alert_id,
                t.grids.c.community_id == self.home.community_id,
            )
            .limit(at_most)
        )
        return len(self.tx.execute(alike).all())

    def absent_until(self) -> datetime | None:
        """Until when the household is known to be away; None where it isn't."""
        if self.row["household_id"] is None:
            return None
        c = t.absences.c
        here = (c.household_id == self.row["household_id"], c.from_at <= self.now, c.until_at > self.now)
        until = self.tx.execute(select(c.until_at).where(*here).order_by(c.until_at.desc()).limit(1)).scalar()
        return until if isinstance(until, datetime) else None


def _home(tx: Connection, row: RowMapping) -> Home:
    return place_of(tx, AlertKind(row["kind"]), row["household_id"], row["subject"])


def _key(tx: Connection, table: Table, values: Mapping[str, Any]) -> int:
    (key,) = table.primary_key
    return int(tx.execute(insert(table).values(values).returning(key)).scalar_one())
