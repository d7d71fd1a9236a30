"""Texts through Aliyun's official client against an Aliyun that checks, remembers and calls back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.alert import State
from domain.finding import Level
from domain.message import MessageStatus
from notifier.contract import ChannelError, Failure, Sent
from tests.notifier.china import (
    DAUGHTER,
    GRID_WORKER,
    SECRET,
    Town,
    approved,
    text,
    through_aliyun,
)
from tests.notifier.fake_aliyun import FakeAliyun, Refusal, fake_aliyun
from tests.notifier.world import at, silence
from tests.services import free_port

TAKEN = (200, {"code": 0, "msg": "接收成功"})


@pytest.fixture
def provider() -> Iterator[FakeAliyun]:
    with fake_aliyun(approved("aliyun")) as fake:
        yield fake


@pytest.fixture
def town(tmp_path: Path, provider: FakeAliyun) -> Town:
    town = Town(tmp_path, [through_aliyun(provider.base)])
    provider.now = town.now
    return town


def told(provider: FakeAliyun) -> list[str]:
    return [t.phone[-1] for t in provider.taken]


def test_a_text_goes_as_approved_template_with_its_variables_and_our_reference(provider: FakeAliyun) -> None:
    sms = through_aliyun(provider.base)
    sent = sms.send(text())
    (taken,) = provider.taken
    assert taken.content == "【安居】幸福里3号楼201的王秀英家14小时未用水。现请上门看看并回1我去，2平安，3不能。"
    assert (sent.sid, taken.out_id, taken.phone) == (taken.biz_id, "7", "13800000001")
    assert sms.find(text(), datetime.now(UTC) - timedelta(minutes=1)) == Sent(sid="out:7")
    assert sms.find(text(reference="8"), datetime.now(UTC) - timedelta(minutes=1)) is None
    taken.status = 3
    for sid in (sent.sid, "out:7"):
        assert sms.status(sid, text().to, datetime.now(UTC)) == Sent(sid=sid, status=MessageStatus.DELIVERED)


def test_a_variable_that_the_provider_would_refuse_is_made_fit(provider: FakeAliyun) -> None:
    through_aliyun(provider.base).send(text(what="【怪】" + "长" * 60, urge=""))
    values = provider.taken[0].values
    assert (values["what"][:3], len(values["what"]), values["urge"]) == ("「怪」", 35, "-")


@pytest.mark.parametrize(
    ("mood", "failure", "after_s"),
    [
        (Refusal("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1"), Failure.CAPPED, 60.0),
        (Refusal("isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5"), Failure.CAPPED, 3600.0),
        (Refusal("isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:50"), Failure.CAPPED, 86400.0),
        (Refusal("isv.DAY_LIMIT_CONTROL"), Failure.CONFIGURATION, None),
        (Refusal("isv.AMOUNT_NOT_ENOUGH"), Failure.CONFIGURATION, None),
        (Refusal("isv.MOBILE_NUMBER_ILLEGAL"), Failure.PERMANENT, None),
        (Refusal("isv.BLACK_KEY_CONTROL_LIMIT"), Failure.REFUSED, None),
        (Refusal("isp.SYSTEM_ERROR"), Failure.UNCERTAIN, None),
        (Refusal("Throttling.User", http_status=400), Failure.BUSY, None),
        (Refusal("TooMany", http_status=429), Failure.BUSY, None),
        (Refusal("ServiceUnavailable", http_status=503, taken=True), Failure.UNCERTAIN, None),
        (Refusal(answers=False, taken=True), Failure.UNCERTAIN, None),
        (Refusal("SomethingNew"), Failure.REFUSED, None),
    ],
)
def test_each_refusal_says_what_to_do_next(
    provider: FakeAliyun, mood: Refusal, failure: Failure, after_s: float | None
) -> None:
    provider.moods = [mood]
    with pytest.raises(ChannelError) as refused:
        through_aliyun(provider.base).send(text())
    assert (refused.value.failure, refused.value.retry_after_s) == (failure, after_s)
    assert len(provider.taken) <= 1, "the client must not try again by itself"


def test_a_wrong_key_is_our_own_fault_and_where_nothing_listens_nothing_was_sent(provider: FakeAliyun) -> None:
    for sms, failure in (
        (through_aliyun(provider.base, key_id="another"), Failure.CONFIGURATION),
        (through_aliyun(f"http://127.0.0.1:{free_port()}"), Failure.DOWN),
    ):
        with pytest.raises(ChannelError) as refused:
            sms.send(text())
        assert refused.value.failure is failure


def test_elsewhere_than_in_mainland_china_it_does_not_serve(provider: FakeAliyun) -> None:
    sms = through_aliyun(provider.base)
    assert sms.capabilities("+34600000007") is None
    can = sms.capabilities("+8613800000001")
    assert can is not None
    assert (can.free_text, can.links, can.replies) == (False, False, True)


def test_an_alert_goes_its_whole_way_in_approved_words_and_a_reply_takes_it(town: Town, provider: FakeAliyun) -> None:
    alert = town.world.raise_alert(silence(Level.ALERT, at("07:00")))
    assert sorted(told(provider)) == ["1", "3"]
    assert all("回1我去，2平安，3不能" in t.content for t in provider.taken)
    reply = {"phone_number": GRID_WORKER, "content": "1", "send_time": "2026-03-09 07:02:00", "dest_code": "1234"}
    town.world.now = at("07:02")
    for _ in range(2):
        assert town.posts("aliyun/SECRET/reply", [reply | {"sequence_id": "99"}]) == TAKEN
    town.world.turn()
    assert town.world.state(alert) is State.ACKNOWLEDGED
    thanks = [t.content for t in provider.taken if "您已接警" in t.content]
    assert thanks == ["【安居】收到，谢谢。幸福里3号楼201的情况：您已接警，到场后请告知社区。"]


def test_the_words_in_the_records_are_the_words_on_the_phone(town: Town, provider: FakeAliyun) -> None:
    town.world.raise_alert(silence(Level.ASK, at("07:00")))
    for _ in range(8):
        for taken in provider.taken:
            taken.status = 3
        town.world.now += timedelta(minutes=10)
        town.world.turn()
    with town.world.records.read() as tx:
        bodies = [row.body for row in tx.exec_driver_sql("SELECT body FROM messages ORDER BY provider_sid").all()]
    assert sorted(bodies) == sorted(t.content for t in provider.taken if t.phone != "34600000007")
    assert len(bodies) > 6


def test_a_receipt_is_believed_only_when_the_provider_says_the_same(town: Town, provider: FakeAliyun) -> None:
    town.world.raise_alert(silence(Level.ALERT, at("07:00")))
    for taken in provider.taken:
        taken.status = 3
    lie = provider.report(*provider.taken)
    provider.taken[0].status = 1
    assert town.posts("aliyun/SECRET/report", lie) == TAKEN
    assert town.world.statuses() == {"sent": 2}
    town.world.turn()
    assert town.world.statuses() == {"delivered": 1, "sent": 1}


def test_a_failed_receipt_of_all_hastens_the_next_step(town: Town, provider: FakeAliyun) -> None:
    town.world.raise_alert(silence(Level.ALERT, at("07:00")))
    for taken in provider.taken:
        taken.status, taken.err_code = 2, "MOBILE_IN_BLACK"
    town.world.now = at("07:01")
    for _ in range(2):
        town.posts("aliyun/SECRET/report", provider.report(*provider.taken))
    town.world.turn()  # the provider is asked, and says the same
    town.world.turn()
    assert told(provider)[2:] == ["2"]


def test_a_receipt_before_the_answer_to_the_send_makes_the_provider_be_asked_at_once(
    town: Town, provider: FakeAliyun
) -> None:
    first = {"biz_id": f"{1:018d}^0", "success": True}
    assert town.posts("aliyun/SECRET/report", [first]) == TAKEN
    with town.world.records.write() as tx:
        town.world.life.raise_or_join(tx, silence(Level.ALERT, at("07:00")), at("07:00"))
    town.world.outbox.send_due(at("07:00"))
    for taken in provider.taken:
        taken.status = 3
    town.world.outbox.poll(at("07:00"))
    assert town.world.statuses() == {"delivered": 1, "sent": 1}


def test_without_the_secret_in_the_address_there_is_no_such_page(tmp_path: Path, provider: FakeAliyun) -> None:
    (tmp_path / "closed").mkdir()
    closed = Town(tmp_path / "closed", [through_aliyun(provider.base)], secret="")
    assert closed.posts("aliyun/SECRET/report", [], secret="x")[0] == 404
    opened = Town(tmp_path, [through_aliyun(provider.base)])
    assert opened.posts("aliyun/SECRET/reply", [], secret=SECRET + "x")[0] == 404
    for nonsense in ({"no": "list"}, [1, None, {"biz_id": 5}, {}], "text", [{"phone_number": "abc", "content": 1}]):
        for path in ("aliyun/SECRET/report", "aliyun/SECRET/reply"):
            assert opened.posts(path, nonsense) == TAKEN


def test_a_strangers_reply_and_one_from_a_second_phone_do_nothing(town: Town, provider: FakeAliyun) -> None:
    alert = town.world.raise_alert(silence(Level.ALERT, at("07:00")))
    reply = {"phone_number": "13999999999", "content": "1", "send_time": "2026-03-09 07:02:00", "sequence_id": "1"}
    town.posts("aliyun/SECRET/reply", [reply])
    town.world.turn()
    assert town.world.state(alert) is State.NOTIFIED
    assert len(provider.taken) == 2


@pytest.mark.parametrize(
    "mood", [Refusal(answers=False, taken=True), Refusal("isp.SYSTEM_ERROR", http_status=503, taken=True)]
)
def test_a_text_taken_without_an_answer_is_found_by_our_reference_and_not_sent_twice(
    town: Town, provider: FakeAliyun, mood: Refusal
) -> None:
    provider.moods = [mood]
    town.world.raise_alert(silence(Level.ALERT, at("07:00")))
    town.world.until(at("07:05"))
    assert sorted(told(provider)) == ["1", "3"]
    for taken in provider.taken:
        taken.status = 3
    town.world.until(at("07:08"))
    assert town.world.statuses() == {"delivered": 2}


def test_a_text_that_was_not_taken_is_sent_once_more(town: Town, provider: FakeAliyun) -> None:
    provider.moods = [Refusal(answers=False)]
    town.world.raise_alert(silence(Level.ALERT, at("07:00")))
    town.world.until(at("07:02"))
    assert sorted(told(provider)) == ["1", "3"]


def test_a_text_shortly_before_midnight_is_found_on_its_day(town: Town, provider: FakeAliyun) -> None:
    town.world.now = at("23:59")
    provider.moods = [Refusal(answers=False, taken=True)] * 2
    town.world.raise_alert(silence(Level.ALERT, at("23:59")))
    town.world.until(at("00:01", day=1))
    assert len([t for t in provider.taken if t.phone in (DAUGHTER, GRID_WORKER)]) == 2
