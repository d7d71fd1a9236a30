"""The wristband: a random card, not a person; what it may show, to whom, at which stage."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from ipaddress import ip_address, ip_network

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no 0 O 1 I L: read aloud and typed without mistakes
CARD_LENGTH = 26  # 31^26 is 2^128.8: nobody guesses one
NUMBER_LENGTH = 8  # 31^8 is 8.5e11: short enough to type and to say, and guessing is limited
LONGEST_URL = 50  # characters that QR version 4 holds at level H


class BandState(StrEnum):
    """Where a band stands. Only an active one shows a person."""

    ACTIVE = "active"
    LOST = "lost"
    REVOKED = "revoked"
    REPLACED = "replaced"
    EXPIRED = "expired"


_NEXT: dict[BandState, frozenset[BandState]] = {
    BandState.ACTIVE: frozenset({BandState.LOST, BandState.REVOKED, BandState.REPLACED, BandState.EXPIRED}),
    BandState.LOST: frozenset({BandState.ACTIVE, BandState.REVOKED, BandState.REPLACED, BandState.EXPIRED}),
    BandState.REVOKED: frozenset(),
    BandState.REPLACED: frozenset(),
    BandState.EXPIRED: frozenset({BandState.REPLACED}),
}


class BandField(StrEnum):
    """What a band may show or do; each needs its own consent."""

    SALUTATION = "salutation"
    AGE = "age"
    NAME = "name"
    CONTACTS = "contacts"
    HEALTH = "health"
    WHEREABOUTS = "whereabouts"


class Stage(StrEnum):
    """How far a finder has gone. Opening the page is the first; the others are the finder's own deed."""

    VIEWED = "viewed"
    PRESENT = "present"
    MEDICAL = "medical"


class Emergency(StrEnum):
    """Why the medical notes are opened; written into the log."""

    UNCONSCIOUS = "unconscious"
    INJURED = "injured"
    UNWELL = "unwell"
    CONFUSED = "confused"
    PROFESSIONAL = "professional"


_SHOWN: dict[Stage, frozenset[BandField]] = {
    Stage.VIEWED: frozenset({BandField.SALUTATION, BandField.AGE}),
    Stage.PRESENT: frozenset({BandField.SALUTATION, BandField.AGE, BandField.NAME, BandField.CONTACTS}),
    Stage.MEDICAL: frozenset(BandField) - {BandField.WHEREABOUTS},
}


class UrlTooLongError(ValueError):
    """The service's own address leaves no room in a code that a phone reads on a wrist."""


class ImpossibleBandStepError(Exception):
    """A band can't go from the one state to the other; names both."""

    def __init__(self, before: BandState, after: BandState) -> None:
        super().__init__(f"a band that is {before.value} can't become {after.value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One band as it is kept. `band_id` is its opaque number in logs and time series; the card id is nowhere."""

    band_id: int
    resident_id: str
    number: str
    state: BandState
    issued_at: datetime
    expires_at: datetime | None

    def state_at(self, now: datetime) -> BandState:
        """Expiry needs nobody to write it down."""
        over = self.expires_at is not None and self.expires_at <= now
        return BandState.EXPIRED if over and self.state is BandState.ACTIVE else self.state


def step(before: BandState, after: BandState) -> BandState:
    """`after`, if a band may go there; raises `ImpossibleBandStepError`."""
    if after not in _NEXT[before]:
        raise ImpossibleBandStepError(before, after)
    return after


def shown(stage: Stage, consented: Collection[BandField], *, all_at_once: bool) -> frozenset[BandField]:
    """The fields that this stage shows: never one without consent. `all_at_once` is the wearer's own wish."""
    open_now = _SHOWN[Stage.MEDICAL] if all_at_once else _SHOWN[stage]
    return open_now & frozenset(consented)


def new_code(length: int, below: Callable[[int], int]) -> str:
    """A random card id or number; `below(n)` gives a secure random number under n."""
    return "".join(ALPHABET[below(len(ALPHABET))] for _ in range(length))


def clean(text: str, length: int) -> str | None:
    """What was scanned or typed, in our spelling; None where it can't be a code of this length."""
    code = "".join(character for character in text.upper() if character not in " -_.·")
    return code if len(code) == length and set(code) <= set(ALPHABET) else None


def card_hash(card_id: str) -> bytes:
    """What is kept of a card id. Random 128 bits need no salt."""
    return sha256(card_id.encode("ascii")).digest()


def spaced(number: str) -> str:
    """A number in groups of four, as it is printed and said."""
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def card_url(public_url: str, card_id: str) -> str:
    """What the QR code holds, in capitals: they take a third less room. Raises `UrlTooLongError`."""
    url = f"{public_url.rstrip('/').upper()}/1/{card_id}"
    if len(url) > LONGEST_URL:
        longest = LONGEST_URL - len("/1/") - CARD_LENGTH
        raise UrlTooLongError(
            f"public_url: {public_url!r} is longer than {longest} characters; the code would be too fine"
        )
    return url


def coarse(address: str) -> str:
    """An address without its last part: enough to see a pattern, not a person."""
    try:
        known = ip_address(address)
    except ValueError:
        return "?"
    return str(ip_network(f"{known}/{24 if known.version == 4 else 48}", strict=False))
