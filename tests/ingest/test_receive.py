"""What becomes of a message: stored, refused with a reason, or in quarantine until the ledger knows better."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from domain.reading import Decoded, DeviceEvent, PastRegister, Reading, Refused
from ingest.bindings import Bindings
from ingest.counters import MANY_AHEAD, Instant
from ingest.decode import Decoder
from ingest.receive import Receiver
from ingest.sorted import MOST_KEPT, Message, SecurityEvent
from store.contracts import Batch, StoreUnavailableError
from store.memory import MemoryReadings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVER = (NOW - timedelta(days=4000), NOW + timedelta(days=4000))
BINDINGS = Bindings({"m1": "tower-1", "m2": "tower-2", "free": None, "button": "tower-1", "tower-1": "tower-1"})


class House:
    """A receiver with its store, and what it told."""

    def __init__(self, decoder: object = None, bindings: Bindings = BINDINGS) -> None:
        self.readings = MemoryReadings()
        self.security: list[SecurityEvent] = []
        self.receiver = Receiver(
            decoder=decoder or Decoder(),  # type: ignore[arg-type]
            bindings=bindings,
            readings=self.readings,
            band_of={"CARD": 7}.get,
            on_security=self.security.append,
        )

    def hear(self, payload: object, topic: str = "anju/tower-1/readings") -> None:
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.store([Message(topic, data, NOW)])

    def store(self, messages: list[Message]) -> None:
        self.receiver.store(self.receiver.sort(messages), messages=len(messages), at=NOW, took_s=lambda: 0.01)

    def registers(self, meter_id: str = "m1") -> list[float]:
        return [register_l for _, register_l in self.readings.registers(meter_id, *EVER)]

    def reasons(self, kind: str) -> list[str]:
        return [kept.reason for kept in self.readings.kept(kind)]


class Says:
    """A decoder that understands one thing in every message."""

    def __init__(self, *decoded: Decoded) -> None:
        self._decoded = decoded

    def decode(self, topic: str, payload: bytes, received_at: datetime) -> tuple[Decoded, ...]:
        return self._decoded

    def aside(self) -> "Says":
        return self


def reading(meter_id: str = "m1", register_l: float = 1000, *, ago: timedelta = timedelta()) -> dict[str, object]:
    return {"meter_id": meter_id, "at": (NOW - ago).isoformat(), "register_l": register_l}


def test_a_reading_of_the_ledgers_meter_through_its_gateway_is_stored() -> None:
    house = House()
    house.hear(reading())
    assert house.registers() == [1000]
    assert house.receiver.counters.readings == 1


def test_ids_are_compared_without_case_and_stored_as_the_ledger_writes_them() -> None:
    house = House()
    house.hear(reading("M1"), topic="anju/TOWER-1/readings")
    assert house.registers("m1") == [1000]


def test_a_meter_without_a_gateway_in_the_ledger_may_speak_through_any() -> None:
    house = House()
    house.hear(reading("free"), topic="anju/tower-9/readings")
    assert house.registers("free") == [1000]


def test_what_leaves_quarantine_and_can_not_be_read_any_more_is_among_the_refused() -> None:
    class Forgets(Decoder):
        """What a node's birth said is gone by now."""

        def aside(self) -> Decoder:
            return Says(Refused("alias 7 was never named"))  # type: ignore[return-value]

    house = House(Forgets())
    house.hear(reading("m9", 5))
    house.receiver.use_ledger(Forgets(), Bindings({"m9": "tower-1"}))
    assert house.receiver.release(NOW) == 1
    assert (house.reasons("quarantined"), house.reasons("refused")) == ([], ["alias 7 was never named"])


def test_what_the_ledger_knows_by_now_but_can_not_use_leaves_quarantine_with_the_reason_of_now() -> None:
    lacking = "reading: 12.5 of 7 has no unit: the ledger must say unit (m3, L or gal)"
    house = House()
    house.hear({"reading": 12.5}, topic="anju/tower-1/rtlamr/7/state")
    assert house.reasons("quarantined") == ["device '7', heard from gateway 'tower-1', is in no ledger"]
    house.receiver.use_ledger(Decoder(), Bindings({"7": "tower-1"}))
    assert house.receiver.release(NOW) == 1
    assert (house.reasons("quarantined"), house.reasons("refused")) == ([], [lacking])


