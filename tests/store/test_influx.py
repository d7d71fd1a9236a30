"""Whatever InfluxDB answers, and however long it is away: it gets every reading, and one bad line holds up no other."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from anju import app
from domain.reading import DeviceEvent
from store import history
from store.contracts import Arrival, BandScan, Batch, StoreUnavailableError
from store.forward import Forwarder
from store.influx import MOST_LINES, Influx, InfluxAwayError
from store.memory import MemoryReadings
from store.migrations import migrate
from store.readings import Readings
from store.records import Records
from store.upkeep import Upkeep
from tests.store.influx_services import Answer, FakeInflux, RealInflux, some_influx

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HANGS = Answer(hang_s=0.4)
EVER = (NOW - timedelta(days=400), NOW + timedelta(days=400))


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    migrate(tmp_path / "records.db")
    records = Records(tmp_path / "records.db")
    yield records
    records.close()


def commit(readings: MemoryReadings, numbers: range, meter_id: str = "m1") -> None:
    for n in numbers:
        at = NOW + timedelta(minutes=n)
        readings.commit(
            Batch(arrivals=[Arrival(meter_id=meter_id, at=at, register_l=1000 + n / 8, late=False, received_at=at)])
        )


class House:
    """A forwarder, what it follows, and a clock."""

    def __init__(self, records: Records, influx: Influx) -> None:
        self.readings = MemoryReadings()
        self.now = NOW
        self.forwarder = Forwarder(journal=self.readings, refused=self.readings, records=records, influx=influx)

    def state(self) -> tuple[str | None, int]:
        return self.forwarder.problem, self.forwarder.behind()

    def run(self, minutes: float = 0) -> None:
        """Turns every second for so long."""
        until = self.now + timedelta(minutes=minutes)
        while True:
            while self.forwarder.turn(self.now):
                pass
            if self.now >= until:
                return
            self.now += timedelta(seconds=1)


@pytest.fixture
def fake() -> Iterator[FakeInflux]:
    fake = FakeInflux(bad="meter_id=poison")
    yield fake
    fake.close()


def test_readings_events_and_scans_are_written_and_registers_read_back(records: Records, tmp_path: Path) -> None:
    meter_id = f"m 1,={NOW.timestamp()}'\"\\ü"
    with some_influx(tmp_path) as at, closing(Influx(at)) as influx:
        house = House(records, influx)
        commit(house.readings, range(3), meter_id)
        house.readings.commit(
            Batch(
                events=[
                    DeviceEvent(device_id="b 1", at=NOW, kind="sos_button", flags={"sos": True}, battery={"volts": 3.0})
                ],
                scans=[BandScan(band_no=7, at=NOW, stage="opened", source='a "kiosk"')],
            )
        )
        house.run()
        assert house.readings.kept("refused") == []
        wanted = [(NOW + timedelta(minutes=n), 1000 + n / 8) for n in range(3)]
        assert list(influx.registers(meter_id, *EVER)) == wanted
        assert list(influx.registers(meter_id, NOW, NOW + timedelta(minutes=2))) == wanted[:2]
        assert list(influx.registers("another", *EVER)) == []
        assert influx.ping()


def test_the_same_readings_written_again_are_the_same_points(records: Records, tmp_path: Path) -> None:
    with some_influx(tmp_path) as at, closing(Influx(at)) as influx:
        house = House(records, influx)
        commit(house.readings, range(50), "again")
        lines = [f"water_reading,meter_id=again register_ml=1i {round(NOW.timestamp() * 1000)}"]
        influx.write(lines)
        house.run()
        again = Forwarder(journal=house.readings, refused=house.readings, records=records, influx=influx)
        house.forwarder = again
        house.run()
        assert len(influx.registers("again", *EVER)) == 50


def test_an_hour_without_influxdb_costs_no_reading(records: Records, tmp_path: Path) -> None:
    real = RealInflux(tmp_path)
    try:
        with closing(Influx(real.at)) as influx:
            house = House(records, influx)
            commit(house.readings, range(10))
            house.run()
            real.stop()
            commit(house.readings, range(10, 100))
            house.run(minutes=60)
            assert house.forwarder.problem is not None
            assert house.forwarder.behind() == 90
            with pytest.raises(StoreUnavailableError):
                influx.registers("m1", *EVER)
            real.start()
            house.run(minutes=2)
            assert house.state() == (None, 0)
            assert [register_l for _, register_l in influx.registers("m1", *EVER)] == [1000 + n / 8 for n in range(100)]
    finally:
        real.stop()


def test_one_bad_line_is_kept_with_its_reason_and_all_others_arrive(records: Records, fake: FakeInflux) -> None:
    house = House(records, Influx(fake.at))
    commit(house.readings, range(100))
    commit(house.readings, range(1), "poison")
    commit(house.readings, range(100, 200))
    house.run()
    assert len(set(fake.lines)) == 200
    (kept,) = house.readings.kept("refused")
    assert kept.payload.startswith(b"water_reading,meter_id=poison ")
    assert "422" in kept.reason
    assert "field type conflict" in kept.reason
    assert house.forwarder.behind() == 0


def test_a_real_type_conflict_is_such_a_line(records: Records, tmp_path: Path) -> None:
    with some_influx(tmp_path) as at, closing(Influx(at)) as influx:
        house = House(records, influx)
        influx.write([f'device_event,device_id=x kind="a",sos="text" {round(NOW.timestamp() * 1000)}'])
        house.readings.commit(
            Batch(events=[DeviceEvent(device_id="b", at=NOW, kind="sos_button", flags={"sos": True})])
        )
        commit(house.readings, range(5), "beside")
        house.run()
        assert len(house.readings.kept("refused")) == 1
        assert len(influx.registers("beside", *EVER)) == 5


def test_a_batch_too_large_is_cut_in_halves(records: Records) -> None:
    fake = FakeInflux(most_bytes=1000)
    house = House(records, Influx(fake.at))
    commit(house.readings, range(100))
    house.run()
    assert len(set(fake.lines)) == 100
    assert house.readings.kept("refused") == []
    fake.close()


@pytest.mark.parametrize("answer", [Answer(500), Answer(503), Answer(429, retry_after="20"), Answer(reset=True), HANGS])
def test_a_server_in_trouble_is_asked_again_until_it_takes_all(
    records: Records, fake: FakeInflux, answer: Answer
) -> None:
    house = House(records, Influx(fake.at))
    commit(house.readings, range(10))
    fake.answers.extend([answer] * 5)
    house.run()
    assert (fake.lines, house.forwarder.behind()) == ([], 10)
    house.run(minutes=3)
    assert (len(fake.lines), house.forwarder.behind()) == (10, 0)


def test_a_server_that_asks_for_time_gets_it(records: Records, fake: FakeInflux) -> None:
    house = House(records, Influx(fake.at))
    commit(house.readings, range(1))
    fake.answers.append(Answer(429, retry_after="30"))
    house.run(minutes=29 / 60)
    assert fake.lines == []
    house.run(minutes=2 / 60)
    assert len(fake.lines) == 1


def test_a_server_that_asks_for_a_day_is_not_asked_all_the_time_nor_left_for_a_day(
    records: Records, fake: FakeInflux
) -> None:
    house = House(records, Influx(fake.at))
    commit(house.readings, range(1))
    fake.answers.extend([Answer(429, retry_after="86400"), Answer()])
    house.run(minutes=59)
    assert len(fake.answers) == 1
    house.run(minutes=2)
    assert len(fake.answers) == 0


def test_a_clock_that_was_set_back_does_not_make_it_wait_for_hours(records: Records, fake: FakeInflux) -> None:
    house = House(records, Influx(fake.at))
    commit(house.readings, range(10))
    fake.answers.append(Answer(503, retry_after="600"))
    house.run()
    house.now -= timedelta(hours=5)
    house.run()
    assert len(fake.lines) == 10


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_wrong_token_or_bucket_is_said_once_and_loses_nothing(
    records: Records, fake: FakeInflux, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(records, Influx(fake.at))
    commit(house.readings, range(10))
    fake.answers.extend([Answer(status, '{"message":"unauthorized access"}')] * 3)
    house.run(minutes=14)
    assert house.forwarder.problem == f'InfluxDB answers {status}: {{"message":"unauthorized access"}}'
    assert [r.message for r in caplog.records if "wait for InfluxDB" in r.message] == [
        f"readings wait for InfluxDB: {house.forwarder.problem}"
    ]
    house.run(minutes=6)
    assert len(fake.lines) == 10
    assert house.state() == (None, 0)


def test_a_backlog_goes_in_writes_of_a_few_thousand_lines(records: Records, fake: FakeInflux) -> None:
    house = House(records, Influx(fake.at))
    arrivals = [
        Arrival(meter_id=f"m{n}", at=NOW, register_l=n, late=False, received_at=NOW) for n in range(3 * MOST_LINES)
    ]
    for start in range(0, len(arrivals), 1000):
        house.readings.commit(Batch(arrivals=arrivals[start : start + 1000]))
    house.run()
    assert len(fake.lines) == 3 * MOST_LINES


def test_what_retention_has_deleted_meanwhile_is_written_all_the_same(records: Records, fake: FakeInflux) -> None:
    house = House(records, Influx(fake.at))
    commit(house.readings, range(10))
    house.readings.forget(NOW + timedelta(days=1))
    Upkeep(house.readings, keep=timedelta(days=1)).round(NOW, [house.readings.position(), house.forwarder.position()])
    house.run()
    assert (len(house.readings.registers("m1", *EVER)), len(fake.lines)) == (0, 10)


def test_what_came_while_there_was_no_influxdb_is_said_to_be_missing_there(
    records: Records, fake: FakeInflux, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(records, Influx(fake.at))
    commit(house.readings, range(10))
    house.readings.trim(7)
    house.forwarder.mind_the_file()
    house.run()
    assert len(fake.lines) == 3
    said = [r.message for r in caplog.records]
    assert said == ["InfluxDB gets nothing of 7 commits from before or while it was not set up: anju influx copy"]


def test_an_influxdb_that_was_set_up_later_gets_what_was_stored_before(
    fake: FakeInflux, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path)
    monkeypatch.setenv("ANJU_STORE_FOLDER", str(tmp_path))
    assert CliRunner().invoke(app, ["influx", "copy"]).exit_code == 2
    monkeypatch.setenv("ANJU_INFLUX_URL", fake.at.url)
    done = CliRunner().invoke(app, ["influx", "copy"])
    assert (done.exit_code, done.stdout) == (1, f"points copied: {2 * MOST_LINES + 2}, refused: 1\n")
    assert "refused: water_reading,meter_id=poison" in done.stderr
    assert len(set(fake.lines)) == len(fake.lines) == 2 * MOST_LINES + 2


def test_a_copy_waits_while_influxdb_is_away_and_may_be_made_again(tmp_path: Path) -> None:
    fill(tmp_path)
    slept: list[float] = []
    with some_influx(tmp_path) as at, closing(Influx(at)) as influx:
        away = iter([True, True, False])

        class Comes:
            def write(self, lines: Sequence[str]) -> None:
                if next(away, False):
                    raise InfluxAwayError("no route")
                influx.write(lines)

        for _ in range(2):
            copied = history.copy(
                history.lines(tmp_path / "readings.db"),
                Comes(),
                sleep=slept.append,
                refuse=lambda line, _: pytest.fail(line),
                away=lambda why: None,
            )
            assert list(copied)[-1] == 2 * MOST_LINES + 3
        assert slept == [1.0, 2.0]
        stored = influx.registers("m1", NOW - timedelta(days=400), NOW + timedelta(days=1))
    with closing(Readings(tmp_path / "readings.db")) as readings:
        assert list(stored) == list(readings.registers("m1", NOW - timedelta(days=400), NOW + timedelta(days=1)))


def fill(folder: Path) -> None:
    """Two meters with a long past, one reading of a third, a press and a scan."""
    arrivals = [
        Arrival(meter_id=meter_id, at=NOW - timedelta(minutes=n), register_l=9000 - n / 8, late=True, received_at=NOW)
        for meter_id in ("m1", "m2")
        for n in range(MOST_LINES)
    ]
    poison = Arrival(meter_id="poison", at=NOW, register_l=1, late=False, received_at=NOW)
    press = DeviceEvent(device_id="b 1", at=NOW, kind="sos_button", flags={"sos": True})
    with closing(Readings(folder / "readings.db")) as readings:
        scan = BandScan(band_no=7, at=NOW, stage="opened", source="web")
        readings.commit(Batch(arrivals=[*arrivals, poison], events=[press], scans=[scan]))
        readings.trim(readings.position())


def test_a_new_file_of_readings_is_written_from_its_start(records: Records, fake: FakeInflux) -> None:
    with closing(Influx(fake.at)) as influx:
        house = House(records, influx)
        commit(house.readings, range(20))
        house.run()
        after = House(records, influx)
        commit(after.readings, range(20, 23))
        after.run()
    assert (house.forwarder.written, after.forwarder.written) == (20, 3)
