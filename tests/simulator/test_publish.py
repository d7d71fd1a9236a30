"""What a gateway would publish comes out of a real broker, whole and in order."""

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from iotcore import Broker as EmbeddedBroker
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from domain.finding import AlertKind
from ingest.detect import read_absences
from ingest.tls import Tls
from simulator.files import read_alarms, read_sent
from simulator.player import Player
from simulator.publish import Broker, Publisher, UnreachableError, broker_at
from simulator.radio import sending_times
from simulator.replay import Way, play, publish_all, replay
from simulator.scenarios import SCENARIOS
from simulator.simulate import load, many_meters, play_scenario, write_scenario
from simulator.towns import small_town


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with EmbeddedBroker(port=port, listen="127.0.0.1"):
        yield Broker(host="127.0.0.1", port=port)


class Listener:
    """Keeps what comes in."""

    def __init__(self, broker: Broker, wanted: int, topic: str, *, client_id: str = "") -> None:
        self.payloads: list[dict[str, object]] = []
        self.complete, self._ready, self._wanted = Event(), Event(), wanted
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=not client_id)
        self._client.on_message = self._on_message
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        self._client.subscribe(topic, qos=1)
        assert self._ready.wait(10)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.payloads.append(json.loads(message.payload))
        if len(self.payloads) == self._wanted:
            self.complete.set()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_a_player_publishes_what_is_due_and_no_more(broker: Broker) -> None:
    town = small_town(1, homes=2, weeks=1)
    listener = Listener(broker, wanted=sum(map(len, town)), topic="anju/tower-1/readings")
    with Publisher(broker, client_id="tower-1") as publisher:
        player = Player(town, publisher, gateway_id="tower-1")
        first_at = player.next_at
        assert first_at is not None
        due = player.play_until(first_at + timedelta(hours=5))
        assert due == player.published < len(player)
        assert player.next_at is not None
        assert player.next_at > first_at + timedelta(hours=5)
        player.play_until(player.ends_at)
        assert player.published == len(player)
    assert listener.complete.wait(20)
    listener.close()
    assert [payload["at"] for payload in listener.payloads] == sorted(str(p["at"]) for p in listener.payloads)
    own = [p["register_l"] for p in listener.payloads if p["meter_id"] == town[0].meter_id]
    assert own == town[0].register_l.tolist()


def test_playing_at_a_speed_waits_for_the_clock(broker: Broker) -> None:
    town = small_town(1, homes=1, weeks=1)
    now, told = [0.0], []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    def progress(published: int, of: int, at: datetime) -> None:
        told.append((published, of, at))

    with Publisher(broker, client_id="slow") as publisher:
        player = Player(town, publisher, gateway_id="slow")
        play(player, replace(a_way("", []), speed=86400.0, clock=lambda: now[0], sleep=sleep), progress=progress)
    assert now[0] == pytest.approx(7.0, abs=0.3)
    assert told[-1] == (len(town[0]), len(town[0]), player.ends_at)


def test_no_more_readings_a_second_than_allowed_are_published(broker: Broker) -> None:
    town, now = small_town(1, homes=2, weeks=2), [0.0]
    said: list[str] = []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    way = replace(
        a_way(f"mqtt://{broker.host}:{broker.port}", said), rate_per_s=50.0, clock=lambda: now[0], sleep=sleep
    )
    assert publish_all(town, (), way) == 0
    assert now[0] == pytest.approx(sum(map(len, town)) / 50.0, rel=0.05)


def test_nobody_at_the_brokers_port_is_said_so() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = Broker(host="127.0.0.1", port=probe.getsockname()[1])
    with pytest.raises(UnreachableError, match=str(nobody.port)), Publisher(nobody, client_id="x"):
        pass


def test_a_brokers_address_is_read_or_refused() -> None:
    assert broker_at("mqtt://127.0.0.1:1899") == Broker(host="127.0.0.1", port=1899)
    secret = broker_at("mqtts://tower:s%40fe@broker.example")
    assert secret.tls is not None
    assert replace(secret, tls=None) == Broker(host="broker.example", port=8883, username="tower", password="s@fe")
    with pytest.raises(ValueError, match="localhost"):
        broker_at("localhost:1883")
    with pytest.raises(ValueError, match="expected mqtts://, not mqtt://"):
        broker_at("mqtt://localhost", Tls(ca_file="ca.crt"))
    with pytest.raises(ValueError, match="--ca-file"):
        broker_at("mqtts://localhost", Tls(ca_file=__file__))


def test_the_ends_of_a_recording_are_utc() -> None:
    assert next(small_town(1, homes=1, weeks=1)[0].readings())[0].tzinfo is UTC


def test_replay_plays_good_files_and_passes_over_bad_ones(broker: Broker, tmp_path: Path) -> None:
    good, bad = tmp_path / "meter-1.csv", tmp_path / "notes.csv"
    good.write_text("ts,register_l\n2026-03-02T00:00:00Z,10\n2026-03-02T01:00:00Z,12\n")
    bad.write_text("name,age\nWang,81\n")
    said: list[str] = []
    listener = Listener(broker, wanted=2, topic="anju/tower-2/readings")
    status = _replay([bad, good], f"mqtt://{broker.host}:{broker.port}", said)
    assert listener.complete.wait(20)
    listener.close()
    assert status == 1
    assert [payload["register_l"] for payload in listener.payloads] == [10, 12]
    assert any("notes.csv" in line for line in said)
    assert "2 of 2 readings" in said[-2]