def test_of_a_bundle_that_leaves_quarantine_what_can_not_be_used_is_among_the_refused_once() -> None:
    house = House()
    house.hear([reading("m9", 5), reading("m9", 6, ago=-timedelta(hours=1)), {"meter_id": "m1"}])
    house.receiver.use_ledger(Decoder(), Bindings({"M9": "tower-1", "m1": "tower-1"}))
    assert house.receiver.release(NOW) == 2
    assert (house.registers("M9"), house.reasons("quarantined")) == ([5], [])
    assert sorted(house.reasons("refused")) == [
        "[2] register_l or register_m3 is missing",
        "at: 2026-03-01T13:00:00+00:00 is 60 minutes ahead of our clock",
    ]


def test_an_unknown_meter_goes_to_quarantine_and_comes_out_when_the_ledger_knows_it() -> None:
    house = House()
    house.hear(reading("m9", 5))
    assert house.reasons("quarantined") == ["device 'm9', heard from gateway 'tower-1', is in no ledger"]
    assert house.security == []
    assert house.receiver.release(NOW) == 0
    house.receiver.use_ledger(Decoder(), Bindings({"m9": "tower-1"}))
    assert house.receiver.release(NOW + timedelta(days=1)) == 1
    assert house.registers("m9") == [5]
    assert house.readings.kept("quarantined") == []
    (entry,) = house.readings.follow(0)
    assert entry.arrivals[0].late


def test_a_clock_of_ours_that_is_behind_refuses_all_readings_and_is_told() -> None:
    house = House()
    problems, now = house.receiver.counters.problems, Instant(NOW, 0.0)
    for n in range(MANY_AHEAD):
        assert list(problems(now)) == []
        house.hear(reading(register_l=n, ago=-timedelta(hours=1, minutes=n)))
    assert list(problems(now)) == ["clock: 20 readings in a row are ahead of ours and refused; is it set?"]
    assert len(house.readings.kept("refused", 100)) == MANY_AHEAD
    house.hear(reading())
    assert list(problems(now)) == []


@pytest.mark.parametrize(
    "between",
    [{"meter_id": "m1", "register_l": 7}, reading(ago=timedelta(minutes=20)), reading("stranger")],
    ids=["without a clock", "long on its way", "of a stranger"],
)
def test_readings_that_say_nothing_of_our_clock_hide_nothing_of_it(between: object) -> None:
    house = House()
    for n in range(MANY_AHEAD):
        house.hear(reading(register_l=n, ago=-timedelta(hours=1, minutes=n)))
        house.hear(between)
    assert len(list(house.receiver.counters.problems(Instant(NOW, 0.0)))) == 1


def test_a_scanners_clock_is_no_meters() -> None:
    house = House()
    for n in range(MANY_AHEAD):
        scan = {"card_id": "CARD", "at": (NOW + timedelta(hours=1, minutes=n)).isoformat()}
        house.hear(scan, topic="anju/kiosk-1/scans")
    assert list(house.receiver.counters.problems(Instant(NOW, 0.0))) == []


def test_what_was_refused_while_our_clock_was_behind_is_taken_once_it_is_mended_and_somebody_asks() -> None:
    house = House()
    for n in range(5):
        house.hear(reading(register_l=n, ago=timedelta(minutes=15 * n) - timedelta(hours=2)))
    house.hear(reading("m2", 7, ago=-timedelta(hours=2)), topic="anju/tower-2/readings")
    house.hear(reading(register_l=9, ago=-timedelta(days=2)))
    house.hear(b"nonsense")
    two_hours_later = NOW + timedelta(hours=2)
    assert house.receiver.retry(NOW) == 0
    assert (house.receiver.retry(two_hours_later, "M1"), house.registers()) == (5, [4, 3, 2, 1, 0])
    assert house.registers("m2") == []
    assert (house.receiver.retry(two_hours_later), house.registers("m2")) == (1, [7])
    before = house.readings.position()
    assert house.receiver.retry(two_hours_later) == 0
    assert house.readings.position() == before
    assert len(house.reasons("refused")) == 2


