"""Settings from a TOML file and the environment; every mistake is named at once."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from config.setting import PREFIX, ConfigError, Described, Value
from config.settings import Settings, described, sections


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What file and environment say. `settings`: with the defaults for the keys of `wrong`."""

    settings: Settings
    problems: list[str]
    wrong: frozenset[str]


def load(path: Path | None, env: Mapping[str, str]) -> Settings:
    """Defaults, then the file, then the environment; the later wins.

    Raises `ConfigError` for an unknown key (naming the nearest known one), a value of the wrong type or beyond its
    bounds, a secret in the file, and a file that can't be read.
    """
    found = find(path, env)
    if found.problems:
        raise ConfigError("\n".join(found.problems))
    return found.settings


def find(path: Path | None, env: Mapping[str, str]) -> Found:
    """As `load`, for who looks for more mistakes in what remains; raises only where the file can't be read."""
    known = {d.key: d for d in described()}
    wrong: dict[str, list[str]] = {}
    values = _from_environment(env, known, wrong)
    if path is not None:
        try:
            values = _from_file(path, known, wrong) | values
        except ConfigError as e:
            raise ConfigError("\n".join([str(e), *chain.from_iterable(wrong.values())])) from e
    chosen = {
        name: cls(**{key.partition(".")[2]: v for key, v in values.items() if key.startswith(f"{name}.")})
        for name, cls in sections().items()
    }
    problems = list(chain.from_iterable(wrong.values()))
    return Found(settings=Settings(**chosen), problems=problems, wrong=frozenset(wrong))


def toml(path: Path) -> dict[str, Any]:
    """What a TOML file says, also one that Windows marked as UTF-8; raises `ConfigError`."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as e:
        raise ConfigError(f"{path}: can't be read: {e.strerror}") from e
    except UnicodeDecodeError as e:
        line = e.object.count(b"\n", 0, e.start) + 1
        raise ConfigError(f"{path}: line {line} is not UTF-8 text: save the file as UTF-8") from e
    except tomllib.TOMLDecodeError as e:
        raise ConfigError(f"{path}: not TOML: {e}") from e


def _from_file(path: Path, known: Mapping[str, Described], wrong: dict[str, list[str]]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for section, body in toml(path).items():
        if not isinstance(body, dict):
            _note(wrong, section, f"{path}: {section!r} stands outside a section{_nearest(section, known)}")
            continue
        for name, value in body.items():
            key = f"{section}.{name}"
            try:
                values[key] = _checked(_known(key, known, str(path)), value, str(path))
            except ConfigError as e:
                _note(wrong, key, str(e))
    return values


def _note(wrong: dict[str, list[str]], key: str, problem: str) -> None:
    wrong.setdefault(key, []).append(problem)


def _from_environment(
    env: Mapping[str, str], known: Mapping[str, Described], wrong: dict[str, list[str]]
) -> dict[str, Value]:
    """`ANJU_SECTION_NAME`, or `ANJU_SECTION_NAME_FILE` with the path of a file that holds the value."""
    by_variable = {d.variable: d for d in known.values()}
    ours = tuple(f"{PREFIX}_{name}_".upper() for name in sections())
    values: dict[str, Value] = {}
    for variable, text in env.items():
        if not variable.startswith(ours):
            continue
        d = by_variable.get(variable) or by_variable.get(variable.removesuffix("_FILE"))
        if d is None:
            _note(wrong, variable, f"environment: {variable} is no setting{_nearest(variable, by_variable)}")
            continue
        try:
            values[d.key] = _parsed(d, text if variable == d.variable else _file_of(variable, text), variable)
        except ConfigError as e:
            _note(wrong, d.key, str(e))
    return values


def _file_of(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as e:
        raise ConfigError(f"environment: {variable}={path}: can't be read: {e.strerror}") from e
    except UnicodeDecodeError as e:
        raise ConfigError(f"environment: {variable}={path}: is not UTF-8 text") from e


def _known(key: str, known: Mapping[str, Described], where: str) -> Described:
    if key not in known:
        raise ConfigError(f"{where}: {key} is no setting{_nearest(key, known)}")
    if known[key].secret:
        raise ConfigError(f"{where}: {key} is a secret: set {known[key].variable} or ..._FILE instead")
    return known[key]


def _nearest(key: str, known: Mapping[str, Described]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
    return f"; the nearest is {near[0]}" if near else ""


def _checked(d: Described, value: object, where: str) -> Value:
    """`value` as the setting's type; an int will do for a float, nothing else for anything else."""
    if d.type is float and type(value) is int:
        value = float(value)
    if not isinstance(value, d.type) or isinstance(value, bool) is not (d.type is bool):
        raise ConfigError(f"{where}: {d.key} = {value!r}: {_wants(d)}")
    if not _is_within(d, value):
        raise ConfigError(f"{where}: {d.key} = {value!r}: {_wants(d)}")
    return value


def _is_within(d: Described, value: Value) -> bool:
    """NaN is within no bounds."""
    return d.within is None or isinstance(value, str) or d.within[0] <= value <= d.within[1]


def _parsed(d: Described, text: str, variable: str) -> Value:
    shown = "(secret)" if d.secret else repr(text)
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    try:
        value = words[text.lower()] if d.type is bool else d.type(text)
    except (ValueError, KeyError):
        raise ConfigError(f"environment: {variable} = {shown}: {_wants(d)}") from None
    if not _is_within(d, value):
        raise ConfigError(f"environment: {variable} = {shown}: {_wants(d)}")
    return value


def _wants(d: Described) -> str:
    noun = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}[d.type]
    bounds = f" from {d.within[0]} to {d.within[1]}" if d.within else ""
    return f"wants {noun}{bounds}" + (f" [{d.unit}]" if d.unit else "")
