"""Texts through the official client against a Twilio that remembers; with Prism between them where it is installed."""

import logging
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import select

from domain.alert import State
from domain.finding import Level
from domain.message import MessageStatus
from domain.people import Language
from notifier.contract import ChannelError, Failure, Outgoing
from store import tables as t
from tests.notifier.desk import PUBLIC, Desk, calls, channel
from tests.notifier.fake_twilio import SENDER, TOKEN, FakeTwilio, Mood, fake_twilio
from tests.notifier.loopback import Loopback, listening
from tests.notifier.world import at, silence
from tests.services import free_port, program, wait_for_port

TEXT = Outgoing(
    reference="1",
    to="+8613800000001",
    name="王丽",
    language=Language.ZH,
    body="【安居】幸福里3号楼201 王秀英：14小时未用水。请上门看看。",
    template="alert",
    variables={},
)


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with fake_twilio() as fake:
        yield fake


@pytest.fixture
def described(twilio: FakeTwilio) -> Iterator[str]:
    """Prism checks what we ask and what the fake answers against Twilio's own description."""
    material = os.environ.get("ANJU_TEST_MATERIAL")
    if not material:
        pytest.skip("ANJU_TEST_MATERIAL isn't set: Twilio's description is not here")
    prism, port = program("prism", "npm; then: npm install -g @stoplight/prism-cli"), free_port()
    description = Path(material) / "twilio" / "twilio_messages_subset.json"
    command = [prism, "proxy", "--errors", "-p", str(port), "-h", "127.0.0.1", str(description), twilio.base]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for_port(port, process, seconds=60)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def test_what_we_ask_and_how_we_read_the_answers_agrees_with_twilios_description(
    described: str, twilio: FakeTwilio
) -> None:
    sms = channel(described)
    sent = sms.send(TEXT)
    assert twilio.bodies() == [(TEXT.to, TEXT.body)]
    assert sms.find(TEXT, datetime.now(UTC) - timedelta(minutes=1)) == sent
    assert sms.status(sent.sid, TEXT.to, datetime.now(UTC)) == sent
    sid = twilio.hears(TEXT.to, "救命")
    (heard,) = sms.replies(datetime.now(UTC) - timedelta(minutes=1))
    assert (heard.key, heard.phone, heard.body) == (sid, TEXT.to, "救命")
    voice = calls(described)
    rung = voice.send(TEXT)
    assert voice.status(rung.sid, TEXT.to, datetime.now(UTC)) == rung
    twilio.moods = [Mood(http_status=400, code=21211, taken=False)] * 2
    for way in (sms, voice):
        with pytest.raises(ChannelError, match="not a valid number \\(21211\\)"):
            way.send(TEXT)


def test_a_text_that_differs_by_one_character_is_not_the_one_that_was_sent(twilio: FakeTwilio) -> None:
    sms = channel(twilio.base)
    sms.send(TEXT)
    other = Outgoing(**{**{s: getattr(TEXT, s) for s in TEXT.__slots__}, "body": TEXT.body + "。"})
    assert sms.find(other, datetime.now(UTC) - timedelta(minutes=1)) is None


@pytest.mark.parametrize(
    ("mood", "failure"),
    [
        (Mood(http_status=429, code=20429, taken=False), Failure.BUSY),
        (Mood(http_status=401, code=20003, taken=False), Failure.CONFIGURATION),
        (Mood(http_status=400, code=21606, taken=False), Failure.CONFIGURATION),
        (Mood(http_status=400, code=21211, taken=False), Failure.PERMANENT),
        (Mood(http_status=400, code=21614, taken=False), Failure.PERMANENT),
        (Mood(http_status=400, code=21610, taken=False), Failure.PERMANENT),
        (Mood(http_status=400, code=99999, taken=False), Failure.REFUSED),
        (Mood(http_status=503), Failure.UNCERTAIN),
        (Mood(answers=False), Failure.UNCERTAIN),
    ],
)
def test_each_refusal_says_what_to_do_next(twilio: FakeTwilio, mood: Mood, failure: Failure) -> None:
    twilio.moods = [mood]
    with pytest.raises(ChannelError) as refused:
        channel(twilio.base).send(TEXT)
    assert refused.value.failure is failure