def test_of_a_bundle_that_is_refused_in_part_the_rest_is_taken_once() -> None:
    house = House()
    house.hear([reading(register_l=n, ago=-timedelta(hours=n)) for n in range(3)])
    assert house.receiver.retry(NOW + timedelta(hours=1)) == 0
    assert house.registers() == [0, 1]
    assert (house.receiver.retry(NOW + timedelta(hours=2)), house.registers()) == (2, [0, 1, 2])


def test_one_meters_clock_that_is_wrong_is_not_taken_for_ours_also_within_one_commit() -> None:
    house = House()
    for n in range(2 * MANY_AHEAD):
        bad = Message("anju/tower-1/readings", json.dumps(reading(ago=-timedelta(hours=1, minutes=n))).encode(), NOW)
        good = Message("anju/tower-2/readings", json.dumps(reading("m2", n)).encode(), NOW)
        house.store([good, bad] if n % 2 else [bad, good, bad])
    assert list(house.receiver.counters.problems(Instant(NOW, 0.0))) == []


def test_while_others_of_a_message_wait_in_quarantine_what_was_stored_of_it_is_not_stored_again() -> None:
    house = House()
    house.hear([reading(), reading("stranger")])
    house.hear(reading(register_l=1001))
    before = house.readings.position()
    assert house.receiver.release(NOW) == 0
    assert (house.readings.position(), house.registers()) == (before, [1001])


def test_a_meter_leaves_quarantine_though_others_in_its_messages_stay_there() -> None:
    """A radio hears the whole street, and sends it as one bundle: of thirty strangers two become ours."""
    house = House()
    house.hear([reading(), *(reading(f"stranger-{n}", n) for n in range(30))])
    assert len(house.readings.kept("quarantined")) == MOST_KEPT
    house.receiver.use_ledger(Decoder(), Bindings({"m1": "tower-1", "Stranger-3": None, "stranger-25": "tower-1"}))
    house.receiver.release(NOW)
    assert (house.registers("Stranger-3"), house.registers("stranger-25"), house.registers()) == ([3], [25], [1000])
    held = [kept.device_id for kept in house.readings.kept("quarantined")]
    assert len(held) == MOST_KEPT - 1
    assert "stranger-3" not in held
    (_, released) = house.readings.follow(0)
    assert sorted(a.meter_id for a in released.arrivals) == ["Stranger-3", "stranger-25"]


def test_a_gateway_that_speaks_for_anothers_meter_is_quarantined_and_a_security_event() -> None:
    house = House()
    house.hear(reading("m2"))
    assert house.registers("m2") == []
    assert house.reasons("quarantined") == ["device 'm2' is bound to gateway 'tower-2', not to 'tower-1'"]
    assert [event.subject for event in house.security] == ["m2"]


def test_a_time_in_the_future_is_refused_with_the_skew_named() -> None:
    house = House()
    house.hear(reading(ago=timedelta(hours=-2)))
    assert house.registers() == []
    assert house.reasons("refused") == ["at: 2026-03-01T14:00:00+00:00 is 2 hours ahead of our clock"]
    assert house.receiver.counters.refused == {"at": 1}


def test_a_few_minutes_of_drift_are_no_reason_to_refuse() -> None:
    house = House()
    house.hear(reading(ago=timedelta(minutes=-5)))
    assert house.registers() == [1000]


def test_an_old_reading_is_backfill_at_its_own_time() -> None:
    house = House()
    house.hear([reading(ago=timedelta(days=30), register_l=900), reading()])
    (entry,) = house.readings.follow(0)
    assert [(a.at, a.late) for a in entry.arrivals] == [(NOW - timedelta(days=30), True), (NOW, False)]


