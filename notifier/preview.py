"""What would go out: the timeline of a policy, and each text at its longest with segments and cost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from domain.alert import Event, State
from domain.finding import AlertKind, Level, Reason
from domain.people import Language, Role
from notifier.circle import Group, Person
from notifier.contract import Outgoing
from notifier.messages import Texts, When, size
from notifier.policy import Standing, Why, decide
from notifier.timelines import Policies, Policy

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 1, 5, 12, 0, tzinfo=ZONE)
LONGEST = {
    Language.ZH: ("阳光花园12号楼3单元1802", "欧阳春秀", "司马建国"),
    Language.EN: ("Sunny Garden 12-3-1802", "Margaret Featherstone", "Bartholomew Smythe"),
}
_VALUES: Mapping[str, float | int | str] = {
    "silent_hours": 39.0,
    "longest_hours": 13.0,
    "late_hours": 27.5,
    "flow_lph": 1240.0,
    "record_lph": 85.0,
    "rhythm_minutes": 60,
    "expected_uses": 11.0,
    "litres": 14,
    "every_hours": 10.5,
    "channel": "aliyun",
    "error": "HTTP 503",
    "problem": "twilio: HTTP 503",
    "cost": "120",
    "limit": "100",
    "device_id": "m201",
    "number": "155959",
    "count": 20,
    "minutes": 30,
    "uses_a_day": 1.5,
    "usual_a_day": 12.0,
}
_TIMES = ("at", "since_at", "last_at", "last_use_at", "left_at", "sign_at")


def timeline(policies: Policies, kind: AlertKind, level: Level, community_id: str | None = None) -> list[str]:
    """One line a step, if everybody can be reached and nobody answers."""
    policy = policies.of(kind, community_id)
    return [*_steps(policy, kind, level), _afterwards(policy)]


def _steps(policy: Policy, kind: AlertKind, level: Level) -> Iterator[str]:
    everybody = {group: (_somebody(group),) for group in Group}
    standing = Standing(kind=kind, level=level, state=State.OPEN, opened_at=START)
    now = START
    for _ in range(len(policy.steps) + 2):
        decision = decide(policy, standing, everybody, now)
        if not decision.people:
            return
        after = f"+{(now - START) // timedelta(minutes=1)} min"
        who = ", ".join(p.name for p in decision.people)
        yield f"{after}: {who}: {decision.event.value if decision.event else 'told'} ({decision.why.value})"
        state = State.ASKED if decision.event is Event.ASK else State.NOTIFIED
        standing = Standing(kind=kind, level=level, state=state, opened_at=START, told=decision.told)
        if decision.next_at is None:
            return
        now = decision.next_at


def _afterwards(policy: Policy) -> str:
    again = "then no more"
    if policy.repeats:
        later = max(policy.steps[-1].wait, policy.round_wait_after_a_day) // timedelta(minutes=1)
        again = f"and so on until somebody acknowledges, after a day with {later} min between rounds"
    quiet = "; held back in quiet hours" if policy.held_in_quiet_hours else ""
    minutes = policy.acknowledged_for // timedelta(minutes=1)
    return f"{again}; an acknowledgement lasts {minutes} min without arrival{quiet}"


def _somebody(group: Group) -> Person:
    return Person(
        contact_id=group.value,
        addressee="contact",
        name=group.value,
        role=Role.OPERATOR if group is Group.OPERATOR else Role.GUARDIAN,
        phone="+1",
        language=Language.EN,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """One text as it would leave, with its size."""

    template: str
    about: str
    body: str
    segments: int
    units: int
    encoding: str
    variables: Mapping[str, str]


def previews(texts: Texts, language: Language, *, replies: bool = False) -> list[Preview]:
    """Every template: the alert for every reason, its end for every ending and outcome, with the longest names."""
    words, when = texts.words[language.value], When(now=START, zone=ZONE)
    place, who, name = LONGEST[language]
    yesterday = (START - timedelta(hours=20)).isoformat()
    long_ago = dict.fromkeys(_TIMES, (START - timedelta(days=10)).isoformat())
    away = {f"{which}_at": (START + timedelta(days=days)).isoformat() for which, days in (("from", 1), ("until", 3))}
    values = dict(_VALUES) | dict.fromkeys(_TIMES, yesterday) | {"name": name} | away
    common = {
        "place": place,
        "who": who,
        "name": name,
        "minutes": "30",
        "count": "12",
        "since": "昨天16:00" if language is Language.ZH else "4 Jan 16:00",
        "first": f"{place} {who}",
        "second": f"{place} {who}",
    }
    made: list[Preview] = []

    def add(template: str, about: str, **more: str) -> None:
        made.append(_preview(texts, language, template, about, common | more))

    for key in words["what"]:
        kind = _kind(key)
        morning = {"at": (START - timedelta(minutes=75)).isoformat()} if kind is AlertKind.FIRST_USE else {}
        what = texts.reason(language, "what", kind, Reason(key=key, values=values | morning), when)
        urge = texts.say(language, "urge", kind.value)
        answer = texts.say(language, "answer", _answer(kind, replies=replies))
        template = "technical" if kind.for_operator else "notice" if kind.is_notice else "alert"
        add(template, key, what=what, urge=urge, answer=answer)
    made += list(_told_again(texts, language, made))
    for key in words["eased"]:
        kind = _kind(key)
        what = texts.reason(language, "eased", kind, Reason(key=key, values=long_ago), when)
        for template in ("eased_technical",) if kind.for_operator else ("eased", "unsettled"):
            add(template, f"{template} {key}", what=what)
    for key in words["outcome"]:
        for template in ("settled", "settled_technical"):
            add(template, f"{template} {key}", outcome=texts.say(language, "outcome", key))
    shown = {one.template for one in made}
    asked = texts.reason(language, "ask", AlertKind.LOW_USE, Reason(key="low_use", values=values), when)
    settled = texts.say(language, "reply", "well")
    for template in words["template"]:
        if template in shown:
            continue
        what = {"code": "155959", "test": "155959", "ask": asked}.get(template, settled)
        how = "resident_replies" if replies else "resident"
        answer = texts.say(language, "answer", how if template == "ask" else "replies" if replies else "notice")
        add(template, template, what=what, answer=answer)
    return made


def _told_again(texts: Texts, language: Language, made: Sequence[Preview]) -> Iterator[Preview]:
    """The longest text to people, and to operators, with each word of why it is told again."""
    for template in ("alert", "technical"):
        longest = max((one for one in made if one.template == template), key=lambda one: one.units).variables
        for key, again in texts.section(language, "again").items():
            told = {"answer": texts.say(language, "answer", "operator")} if key == Why.NOBODY_REACHABLE else {}
            variables = {**longest, "urge": again + longest["urge"], **told}
            yield _preview(texts, language, template, f"again {key}", variables)


def text_for_a_test(texts: Texts, language: Language, phone: str, number: str) -> Outgoing:
    """A text that says that it is a test."""
    variables = {"what": number}
    return Outgoing(
        reference=f"test-{number}",
        to=phone,
        name="test",
        language=language,
        body=texts.render(language, "test", variables),
        template="test",
        variables=variables,
    )


def _answer(kind: AlertKind, *, replies: bool) -> str:
    """What its readers may do, by the word's key."""
    if kind is AlertKind.FIRST_USE:
        return "first_use"
    if kind.for_operator:
        return "operator"
    return "notice" if kind.is_notice else "replies" if replies else "staff"


def _kind(reason_key: str) -> AlertKind:
    """The kind that brings this reason."""
    fitting = [kind for kind in AlertKind if reason_key.startswith(kind.value)]
    own = {
        "nobody_reachable": AlertKind.LOW_USE,
        "otherwise": AlertKind.LOW_USE,
        "meter_leak": AlertKind.CONSTANT_FLOW,
        "meter_burst": AlertKind.CONSTANT_FLOW,
        "away_announced": AlertKind.USE_WHILE_ABSENT,
        "away_announced_from": AlertKind.USE_WHILE_ABSENT,
    }
    return fitting[0] if fitting else own.get(reason_key, AlertKind.QUARANTINE)


def _preview(texts: Texts, language: Language, template: str, about: str, variables: dict[str, str]) -> Preview:
    body = texts.render(language, template, variables)
    taken = size(body)
    return Preview(
        template=template,
        about=about,
        body=body,
        segments=taken.segments,
        units=taken.units,
        encoding=taken.encoding,
        variables=variables,
    )
