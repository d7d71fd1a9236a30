"""Calls that say the alert in the reader's language and take a key, through the official client."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from config.policies import load_policies
from config.sms import load_words
from domain.alert import Outcome, State
from domain.finding import Level
from domain.people import Language
from notifier.channels.twilio_voice import heard_call
from notifier.life import LifeRules
from notifier.messages import Texts
from notifier.service import NotifierRules
from notifier.speech import spoken
from tests.notifier.desk import PUBLIC, Desk, calls, channel
from tests.notifier.fake_twilio import FakeTwilio, Mood, fake_twilio
from tests.notifier.world import World, at, silence
from tests.services import free_port

TEXTS = Texts(words=load_words())


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with fake_twilio() as fake:
        yield fake


@pytest.fixture
def desk(tmp_path: Path, twilio: FakeTwilio) -> Desk:
    """Mrs Wang at level ask, with a landline; all others get texts."""
    desk = Desk(tmp_path, twilio, channels=[channel(twilio.base), calls(twilio.base)])
    wants_a_call(desk.world, "residents", "resident_id", "r-h201")
    return desk


def wants_a_call(world: World, table: str, key: str, who: str) -> None:
    with world.records.write() as tx:
        tx.exec_driver_sql(f"UPDATE {table} SET told_by = 'call' WHERE {key} = '{who}'")


def says(script: str) -> list[str]:
    return re.findall(r"<Say[^>]*>([^<]+)</Say>", script)


def test_the_resident_is_called_hears_the_question_twice_and_settles_it_with_a_key(desk: Desk) -> None:
    alert = desk.world.raise_alert(silence(Level.ASK, at("17:00")))
    assert (desk.called(), desk.told()) == (["0"], [])
    sid = str(desk.twilio.calls[0]["sid"])
    script = desk.twilio.scripts[sid]
    words = (
        "您好，这里是安居守护。王秀英您好：您家10小时没有用水。平安就请按2，需要帮助请按3，否则30分钟后通知家人和社区。"
    )
    assert says(script) == [words, words]
    assert 'language="cmn-CN"' in script
    desk.world.now = at("07:02")
    for _ in range(2):  # handed over twice
        assert says(desk.heard(desk.twilio.key_pressed(sid, "2"))) == ["已按平安办结"]
    desk.heard(desk.twilio.call_ends(sid, "completed"))
    desk.world.until(at("08:00"))
    assert desk.world.state(alert) is State.RESOLVED
    assert desk.told() == []
    with desk.world.records.read() as tx:
        assert len(tx.exec_driver_sql("SELECT 1 FROM replies").all()) == 1


def test_a_resident_who_presses_for_help_is_not_made_to_wait(desk: Desk) -> None:
    desk.world.raise_alert(silence(Level.ASK, at("17:00")))
    said = desk.heard(desk.twilio.key_pressed(str(desk.twilio.calls[0]["sid"]), "3"))
    assert says(said) == ["已通知家人和社区，马上联系您"]
    desk.world.turn()
    assert sorted(desk.told()) == ["1", "2", "3", "5", "6"]


def test_a_key_that_means_nothing_makes_the_call_say_it_again(desk: Desk) -> None:
    alert = desk.world.raise_alert(silence(Level.ASK, at("17:00")))
    sid = str(desk.twilio.calls[0]["sid"])
    for digits in ("7", "#", "", "1"):  # residents can't say that they are going
        again = desk.heard(desk.twilio.key_pressed(sid, digits))
        assert says(again)[0].endswith("通知家人和社区。")
        assert "<Gather" in again
    assert desk.world.state(alert) is State.ASKED


def test_a_call_that_nobody_answers_hastens_the_next_step(desk: Desk) -> None:
    desk.world.raise_alert(silence(Level.ASK, at("17:00")))
    desk.world.now = at("07:01")
    ended = desk.twilio.call_ends(str(desk.twilio.calls[0]["sid"]), "no-answer")
    for _ in range(2):
        desk.heard(ended)
    desk.world.turn()
    assert desk.told() == ["1", "3"]
    desk.heard(desk.twilio.call_ends(str(desk.twilio.calls[0]["sid"]), "ringing"))
    assert desk.world.statuses()["sent"] == 2


def test_a_busy_line_is_called_again_after_a_minute_while_others_are_told(desk: Desk) -> None:
    wants_a_call(desk.world, "contacts", "contact_id", "daughter")
    desk.world.raise_alert(silence(Level.ALERT, at("17:00")))
    desk.heard(desk.twilio.call_ends(str(desk.twilio.calls[0]["sid"]), "busy"))
    desk.world.until(at("07:00") + timedelta(seconds=50), every=timedelta(seconds=10))
    assert desk.called() == ["1"]
    desk.world.until(at("07:02"))
    assert desk.called() == ["1", "1"]


def test_an_answering_machine_is_nobody() -> None:
    assert heard_call("CA1", "completed", "machine_start").status.lost
    assert not heard_call("CA1", "completed", "human").status.lost
    assert not heard_call("CA1", "in-progress").status.lost


def test_who_is_called_by_choice_takes_the_alert_with_a_key_and_texts_go_to_the_others(desk: Desk) -> None:
    wants_a_call(desk.world, "contacts", "contact_id", "grid_worker")
    alert = desk.world.raise_alert(silence(Level.ALERT, at("17:00")))
    assert (desk.called(), desk.told()) == (["3"], ["1"])
    sid = str(desk.twilio.calls[0]["sid"])
    assert "幸福里3号楼2 0 1 王秀英" in says(desk.twilio.scripts[sid])[0]
    assert "能去请按1，平安请按2，去不了请按3" in says(desk.twilio.scripts[sid])[0]
    assert says(desk.heard(desk.twilio.key_pressed(sid, "1"))) == ["您已接警，到场后请告知社区"]
    assert desk.world.state(alert) is State.ACKNOWLEDGED
    assert desk.world.alerts()[0]["acknowledged_by"] == "grid_worker"


def has_a_landline(world: World, table: str, key: str, who: str) -> None:
    with world.records.write() as tx:
        tx.exec_driver_sql(f"UPDATE {table} SET phone = '+865516551234', told_by = NULL WHERE {key} = '{who}'")


def test_a_landline_is_called_and_never_texted_whatever_the_ledger_says(desk: Desk) -> None:
    has_a_landline(desk.world, "contacts", "contact_id", "daughter")
    alert = desk.world.raise_alert(silence(Level.ALERT, at("17:00")))
    assert ([call["to"] for call in desk.twilio.calls], desk.told()) == (["+865516551234"], ["3"])
    desk.heard(desk.twilio.key_pressed(str(desk.twilio.calls[0]["sid"]), "1"))
    assert desk.world.alerts()[0]["acknowledged_by"] == "daughter"
    with desk.world.records.write() as tx:
        desk.world.life.resolve(tx, alert, by="grid_worker", outcome=Outcome.SAFE, now=desk.world.now)
    desk.world.until(at("07:05"))
    assert [call["to"] for call in desk.twilio.calls] == ["+865516551234"] * 2


def test_where_nobody_is_called_the_next_people_are_told_at_once_in_place_of_a_landline(
    tmp_path: Path, twilio: FakeTwilio
) -> None:
    desk = Desk(tmp_path, twilio, channels=[channel(twilio.base)])
    has_a_landline(desk.world, "residents", "resident_id", "r-h201")
    desk.world.raise_alert(silence(Level.ASK, at("17:00")))
    desk.world.turn()
    assert desk.told() == ["1", "3"]
    with desk.world.records.read() as tx:
        failed = tx.exec_driver_sql("SELECT contact_id, error FROM messages WHERE status = 'failed'").all()
    assert failed == [("r-h201", "no channel serves +865…")]


def test_a_forged_key_is_refused_and_changes_nothing(desk: Desk) -> None:
    alert = desk.world.raise_alert(silence(Level.ASK, at("17:00")))
    url, form, signature = desk.twilio.key_pressed(str(desk.twilio.calls[0]["sid"]), "2")
    assert desk.post(url, form | {"Digits": "3"}, signature) == 403
    assert desk.post(url.replace("m=1", "m=2"), form, signature) == 403
    assert desk.post(url, form, "") == 403
    assert desk.world.state(alert) is State.ASKED
    for message in ("", "abc", "999999"):
        assert says(desk.heard(desk.twilio.signed(f"{PUBLIC}/webhooks/twilio/key?m={message}", form))) == []


def test_a_policy_may_ask_the_resident_by_call_whatever_the_ledger_says(tmp_path: Path, twilio: FakeTwilio) -> None:
    policies = tmp_path / "policies.toml"
    policies.write_text("[low_use]\nask_by_call = true\n")
    rules = NotifierRules(life=LifeRules(policies=load_policies(policies)))
    desk = Desk(tmp_path, twilio, channels=[channel(twilio.base), calls(twilio.base)], rules=rules)
    desk.world.raise_alert(silence(Level.ASK, at("17:00")))
    assert (desk.called(), desk.told()) == (["0"], [])
    desk.world.until(at("07:31"))
    assert desk.told() == ["1", "3"]


def test_where_no_text_gets_through_an_urgent_one_is_called_out_and_news_is_not(
    tmp_path: Path, twilio: FakeTwilio
) -> None:
    nowhere = channel(f"http://127.0.0.1:{free_port()}")
    desk = Desk(tmp_path, twilio, channels=[nowhere, calls(twilio.base)])
    alert = desk.world.raise_alert(silence(Level.ALERT, at("17:00")))
    assert sorted(desk.called()) == ["1", "3"]
    assert "请按1" in says(desk.twilio.scripts[str(desk.twilio.calls[0]["sid"])])[0]
    with desk.world.records.write() as tx:
        desk.world.life.acknowledge(tx, alert, by="grid_worker", now=desk.world.now)
    desk.world.until(at("07:05"))
    assert len(desk.called()) == 2


def test_where_calls_fail_a_text_goes_instead_in_its_own_words(desk: Desk) -> None:
    desk.twilio.moods = [Mood(http_status=400, code=21211 - 1, taken=False)]
    desk.world.raise_alert(silence(Level.ASK, at("17:00")))
    desk.world.turn()
    (body,) = [body for _, body in desk.twilio.bodies()]
    assert body == "【安居】王秀英您好：您家10小时没有用水。平安就请用一下水（如冲马桶），否则30分钟后通知家人和社区。"


def test_a_call_says_whole_words_and_door_numbers_digit_by_digit() -> None:
    variables = {"place": "Sunny Garden 1802", "who": "Mrs Fox", "urge": "Please go and look", "answer": "press 1"}
    variables["what"] = "water running since 7:00, 1240 L/h, silent 14 h"
    said = spoken(TEXTS, Language.EN, "alert", variables)
    assert said == (
        "Hello, this is anju, watching over homes. Sunny Garden 1 8 0 2 Mrs Fox: water running since 7:00, "
        "1240 litres an hour, silent 14 hours. Please go and look; press 1."
    )
