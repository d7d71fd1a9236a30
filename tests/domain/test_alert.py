"""The transition table: every state is left by a person, and impossible steps say so."""

import pytest

from domain.alert import MEANING, TRANSITIONS, Event, ImpossibleStepError, State, step
from domain.message import MessageStatus, after_receipt


def test_every_state_can_be_reached_and_every_running_one_can_be_resolved() -> None:
    reached = {State.OPEN} | {to for steps in TRANSITIONS.values() for to in steps.values()}
    assert reached == set(State)
    assert all(TRANSITIONS[state][Event.RESOLVE] is State.RESOLVED for state in State if state.running)


def test_an_impossible_step_names_the_event_and_the_state() -> None:
    with pytest.raises(ImpossibleStepError, match="an alert that is resolved can't acknowledge"):
        step(State.RESOLVED, Event.ACKNOWLEDGE)


def test_only_a_person_settles_an_alert() -> None:
    leads = {event for steps in TRANSITIONS.values() for event, to in steps.items() if to is State.RESOLVED}
    assert leads == {Event.RESOLVE, Event.EASE, Event.CORRECT}
    for kept in (Event.EASE, Event.CORRECT):
        assert [s for s, steps in TRANSITIONS.items() if steps.get(kept) is State.RESOLVED] == [State.RESOLVED]


def test_a_new_incident_behind_an_acknowledged_alert_opens_it_again() -> None:
    assert step(State.ACKNOWLEDGED, Event.RECUR) is State.OPEN
    assert step(State.ON_SITE, Event.RECUR) is State.OPEN


def test_every_event_has_its_meaning_for_the_diagram() -> None:
    assert set(MEANING) == set(Event)


@pytest.mark.parametrize("first", [MessageStatus.SENT, MessageStatus.UNDELIVERED, MessageStatus.DELIVERED])
@pytest.mark.parametrize("second", [MessageStatus.SENT, MessageStatus.UNDELIVERED, MessageStatus.DELIVERED])
def test_receipts_in_any_order_end_at_the_same_status(first: MessageStatus, second: MessageStatus) -> None:
    there = after_receipt(after_receipt(MessageStatus.SENDING, first), second)
    back = after_receipt(after_receipt(MessageStatus.SENDING, second), first)
    assert there is back


def test_a_receipt_for_a_cancelled_text_changes_nothing() -> None:
    assert after_receipt(MessageStatus.CANCELLED, MessageStatus.DELIVERED) is MessageStatus.CANCELLED
