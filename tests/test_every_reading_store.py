"""What every store of readings must do, the file and its twin in memory alike."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.reading import CALL_FROM_NOWHERE, DeviceEvent
from store.contracts import Arrival, BandScan, Batch, Kept, ReadingStore, Traces
from store.memory import MemoryReadings
from store.readings import Readings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVER = (NOON - timedelta(days=4000), NOON + timedelta(days=4000))


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReadingStore]:
    made: ReadingStore = Readings(tmp_path / "readings.db") if request.param == "file" else MemoryReadings()
    yield made
    made.close()


def arrival(minutes: float, register_l: float, meter_id: str = "m1", *, late: bool = False) -> Arrival:
    at = NOON + timedelta(minutes=minutes)
    return Arrival(meter_id=meter_id, at=at, register_l=register_l, late=late, received_at=NOON)


def pressed(minutes: float, *, sos: bool = True) -> DeviceEvent:
    at = NOON + timedelta(minutes=minutes)
    return DeviceEvent(
        device_id="button", at=at, kind="sos_button", flags={"sos": sos}, battery={"volts": 2.9}, lacks="x"
    )


def refused(reason: str, kind: str = "refused") -> Kept:
    return Kept(kind=kind, received_at=NOON, topic="t", payload=b"\xff\x00", reason=reason, device_id="m9")


def test_what_is_stored_is_read_in_order_of_time(store: ReadingStore) -> None:
    store.commit(Batch(arrivals=[arrival(15, 1002.5), arrival(0, 1000), arrival(5, 7, "m2")]))
    assert list(store.registers("m1", *EVER)) == [(NOON, 1000.0), (NOON + timedelta(minutes=15), 1002.5)]


def test_any_part_of_what_is_read_can_be_looked_at(store: ReadingStore) -> None:
    store.commit(Batch(arrivals=[arrival(minutes, minutes / 8) for minutes in range(5)]))
    registers = store.registers("m1", *EVER)
    assert len(registers) == 5
    assert registers[0] == (NOON, 0.0)
    assert registers[-1] == (NOON + timedelta(minutes=4), 0.5)
    assert list(registers[1:3]) == list(registers)[1:3]
    assert registers[-1] in registers
    with pytest.raises(IndexError):
        registers[5]


def test_the_end_of_a_window_is_outside_it(store: ReadingStore) -> None:
    store.commit(Batch(arrivals=[arrival(0, 1), arrival(15, 2), arrival(30, 3)]))
    until = NOON + timedelta(minutes=30)
    assert [register_l for _, register_l in store.registers("m1", NOON, until)] == [1, 2]


def test_a_window_that_ends_in_another_century_shows_this_meter_alone(store: ReadingStore) -> None:
    store.commit(Batch(arrivals=[arrival(0, 1), arrival(0, 2, "m2")]))
    assert list(store.registers("m1", NOON, NOON + timedelta(days=100_000))) == [(NOON, 1.0)]


def test_a_meter_never_seen_has_no_registers(store: ReadingStore) -> None:
    assert list(store.registers("nobody's", *EVER)) == []


def test_the_same_batch_again_changes_nothing_and_is_not_told_again(store: ReadingStore) -> None:
    batch = Batch(
        arrivals=[arrival(0, 1000), arrival(15, 1002)],
        events=[pressed(1)],
        scans=[BandScan(band_no=3, at=NOON, stage="opened", source="web")],
    )
    store.commit(batch)
    store.commit(batch)
    assert len(store.registers("m1", *EVER)) == 2
    assert len(store.device_events("button", *EVER)) == 1
    assert len(store.band_scans(*EVER, [3, 4])) == 1
    assert store.band_scans(*EVER, [4]) == store.band_scans(*EVER, []) == []
    assert [entry.position for entry in store.follow(0)] == [1]


def test_a_register_that_is_corrected_is_replaced_and_told(store: ReadingStore) -> None:
    store.commit(Batch(arrivals=[arrival(0, 1000)]))
    store.commit(Batch(arrivals=[arrival(0, 1001)]))
    assert list(store.registers("m1", *EVER)) == [(NOON, 1001.0)]
    assert [a.register_l for entry in store.follow(0) for a in entry.arrivals] == [1000, 1001]


def test_followers_get_every_commit_once_in_order(store: ReadingStore) -> None:
    for minute in range(5):
        store.commit(Batch(arrivals=[arrival(minute, 1000 + minute)]))
    first = store.follow(0, limit=2)
    rest = store.follow(first[-1].position, limit=100)
    assert [a.register_l for entry in [*first, *rest] for a in entry.arrivals] == [1000, 1001, 1002, 1003, 1004]
    assert store.follow(store.position()) == []


def test_followers_get_what_was_committed(store: ReadingStore) -> None:
    scan = BandScan(band_no=3, at=NOON, stage="opened", source="web")
    store.commit(Batch(arrivals=[arrival(0, 1000.25, late=True)], events=[pressed(1)], scans=[scan]))
    (entry,) = store.follow(0)
    assert list(entry.arrivals) == [arrival(0, 1000.25, late=True)]
    assert list(entry.events) == [pressed(1)]
    assert list(entry.scans) == [scan]


def test_positions_go_on_after_everything_is_trimmed(store: ReadingStore) -> None:
    store.commit(Batch(arrivals=[arrival(0, 1)]))
    store.trim(store.position())
    assert store.follow(0) == []
    assert store.position() == 1
    store.commit(Batch(arrivals=[arrival(1, 2)]))
    assert [entry.position for entry in store.follow(1)] == [2]


def test_an_event_of_a_device_is_read_back(store: ReadingStore) -> None:
    store.commit(Batch(events=[pressed(1), pressed(2, sos=False)]))
    assert store.device_events("button", *EVER) == [pressed(1), pressed(2, sos=False)]
    assert store.device_events("button", NOON, NOON + timedelta(minutes=2)) == [pressed(1)]


def test_the_last_words_of_a_kind_are_read_in_order_of_time(store: ReadingStore) -> None:
    other = DeviceEvent(device_id="button", at=NOON + timedelta(minutes=4), kind="device_status")
    store.commit(Batch(events=[*(pressed(minute) for minute in (3, 1, 2, 5)), other]))
    until = NOON + timedelta(minutes=5)
    kind = pressed(1).kind
    assert store.last_words("button", kind, NOON, until, at_most=2) == [pressed(2), pressed(3)]
    assert store.last_words("button", kind, NOON, until, at_most=9) == [pressed(1), pressed(2), pressed(3)]
    assert store.last_words("nobody's", kind, NOON, until, at_most=2) == []


def test_what_is_kept_comes_newest_first_and_by_kind(store: ReadingStore) -> None:
    store.commit(
        Batch(kept=[refused("register: 'abc'"), refused("register: 'def'"), refused("unknown", "quarantined")])
    )
    assert [kept.reason for kept in store.kept("refused")] == ["register: 'def'", "register: 'abc'"]
    assert [kept.reason for kept in store.kept("refused", 1)] == ["register: 'def'"]
    oldest = store.kept("refused", 1, after=0)
    assert [kept.reason for kept in oldest] == ["register: 'abc'"]
    assert [kept.reason for kept in store.kept("refused", after=oldest[0].kept_id)] == ["register: 'def'"]
    (quarantined,) = store.kept("quarantined")
    assert (quarantined.payload, quarantined.received_at, quarantined.device_id) == (b"\xff\x00", NOON, "m9")
    assert store.follow(0) == []


def test_a_release_takes_its_message_out_of_quarantine(store: ReadingStore) -> None:
    store.commit(Batch(kept=[refused("unknown", "quarantined")]))
    (kept,) = store.kept("quarantined")
    store.commit(Batch(arrivals=[arrival(0, 5)], released=[kept.kept_id]))
    assert store.kept("quarantined") == []
    assert list(store.registers("m1", *EVER)) == [(NOON, 5.0)]


def test_what_was_erased_does_not_come_back_with_what_is_still_on_its_way(store: ReadingStore) -> None:
    on_its_way = Batch(
        arrivals=[arrival(0, 1000, "M1"), arrival(0, 5, "m2")],
        events=[pressed(1)],
        kept=[refused("old", "quarantined"), refused("no register")],
    )
    store.commit(on_its_way)
    store.erase(Traces(meter_ids=["M1"], device_ids=["M1", "button", "M9"]))
    before = store.position()
    store.commit(on_its_way)
    store.commit(Batch(arrivals=[arrival(15, 1002, "m1")]))
    assert [list(store.registers(meter_id, *EVER)) for meter_id in ("M1", "m1")] == [[], []]
    assert (store.device_events("button", *EVER), store.kept("quarantined"), store.kept("refused")) == ([], [], [])
    assert store.follow(before) == []
    assert list(store.registers("m2", *EVER)) == [(NOON, 5.0)]


@pytest.mark.parametrize("message", [None, "d1ge5t"])
@pytest.mark.parametrize(("heard_at", "told_at"), [(None, NOON - timedelta(days=2000)), (NOON, None), (None, None)])
def test_when_it_came_and_what_a_wrong_clock_said_are_kept(
    store: ReadingStore, message: str | None, heard_at: datetime | None, told_at: datetime | None
) -> None:
    said = replace(pressed(5), message=message, heard_at=heard_at, told_at=told_at)
    store.commit(Batch(events=[said]))
    for read in (store.device_events("button", *EVER)[0], store.follow(0)[0].events[0]):
        assert (read.message, read.heard_at, read.told_at) == (message, heard_at, told_at)


def test_a_button_that_was_erased_and_is_pressed_since_is_heard(store: ReadingStore) -> None:
    store.erase(Traces(device_ids=["button"]))
    call = replace(pressed(5), kind=CALL_FROM_NOWHERE)
    store.commit(Batch(events=[pressed(5), call]))
    assert store.device_events("button", *EVER) == [call]


def test_what_was_erased_is_taken_again_once_it_is_lifted(store: ReadingStore) -> None:
    store.erase(Traces(meter_ids=["M1", "M3"], device_ids=["M1", "M3"]))
    assert store.erased() == {"m1", "m3"}
    store.lift(["m1"])
    store.commit(Batch(arrivals=[arrival(0, 1000, "M1"), arrival(0, 1000, "M3")]))
    assert list(store.registers("M1", *EVER)) == [(NOON, 1000.0)]
    assert list(store.registers("M3", *EVER)) == []


def test_the_newest_reading_of_all_meters_is_known(store: ReadingStore) -> None:
    assert store.newest_at() is None
    store.commit(Batch(arrivals=[arrival(60, 1), arrival(90, 2, "m2"), arrival(-600, 3, "m3")]))
    assert store.newest_at() == NOON + timedelta(minutes=90)


def test_what_was_learned_is_there_until_it_is_forgotten(store: ReadingStore) -> None:
    store.commit(Batch(learned=[("unit", '"L"'), ("node", "{}")]))
    store.commit(Batch(learned=[("unit", '"m3"'), ("node", None)]))
    assert store.learned() == {"unit": '"m3"'}
    assert store.follow(0) == []


def test_retention_forgets_what_is_older_and_nothing_else(store: ReadingStore) -> None:
    store.commit(Batch(arrivals=[arrival(0, 1), arrival(60, 2), arrival(0, 3, "m2")], events=[pressed(0), pressed(60)]))
    store.commit(Batch(kept=[refused("old")], scans=[BandScan(band_no=3, at=NOON, stage="opened", source="web")]))
    store.forget(NOON + timedelta(minutes=1))
    assert [register_l for _, register_l in store.registers("m1", *EVER)] == [2]
    assert list(store.registers("m2", *EVER)) == []
    assert store.device_events("button", *EVER) == [pressed(60)]
    assert (store.band_scans(*EVER, [3]), store.kept("refused")) == ([], [])


READINGS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(0, 5000)).map(
        lambda t: arrival(t[1], t[2] / 8, f"m{t[0]}")
    ),
    max_size=40,
    unique_by=lambda a: (a.meter_id, a.at),
)


@given(arrivals=READINGS, data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("kind", ["file", "memory"])
def test_order_grouping_and_repetition_do_not_matter(
    kind: str, tmp_path_factory: pytest.TempPathFactory, arrivals: list[Arrival], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("law") / "readings.db"
    with closing(Readings(path) if kind == "file" else MemoryReadings()) as store:
        delivered = data.draw(st.permutations(arrivals * 2))
        while delivered:
            size = data.draw(st.integers(1, 9))
            store.commit(Batch(arrivals=delivered[:size]))
            delivered = delivered[size:]
        for meter_id in {a.meter_id for a in arrivals}:
            meant = sorted((a.at, a.register_l) for a in arrivals if a.meter_id == meter_id)
            assert list(store.registers(meter_id, *EVER)) == meant
        told = [(a.meter_id, a.at, a.register_l) for entry in store.follow(0, 1000) for a in entry.arrivals]
        assert sorted(told) == sorted((a.meter_id, a.at, a.register_l) for a in arrivals)
