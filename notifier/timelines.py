"""Who is told when, as a community wants it, for each kind of alert: pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from domain.finding import AlertKind
from notifier.circle import Group


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Groups told at once, in parallel, and how long they have to acknowledge."""

    groups: tuple[Group, ...]
    wait: timedelta = timedelta(minutes=10)


WELFARE_STEPS = (
    Step(groups=(Group.FIRST_GUARDIAN, Group.PAIRED)),
    Step(groups=(Group.OTHER_CONTACTS,)),
    Step(groups=(Group.DUTY_STAFF,)),
    Step(groups=(Group.SUPERVISOR,)),
)
EVERYBODY = (
    Step(
        groups=(Group.FIRST_GUARDIAN, Group.PAIRED, Group.OTHER_CONTACTS, Group.DUTY_STAFF, Group.SUPERVISOR),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One kind's timeline. `ask_wait` None: nobody is asked first; `ask_by_call`: the resident is called and presses a
    key. `repeats` False: each step once. `round_wait_after_a_day`: so long at least from a round to the next,
    once nobody has acknowledged for a day, or who gets a text every 40 minutes reads none."""

    ask_wait: timedelta | None = timedelta(minutes=30)
    ask_by_call: bool = False
    steps: tuple[Step, ...] = WELFARE_STEPS
    repeats: bool = True
    round_wait_after_a_day: timedelta = timedelta(hours=2)
    acknowledged_for: timedelta = timedelta(minutes=30)
    on_site_for: timedelta = timedelta(hours=2)
    remind_eased_after: timedelta | None = timedelta(hours=12)
    look_again_after: timedelta | None = timedelta(hours=12)
    held_in_quiet_hours: bool = False


URGENT = Policy(ask_wait=None, steps=EVERYBODY)
NOTICE = Policy(
    ask_wait=None,
    steps=(Step(groups=(Group.PAIRED,)),),
    repeats=False,
    remind_eased_after=None,
    look_again_after=None,
    held_in_quiet_hours=True,
)
TECHNICAL = Policy(
    ask_wait=None,
    steps=(Step(groups=(Group.OPERATOR,), wait=timedelta(hours=12)),),
    acknowledged_for=timedelta(hours=12),
    on_site_for=timedelta(hours=12),
    remind_eased_after=None,
    look_again_after=timedelta(hours=24),
)
FOUND = Policy(ask_wait=None)


def _defaults() -> dict[AlertKind, Policy]:
    urgent = dict.fromkeys((AlertKind.SOS, AlertKind.GAS, AlertKind.SMOKE, AlertKind.FLOOD), URGENT)
    notices = {kind: NOTICE for kind in AlertKind if kind.is_notice}
    technical = {kind: TECHNICAL for kind in AlertKind if kind.for_operator}
    return {kind: Policy() for kind in AlertKind} | {AlertKind.FOUND: FOUND} | urgent | notices | technical


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The timeline of each kind, and where a community wants another."""

    by_kind: Mapping[AlertKind, Policy] = field(default_factory=_defaults)
    by_community: Mapping[tuple[str, AlertKind], Policy] = field(default_factory=dict)

    def of(self, kind: AlertKind, community_id: str | None) -> Policy:
        own = self.by_community.get((community_id, kind)) if community_id else None
        return own or self.by_kind[kind]


URGENCY: dict[AlertKind, int] = {
    AlertKind.SOS: 0,
    AlertKind.GAS: 0,
    AlertKind.SMOKE: 0,
    AlertKind.FLOOD: 1,
    AlertKind.FOUND: 1,
    AlertKind.LOW_USE: 2,
    AlertKind.CONSTANT_FLOW: 3,
    AlertKind.CHANNEL_DOWN: 4,
    AlertKind.STREET: 1,
    AlertKind.GATEWAY_SILENT: 5,
    AlertKind.NO_DATA: 6,
    AlertKind.QUARANTINE: 7,
    AlertKind.CHANGE_IN_USE: 8,
    AlertKind.USE_WHILE_ABSENT: 8,
    AlertKind.FIRST_USE: 9,
}
