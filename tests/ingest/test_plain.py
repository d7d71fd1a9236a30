"""anju's own format: strict, so that a mistake is seen on the first message."""

from datetime import UTC, datetime

import orjson
import pytest

from domain.reading import Decoded, Reading, Refused
from ingest.decode import Decoder

RECEIVED_AT = datetime(2026, 3, 1, 6, 31, tzinfo=UTC)


def decoded(payload: object, topic: str = "anju/gw-7/readings") -> list[Decoded]:
    raw = payload if isinstance(payload, bytes) else orjson.dumps(payload)
    return Decoder().decode(topic, raw, RECEIVED_AT)


def reason(payload: object) -> str:
    (result,) = decoded(payload)
    assert isinstance(result, Refused), result
    return result.reason


def test_one_reading_in_litres() -> None:
    (result,) = decoded({"meter_id": "33225544", "at": "2026-03-01T14:30:00+08:00", "register_l": 123529.5})
    assert result == Reading(
        meter_id="33225544",
        at=datetime(2026, 3, 1, 6, 30, tzinfo=UTC),
        register_l=123529.5,
        at_source="meter",
        gateway_id="gw-7",
    )


def test_cubic_metres_become_litres_once() -> None:
    (result,) = decoded({"meter_id": "33225544", "register_m3": 123.5295, "flags": {"leak": True}})
    assert isinstance(result, Reading)
    assert (result.register_l, dict(result.flags)) == (123529.5, {"leak": True})
    assert (result.at, result.at_source) == (RECEIVED_AT, "server")


def test_one_bad_reading_of_an_array_doesnt_lose_its_neighbours() -> None:
    good = {"meter_id": "a", "register_l": 1}
    results = decoded([good, {"meter_id": "b", "register_l": "12"}, 7, good])
    assert [type(result) for result in results] == [Reading, Refused, Refused, Reading]
    assert results[1] == Refused("[1] register_l: a number was expected, not '12'")


@pytest.mark.parametrize("none", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
def test_a_number_that_is_none_doesnt_lose_its_neighbours_either(none: bytes) -> None:
    results = decoded(b'[{"meter_id":"a","register_l":1},{"meter_id":"b","register_l":%b}]' % none)
    assert [type(result) for result in results] == [Reading, Refused]
    assert results[1] == Refused(f"[1] register_l: a number was expected, not '{none.decode()}'")


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        ({"meter_id": "a"}, "register_l or register_m3 is missing"),
        ({"meter_id": "a", "register_l": -1}, "register_l: -1.0"),
        ({"meter_id": "a", "register_l": 1, "register_m3": 2}, "register_l and register_m3"),
        ({"meter_id": "a", "register_m3": 1e12}, "register_m3: 1000000000000.0"),
        ({"meter_id": "a", "register_l": True}, "register_l: a number was expected, not True"),
        ({"meter_id": "a/b", "register_l": 1}, "meter_id: 'a/b'"),
        ({"meter_id": "+", "register_l": 1}, "meter_id: '+'"),
        ({"meter_id": "a\u0000", "register_l": 1}, "meter_id"),
        ({"meter_id": None, "register_l": 1}, "meter_id"),
        ({"meter_id": "a", "register_l": 1, "at": "2026-03-01 06:30"}, "at: '2026-03-01 06:30'"),
        ({"meter_id": "a", "register_l": 1, "at": 1767247200}, "at: 1767247200"),
        ({"meter_id": "a", "register_L": 1}, "'register_L' is no field of a reading; did you mean register_l?"),
        ({"meter_id": "a", "regster_l": 1}, "'regster_l' is no field of a reading; did you mean register_l?"),
        ({"meterid": "a", "register_l": 1}, "'meterid' is no field of a reading; did you mean meter_id?"),
        ({"meter_id": "a", "register_l": 1, "vol": 1}, "'vol' is no field of a reading; known are at, battery, flags"),
        ({"meter_id": "a", "register_l": 1, "flags": {"leak": 1}}, "flags"),
        ([], "an array of readings"),
        (b'{"meter_id":"a","register_l":NaN}', "register_l: a number was expected, not 'NaN'"),
        (b'{"meter_id":"a","register_l":-Infinity}', "register_l: a number was expected, not '-Infinity'"),
        (b'{"meter_id":"a","register_l":1e999}', "register_l: a number was expected, not '1e999'"),
        (b'{"meter_id":"a","meter_id":"b","register_l":NaN}', "'meter_id' twice"),
        (b'{"meter_id":"a\\ud800","register_l":NaN}', "isn't JSON"),
        (b'{"meter_id":"a\xff","register_l":NaN}', "isn't JSON"),
        (b"[NaN," + b"[" * 10_000, "isn't JSON"),
        (b"NaN", "payload"),
        (b'{"meter_id":"a","register_l":1,"register_l":2}', "'register_l' twice"),
        (b'{"meter_id":"a","register_l":1,"register\\u005fl":2}', "'register_l' twice"),
        (b'{"meter_id":"a\xff","register_l":1}', "isn't JSON"),
        (b"[" * 10_000, "isn't JSON"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "isn't JSON"),
        (b"\x00\x01\x02", "isn't JSON"),
        (b"[" + b" " * 300_000 + b"]", "larger than 262144"),
    ],
)
def test_what_cant_be_a_reading_is_refused_by_field_and_value(payload: object, named: str) -> None:
    assert named in reason(payload)


def test_an_exponent_is_a_number_like_any_other() -> None:
    (result,) = decoded(b'{"meter_id":"a","register_m3":1.5e2}')
    assert isinstance(result, Reading)
    assert result.register_l == 150_000.0