def test_registers_that_a_meter_repeats_are_stored_at_their_own_times() -> None:
    past = tuple(PastRegister(at=NOW - timedelta(hours=h), register_l=1000 - h) for h in (5, 4))
    house = House(Says(Reading(meter_id="m1", at=NOW, register_l=1000, gateway_id="tower-1", history=past)))
    house.hear(b"")
    assert house.registers() == [995, 996, 1000]


def test_one_bad_reading_loses_nothing_else_and_stays_where_staff_can_see_it() -> None:
    house = House()
    house.hear([reading(), {"meter_id": "m1", "at": NOW.isoformat(), "register_l": "twelve"}])
    assert house.registers() == [1000]
    (kept,) = house.readings.kept("refused")
    assert "twelve" in kept.reason
    assert b"twelve" in kept.payload


@pytest.mark.parametrize("register_l", [float("nan"), float("inf"), 1e13])
def test_a_register_that_is_no_volume_is_refused_whatever_the_decoder_thinks(register_l: float) -> None:
    house = House(Says(Reading(meter_id="m1", at=NOW, register_l=register_l, gateway_id="tower-1")))
    house.hear(b"")
    assert house.registers() == []
    assert len(house.reasons("refused")) == 1


def test_what_the_meter_itself_says_is_an_event_beside_its_reading() -> None:
    said = Reading(meter_id="m1", at=NOW, register_l=1, gateway_id="tower-1", flags={"leak": True, "dry": False})
    house = House(Says(said))
    house.hear(b"")
    (event,) = house.readings.device_events("m1", *EVER)
    assert (event.kind, event.flags) == ("water_meter", {"leak": True, "dry": False})


def test_a_cry_for_help_through_the_wrong_gateway_is_heard_and_the_gateway_noted() -> None:
    said = DeviceEvent(device_id="button", at=NOW, kind="sos_button", gateway_id="tower-2", flags={"sos": True})
    house = House(Says(said))
    house.hear(b"")
    assert house.readings.device_events("button", *EVER) == [said]
    assert [event.subject for event in house.security] == ["button"]


def test_a_cry_for_help_is_stored_though_the_gateway_that_brought_it_cant_be_noted() -> None:
    def locked(event: SecurityEvent) -> None:
        raise OSError("database is locked")

    said = DeviceEvent(device_id="button", at=NOW, kind="sos_button", gateway_id="tower-2", flags={"sos": True})
    readings, message = MemoryReadings(), Message("anju/tower-2/events", b"", NOW)
    receiver = Receiver(decoder=Says(said), bindings=BINDINGS, readings=readings, on_security=locked)
    receiver.store_singly([message], at=NOW, took_s=lambda: 0.0)
    assert readings.device_events("button", *EVER) == [said]
    assert readings.kept("refused") == []


def test_a_cry_for_help_with_a_wrong_clock_is_heard_now() -> None:
    said = DeviceEvent(
        device_id="button", at=NOW + timedelta(days=9), kind="sos_button", gateway_id="tower-1", flags={"sos": True}
    )
    house = House(Says(said))
    house.hear(b"")
    (event,) = house.readings.device_events("button", *EVER)
    assert (event.at, event.at_source) == (NOW, "server")


def test_what_is_no_call_for_help_stays_at_its_own_time() -> None:
    old = NOW - timedelta(days=1)
    house = House(Says(DeviceEvent(device_id="button", at=old, kind="motion_sensor", flags={"motion": True})))
    house.hear(b"")
    (event,) = house.readings.device_events("button", *EVER)
    assert event.at == old


