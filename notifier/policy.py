"""Who is told next, when and why: pure, from where the alert stands and who answers for the household."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.alert import Event, State
from domain.finding import AlertKind, Level
from notifier.circle import Circle, Group, Person, reachable
from notifier.timelines import Policy

A_DAY = timedelta(days=1)


class Why(StrEnum):
    """Why something is done now; a key, so that pages can say it in any language."""

    RESIDENT_ASKED_FIRST = "resident_asked_first"
    RESIDENT_CANNOT_BE_ASKED = "resident_cannot_be_asked"
    RESIDENT_ASLEEP = "resident_asleep"
    RESIDENT_DID_NOT_ANSWER = "resident_did_not_answer"
    RAISED = "raised"
    GOES_ON_SINCE_TAKEN = "goes_on_since_taken"
    NOBODY_ACKNOWLEDGED = "nobody_acknowledged"
    STARTED_AGAIN = "started_again"
    REOPENED = "reopened"
    NOBODY_REACHABLE = "nobody_reachable"
    STREET_FIRST = "street_first"
    TOLD_ONCE = "told_once"
    NOT_ON_SITE_IN_TIME = "not_on_site_in_time"
    HANDED_ON = "handed_on"
    NOT_SETTLED_IN_TIME = "not_settled_in_time"
    ABSENCE_OVER = "absence_over"
    ABSENCE_KNOWN = "absence_known"
    STILL_GOING_ON = "still_going_on"
    CAUSE_GONE = "cause_gone"
    OVER_WHEN_HEARD = "over_when_heard"
    SIGN_OF_LIFE = "sign_of_life"
    STILL_UNSETTLED = "still_unsettled"
    BY_REPLY = "by_reply"
    USE_ON_TWO_DAYS = "use_on_two_days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an alert stands, as far as the policy needs to know. `told` counts the steps told since it opened.

    `asked`: the resident was, since then. `may_be_out`: a door was the last that was heard. `wakes_at`: people sleep
    now, until then.
    """

    kind: AlertKind
    level: Level
    state: State
    opened_at: datetime
    told: int = 0
    ended: bool = False
    asked: bool = False
    may_be_out: bool = False
    wakes_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What happens now: an event (None: nothing but a new time), the people who are told, and when to look again."""

    why: Why
    event: Event | None = None
    people: tuple[Person, ...] = ()
    told: int = 0
    next_at: datetime | None = None


def decide(policy: Policy, standing: Standing, circle: Circle, now: datetime) -> Decision:
    """What is due now for an alert whose time has come."""
    if standing.state in _EXPIRES:
        return Decision(why=_EXPIRES[standing.state], event=Event.EXPIRE)
    if standing.state is State.OPEN:
        return _from_open(policy, standing, circle, now)
    if standing.state is State.ASKED:
        return _tell(policy, standing, circle, now, Why.RESIDENT_DID_NOT_ANSWER)
    if standing.state is State.NOTIFIED:
        return _next_step(policy, standing, circle, now)
    if standing.state is State.EASED:
        return _remind(policy, circle, now)
    return Decision(why=Why.STILL_GOING_ON, event=None if standing.ended else Event.REOPEN)


_EXPIRES = {
    State.ACKNOWLEDGED: Why.NOT_ON_SITE_IN_TIME,
    State.ON_SITE: Why.NOT_SETTLED_IN_TIME,
    State.ABSENT: Why.ABSENCE_OVER,
}


def _from_open(policy: Policy, standing: Standing, circle: Circle, now: datetime) -> Decision:
    if standing.ended:
        return Decision(why=Why.CAUSE_GONE, event=Event.EASE)
    if policy.ask_wait is None or standing.told:
        return _tell(policy, standing, circle, now, Why.RAISED)
    first_asked = standing.may_be_out and not standing.asked and reachable(circle, _RESIDENT)
    if standing.level is Level.ALERT and not first_asked:
        return _tell(policy, standing, circle, now, Why.RAISED)
    return _ask(policy, policy.ask_wait, standing, circle, now)


_RESIDENT = (Group.RESIDENT,)


def _ask(policy: Policy, wait: timedelta, standing: Standing, circle: Circle, now: datetime) -> Decision:
    """A mere doubt wakes nobody; what is sure does, at once, though who may be out is asked before others are told."""
    if standing.level is Level.ASK and standing.wakes_at:
        return Decision(why=Why.RESIDENT_ASLEEP, next_at=standing.wakes_at)
    residents = reachable(circle, _RESIDENT)
    if residents and not standing.asked:
        return Decision(why=Why.RESIDENT_ASKED_FIRST, event=Event.ASK, people=residents, next_at=now + wait)
    until = standing.opened_at + wait
    if now < until:
        return Decision(why=Why.RESIDENT_CANNOT_BE_ASKED, next_at=until)
    return _tell(policy, standing, circle, now, Why.RESIDENT_CANNOT_BE_ASKED)


def _next_step(policy: Policy, standing: Standing, circle: Circle, now: datetime) -> Decision:
    round_over = _is_round_over(policy, standing.told, circle)
    if round_over and not policy.repeats:
        return Decision(why=Why.TOLD_ONCE, told=standing.told)
    return _tell(policy, standing, circle, now, Why.STARTED_AGAIN if round_over else Why.NOBODY_ACKNOWLEDGED)


def _tell(policy: Policy, standing: Standing, circle: Circle, now: datetime, why: Why) -> Decision:
    """The next step that has anybody; where none has, the operator is told that nobody can be reached."""
    count = len(policy.steps)
    for told in range(standing.told + 1, standing.told + count + 1):
        step = policy.steps[(told - 1) % count]
        if people := reachable(circle, step.groups):
            wait = _round_wait(policy, standing, now) if _is_round_over(policy, told, circle) else step.wait
            return Decision(why=why, event=Event.NOTIFY, people=people, told=told, next_at=now + wait)
    return Decision(
        why=Why.NOBODY_REACHABLE,
        event=Event.NOTIFY,
        people=reachable(circle, (Group.OPERATOR,)),
        told=standing.told + count,
        next_at=now + _round_wait(policy, standing, now),
    )


def _is_round_over(policy: Policy, told: int, circle: Circle) -> bool:
    """Whether no step that is left of this round has anybody."""
    done = told % len(policy.steps)
    return not done or not any(reachable(circle, step.groups) for step in policy.steps[done:])


def _round_wait(policy: Policy, standing: Standing, now: datetime) -> timedelta:
    """After the last step, before all steps begin again."""
    wait = policy.steps[-1].wait
    return max(wait, policy.round_wait_after_a_day) if now - standing.opened_at >= A_DAY else wait


def _remind(policy: Policy, circle: Circle, now: datetime) -> Decision:
    if policy.remind_eased_after is None:
        return Decision(why=Why.STILL_UNSETTLED)
    return Decision(
        why=Why.STILL_UNSETTLED,
        people=reachable(circle, (Group.PAIRED,)) or reachable(circle, (Group.DUTY_STAFF,)),
        next_at=now + policy.remind_eased_after,
    )