def test_neither_a_number_nor_a_word_of_a_text_is_logged(twilio: FakeTwilio, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        channel(twilio.base).send(TEXT)
        channel(twilio.base).find(TEXT, datetime.now(UTC) - timedelta(minutes=1))
    assert caplog.records == []


def test_many_texts_at_a_time_keep_their_connections_and_the_log_quiet(caplog: pytest.LogCaptureFixture) -> None:
    all_there = Barrier(16)

    class Together(Loopback):
        def post(self) -> None:
            self.body()
            all_there.wait(30)
            self.answer(201, {"sid": "SM1", "status": "queued"})

    with listening(Together) as base, ThreadPoolExecutor(16) as pool:
        sent = list(pool.map(channel(base).send, [TEXT] * 16))
    assert {one.sid for one in sent} == {"SM1"}
    assert caplog.messages == []


def test_an_answer_without_an_id_is_none_of_twilios_and_the_text_is_looked_up() -> None:
    class Between(Loopback):
        def post(self) -> None:
            self.body()
            self.answer(201, {})

    with listening(Between) as base:
        for way in (channel(base), calls(base)):
            with pytest.raises(ChannelError, match="an answer without an id") as doubt:
                way.send(TEXT)
            assert doubt.value.failure is Failure.UNCERTAIN


def test_where_nothing_listens_the_text_was_certainly_not_sent() -> None:
    with pytest.raises(ChannelError) as refused:
        channel(f"http://127.0.0.1:{free_port()}").send(TEXT)
    assert refused.value.failure is Failure.DOWN


def test_to_mainland_china_there_is_no_link_and_no_reply_and_elsewhere_there_is(twilio: FakeTwilio) -> None:
    sms = channel(twilio.base)
    china, spain = sms.capabilities("+8613800000001"), sms.capabilities("+34600000007")
    assert china is not None
    assert spain is not None
    assert (china.replies, china.links) == (False, False)
    assert (spain.replies, spain.links) == (True, True)
    assert sms.capabilities("13800000001") is None


@pytest.fixture
def desk(tmp_path: Path, twilio: FakeTwilio) -> Desk:
    desk = Desk(tmp_path, twilio)
    with desk.world.records.write() as tx:
        tx.exec_driver_sql("UPDATE contacts SET phone = replace(phone, '+86138', '+34638')")
        tx.exec_driver_sql("UPDATE residents SET phone = replace(phone, '+86138', '+34638')")
    return desk


DAUGHTER, SON, GRID_WORKER = "+3463800000001", "+3463800000002", "+3463800000003"
RESIDENT = "+3463800000000"


def test_a_crash_of_the_line_after_acceptance_is_looked_up_and_nothing_is_sent_twice(desk: Desk) -> None:
    desk.twilio.moods = [Mood(answers=False), Mood(http_status=503)]
    desk.world.raise_alert(silence(Level.ALERT, at("07:00")))
    desk.world.until(at("07:05"))
    assert sorted(desk.told()) == ["1", "3"]
    assert desk.world.statuses() == {"sent": 2}


def test_a_text_that_was_not_taken_in_spite_of_a_5xx_is_sent_once_more(desk: Desk) -> None:
    desk.twilio.moods = [Mood(http_status=503, taken=False)]
    desk.world.raise_alert(silence(Level.ALERT, at("07:00")))
    desk.world.until(at("07:02"))
    assert sorted(desk.told()) == ["1", "3"]


def test_a_delivered_receipt_before_the_answer_twice_and_reversed_ends_as_delivered(desk: Desk) -> None:
    desk.world.raise_alert(silence(Level.ALERT, at("07:00")))
    sid = desk.sid_to(DAUGHTER)
    for status in ("delivered", "sent", "delivered", "queued"):
        assert desk.post(*desk.twilio.status_callback(sid, status)) == 200
    assert desk.world.statuses()["delivered"] == 1


def test_a_receipt_that_comes_before_the_answer_to_the_send_is_not_lost(desk: Desk) -> None:
    sid = "SM" + f"{1:032x}"
    form = {"MessageSid": sid, "MessageStatus": "delivered"}
    assert desk.post(*desk.twilio.signed(f"{PUBLIC}/webhooks/twilio/status", form)) == 200
    desk.world.raise_alert(silence(Level.ALERT, at("07:00")))
    assert desk.world.statuses() == {"delivered": 1, "sent": 1}


def test_a_forged_receipt_is_refused_and_changes_nothing(desk: Desk) -> None:
    desk.world.raise_alert(silence(Level.ALERT, at("07:00")))
    url, form, _ = desk.twilio.status_callback(desk.sid_to(DAUGHTER), "delivered")
    forged = desk.twilio.signed(url, form, token="another")[2]
    assert desk.post(url, form, forged) == 403
    assert desk.post(url, form, "") == 403
    assert desk.world.statuses() == {"sent": 2}


def test_without_a_token_nothing_is_believed_and_with_two_either_is(tmp_path: Path, twilio: FakeTwilio) -> None:
    url = f"{PUBLIC}/webhooks/twilio/status"
    form = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    none, both = tmp_path / "none", tmp_path / "both"
    none.mkdir()
    both.mkdir()
    for tokens, status in (([], 403), ([""], 403), (["new", TOKEN], 200)):
        answered = Desk(both if tokens[1:] else none, twilio, tokens).post(*twilio.signed(url, form))
        assert answered == status


def test_when_nobody_of_the_step_can_be_reached_the_next_is_told_at_once(desk: Desk) -> None:
    desk.world.raise_alert(silence(Level.ALERT, at("07:00")))
    desk.world.now = at("07:01")
    for phone in (DAUGHTER, GRID_WORKER):
        desk.post(*desk.twilio.status_callback(desk.sid_to(phone), "undelivered", 30005))
    desk.world.turn()
    assert desk.told()[2:] == ["2"]


def test_a_phone_that_was_off_is_tried_again_later(desk: Desk) -> None:
    desk.world.raise_alert(silence(Level.ALERT, at("07:00")))
    desk.post(*desk.twilio.status_callback(desk.sid_to(DAUGHTER), "undelivered", 30003))
    desk.world.until(at("07:09"))
    assert desk.told().count("1") == 1
    desk.world.until(at("07:11"))
    assert desk.told().count("1") == 2


def test_a_text_that_arrived_after_all_is_not_sent_again(desk: Desk) -> None:
    desk.world.raise_alert(silence(Level.ALERT, at("07:00")))
    desk.post(*desk.twilio.status_callback(desk.sid_to(DAUGHTER), "undelivered", 30003))
    desk.post(*desk.twilio.status_callback(desk.sid_to(DAUGHTER), "delivered"))
    desk.world.until(at("07:15"))
    assert desk.told().count("1") == 1
    assert desk.world.statuses()["delivered"] == 1


def test_a_reply_is_answered_to_twilio_with_a_document_that_says_nothing(desk: Desk) -> None:
    desk.world.raise_alert(silence(Level.ALERT, at("07:00")))
    form = {"MessageSid": "SMin", "From": DAUGHTER, "To": SENDER, "Body": "1"}
    for _ in range(2):
        asked = desk.twilio.signed(f"{PUBLIC}/webhooks/twilio/reply", form)
        assert desk.heard(asked).endswith("<Response></Response>")


def test_silence_of_the_provider_is_asked_after_ninety_seconds(desk: Desk) -> None:
    desk.world.raise_alert(silence(Level.ALERT, at("07:00")))
    for message in desk.twilio.messages:
        message["status"] = "delivered"
    desk.world.until(at("07:01"))
    assert desk.world.statuses() == {"sent": 2}
    desk.world.until(at("07:02"))
    assert desk.world.statuses() == {"delivered": 2}


def test_an_invalid_number_tells_the_operator_and_the_next_contact_at_once(desk: Desk) -> None:
    refused = Mood(http_status=400, code=21211, taken=False)
    desk.twilio.moods = [refused, refused]
    desk.world.raise_alert(silence(Level.ALERT, at("07:00")))
    desk.world.turn()
    assert desk.told()[:1] in (["7"], ["2"])
    assert "2" in desk.told()
    assert any("can not be reached" in body or "联系不上" in body for _, body in desk.twilio.bodies())


def test_one_goes_and_hears_that_they_have_it(desk: Desk) -> None:
    alert = desk.world.raise_alert(silence(Level.ALERT, at("07:00")))
    assert "回1我去，2平安，3不能" in desk.twilio.bodies()[0][1]
    desk.world.now = at("07:03")
    assert desk.replies(GRID_WORKER, "１。") == 200
    desk.world.turn()
    assert desk.world.state(alert) is State.ACKNOWLEDGED
    assert desk.world.alerts()[0]["acknowledged_by"] == "grid_worker"
    assert desk.twilio.bodies()[-1][1] == "【安居】收到，谢谢。您已接警，到场后请告知社区。" or any(
        "您已接警" in body for _, body in desk.twilio.bodies()
    )


def test_the_same_reply_handed_over_twice_does_its_work_once(desk: Desk) -> None:
    desk.world.raise_alert(silence(Level.ALERT, at("07:00")))
    for _ in range(3):
        assert desk.replies(GRID_WORKER, "我去", sid="SMsame") == 200
    with desk.world.records.read() as tx:
        assert len(tx.execute(select(t.replies)).all()) == 1
        assert len(tx.exec_driver_sql("SELECT 1 FROM alert_events WHERE event = 'acknowledge'").all()) == 1


def test_the_resident_who_answers_that_all_is_well_settles_the_question(desk: Desk) -> None:
    alert = desk.world.raise_alert(silence(Level.ASK, at("07:00")))
    desk.world.until(at("07:10"))
    desk.replies(RESIDENT, "平安")
    desk.world.until(at("08:00"))
    assert desk.world.state(alert) is State.RESOLVED
    assert {"1", "3"}.isdisjoint(desk.told())


def test_the_resident_who_wants_help_is_not_made_to_wait(desk: Desk) -> None:
    desk.world.raise_alert(silence(Level.ASK, at("07:00")))
    desk.world.now = at("07:02")
    desk.replies(RESIDENT, "3")
    desk.world.turn()
    assert {"1", "3"} <= set(desk.told())


def test_when_all_who_were_told_can_not_go_the_next_is_told_at_once(desk: Desk) -> None:
    desk.world.raise_alert(silence(Level.ALERT, at("07:00")))
    desk.world.now = at("07:02")
    desk.replies(DAUGHTER, "去不了")
    desk.world.turn()
    assert "2" not in desk.told()
    desk.replies(GRID_WORKER, "3")
    desk.world.turn()
    assert "2" in desk.told()


def test_away_for_three_days_leaves_the_home_in_peace_for_so_long(desk: Desk) -> None:
    alert = desk.world.raise_alert(silence(Level.ASK, at("07:00")))
    desk.replies(RESIDENT, "外出3天")
    desk.world.until(at("06:00", day=3), every=timedelta(hours=1))
    assert desk.world.state(alert) is State.ABSENT
    assert "1" not in desk.told()
    (hears,) = [m for m in desk.twilio.messages if m["to"] == GRID_WORKER]
    assert "外出" in str(hears["body"])


def test_a_strangers_reply_does_nothing_and_is_kept(desk: Desk) -> None:
    alert = desk.world.raise_alert(silence(Level.ALERT, at("07:00")))
    before = len(desk.twilio.messages)
    desk.replies("+34999999999", "2")
    desk.world.turn()
    assert desk.world.state(alert) is State.NOTIFIED
    assert len(desk.twilio.messages) == before
    with desk.world.records.read() as tx:
        assert tx.execute(select(t.replies.c.meaning)).scalars().all() == ["stranger"]


def test_an_unknown_reply_is_answered_once_with_how_to_answer(desk: Desk) -> None:
    desk.world.raise_alert(silence(Level.ALERT, at("07:00")))
    desk.world.now = at("07:02")
    for body in ("啊？", "喂喂", "？？？"):
        desk.replies(GRID_WORKER, body)
        desk.world.turn()
    helps = [body for _, body in desk.twilio.bodies() if "没有看懂" in body]
    assert helps == ["【安居】没有看懂您的回复。回1我去，2平安，3不能。"]


def test_stop_is_obeyed_at_once_the_operator_hears_it_and_start_undoes_it(desk: Desk) -> None:
    desk.replies(DAUGHTER, "STOP")
    desk.world.turn()
    assert any("can not be reached: STOP" in body for _, body in desk.twilio.bodies())
    desk.world.raise_alert(silence(Level.ALERT, at("07:00")))
    assert "1" not in desk.told()
    desk.replies(DAUGHTER, "START")
    desk.world.until(at("07:45"))
    assert "1" in desk.told()


def test_a_provider_that_refuses_everybody_is_the_operators_alert_and_nothing_is_dropped(desk: Desk) -> None:
    desk.twilio.moods = [Mood(http_status=401, code=20003, taken=False)] * 4
    desk.world.raise_alert(silence(Level.ALERT, at("07:00")))
    desk.world.until(at("07:05"))
    assert {"1", "3"} <= set(desk.told())
    assert MessageStatus.FAILED not in desk.world.statuses()
    kinds = [a["kind"] for a in desk.world.alerts()]
    assert kinds.count("channel_down") == 1


def test_a_provider_down_for_an_hour_delays_and_loses_nothing(desk: Desk, tmp_path: Path) -> None:
    base = desk.twilio.base
    desk.world.channels = [channel(f"http://127.0.0.1:{free_port()}")]
    desk.world.start()
    desk.world.raise_alert(silence(Level.ALERT, at("07:00")))
    desk.world.until(at("08:00"))
    assert desk.twilio.messages == []
    desk.world.channels = [channel(base)]
    desk.world.start()
    desk.world.until(at("08:20"))
    assert {"1", "2", "3", "5", "6"} <= set(desk.told())
    assert max(desk.told().count(who) for who in "12356") <= 3
