"""What a policy decides where a step has nobody."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

from domain.alert import State
from domain.finding import AlertKind, Level
from domain.people import Language, Role
from notifier.circle import Group, Person
from notifier.policy import Decision, Standing, Why, decide
from notifier.timelines import Policy

RAISED_AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def rounds(policy: Policy, *groups: Group, many: int) -> list[Decision]:
    """So many decisions, one after the other, where only these groups have anybody and nobody answers."""
    circle = {
        group: (
            Person(
                contact_id=group.value,
                addressee="contact",
                name=group.value,
                role=Role.GUARDIAN,
                phone="+8613800000000",
                language=Language.ZH,
            ),
        )
        for group in groups
    }
    standing = Standing(kind=AlertKind.LOW_USE, level=Level.ALERT, state=State.OPEN, opened_at=RAISED_AT)
    made, now = [], RAISED_AT
    for _ in range(many):
        made.append(decide(policy, standing, circle, now))
        standing = replace(standing, state=State.NOTIFIED, told=made[-1].told)
        now = made[-1].next_at or now
    return made


def test_steps_that_come_once_come_once_where_the_last_has_nobody() -> None:
    made = rounds(Policy(repeats=False), Group.FIRST_GUARDIAN, Group.OTHER_CONTACTS, many=3)
    assert [decision.why for decision in made] == [Why.RAISED, Why.NOBODY_ACKNOWLEDGED, Why.TOLD_ONCE]
    assert (made[-1].people, made[-1].next_at) == ((), None)


def test_a_round_is_over_with_the_last_step_that_has_anybody() -> None:
    made = rounds(Policy(), Group.FIRST_GUARDIAN, Group.OTHER_CONTACTS, many=200)
    begun = [before.next_at for before, after in pairwise(made) if after.why is Why.STARTED_AGAIN]
    assert len(begun) == 99
    pauses = [later - sooner for sooner, later in pairwise(begun) if sooner and later]
    assert {pause.total_seconds() / 60 for pause in pauses} == {20, 130}
    assert pauses == sorted(pauses)
