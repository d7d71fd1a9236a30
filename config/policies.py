"""Policies from a TOML file: [low_use] for all communities, [community.c1.low_use] for one; what is not said stays."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from config.load import toml
from config.setting import ConfigError
from domain.finding import AlertKind
from notifier.circle import Group
from notifier.timelines import Policies, Policy, Step

Word = TypeVar("Word", AlertKind, Group)

_MINUTES = {
    "ask_minutes": "ask_wait",
    "acknowledged_minutes": "acknowledged_for",
    "on_site_minutes": "on_site_for",
    "look_again_minutes": "look_again_after",
    "round_minutes_after_a_day": "round_wait_after_a_day",
}
_SWITCHES = ("ask_by_call", "repeats", "held_in_quiet_hours")
_KEYS = (*_MINUTES, *_SWITCHES, "steps", "step_minutes")
_NONE_WITH_ZERO = ("ask_minutes", "look_again_minutes")


def load_policies(file: Path | None) -> Policies:
    """The shipped timelines, changed where the file says so; an unknown word is an error that names the nearest."""
    if file is None:
        return Policies()
    problems: list[str] = []
    content = toml(file)
    communities = content.pop("community", {})
    shipped = Policies().by_kind
    by_kind = {**shipped, **_by_kind(shipped, content, f"{file}: [", problems)}
    own: dict[tuple[str, AlertKind], Policy] = {}
    for community, kinds in _tables(communities, f"{file}: community", problems):
        where = f"{file}: [community.{community}."
        own |= {(community, kind): policy for kind, policy in _by_kind(by_kind, kinds, where, problems).items()}
    if problems:
        raise ConfigError("\n".join(problems))
    return Policies(by_kind=by_kind, by_community=own)


def _by_kind(
    before: Mapping[AlertKind, Policy], wanted: Any, where: str, problems: list[str]
) -> dict[AlertKind, Policy]:
    """The timelines that differ from `before`."""
    changed = {}
    for name, keys in _tables(wanted, where, problems):
        place = f"{where}{name}]"
        try:
            kind = _known(AlertKind, name, place)
        except ConfigError as e:
            problems.append(str(e))
            continue
        changed[kind] = _changed(before[kind], keys, place, problems)
    return changed


def _tables(wanted: Any, where: str, problems: list[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(wanted, dict):
        problems.append(f"{where} = {wanted!r}: wants a table")
        return
    for name, table in wanted.items():
        if isinstance(table, dict):
            yield name, table
        else:
            problems.append(f"{where}{name}] = {table!r}: wants a table")


def _changed(policy: Policy, wanted: Mapping[str, Any], where: str, problems: list[str]) -> Policy:
    values: dict[str, Any] = {}
    wait: timedelta | None = None
    for key, value in wanted.items():
        try:
            if key in _SWITCHES:
                values[key] = _switch(value, key, where)
            elif key in _MINUTES:
                values[_MINUTES[key]] = _minutes(value, key, where)
            elif key == "step_minutes":
                wait = _minutes(value, key, where)
            elif key != "steps":
                problems.append(f"{where}: {key} is unknown{_nearest(key, _KEYS)}")
        except ConfigError as e:
            problems.append(str(e))
    if "steps" in wanted or wait:
        try:
            values["steps"] = _steps(policy, wanted.get("steps"), wait, where)
        except ConfigError as e:
            problems.append(str(e))
    return replace(policy, **values)


def _switch(value: Any, key: str, where: str) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{where}: {key} = {value!r}: wants true or false")
    return value


def _steps(policy: Policy, wanted: Any, wait: timedelta | None, where: str) -> tuple[Step, ...]:
    if wanted is None:
        return tuple(replace(step, wait=wait or step.wait) for step in policy.steps)
    if not isinstance(wanted, list) or not wanted or not all(isinstance(g, list) and g for g in wanted):
        raise ConfigError(f'{where}: steps = {wanted!r}: wants lists of groups, as [["first_guardian", "paired"]]')
    groups = [tuple(_known(Group, str(name), f"{where}: steps") for name in step) for step in wanted]
    return tuple(Step(groups=step, wait=wait or policy.steps[0].wait) for step in groups)


def _minutes(value: Any, key: str, where: str) -> timedelta | None:
    """Zero switches off where that makes sense; nothing waits longer than a week."""
    none = key in _NONE_WITH_ZERO
    if isinstance(value, bool) or not isinstance(value, int | float) or not (0 if none else 1) <= value <= 10080:
        raise ConfigError(f"{where}: {key} = {value!r}: wants minutes, {0 if none else 1} to 10080")
    return timedelta(minutes=value) if value else None


def _known(words: type[Word], name: str, where: str) -> Word:
    try:
        return words(name)
    except ValueError:
        raise ConfigError(f"{where}: {name} is unknown{_nearest(name, [w.value for w in words])}") from None


def _nearest(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
