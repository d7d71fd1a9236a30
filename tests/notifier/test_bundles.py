"""Several alerts in one text: said as urgently as each alone, and lost only together."""

from pathlib import Path

import pytest

from domain.alert import State
from domain.finding import AlertKind
from domain.reading import DeviceEvent
from notifier.channels.log import LogChannel
from notifier.contract import Capabilities, ChannelError, Failure, Outgoing, Sent
from tests.notifier.world import World, add_household, put


class Refusing(LogChannel):
    """Refuses one phone for good."""

    refused = ""

    def send(self, text: Outgoing) -> Sent:
        if text.to == self.refused:
            raise ChannelError(Failure.PERMANENT, "no such number")
        return super().send(text)


def three_calls(world: World) -> None:
    with world.records.write() as tx:
        for door in ("305", "306"):
            add_household(tx, door, "李大爷")
            put(tx, "sensors", {"device_id": f"sos{door}", "household_id": f"h{door}", "kind": "sos_button"})
            put(tx, "pairings", {"household_id": f"h{door}", "contact_id": "grid_worker"})
        tx.exec_driver_sql("DELETE FROM guardians")
        tx.exec_driver_sql("DELETE FROM contacts WHERE contact_id NOT IN ('grid_worker', 'operator')")
    for device in ("sos1", "sos305", "sos306"):
        world.happens(DeviceEvent(device_id=device, at=world.now, kind="sos_button", flags={"sos": True}))
    world.turn()


@pytest.mark.parametrize(("replies", "answer"), [(True, "回1我去，2平安，3不能"), (False, "在工作台接警")])
def test_three_calls_at_once_are_one_text_that_says_how_to_answer(tmp_path: Path, replies: bool, answer: str) -> None:
    world = World(tmp_path, capabilities=Capabilities(replies=replies))
    three_calls(world)
    (text,) = [r.body for r in world.received if r.who == "李敏"]
    assert text.startswith("【安居】3条新消息：")
    assert answer in text


def test_three_troubles_of_the_service_are_one_text_that_speaks_of_no_resident(tmp_path: Path) -> None:
    world = World(tmp_path)
    with world.records.write() as tx:
        for part in ("broker", "clock", "twilio"):
            world.life.service_down(tx, part, "fails", world.now)
    world.turn()
    (text,) = [r.body for r in world.received if r.who == "Olga"]
    assert text == "anju: 3 messages: broker : news; clock : news; see the desk."


def test_a_bundle_that_is_lost_hastens_the_next_step_of_each_of_its_alerts(tmp_path: Path) -> None:
    heard: list[str] = []
    channel = Refusing(lambda text: heard.append(f"{text.name}: {text.body}"))
    channel.refused = "+8613800000003"
    world = World(tmp_path, channels=[channel])
    three_calls(world)
    world.turn()
    assert {a["state"] for a in world.alerts(AlertKind.SOS)} == {State.NOTIFIED}
    assert any(line.startswith("Olga: ") and "SOS" in line for line in heard), heard