def test_a_scan_is_stored_under_the_bands_number_never_the_cards() -> None:
    house = House()
    house.hear(
        {"card_id": "HTTPS://ANJU.EXAMPLE/1/CARD", "at": "2026-03-01T19:59:00+08:00"}, topic="anju/kiosk-1/scans"
    )
    (scan,) = house.readings.band_scans(*EVER, [7])
    assert (scan.band_no, scan.at, scan.source) == (7, NOW - timedelta(minutes=1), "kiosk-1")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"card_id": "OTHER"}, "card_id: no wristband has this card"),
        ({"card": "CARD"}, "card_id: a scan is an object with a card_id"),
        ({"card_id": "CARD", "at": "2026-03-01T12:00:00"}, "at: '2026-03-01T12:00:00' lacks its zone"),
        ({"card_id": "CARD", "at": "noon"}, "at: 'noon' is no time"),
        ({"card_id": "CARD", "at": "2026-03-02T12:00:00Z"}, "ahead of our clock"),
        ({"card_id": "CARD", "at": "0001-01-01T00:00:00+14:00"}, "at: '0001-01-01T00:00:00+14:00' is no time"),
        (b"\xff\xfe", "payload"),
    ],
)
def test_a_scan_that_can_not_be_used_says_why(payload: object, reason: str) -> None:
    house = House()
    house.hear(payload, topic="anju/kiosk-1/scans")
    assert house.readings.band_scans(*EVER, [7]) == []
    (kept,) = house.reasons("refused")
    assert reason in kept


def test_nothing_is_counted_that_was_not_stored() -> None:
    class Full(MemoryReadings):
        def commit(self, batch: Batch) -> None:
            raise StoreUnavailableError("database or disk is full")

    receiver = Receiver(decoder=Decoder(), bindings=BINDINGS, readings=Full())
    messages = [Message("anju/tower-1/readings", json.dumps(reading()).encode(), NOW)]
    with pytest.raises(StoreUnavailableError):
        receiver.store(receiver.sort(messages), messages=1, at=NOW, took_s=lambda: 0.01)
    assert (receiver.counters.received, receiver.counters.readings, receiver.counters.commit.count) == (0, 0, 0)


def test_all_that_is_refused_of_a_bundle_is_counted_by_field_though_only_some_is_kept() -> None:
    house = House()
    house.hear(
        [*({"meter_id": "m1", "at": "noon"} for _ in range(1000)), *({"pad": n} for n in range(1000)), reading()]
    )
    house.hear([reading(f"stranger-{n}") for n in range(100)])
    counters = house.receiver.counters
    assert (counters.refused, counters.quarantined) == ({"at": 1000, "other": 1000}, 100)
    assert len(house.readings.kept("refused", 100)) == MOST_KEPT
    assert house.registers() == [1000]


def test_a_register_without_a_unit_in_the_ledger_is_kept_where_staff_can_see_what_is_lacking() -> None:
    house = House(bindings=Bindings({"7": "tower-1"}))
    house.hear({"reading": 12.5}, topic="anju/tower-1/rtlamr/7/state")
    assert house.registers("7") == []
    assert house.reasons("refused") == ["reading: 12.5 of 7 has no unit: the ledger must say unit (m3, L or gal)"]


def test_a_register_that_is_only_the_newest_of_its_history_is_stored_at_its_own_time_alone() -> None:
    past = PastRegister(NOW - timedelta(hours=12), 1000.0)
    told = Reading(meter_id="free", at=NOW, register_l=1000.0, history=(past,), only_history=True)
    house = House(Says(told))
    house.hear({})
    assert list(house.readings.registers("free", *EVER)) == [(past.at, 1000.0)]


def test_a_message_that_the_program_can_not_handle_is_kept_and_stops_no_other() -> None:
    class Stumbles(Decoder):
        def decode(self, topic: str, payload: bytes, received_at: datetime) -> list[Decoded]:
            if payload == b"poison":
                raise OverflowError("date value out of range")
            return super().decode(topic, payload, received_at)

    house = House(Stumbles())
    good = json.dumps(reading()).encode()
    house.store([Message("anju/tower-1/readings", payload, NOW) for payload in (b"poison", good)])
    assert house.registers() == [1000]
    (kept,) = house.readings.kept("refused")
    assert (kept.reason, kept.payload) == ("fault: OverflowError date value out of range", b"poison")


