"""Payload codecs: pure, one file a format; this table names them all."""

from collections.abc import Callable, Mapping
from typing import Any

from ingest.codecs import plain
from ingest.codecs.contract import Decode

DECODERS: Mapping[str, Decode] = {
    "plain": plain.decode,
}

BY_TOPIC: tuple[tuple[Callable[[str], bool], Decode], ...] = ((plain.recognises, plain.decode),)

BY_CONTENT: tuple[tuple[Callable[[Any], bool], Decode], ...] = ((plain.fits, plain.decode),)
