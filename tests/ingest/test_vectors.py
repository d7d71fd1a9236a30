"""Every real payload of the shared material decodes as its finder wrote down."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from domain.reading import Decoded
from ingest.decode import Decoder
from ingest.lines import device_of, line

RECEIVED_AT = datetime(2026, 11, 22, tzinfo=UTC)
MATERIAL = os.environ.get("ANJU_TEST_MATERIAL")
CARRYING = {
    "water_meter", "pulse_counter", "leak_sensor", "smoke_detector", "gas_detector", "sos_button", "door_contact",
    "water_meter_alarm", "device_status", "gateway_status", "gateway_alarm",
}  # fmt: skip
COMPARED = {
    "leak", "burst", "dry", "backflow", "smoke", "gas", "sos", "online", "open", "low_battery", "tamper", "blocked",
    "fault", "empty_pipe", "water_flow_timeout_alarm", "water_outage_timeout_alarm", "gateway_radio_silent",
}  # fmt: skip


def folder() -> Path:
    return Path(MATERIAL or "") / "payloads"


def vectors() -> list[dict[str, Any]]:
    if not MATERIAL:
        return []
    found: list[dict[str, Any]] = json.loads((folder() / "index.json").read_text())["vectors"]
    return found


def results(vector: dict[str, Any]) -> list[dict[str, Any]]:
    by_id = {v["id"]: v for v in vectors()}
    expected_id = str(vector["expected"]["device_id"])
    device = device_of(expected_id, vector.get("device", {}))
    decoder = Decoder({expected_id: device, expected_id.lower(): device})
    for before in vector.get("after", []):
        told(decoder, by_id[before])
    return [line(decoded) for decoded in told(decoder, vector)]


def told(decoder: Decoder, vector: dict[str, Any]) -> list[Decoded]:
    return decoder.decode(vector["topic"], (folder() / vector["file"]).read_bytes(), RECEIVED_AT)


def at_of(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def complaints(expected: dict[str, Any], got: dict[str, Any]) -> Iterator[str]:
    """What is wrong with one line, nothing where it is right."""
    if "refused" in got:
        names_unit = expected["volume_l"] is None and "unit" in got["refused"]
        if expected["kind"] != "malformed" and not names_unit:
            yield f"refused: {got['refused']}"
    elif expected["kind"] == "malformed":
        yield f"not refused: {got}"
    elif "ignored" in got:
        if expected["kind"] in CARRYING:
            yield f"ignored: {got['ignored']}"
    else:
        yield from about_flags(expected["flags"] or {}, got["flags"], carrying=expected["kind"] in CARRYING)
        yield from about_values(expected, got) if expected["kind"] in CARRYING else about_nothing(got)


def about_flags(expected: dict[str, bool], got: dict[str, bool], *, carrying: bool) -> Iterator[str]:
    yield from (f"false alarm {name}" for name in COMPARED if got.get(name) and expected.get(name) is not True)
    if carrying:
        compared = expected.keys() & COMPARED
        yield from (f"{name}: {got.get(name)}" for name in compared if got.get(name) is not expected[name])


def about_nothing(got: dict[str, Any]) -> Iterator[str]:
    if got["register_l"] is not None:
        yield f"invented {got['register_l']}"


def about_values(expected: dict[str, Any], got: dict[str, Any]) -> Iterator[str]:
    register, at, battery = expected["volume_l"], expected["timestamp"], expected["battery"]
    if got["kind"] != expected["kind"] or str(got["device_id"]).lower() != str(expected["device_id"]).lower():
        yield f"{got['kind']} {got['device_id']}"
    if at and (got["at_source"] == "server" or at_of(at) != at_of(got["at"])):
        yield f"at {got['at']} of {got['at_source']}"
    if (register is None) != (got["register_l"] is None) or (register or 0) != pytest.approx(got["register_l"] or 0):
        yield f"register_l {got['register_l']}"
    if isinstance(battery, dict) and got["battery"] != battery:
        yield f"battery {got['battery']}"
    past = {(at_of(p["timestamp"]), p["volume_l"]) for p in expected.get("history", []) if "volume_l" in p}
    if past and past != {(at_of(p["at"]), p["register_l"]) for p in got["history"]}:
        yield f"history {got['history']}"


@pytest.mark.skipif(MATERIAL is None, reason="ANJU_TEST_MATERIAL is not set: no real payloads here")
@pytest.mark.parametrize("vector", [pytest.param(v, id=v["id"]) for v in vectors()])
def test_a_real_payload_decodes_as_expected(vector: dict[str, Any]) -> None:
    lines = results(vector)
    assert lines
    wrong = [list(complaints(vector["expected"], got)) for got in lines]
    assert [] in wrong, f"{vector['topic']}\n{wrong}\n{lines}"
