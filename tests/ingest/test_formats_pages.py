"""The guide's pages on formats can't drift: every example on them is decoded again."""

import json
import re
import shlex
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from ingest.codecs import DECODERS
from ingest.codecs.profiles import PROFILES
from ingest.lines import decode_command, decode_many

PAGES = Path(__file__).parents[2] / "docs" / "formats"
RECEIVED_AT = datetime(2026, 3, 1, 6, 31, tzinfo=UTC)
BLOCK = re.compile(r"```console\n\$ (anju decode [^\n]*) <<'END'\n(.*?)\nEND\n(.*?)```", re.S)


def examples() -> list[Any]:
    pages = sorted(PAGES.glob("*.md"))
    return [
        pytest.param(*found.groups(), id=f"{page.stem}{i}")
        for page in pages
        for i, found in enumerate(BLOCK.finditer(page.read_text(encoding="utf-8")))
    ]


def printed(command: str, typed: str) -> list[dict[str, Any]]:
    words = shlex.split(command)[2:]
    options = list(zip(words[::2], words[1::2], strict=True))
    if ("--messages", "/dev/stdin") in options:
        return list(decode_many(typed.encode().splitlines(), {}, RECEIVED_AT, UTC))
    topic = dict(options)["--topic"]
    device = [value for name, value in options if name == "--device"]
    lines = decode_command(topic, device, None, None, "UTC", now=RECEIVED_AT, stdin=BytesIO(typed.encode() + b"\n"))
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize(("command", "typed", "shown"), examples())
def test_an_example_of_the_guide_is_what_the_decoder_says(command: str, typed: str, shown: str) -> None:
    assert printed(command, typed) == [json.loads(line) for line in shown.splitlines()]


@pytest.mark.parametrize("name", sorted(DECODERS.keys() - {"ha_discovery"}))
def test_every_format_has_its_page_with_an_example(name: str) -> None:
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    assert BLOCK.search(page)
    assert f"({name}.md)" in (PAGES / "README.md").read_text(encoding="utf-8")


def test_every_device_profile_is_on_its_page() -> None:
    page = (PAGES / "lorawan.md").read_text(encoding="utf-8")
    assert [name for name in PROFILES if f"`{name}`" not in page] == []
