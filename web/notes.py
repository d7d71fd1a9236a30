"""A wearer's medical notes, readable only with a key that isn't in the database."""

import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE, _KEY_ID = 12, 4


class NotesError(Exception):
    """The notes can't be read or written; says why, never what they hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What helps a helper."""

    care: str = ""
    history: str = ""
    allergies: str = ""
    medicines: str = ""
    blood_type: str = ""


class NotesCipher:
    """AES-256-GCM, bound to the resident. The first key encrypts, all decrypt: put a new one in front to rotate."""

    def __init__(self, keys: Sequence[str]) -> None:
        if wrong := [f"key {n} {why}" for n, key in enumerate(keys, start=1) if (why := _wrong(key))]:
            raise NotesError(f"ANJU_WEB_NOTES_KEYS: {', '.join(wrong)}; make one by: openssl rand -base64 {KEY_BYTES}")
        self._keys = {_key_id(key): AESGCM(key) for key in map(b64decode, keys)}
        self._newest = next(iter(self._keys), None)

    @property
    def ready(self) -> bool:
        """Whether there is a key at all."""
        return self._newest is not None

    def seal(self, notes: Notes, resident_id: str) -> bytes:
        if self._newest is None:
            raise NotesError("ANJU_WEB_NOTES_KEYS: no key for medical notes is set; they can't be kept")
        nonce = secrets.token_bytes(_NONCE)
        plain = json.dumps(asdict(notes), ensure_ascii=False).encode()
        return self._newest + nonce + self._keys[self._newest].encrypt(nonce, plain, resident_id.encode())

    def open(self, sealed: bytes, resident_id: str) -> Notes:
        """Raises `NotesError` when the key is gone, or the bytes are another resident's or were touched."""
        key_id, nonce, body = sealed[:_KEY_ID], sealed[_KEY_ID : _KEY_ID + _NONCE], sealed[_KEY_ID + _NONCE :]
        key = self._keys.get(key_id)
        if key is None:
            raise NotesError(f"the key {key_id.hex()} that these notes were written with isn't set")
        try:
            plain = json.loads(key.decrypt(nonce, body, resident_id.encode()))
        except InvalidTag as e:
            raise NotesError("the notes don't fit their key or their resident") from e
        return Notes(**{field.name: str(plain.get(field.name, "")) for field in fields(Notes)})

    def outdated(self, sealed: bytes) -> bool:
        """Whether another key than the newest was used."""
        return sealed[:_KEY_ID] != self._newest


def new_key() -> str:
    """A key as the settings want it: 32 random bytes, base64."""
    return b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _wrong(key: str) -> str | None:
    """Why it is no key; never what it is."""
    try:
        raw = b64decode(key, validate=True)
    except ValueError:
        return "isn't base64"
    return None if len(raw) == KEY_BYTES else f"has {len(raw)} bytes instead of {KEY_BYTES}"


def _key_id(key: bytes) -> bytes:
    return sha256(b"anju notes" + key).digest()[:_KEY_ID]
