"""Policies from a TOML file: [low_use] for all communities, [community.c1.low_use] for one; what is not said stays."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

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
    policies = Policies()
    if file is None:
        return policies
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as e:
        raise ConfigError(f"{file}: can't be read: {e.strerror}") from e
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        raise ConfigError(f"{file}: not TOML: {e}") from e
    communities = content.pop("community", {})
    by_kind = dict(policies.by_kind)
    for name, wanted in content.items():
        kind = _known(AlertKind, name, f"{file}: [{name}]")
        by_kind[kind] = _changed(by_kind[kind], wanted, f"{file}: [{name}]")
    own = {}
    for community, kinds in communities.items():
        for name, wanted in kinds.items():
            where = f"{file}: [community.{community}.{name}]"
            kind = _known(AlertKind, name, where)
            own[community, kind] = _changed(by_kind[kind], wanted, where)
    return Policies(by_kind=by_kind, by_community=own)


def _changed(policy: Policy, wanted: Mapping[str, Any], where: str) -> Policy:
    for key in wanted:
        if key not in _KEYS:
            raise ConfigError(f"{where}: {key} is unknown{_nearest(key, _KEYS)}")
    values: dict[str, Any] = {name: wanted[name] for name in _SWITCHES if name in wanted}
    for key, name in _MINUTES.items():
        if key in wanted:
            values[name] = _minutes(wanted[key], key, where)
    if "steps" in wanted or "step_minutes" in wanted:
        wait = _minutes(wanted["step_minutes"], "step_minutes", where) if "step_minutes" in wanted else None
        values["steps"] = _steps(policy, wanted.get("steps"), wait, where)
    return replace(policy, **values)


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