def test_a_store_that_is_away_while_a_message_is_sorted_refuses_nothing() -> None:
    def away(card_id: str) -> int | None:
        raise StoreUnavailableError("database is locked")

    receiver = Receiver(decoder=Decoder(), bindings=BINDINGS, readings=MemoryReadings(), band_of=away)
    with pytest.raises(StoreUnavailableError):
        receiver.sort([Message("anju/kiosk-1/scans", b'{"card_id": "CARD"}', NOW)])


@pytest.mark.parametrize(
    ("topic", "element"),
    [
        ("anju/kiosk-1/scans", 1),
        ("anju/tower-1/readings", {"meter_id": "m1", "register_l": "twelve"}),
        ("anju/tower-1/readings", {"meter_id": "m9", "register_l": 12}),
    ],
)
def test_one_message_full_of_nonsense_does_not_fill_the_disk(topic: str, element: object) -> None:
    house = House()
    house.hear([element] * 1000, topic)
    kept = [*house.readings.kept("refused", 2000), *house.readings.kept("quarantined", 2000)]
    assert 1 <= len(kept) <= MOST_KEPT
    assert "more of this message" in kept[0].reason


def test_of_very_many_scans_in_one_message_the_first_count_and_the_rest_is_said() -> None:
    house = House()
    scans = [{"card_id": "CARD", "at": (NOW - timedelta(seconds=n)).isoformat()} for n in range(2000)]
    house.hear(scans, topic="anju/kiosk-1/scans")
    assert len(house.readings.band_scans(*EVER, [7])) == 100
    assert house.reasons("refused") == ["scans: 2000 in one message; the first 100 count"]


def test_a_scan_that_is_refused_keeps_no_card() -> None:
    house = House()
    house.hear({"card_id": "CARD", "at": "noon"}, topic="anju/kiosk-1/scans")
    (kept,) = house.readings.kept("refused")
    assert kept.payload == b""


def test_a_meters_alarm_is_an_event_with_every_reading_and_its_end_once() -> None:
    flags = iter([{"leak": False}, {"leak": False}, {"leak": True}, {"leak": True}, {"leak": False}, {"leak": False}])

    class Flagged:
        def decode(self, topic: str, payload: bytes, received_at: datetime) -> tuple[Decoded, ...]:
            return (Reading(meter_id="free", at=received_at, register_l=5.0, flags=next(flags)),)

        def aside(self) -> "Flagged":
            return self

    house = House(Flagged())
    for minute in range(6):
        house.store([Message("t", b"", NOW + timedelta(minutes=minute))])
    told = [(e.at.minute, e.flags["leak"]) for e in house.readings.device_events("free", *EVER)]
    assert told == [(0, False), (2, True), (3, True), (4, False)]


def test_an_alarms_end_that_was_sorted_and_not_stored_is_told_when_it_comes_again() -> None:
    house = House(Says(Reading(meter_id="free", at=NOW, register_l=5.0, flags={"leak": False})))
    message = Message("t", b"", NOW)
    assert [len(house.receiver.sort([message]).events) for _ in range(2)] == [1, 0]
    house.receiver.start_afresh()
    house.store([message])
    assert len(house.readings.device_events("free", *EVER)) == 1


def test_a_gateway_that_floods_is_named_once_a_minute_and_nothing_of_it_is_lost() -> None:
    house = House()
    payloads = [json.dumps(reading(register_l=1000 + n, ago=timedelta(minutes=n))).encode() for n in range(6010)]
    house.store([Message("anju/tower-1/readings", payload, NOW) for payload in payloads])
    (event,) = house.security
    assert (event.kind, event.subject) == ("gateway_floods", "tower-1")
    assert len(house.registers()) == 6010
    assert house.receiver.counters.over_rate == 10


def test_many_gateways_below_their_limit_are_no_flood() -> None:
    house = House()
    topics = [f"anju/tower-{n % 100}/readings" for n in range(6010)]
    house.store([Message(topic, b"nonsense", NOW) for topic in topics])
    assert house.security == []
