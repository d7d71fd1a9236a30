"""Approved templates: what has to be registered with a provider, and one text as its template's variables."""

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from domain.entered import is_landline
from notifier.contract import Cap, Capabilities, ChannelError, Failure, Outgoing
from notifier.messages import LONGEST_VARIABLE, Texts, short

_FORBIDDEN = str.maketrans({"【": "「", "】": "」", "[": "(", "]": ")"})  # brackets are for signs alone


class TemplatesError(Exception):
    """The settings don't give every template its code at the provider; names what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A template at the provider: its code, and its variables in the order in which they stand."""

    code: str
    names: tuple[str, ...]

    def values(self, text: Outgoing) -> dict[str, str]:
        """Each 1 to 35 characters, no brackets."""
        missing = [name for name in self.names if name not in text.variables]
        if missing:
            raise ChannelError(Failure.REFUSED, f"template {text.template} wants {missing[0]}")
        return {name: _clean(text.variables[name]) for name in self.names}


class InChina(Protocol):
    """What the rules of a provider for mainland China have in common."""

    @property
    def sign(self) -> str: ...
    @property
    def replies(self) -> bool: ...
    @property
    def cost(self) -> float: ...
    @property
    def caps(self) -> tuple[Cap, ...]: ...


def capabilities_in_china(phone: str, rules: InChina) -> Capabilities | None:
    """Mainland China's mobiles only: elsewhere other signs and templates are wanted."""
    if not phone.startswith("+86") or is_landline(phone):
        return None
    return Capabilities(
        receipts=True, replies=rules.replies, free_text=False, sign=rules.sign, cost=rules.cost, caps=rules.caps
    )


def registered(texts: Texts, pairs: str) -> dict[str, Registered]:
    """From "alert=SMS_1 ask=SMS_2 ...": every template of the shipped words has its code."""
    codes = dict(part.partition("=")[::2] for part in pairs.split())
    known = list(template_keys(texts))
    if strange := sorted(set(codes) - set(known)):
        raise TemplatesError(f"{strange[0]} is no template; there are {', '.join(known)}")
    if missing := [key for key in known if not codes.get(key)]:
        raise TemplatesError(f"no code for {', '.join(missing)}; `anju message templates` shows what to register")
    return {key: Registered(code=codes[key], names=_names(texts.approved(key))) for key in known}


def template_keys(texts: Texts) -> Iterable[str]:
    return texts.words["zh"]["template"]


def of(templates: Mapping[str, Registered], text: Outgoing) -> Registered:
    """The template of a text."""
    if text.template not in templates:
        raise ChannelError(Failure.REFUSED, f"template {text.template} is not registered")
    return templates[text.template]


def to_register(texts: Texts, provider: str) -> dict[str, str]:
    """Each template as the provider wants it written: ${place} for Aliyun, {1} for Tencent."""
    written = {}
    for key in template_keys(texts):
        phrase = texts.approved(key)
        names = _names(phrase)
        as_written = {
            name: f"${{{name}}}" if provider == "aliyun" else f"{{{n}}}" for n, name in enumerate(names, start=1)
        }
        written[key] = phrase.format_map(as_written)
    return written


def _names(phrase: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for _, name, _, _ in string.Formatter().parse(phrase) if name))


def _clean(value: str) -> str:
    return short(value.translate(_FORBIDDEN).strip(), LONGEST_VARIABLE) or "-"
