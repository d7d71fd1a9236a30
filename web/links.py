"""A guardian's link: signed, for one contact, until a time. No row is needed to check it, and nothing in it is secret
but the signature; it opens the pages for the one alert's day, and neither notes nor consent."""

import hmac
import re
from base64 import b32encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

LASTS = timedelta(hours=24)
LONGEST = 84  # characters: what a text has room for; a longer one is left out, and the code to the phone remains
SHORTEST_KEY = 32  # characters
_SIGNATURE_BYTES = 12
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")


class LinkKeyError(ValueError):
    """Keys that can't sign links; the text names the setting, says which and why."""


class Links:
    """The first key signs, all check: put a new one in front to rotate. Without a key there are no links."""

    def __init__(self, public_url: str, keys: Sequence[str] = ()) -> None:
        if short := [f"key {n} has {len(key)}" for n, key in enumerate(keys, start=1) if len(key) < SHORTEST_KEY]:
            raise LinkKeyError(f"ANJU_WEB_LINK_KEYS: {', '.join(short)} characters, wants {SHORTEST_KEY} or more")
        self._url = public_url.rstrip("/")
        self._keys = [key.encode() for key in keys]

    def link_for(self, contact_id: str, now: datetime) -> str | None:
        """The whole address for a text; None where there is no key, no room, or an id that no address can hold."""
        if not self._keys or not _PLAIN.fullmatch(contact_id):
            return None
        signed = f"{contact_id}.{int((now + LASTS).timestamp()):x}"
        link = f"{self._url}/l/{signed}.{_signature(self._keys[0], signed)}"
        return link if len(link) <= LONGEST else None

    def contact_of(self, token: str, now: datetime) -> str | None:
        """Whose link it is, while it lasts; None for anything else."""
        signed, _, signature = token.rpartition(".")
        right = [hmac.compare_digest(_signature(key, signed).encode(), signature.encode()) for key in self._keys]
        if not any(right):
            return None
        contact_id, _, ends = signed.rpartition(".")
        return contact_id if now < datetime.fromtimestamp(int(ends, 16), UTC) else None


def _signature(key: bytes, signed: str) -> str:
    """Letters and digits alone: phones end a link at other signs."""
    digest = hmac.digest(key, f"anju guardian link {signed}".encode(), sha256)
    return b32encode(digest[:_SIGNATURE_BYTES]).decode().rstrip("=").lower()
