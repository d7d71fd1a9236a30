"""Recordings: a message in, and on the next line what must come out of it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.lines import decode_one

RECORDINGS = Path(__file__).parents[1] / "recordings"
RECEIVED_AT = datetime(2026, 3, 1, 6, 31, tzinfo=UTC)


def cases() -> list[Any]:
    return [
        pytest.param(json.loads(told), json.loads(expected), id=f"{path.stem}{i}")
        for path in sorted(RECORDINGS.glob("*.jsonl"))
        for i, (told, expected) in enumerate(_pairs(path.read_text(encoding="utf-8").splitlines()))
    ]


def _pairs(lines: list[str]) -> Iterator[tuple[str, str]]:
    return zip(lines[::2], lines[1::2], strict=True)


@pytest.mark.parametrize(("message", "expected"), cases())
def test_a_recorded_message_decodes_as_recorded(message: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    lines = list(decode_one(message["topic"], message["payload"].encode(), RECEIVED_AT, message.get("device", {}), UTC))
    assert [{name: value for name, value in line.items() if name != "message"} for line in lines] == expected