def test_replay_says_what_it_cannot_use_and_where_nobody_answers(tmp_path: Path) -> None:
    said: list[str] = []
    assert _replay([tmp_path / "none.csv"], "mqtt://127.0.0.1:1", said) == 2
    assert _replay([tmp_path / "none.csv"], "http://127.0.0.1", said) == 2
    good = tmp_path / "meter-1.csv"
    good.write_text("ts,register_l\n2026-03-02T00:00:00Z,10\n")
    assert _replay([good], "mqtt://127.0.0.1:1", said) == 1


def test_a_scenario_is_played_with_the_alarms_of_other_sensors(broker: Broker) -> None:
    said: list[str] = []
    scenario = SCENARIOS["sos_pressed"]()
    listener = Listener(broker, wanted=1, topic="anju/tower-2/events")
    assert play_scenario(scenario, a_way(f"mqtt://{broker.host}:{broker.port}", said)) == 0
    assert listener.complete.wait(30)
    listener.close()
    assert listener.payloads[0]["event"] == "sos"


def test_a_scenario_written_as_files_is_replayed_with_its_alarms_in_the_gateways_format(
    broker: Broker, tmp_path: Path
) -> None:
    written = write_scenario(SCENARIOS["smoke_in_the_room"](), tmp_path)
    said: list[str] = []
    listener = Listener(broker, wanted=1, topic="anju/tower-2/application/1/device/smoke-1/#")
    way = replace(a_way(f"mqtt://{broker.host}:{broker.port}", said), form="chirpstack_v4/axioma_w1")
    assert replay(written, way) == 0
    assert listener.complete.wait(30)
    listener.close()
    assert listener.payloads[0]["deviceInfo"]["devEui"] == "smoke-1"  # type: ignore[index]
    assert any("profile axioma_w1" in line for line in said)
    assert any("smoke-1, profile yobiiq_sd1001" in line for line in said)


def test_an_unknown_format_lists_those_there_are() -> None:
    said: list[str] = []
    assert publish_all([], (), replace(a_way("mqtt://127.0.0.1:1", said), form="morse")) == 2
    assert "ttn_v3" in said[0]


def test_a_bad_line_of_alarms_is_said_and_only_that_line_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "x.alarms.csv"
    path.write_text("ts,device_id,kind\n2026-03-02T00:00:00Z,bed,sos\nnever,bed,sos\n2026-03-02T00:00:00Z,bed,flight\n")
    said: list[str] = []
    assert [kind for _, _, kind in read_alarms(path, said.append)] == [AlertKind.SOS]
    assert [line.split(":")[1] for line in said] == ["3", "4"]


def test_alarms_and_arrivals_saved_with_semicolons_are_read(tmp_path: Path) -> None:
    alarms, late, said = tmp_path / "x.alarms.csv", tmp_path / "late.csv", list[str]()
    alarms.write_text("ts;device_id;kind\n2026-03-02T00:00:00Z;bed;sos\n")
    late.write_text("ts;register_l;arrives_at\n2026-03-02T00:00:00Z;7;2026-03-02T01:00:00Z\n")
    recording = read_sent(late, said.append)
    assert recording is not None
    assert (sending_times(recording) - recording.at_s).tolist() == [3600]
    assert [kind for _, _, kind in read_alarms(alarms, said.append)] == [AlertKind.SOS]
    assert not said


def test_a_scenario_written_as_a_file_is_read_back(tmp_path: Path) -> None:
    for name in ("radio_gap", "messages_come_twice", "away_for_a_week"):
        scenario = SCENARIOS[name]()
        complaints: list[str] = []
        written = write_scenario(scenario, tmp_path)
        recording = read_sent(written[0], complaints.append)
        assert recording is not None
        assert not complaints
        assert recording.register_l.tolist() == scenario.recording.register_l.tolist()
        assert sending_times(recording).tolist() == scenario.recording.sent_s.tolist()
    assert read_absences(written[1], complaints.append)["away_for_a_week"] == list(scenario.absences)


def test_many_meters_differ_in_time_and_register_and_come_with_their_ledger(broker: Broker, tmp_path: Path) -> None:
    meters = many_meters(30, days=1, every_s=3600, seed=1, first_day=date(2026, 3, 2))
    assert len({meter.meter_id for meter in meters}) == 30
    assert len({int(meter.at_s[0]) for meter in meters}) > 20
    said: list[str] = []
    way = a_way(f"mqtt://{broker.host}:{broker.port}", said)
    assert load(30, days=1, every_min=60, seed=1, until=date(2026, 3, 3), ledger=tmp_path, way=way) == 0
    assert said[-1].startswith("720 messages")
    assert "90000000000029" in (tmp_path / "meters.csv").read_text()


def _replay(paths: list[Path], to: str, said: list[str]) -> int:
    return replay(paths, a_way(to, said))


def a_way(to: str, said: list[str]) -> Way:
    return Way(to=to, speed=0.0, gateway_id="tower-2", clock=lambda: 0.0, sleep=lambda _: None, report=said.append)
