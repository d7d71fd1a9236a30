"""Those who answer for a household, in the order in which they are told: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from domain.people import Language, Role


class Group(StrEnum):
    """Those who answer for a household, in the order in which they are told."""

    RESIDENT = "resident"
    FIRST_GUARDIAN = "first_guardian"
    PAIRED = "paired"
    OTHER_CONTACTS = "other_contacts"  # the other guardians and the grid's workers
    DUTY_STAFF = "duty_staff"
    SUPERVISOR = "supervisor"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone who may get a text, or a call by choice. `blocked` says why none goes to this phone."""

    contact_id: str
    addressee: str
    name: str
    role: Role | None
    phone: str | None
    language: Language
    blocked: str | None = None
    by_call: bool = False
    serves_all: bool = False  # an operator of all communities

    @property
    def reachable(self) -> bool:
        return self.phone is not None and self.blocked is None

    @property
    def is_staff(self) -> bool:
        """Or a volunteer; neither lives there nor is family."""
        return self.role not in (None, Role.GUARDIAN)


Circle = Mapping[Group, tuple[Person, ...]]


def reachable(circle: Circle, groups: tuple[Group, ...]) -> tuple[Person, ...]:
    """Each person of these groups who can get a text, once, in the groups' order."""
    people = chain.from_iterable(circle.get(group, ()) for group in groups)
    return tuple({person.contact_id: person for person in people if person.reachable}.values())
