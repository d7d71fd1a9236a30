"""The one place that changes an alert: state, its row of history, its next time and its texts, in one transaction."""

from datetime import datetime

from sqlalchemy import Connection, select

from domain.alert import State
from domain.finding import AlertKind, Level, Reason
from notifier.away import keepers
from notifier.away import tell as tell_away
from notifier.case import ANJU, NoSuchAlertError
from notifier.circle import Person
from notifier.concern import Concern
from notifier.handling import Handling
from notifier.mornings import tell as tell_first_use
from notifier.raising import Raising
from notifier.steps import A, LifeRules
from store import tables as t

__all__ = ["ANJU", "Concern", "Life", "LifeRules", "NoSuchAlertError"]


class Life(Raising, Handling):
    """Every change of an alert: `Life(Letters(Texts(words=config.sms.load_words()), Router([channel, ...])))`.

    What is raised, what people do and what time brings stand in the classes it is made of; what the service has to say
    of itself stands here. All methods work inside the caller's transaction `tx`. Impossible steps raise
    `domain.alert.ImpossibleStepError`, unknown numbers `NoSuchAlertError`.
    """

    def service_down(self, tx: Connection, name: str, error: str, now: datetime) -> int:
        """A channel, the broker or a store fails: one alert for the operator, however much it concerns.

        `error` may be a whole sentence that names it.
        """
        rest = error.removeprefix(name).lstrip(": ") or error
        problem = error if name in error else f"{name}: {error}"
        values: dict[str, float | int | str] = {"name": name, "error": rest[:60], "problem": problem[:160]}
        return self.tell_operator(tx, name, Reason(key="service_down", values=values), now)

    def service_up(self, tx: Connection, name: str, now: datetime) -> None:
        self.ease(tx, name, AlertKind.CHANNEL_DOWN, now, now)

    def services_down(self, tx: Connection) -> set[str]:
        """Names of what failed and isn't back yet: a restart must not forget that it owes their end."""
        running = (A.kind == AlertKind.CHANNEL_DOWN, A.state != State.RESOLVED, A.ended_at.is_(None))
        rows = tx.execute(select(A.subject, A.reason).where(*running)).all()
        return {row.subject for row in rows if row.reason["key"] == "service_down"}

    def contact_lost(self, tx: Connection, reader: Person, why: str, now: datetime) -> int:
        """A contact who can't be reached any more is a hole in somebody's chain: the operator mends it."""
        reason = Reason(key="contact_lost", values={"name": reader.name, "error": why[:60]})
        return self.tell_operator(tx, f"contact:{reader.contact_id}", reason, now)

    def contact_back(self, tx: Connection, reader: Person, now: datetime) -> None:
        self.ease(tx, f"contact:{reader.contact_id}", AlertKind.CHANNEL_DOWN, now, now)

    def call_for_help(
        self, tx: Connection, resident: Person, now: datetime, *, said_at: datetime | None = None
    ) -> None:
        """The resident says so by text or key: as if a button was pressed. Every time is a call of its own."""
        at = min(said_at or now, now)
        r = t.residents.c
        home = tx.execute(select(r.household_id).where(r.resident_id == resident.contact_id)).scalar_one()
        concern = Concern(
            kind=AlertKind.SOS,
            level=Level.ALERT,
            subject=home,
            household_id=home,
            at=at,
            since=at,
            reason=Reason(key="sos_said", values={"at": at.isoformat()}),
            reported=True,
            momentary=True,
        )
        self.raise_or_join(tx, concern, now)

    def greet(self, tx: Connection, household_id: str, up_at: datetime, now: datetime) -> None:
        """Somebody is up: family who want to hear it do, once a morning."""
        tell_first_use(tx, self._telling.letters, household_id, up_at, now=now, quiet=self._rules.quiet)

    def away_announced(
        self,
        tx: Connection,
        household_id: str,
        *,
        by: str,
        until: datetime,
        now: datetime,
        from_at: datetime | None = None,
    ) -> None:
        """Family says that nobody is at home until then: those who look after the home hear it at once."""
        readers = keepers(tx, household_id)
        tell_away(tx, self._telling.letters, household_id, readers, by=by, from_at=from_at, until=until, now=now)
