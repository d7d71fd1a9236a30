"""Replies that could be taken for another home's, another alert's or another meaning."""

from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select

from domain.alert import Outcome, State
from domain.finding import AlertKind, Level
from domain.reading import DeviceEvent
from notifier.contract import Capabilities
from notifier.replies import Inbound, Meaning, Replies, understand
from store import tables as t
from tests.notifier.world import World, add_household, at, put, silence

RESIDENT, DAUGHTER, SON, GRID_WORKER = (f"+861380000000{n}" for n in range(4))
KEYS = count()


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The daughter and the grid worker answer for two homes."""
    world = World(tmp_path, capabilities=Capabilities(receipts=True, replies=True))
    with world.records.write() as tx:
        add_household(tx, "305", "李大爷", "+8613800000030")
        put(tx, "guardians", {"household_id": "h305", "contact_id": "daughter", "order": 1})
        put(tx, "pairings", {"household_id": "h305", "contact_id": "grid_worker"})
    return world


def say(world: World, phone: str, body: str, sent_at: datetime | None = None) -> Meaning | None:
    replies = Replies(world.life, world.notifier.letters)
    with world.records.write() as tx:
        inbound = Inbound(key=str(next(KEYS)), phone=phone, body=body, sent_at=sent_at)
        meaning = replies.take(tx, inbound, world.now)
    world.turn()
    return meaning


def back(world: World, who: str) -> list[str]:
    return [r.body for r in world.received if r.who == who and r.template.startswith("reply")]


def press(world: World) -> None:
    world.happens(DeviceEvent(device_id="sos1", at=world.now, kind="sos_button", flags={"sos": True}))
    world.turn()


def two_homes(world: World) -> tuple[int, int]:
    first = world.raise_alert(silence(Level.ALERT, at("07:00")))
    world.until(at("07:03"))
    return first, world.raise_alert(silence(Level.ALERT, at("07:03"), household_id="h305"))


@pytest.mark.parametrize("body", ["1", "2", "我去", "平安"])
def test_of_two_homes_none_is_guessed_and_the_reader_is_asked_which(world: World, body: str) -> None:
    first, second = two_homes(world)
    say(world, GRID_WORKER, body)
    assert {world.state(first), world.state(second)} == {State.NOTIFIED}
    digit = "1" if body in ("1", "我去") else "2"
    assert back(world, "李敏") == [
        f"【安居】您有2户在等，请写明哪一户：{digit} 305是幸福里3号楼305；{digit} 201是幸福里3号楼201。"
    ]
    say(world, GRID_WORKER, f"{digit} 201")
    assert world.state(first) is (State.ACKNOWLEDGED if digit == "1" else State.RESOLVED)
    assert world.state(second) is State.NOTIFIED
    assert "幸福里3号楼201：" in back(world, "李敏")[-1]


@pytest.mark.parametrize("body", ["1 201", "1，201", "我去 201", "１　２０１"])
def test_a_home_is_named_behind_the_answer_in_many_ways(world: World, body: str) -> None:
    first, _ = two_homes(world)
    say(world, GRID_WORKER, body)
    assert world.state(first) is State.ACKNOWLEDGED


@pytest.mark.parametrize(
    ("body", "taken"),
    [("1 2单元201", True), ("1 201室", True), ("1 201", True), ("1 b12", False), ("1 01", None), ("1 7", None)],
)
def test_the_end_of_a_door_will_do_where_it_is_one_home_s_alone(world: World, body: str, taken: bool | None) -> None:
    with world.records.write() as tx:
        tx.exec_driver_sql("UPDATE households SET door = '2单元201' WHERE household_id = 'h201'")
        door = "2单元B12" if taken is not None else "3单元301"
        tx.exec_driver_sql("UPDATE households SET door = ? WHERE household_id = 'h305'", (door,))
    first, second = two_homes(world)
    say(world, GRID_WORKER, body)
    assert world.state(first) is (State.ACKNOWLEDGED if taken else State.NOTIFIED)
    assert world.state(second) is (State.ACKNOWLEDGED if taken is False else State.NOTIFIED)


def test_two_homes_behind_the_same_door_number_are_told_apart_by_the_alerts_numbers(world: World) -> None:
    with world.records.write() as tx:
        put(tx, "buildings", {"building_id": "b5", "grid_id": "g1", "name": "幸福里5号楼"})
        tx.exec_driver_sql("UPDATE households SET door = '201', building_id = 'b5' WHERE household_id = 'h305'")
    first, second = two_homes(world)
    say(world, GRID_WORKER, "1 201")
    assert {world.state(first), world.state(second)} == {State.NOTIFIED}
    assert f"1 {second}是幸福里5号楼201；1 {first}是幸福里3号楼201" in back(world, "李敏")[-1]
    say(world, GRID_WORKER, f"1 {first}")
    assert world.state(first) is State.ACKNOWLEDGED


def test_a_door_that_was_not_asked_about_is_answered_with_those_that_were(world: World) -> None:
    first, _ = two_homes(world)
    say(world, GRID_WORKER, "1 999")
    assert world.state(first) is State.NOTIFIED
    assert "请写明哪一户" in back(world, "李敏")[-1]


def test_who_goes_to_a_home_goes_for_all_its_alerts_and_settles_only_the_one_just_told(world: World) -> None:
    silent = world.raise_alert(silence(Level.ALERT, at("07:00")))
    world.until(at("07:03"))
    press(world)
    sos = silent + 1
    say(world, DAUGHTER, "1")
    assert world.state(silent) is world.state(sos) is State.ACKNOWLEDGED
    say(world, DAUGHTER, "2")
    assert (world.state(silent), world.state(sos)) == (State.ACKNOWLEDGED, State.RESOLVED)


def test_a_reply_sent_before_a_new_alert_does_not_settle_it(world: World) -> None:
    settled = world.raise_alert(silence(Level.ALERT, at("07:00")))
    with world.records.write() as tx:
        world.life.resolve(tx, settled, by="duty_desk", outcome=Outcome.SAFE, now=at("07:01"))
    world.until(at("07:06"))
    press(world)
    say(world, DAUGHTER, "2", sent_at=at("07:04"))
    assert world.state(settled + 1) is State.NOTIFIED
    assert "目前没有等您处理的预警" in back(world, "王丽")[-1]


def test_an_answer_to_what_is_settled_is_told_so_once(world: World) -> None:
    settled = world.raise_alert(silence(Level.ALERT, at("07:00")))
    with world.records.write() as tx:
        world.life.resolve(tx, settled, by="duty_desk", outcome=Outcome.SAFE, now=world.now)
    for body in ("1", "2", "平安"):
        say(world, DAUGHTER, body)
    assert back(world, "王丽") == ["【安居】收到，谢谢。目前没有等您处理的预警。"]


def test_who_has_not_been_asked_yet_settles_nothing(world: World) -> None:
    alert = world.raise_alert(silence(Level.ALERT, at("07:00")))
    say(world, SON, "2")
    assert world.state(alert) is State.NOTIFIED


def test_the_second_who_goes_hears_who_was_first(world: World) -> None:
    world.raise_alert(silence(Level.ALERT, at("07:00")))
    say(world, GRID_WORKER, "1")
    say(world, DAUGHTER, "1")
    assert back(world, "王丽") == ["【安居】收到，谢谢。幸福里3号楼201：李敏已先接警。"]


@pytest.mark.parametrize("body", ["ok", "OK!", "好的", "fine"])
def test_ok_settles_nothing_from_family_and_answers_the_residents_question(world: World, body: str) -> None:
    asked = world.raise_alert(silence(Level.ASK, at("07:00")))
    say(world, RESIDENT, body)
    assert world.state(asked) is State.RESOLVED
    told = world.raise_alert(silence(Level.ALERT, at("17:00"), at("08:00")))
    say(world, DAUGHTER, body)
    assert world.state(told) is State.NOTIFIED
    assert "没有看懂" in back(world, "王丽")[-1]


@pytest.mark.parametrize("body", ["救命", "help me!", "SOS", "需要帮助"])
def test_a_resident_who_cries_for_help_is_heard_though_nobody_asked(world: World, body: str) -> None:
    assert say(world, RESIDENT, body) is Meaning.HELP
    (alert,) = world.alerts(AlertKind.SOS)
    assert alert["household_id"] == "h201"
    assert {"王丽", "王强", "李敏", "值班室", "陈主任"} <= {r.who for r in world.received if "本人求助" in r.body}
    assert back(world, "王秀英") == ["【安居】收到，谢谢。王秀英：已通知家人和社区，马上联系您。"]


@pytest.mark.parametrize("body", ["3", "no", "不好"])
def test_no_is_a_call_for_help_where_the_resident_was_asked_and_nowhere_else(world: World, body: str) -> None:
    assert say(world, RESIDENT, body) is not Meaning.HELP
    assert world.alerts() == []
    world.raise_alert(silence(Level.ASK, at("07:00")))
    assert say(world, RESIDENT, body) is Meaning.HELP
    assert "陈主任" in {r.who for r in world.received}


def test_from_a_phone_that_mother_and_daughter_share_a_cry_for_help_is_the_mothers(world: World) -> None:
    with world.records.write() as tx:
        tx.exec_driver_sql(f"UPDATE residents SET phone = '{DAUGHTER}' WHERE household_id = 'h201'")
    say(world, DAUGHTER, "救命")
    assert [a["household_id"] for a in world.alerts(AlertKind.SOS)] == ["h201"]


def test_on_a_shared_phone_each_answers_what_was_asked_last(world: World) -> None:
    with world.records.write() as tx:
        tx.exec_driver_sql(f"UPDATE residents SET phone = '{DAUGHTER}' WHERE household_id = 'h201'")
    alert = world.raise_alert(silence(Level.ASK, at("07:00")))
    world.until(at("07:35"))
    say(world, DAUGHTER, "1")
    assert (world.state(alert), world.alerts()[0]["acknowledged_by"]) == (State.ACKNOWLEDGED, "daughter")


def test_a_contact_and_a_resident_of_the_same_id_are_two_people(world: World) -> None:
    with world.records.write() as tx:
        tx.exec_driver_sql("UPDATE residents SET resident_id = 'daughter' WHERE household_id = 'h305'")
    alert = world.raise_alert(silence(Level.ALERT, at("07:00")))
    say(world, "+8613800000030", "2")
    assert world.state(alert) is State.NOTIFIED


def test_stop_from_one_who_was_just_told_hastens_the_next_and_from_the_only_one_the_operator(world: World) -> None:
    with world.records.write() as tx:
        tx.exec_driver_sql("DELETE FROM pairings")
        tx.exec_driver_sql("DELETE FROM guardians WHERE contact_id = 'son'")
        tx.exec_driver_sql("DELETE FROM contacts WHERE contact_id NOT IN ('daughter', 'operator')")
    alert = world.raise_alert(silence(Level.ALERT, at("07:00")))
    say(world, DAUGHTER, "退订")
    heard = [r.body for r in world.received if r.who == "Olga"]
    assert any("can not be reached: STOP" in body for body in heard), heard
    assert any("no water" in body for body in heard), heard
    assert world.state(alert) is State.NOTIFIED


def test_stop_from_who_is_on_the_way_leaves_it_theirs(world: World) -> None:
    alert = world.raise_alert(silence(Level.ALERT, at("07:00")))
    say(world, DAUGHTER, "1")
    say(world, DAUGHTER, "STOP")
    assert world.state(alert) is State.ACKNOWLEDGED


def test_away_behind_a_call_for_help_means_the_silence(world: World) -> None:
    silent = world.raise_alert(silence(Level.ALERT, at("07:00")))
    world.until(at("07:02"))
    press(world)
    say(world, DAUGHTER, "外出3天")
    assert (world.state(silent), world.state(silent + 1)) == (State.ABSENT, State.NOTIFIED)


def absences(world: World) -> list[tuple[str, str, timedelta]]:
    with world.records.read() as tx:
        rows = tx.execute(select(t.absences)).all()
    return [(row.household_id, row.announced_by, row.until_at - world.now) for row in rows]


def test_family_announces_an_absence_without_being_asked_and_staff_hear_of_it(world: World) -> None:
    say(world, SON, "外出3天")
    ((home, _, length),) = absences(world)
    assert (home, length) == ("h201", timedelta(days=3))
    assert "幸福里3号楼201" in back(world, "王强")[-1]
    assert [r.who for r in world.received if "王强登记" in r.body] == ["李敏"]


def test_who_lives_there_announces_their_own(world: World) -> None:
    say(world, RESIDENT, "外出两天")
    ((home, _, length),) = absences(world)
    assert (home, length) == ("h201", timedelta(days=2))


def test_of_several_homes_none_is_taken_for_the_one_that_is_left(world: World) -> None:
    say(world, DAUGHTER, "外出3天")
    assert absences(world) == []
    assert back(world, "王丽")[-1].endswith("外出3天 201是幸福里3号楼201；外出3天 305是幸福里3号楼305。")
    say(world, DAUGHTER, "外出3天 305")
    assert [home for home, _, _ in absences(world)] == ["h305"]


@pytest.mark.parametrize(
    ("phone", "body"), [(GRID_WORKER, "外出3天"), (SON, "外出20天"), (SON, "外出"), ("+861", "外出3天")]
)
def test_an_absence_of_no_home_of_theirs_or_without_a_fair_end_is_not_announced(
    world: World, phone: str, body: str
) -> None:
    say(world, phone, body)
    assert absences(world) == []


@pytest.mark.parametrize("body", ["", "?", "1 2 3", "no problem", "hello 201", "outing", "2023", "1" * 500])
def test_what_is_not_understood_is_not_guessed(body: str) -> None:
    assert understand(body).meaning is Meaning.UNKNOWN, body


@pytest.mark.parametrize(
    ("body", "days"),
    [
        ("外出3天", 3),
        ("外出三天", 3),
        ("外出 十二 天", 12),
        ("外出两周", 14),
        ("外出一个星期", 7),
        ("不在家 3 天。", 3),
        ("away for 3 days", 3),
        ("Away 2 weeks", 14),
        ("out 2", 2),
    ],
)
def test_an_absence_in_figures_or_words_of_days_or_weeks_is_understood(body: str, days: int) -> None:
    said = understand(body)
    assert (said.meaning, said.days) == (Meaning.AWAY, days)


@pytest.mark.parametrize(
    "body", ["外出", "外出0天", "外出三周", "外出90天", "外出到3月25日", "away tomorrow", "Away!", "外出百天"]
)
def test_an_absence_without_an_end_or_of_more_than_two_weeks_is_asked_for_and_others_go_on_being_told(
    world: World, body: str
) -> None:
    alert = world.raise_alert(silence(Level.ALERT, world.now))
    say(world, DAUGHTER, body)
    assert world.state(alert) is State.NOTIFIED
    assert "外出请写天数，如「外出3天」，最多14天" in back(world, "王丽")[-1]


def test_staff_may_announce_a_longer_absence_by_text(world: World) -> None:
    alert = world.raise_alert(silence(Level.ALERT, world.now))
    say(world, GRID_WORKER, "外出30天")
    assert world.state(alert) is State.ABSENT


def test_all_who_were_told_hear_that_family_announced_an_absence(world: World) -> None:
    world.raise_alert(silence(Level.ALERT, world.now))
    world.until(at("07:15"))
    say(world, DAUGHTER, "外出三天")
    world.until(at("09:00"))
    told = [(r.who, r.body) for r in world.received if "外出" in r.body and r.template == "notice"]
    assert sorted(who for who, _ in told) == sorted(["李敏", "王强"])
    assert all("王丽登记外出到3月12日7:15" in body for _, body in told)
