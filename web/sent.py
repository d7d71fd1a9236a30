"""A form that can't be taken as it was sent: every fault at once, by field and value; what was typed stays in it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from domain.entered import LONGEST_NAME, is_plain

LONGEST = LONGEST_NAME  # characters of a name, or of what a paper is called
LONGEST_SHOWN = 60  # characters of a value that a fault repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`name`: the input's, if it is one's fault; `label`, `why`: keys of the pages' words; `value`: what was typed."""

    name: str = ""
    label: str = ""
    why: str = "form.missing"
    value: str = ""
    numbers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """`form`: which of the page's; `page`: the address to come back to. Secrets are never among what was `typed`."""

    form: str = ""
    page: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    faults: Collection[Fault] = ()

    def value(self, form: str, name: str, stored: str = "") -> str:
        """What stands in the field: as typed, else as stored."""
        return self.typed.get(name, stored) if form == self.form else stored

    def wrong(self, form: str, name: str = "") -> list[Fault]:
        """The faults of this form, or of this field of it."""
        return [fault for fault in self.faults if form == self.form and name in {"", fault.name}]


NOTHING = Sent()


def lacking(name: str, label: str, typed: str) -> list[Fault]:
    """A field that must be filled in."""
    return [] if typed.strip() else [Fault(name=name, label=label)]


def too_long(name: str, label: str, typed: str, most: int) -> list[Fault]:
    """A text that would be cut."""
    count = len(typed.strip())
    numbers = {"count": count, "most": most}
    return [Fault(name=name, label=label, why="form.too_long", numbers=numbers)] if count > most else []


def text(name: str, label: str, typed: str, most: int) -> list[Fault]:
    """A text that must be there and fit."""
    return lacking(name, label, typed) or too_long(name, label, typed, most)


def line(name: str, label: str, typed: str, most: int) -> list[Fault]:
    """A text of one line, as a file's column takes it."""
    if faults := text(name, label, typed, most):
        return faults
    return [] if is_plain(typed.strip()) else [Fault(name=name, label=label, why="form.unprintable")]


def choice(name: str, label: str, typed: str, among: Collection[str]) -> list[Fault]:
    """One of a list."""
    return [] if typed in among else [Fault(name=name, label=label, why="form.unknown", value=typed[:LONGEST_SHOWN])]
