"""The ledger: communities, grids, buildings, households, residents, and those who answer for them."""

from enum import StrEnum


class Category(StrEnum):
    """Official groups that a resident may belong to."""

    LIVING_ALONE = "living_alone"
    EMPTY_NEST = "empty_nest"
    OVER_80 = "over_80"
    LOW_INCOME = "low_income"
    EXTREME_POVERTY = "extreme_poverty"
    DISABLED = "disabled"
    SPECIAL_FAMILY = "special_family"
    DEMENTIA = "dementia"
    OTHER = "other"


class Role(StrEnum):
    """What a contact is to a household; all but the guardian are staff."""

    GUARDIAN = "guardian"
    GRID_WORKER = "grid_worker"
    VOLUNTEER = "volunteer"
    DUTY_STAFF = "duty_staff"
    SUPERVISOR = "supervisor"
    OPERATOR = "operator"


class ToldBy(StrEnum):
    """How somebody wants to be told: in writing, or by a call that takes a key."""

    TEXT = "text"
    CALL = "call"


class Language(StrEnum):
    """Languages that messages and pages speak."""

    ZH = "zh"
    EN = "en"
