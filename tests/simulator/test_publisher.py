"""The publisher on the wire, and against a real Mosquitto: nothing unacknowledged is forgotten, no loss is hidden."""

from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import wire
from simulator.publish import Broker, Publisher
from simulator.replay import publish_all
from simulator.towns import small_town
from tests.services import mosquitto
from tests.simulator.test_publish import Listener, a_way

SMALL_QUEUE = """user root
listener {port} 127.0.0.1
allow_anonymous true
max_queued_messages 10
sys_interval 1
"""


@settings(max_examples=30)
@given(st.lists(st.tuples(st.text(max_size=40), st.binary(max_size=300)), max_size=8), st.integers(1, 50))
def test_packets_are_found_however_they_are_cut(sent: list[tuple[str, bytes]], cut: int) -> None:
    stream = b"".join(_at_qos_0(topic, payload) for topic, payload in sent)
    buffer, found = bytearray(), list[tuple[str, bytes]]()
    for place in range(0, len(stream), cut):
        buffer += stream[place : place + cut]
        found += [wire.message(body) for kind, body in wire.packets(buffer) if kind & 0xF0 == wire.PUBLISH]
    assert found == sent
    assert not buffer


def _at_qos_0(topic: str, payload: bytes) -> bytes:
    """As our own messages, less the number that QoS 1 has."""
    length = len(topic.encode())
    ((_, body),) = wire.packets(bytearray(wire.publish(topic, payload, 1)))
    whole = body[: 2 + length] + body[4 + length :]
    size, header = len(whole), bytearray([wire.PUBLISH])
    while size >= 0x80:
        header.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([*header, size]) + whole


def test_a_broker_that_goes_away_gets_everything_when_it_is_back(tmp_path: Path) -> None:
    said: list[str] = []
    with mosquitto(tmp_path) as broker:
        at = Broker(host="127.0.0.1", port=broker.port)
        with Publisher(at, client_id="tower", say=said.append) as publisher:
            publisher.publish("anju/tower/x", b'{"n": 0}')
            publisher.wait_for_acks(timeout_s=10)
            broker.stop()
            for n in range(1, 100):
                publisher.publish("anju/tower/x", b'{"n": %d}' % n, more=True)
            broker.start()
            listener = Listener(at, wanted=99, topic="anju/tower/x")
            publisher.wait_for_acks(timeout_s=30)
            assert listener.complete.wait(10)
            listener.close()
    assert {payload["n"] for payload in listener.payloads} == set(range(1, 100))
    assert any("lost" in line for line in said)


def test_what_a_broker_drops_of_a_slow_subscriber_is_told(tmp_path: Path) -> None:
    town, said = small_town(1, homes=2, weeks=4), list[str]()
    with mosquitto(tmp_path, SMALL_QUEUE) as broker:
        at = Broker(host="127.0.0.1", port=broker.port)
        away = Listener(at, wanted=0, topic="anju/#", client_id="service that is away")
        away.close()
        assert publish_all(town, (), replace(a_way(f"mqtt://{at.host}:{at.port}", said))) == 1
    (dropped,) = (int(line.split()[3]) for line in said if "dropped" in line)
    assert dropped >= sum(map(len, town)) - 10


def test_a_broker_that_kept_everything_is_believed(tmp_path: Path) -> None:
    said: list[str] = []
    with mosquitto(tmp_path, SMALL_QUEUE) as broker:
        assert publish_all(small_town(1, homes=2, weeks=4), (), a_way(f"mqtt://127.0.0.1:{broker.port}", said)) == 0
    assert not any("drop" in line for line in said)
