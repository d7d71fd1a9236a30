"""The words of the ledger's lists in Chinese: who keeps the files in a Chinese city writes 独居, not living_alone."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from domain.entered import one_of
from domain.people import Category, Language, Role, ToldBy
from domain.wristband import BandField

WORDS: Mapping[str, str] = {
    "中文": Language.ZH,
    "英文": Language.EN,
    "短信": ToldBy.TEXT,
    "电话": ToldBy.CALL,
    "独居": Category.LIVING_ALONE,
    "空巢": Category.EMPTY_NEST,
    "80岁以上": Category.OVER_80,
    "低保": Category.LOW_INCOME,
    "特困": Category.EXTREME_POVERTY,
    "残疾": Category.DISABLED,
    "计生特殊家庭": Category.SPECIAL_FAMILY,
    "失智": Category.DEMENTIA,
    "其他": Category.OTHER,
    "监护人": Role.GUARDIAN,
    "网格员": Role.GRID_WORKER,
    "志愿者": Role.VOLUNTEER,
    "值班人员": Role.DUTY_STAFF,
    "主管": Role.SUPERVISOR,
    "运维人员": Role.OPERATOR,
    "称呼": BandField.SALUTATION,
    "年龄": BandField.AGE,
    "姓名": BandField.NAME,
    "联系人和电话": BandField.CONTACTS,
    "病情资料": BandField.HEALTH,
    "位置": BandField.WHEREABOUTS,
    "求助按钮": "sos_button",
    "漏水传感器": "leak_sensor",
    "烟雾报警器": "smoke_detector",
    "燃气报警器": "gas_detector",
    "门磁": "door_contact",
    "人体感应": "motion_sensor",
    "是": "yes",
}
_THEIRS = {ours: chinese for chinese, ours in WORDS.items()}


def in_ours(text: str) -> str:
    """Our word for a Chinese one; any other text as it is."""
    return WORDS.get("".join(text.split()), text)


def in_theirs(listed: str) -> str:
    """The Chinese for words of the ledger's lists, one or several; anything else as it is."""
    words = listed.split(", ")
    return "、".join(_THEIRS[word] for word in words) if _THEIRS.keys() >= set(words) else listed


def among(kinds: type[StrEnum] | tuple[str, ...]) -> Callable[[str], str]:
    """One of a list, in our word or in Chinese."""
    parse = one_of(kinds)
    return lambda text: parse(in_ours(text))
