"""What each person is told of an alert: the step that is due, and news for those who were told before."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.alert import Event, Outcome, State
from domain.finding import Reason
from domain.in_chinese import in_chinese
from domain.people import Language
from notifier.case import Case
from notifier.circle import Person
from notifier.letters import Letter, Letters
from notifier.messages import When
from notifier.places import are_several
from notifier.policy import Decision
from notifier.quiet import QuietHours
from notifier.timelines import URGENCY, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Turns decisions and news into letters, in the case's transaction."""

    letters: Letters
    quiet: QuietHours

    def step(self, case: Case, decision: Decision, policy: Policy, event_id: int) -> None:
        """The decision's people are told."""
        for reader in decision.people:
            self._write(case, reader, event_id, decision, policy)

    def news(
        self,
        case: Case,
        template: str,
        event_id: int,
        *,
        by: str,
        outcome: Outcome | None = None,
        to: Sequence[Person] | None = None,
    ) -> None:
        """Everybody who was told hears of it, but for the one who did it; residents only that it is settled.

        `to`: who hears it, else all who were told.
        """
        for reader in case.told() if to is None else to:
            resident = reader.addressee == "resident"
            if reader.contact_id == by or (resident and template != "settled"):
                continue
            variables = self._place(case, reader) | self._what_now(case, reader.language, by)
            variables["gist"] = self.letters.texts.say(reader.language, "gist", template)
            if outcome:
                variables["outcome"] = self.letters.texts.say(reader.language, "outcome", outcome.value)
            letter = Letter(
                cause=f"event:{event_id}",
                person=reader,
                template=_variant(template, resident=resident, technical=case.kind.for_operator),
                variables=variables,
                purpose="news",
                urgency=URGENCY[case.kind] + 2,
                why=template,
                now=case.now,
                alert_id=case.alert_id,
                community_id=case.home.community_id,
                not_before=self.quiet.not_before(case.now, case.home.timezone) if case.kind.is_notice else None,
            )
            self.letters.write(case.tx, letter)

    def more(self, case: Case, reason: Reason, cause: str, *, at_once: bool) -> None:
        """More of the same alert, for all who were told but the resident; once for each `cause`."""
        texts = self.letters.texts
        for reader in case.told(or_will_be=True):
            if reader.addressee == "resident":
                continue
            can = self.letters.capabilities(reader, case.now)
            what = texts.reason(reader.language, "what", case.kind, reason, self._when(case))
            variables = self._place(case, reader) | {
                "what": what,
                "gist": texts.say(reader.language, "gist", case.kind.value),
                "urge": texts.say(reader.language, "urge", case.kind.value),
                "answer": self.letters.answer(reader, case.kind, can, case.now),
            }
            letter = Letter(
                cause=cause,
                person=reader,
                template="alert" if at_once else "notice",
                variables=variables,
                purpose="first" if at_once else "news",
                urgency=URGENCY[case.kind] + (0 if at_once else 2),
                why=reason.key,
                now=case.now,
                alert_id=case.alert_id,
                community_id=case.home.community_id,
            )
            self.letters.write(case.tx, letter)

    def _write(self, case: Case, reader: Person, event_id: int, decision: Decision, policy: Policy) -> None:
        notice = case.kind.is_notice
        letter = Letter(
            cause=f"event:{event_id}",
            person=reader,
            template=self._template(case, decision),
            variables=self._place(case, reader) | self._what_is_due(case, reader, decision, policy),
            purpose="notice" if notice else "reminder" if decision.told != 1 and case.reminded(reader) else "first",
            urgency=URGENCY[case.kind] + (decision.event is Event.ASK),
            why=decision.why.value,
            now=case.now,
            alert_id=case.alert_id,
            community_id=case.home.community_id,
            not_before=self.quiet.not_before(case.now, case.home.timezone) if policy.held_in_quiet_hours else None,
            by_call=_called(decision, policy),
        )
        self.letters.write(case.tx, letter)

    def _template(self, case: Case, decision: Decision) -> str:
        if case.state is State.EASED:
            return "unsettled"
        if decision.event is Event.ASK:
            return "ask"
        if case.kind.is_notice:
            return "notice"
        return "technical" if case.kind.for_operator else "alert"

    def _place(self, case: Case, reader: Person) -> dict[str, str]:
        place = case.home.place_for(serves_all=reader.serves_all and are_several(case.tx))
        if not place:
            subject = str(case.row["subject"])
            place = in_chinese(subject) if reader.language is Language.ZH else subject
        return {"place": place, "who": self.letters.who(case.home, reader.language) if case.row["household_id"] else ""}

    def _what_is_due(self, case: Case, reader: Person, decision: Decision, policy: Policy) -> dict[str, str]:
        texts, language = self.letters.texts, reader.language
        section = "ask" if decision.event is Event.ASK else "what"
        again = texts.find(language, "again", decision.why.value)
        can = self.letters.capabilities(reader, case.now, by_call=_called(decision, policy))
        wait = policy.ask_wait.total_seconds() / 60 if policy.ask_wait else 0
        what = texts.reason(language, section, case.kind, case.reason, self._when(case))
        return {
            "what": self._how_it_ended(case, language) if case.state is State.EASED else what,
            "gist": texts.say(language, "gist", case.kind.value),
            "urge": again + texts.say(language, "urge", case.kind.value),
            "answer": self.letters.answer(reader, case.kind, can, case.now),
            "minutes": f"{wait:.0f}",
        }

    def _what_now(self, case: Case, language: Language, by: str) -> dict[str, str]:
        return {"what": self._how_it_ended(case, language), "name": self.letters.name_of(case.tx, by, language)}

    def _how_it_ended(self, case: Case, language: Language) -> str:
        return self.letters.texts.reason(language, "eased", case.kind, case.ending, self._when(case))

    def _when(self, case: Case) -> When:
        return When(now=case.now, zone=case.home.timezone)


def _called(decision: Decision, policy: Policy) -> bool:
    return decision.event is Event.ASK and policy.ask_by_call


def _variant(template: str, *, resident: bool, technical: bool) -> str:
    if resident:
        return f"{template}_resident"
    return f"{template}_technical" if technical and template in ("eased", "settled") else template
