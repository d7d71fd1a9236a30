"""What one setting is: a field with its default, unit, bounds and reason."""

from dataclasses import MISSING, Field, dataclass, field
from typing import Any

PREFIX = "ANJU"

Value = str | int | float | bool


class ConfigError(Exception):
    """The settings can't be used; the message names every key that is wrong, its value and what would do."""


def setting(
    default: Value, reason: str, *, unit: str = "", secret: bool = False, within: tuple[float, float] | None = None
) -> Any:
    """A dataclass field that carries what the docs say of it. Secrets come from the environment alone.

    `within`: the least and the most of a number; what lies beyond would delete readings, or watch nobody.
    """
    return field(default=default, metadata={"reason": reason, "unit": unit, "secret": secret, "within": within})


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One setting as the docs show it."""

    section: str
    name: str
    type: type[Value]
    default: Value
    unit: str
    reason: str
    secret: bool
    within: tuple[float, float] | None

    @property
    def key(self) -> str:
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        return f"{PREFIX}_{self.section}_{self.name}".upper()


def describe(section: str, f: Field[Any], type_: type[Value]) -> Described:
    if f.default is MISSING:
        raise TypeError(f"the setting {section}.{f.name} has no default")
    if type_ in (int, float) and f.metadata["within"] is None:
        raise TypeError(f"the setting {section}.{f.name} doesn't say within which bounds")
    return Described(section=section, name=f.name, type=type_, default=f.default, **f.metadata)
