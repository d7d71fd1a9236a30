"""Texts through Tencent's official client against a Tencent that checks, limits, remembers and calls back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.alert import State
from domain.finding import Level
from domain.message import MessageStatus
from domain.reading import DeviceEvent
from notifier.channels.log import LogChannel
from notifier.contract import Capabilities, Channel, ChannelError, Failure, Sent
from tests.notifier.china import GRID_WORKER, Town, approved, text, through_aliyun, through_tencent
from tests.notifier.fake_aliyun import FakeAliyun, fake_aliyun
from tests.notifier.fake_tencent import FakeTencent, Refusal, fake_tencent
from tests.notifier.world import at, silence
from tests.services import free_port

TAKEN = (200, {"result": 0, "errmsg": "OK"})


def wall() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def provider() -> Iterator[FakeTencent]:
    with fake_tencent(approved("tencent")) as fake:
        yield fake


@pytest.fixture
def first() -> Iterator[FakeAliyun]:
    with fake_aliyun(approved("aliyun")) as fake:
        yield fake


def at_tencent(folder: Path, provider: FakeTencent, *others: Channel) -> Town:
    """The provider's clock is the town's."""

    def now() -> datetime:
        return made.now()

    made = Town(folder, [through_tencent(provider.base, now), *others])
    provider.now = now
    return made


@pytest.fixture
def town(tmp_path: Path, provider: FakeTencent) -> Town:
    return at_tencent(tmp_path, provider)


def told(provider: FakeTencent) -> list[str]:
    return [t.phone[-1] for t in provider.taken]


def test_a_text_goes_as_approved_template_with_its_variables_in_their_order(provider: FakeTencent) -> None:
    sms = through_tencent(provider.base, wall)
    sent = sms.send(text())
    (taken,) = provider.taken
    assert taken.content == "【安居】幸福里3号楼201的王秀英家14小时未用水。现请上门看看并回1我去，2平安，3不能。"
    assert sent == Sent(sid=taken.serial)
    since = wall() - timedelta(minutes=1)
    with pytest.raises(ChannelError, match="no receipt yet"):
        sms.find(text(), since)
    assert sms.find(text(), since - timedelta(seconds=60)) is None, "it should have come by now"
    taken.report = "SUCCESS"
    assert sms.find(text(), since) == Sent(sid=taken.serial, status=MessageStatus.DELIVERED)
    assert sms.find(text(reference="8"), since - timedelta(seconds=60)) is None
    taken.report, taken.description = "FAIL", "用户关机"
    failed = sms.status(taken.serial, text().to, wall())
    assert failed is not None
    assert (failed.status, failed.error) == (MessageStatus.UNDELIVERED, "not delivered (用户关机)")


@pytest.mark.parametrize(
    ("mood", "failure", "after_s"),
    [
        (Refusal("LimitExceeded.PhoneNumberThirtySecondLimit"), Failure.CAPPED, 30.0),
        (Refusal("LimitExceeded.PhoneNumberOneHourLimit"), Failure.CAPPED, 3600.0),
        (Refusal("LimitExceeded.PhoneNumberDailyLimit"), Failure.CAPPED, 86400.0),
        (Refusal("LimitExceeded.AppDailyLimit"), Failure.CONFIGURATION, None),
        (Refusal("FailedOperation.InsufficientBalanceInSmsPackage"), Failure.CONFIGURATION, None),
        (Refusal("UnauthorizedOperation.SmsSdkAppIdVerifyFail", whole_call=True), Failure.CONFIGURATION, None),
        (Refusal("FailedOperation.PhoneNumberInBlacklist"), Failure.PERMANENT, None),
        (Refusal("FailedOperation.ContainSensitiveWord"), Failure.REFUSED, None),
        (Refusal("InternalError.Timeout", taken=True), Failure.UNCERTAIN, None),
        (Refusal("RequestLimitExceeded", whole_call=True), Failure.BUSY, None),
        (Refusal("Ok", http_status=503, taken=True), Failure.UNCERTAIN, None),
        (Refusal(answers=False, taken=True), Failure.UNCERTAIN, None),
        (Refusal("SomethingNew.AndStrange"), Failure.REFUSED, None),
    ],
)
def test_each_refusal_says_what_to_do_next(
    provider: FakeTencent, mood: Refusal, failure: Failure, after_s: float | None
) -> None:
    provider.moods = [mood]
    with pytest.raises(ChannelError) as refused:
        through_tencent(provider.base, wall).send(text())
    assert (refused.value.failure, refused.value.retry_after_s) == (failure, after_s)
    assert len(provider.taken) <= 1, "the client must not try again by itself"


def test_a_wrong_key_is_our_own_fault_and_where_nothing_listens_nothing_was_sent(provider: FakeTencent) -> None:
    for sms, failure in (
        (through_tencent(provider.base, wall, secret_id="another"), Failure.CONFIGURATION),
        (through_tencent(f"http://127.0.0.1:{free_port()}", wall), Failure.DOWN),
    ):
        with pytest.raises(ChannelError) as refused:
            sms.send(text())
        assert refused.value.failure is failure


def test_a_receipt_is_believed_only_when_the_provider_says_the_same(town: Town, provider: FakeTencent) -> None:
    town.world.raise_alert(silence(Level.ALERT, at("07:00")))
    assert town.posts("tencent/SECRET/report", provider.report(*provider.taken)) == TAKEN
    town.world.turn()
    assert town.world.statuses() == {"sent": 2}
    for taken in provider.taken:
        taken.report = "SUCCESS"
    for _ in range(2):
        assert town.posts("tencent/SECRET/report", provider.report(*provider.taken)) == TAKEN
    town.world.turn()
    assert town.world.statuses() == {"delivered": 2}


def test_a_reply_counts_once_and_only_when_tencent_knows_of_it(town: Town, provider: FakeTencent) -> None:
    alert = town.world.raise_alert(silence(Level.ALERT, at("07:00")))
    town.world.now = at("07:02")
    said: dict[str, object] = {"mobile": GRID_WORKER, "nationcode": "86", "text": "我去", "sign": "安居"}
    said |= {"time": int(town.now().timestamp()), "extend": ""}
    assert town.posts("tencent/SECRET/reply", said)[0] == 503
    assert town.world.state(alert) is State.NOTIFIED
    provider.replies.append((f"+86{GRID_WORKER}", "我去", town.now()))
    for _ in range(2):
        assert town.posts("tencent/SECRET/reply", said) == TAKEN
    assert town.world.state(alert) is State.ACKNOWLEDGED
    with town.world.records.read() as tx:
        assert len(tx.exec_driver_sql("SELECT 1 FROM replies").all()) == 1


def test_nonsense_at_the_secret_address_does_no_harm(town: Town) -> None:
    for nonsense in ([], "text", 7, {"mobile": "abc"}, [{"sid": None}, {"sid": {}}]):
        assert town.posts("tencent/SECRET/report", nonsense) == TAKEN
        assert town.posts("tencent/SECRET/reply", nonsense) == TAKEN


def test_what_the_provider_allows_to_one_number_is_known_before_sending(town: Town, provider: FakeTencent) -> None:
    town.world.raise_alert(silence(Level.ALERT, at("07:00")))
    with town.world.records.write() as tx:
        town.world.life.acknowledge(tx, 1, by="grid_worker", now=town.now())  # news to the daughter, at once
    town.world.turn()
    assert told(provider).count("1") == 1
    town.world.until(at("07:01"), every=timedelta(seconds=10))
    assert told(provider).count("1") == 2
    assert provider.moods == []
    assert "failed" not in town.world.statuses()


def test_where_one_provider_has_given_a_number_its_share_the_next_takes_the_text_at_once(
    tmp_path: Path, provider: FakeTencent, first: FakeAliyun
) -> None:
    town = at_tencent(tmp_path, provider, through_aliyun(first.base))
    first.now = town.now
    town.world.raise_alert(silence(Level.ALERT, at("07:00")))
    town.world.happens(DeviceEvent(device_id="sos1", at=at("07:00"), kind="sos_button", flags={"sos": True}))
    town.world.turn()
    assert [t.phone[-1] for t in first.taken] == ["1", "3"]
    assert all("按了求助按钮" in t.content for t in first.taken)
    assert "failed" not in town.world.statuses()


class Abroad(LogChannel):
    """Serves no number of mainland China."""

    def capabilities(self, phone: str) -> Capabilities | None:
        return None if phone.startswith("+86") else super().capabilities(phone)


def test_a_number_that_gets_no_more_today_makes_the_next_people_be_told_and_the_operator(
    tmp_path: Path, provider: FakeTencent
) -> None:
    shown: list[str] = []
    town = at_tencent(tmp_path, provider, Abroad(lambda t: shown.append(t.body)))
    provider.moods = [Refusal("LimitExceeded.PhoneNumberDailyLimit"), Refusal("LimitExceeded.PhoneNumberDailyLimit")]
    town.world.raise_alert(silence(Level.ALERT, at("07:00")))
    town.world.turn()
    assert told(provider) == ["2"]
    assert [body for body in shown if "takes no more texts" in body]


def uncertain(town: Town) -> list[int]:
    with town.world.records.read() as tx:
        return list(tx.exec_driver_sql("SELECT uncertain_count FROM messages ORDER BY 1 DESC").scalars())


def test_a_text_taken_without_an_answer_is_found_by_its_receipt_and_not_sent_twice(
    town: Town, provider: FakeTencent
) -> None:
    provider.moods = [Refusal(answers=False, taken=True)]
    town.world.raise_alert(silence(Level.ALERT, at("07:00")))
    for taken in provider.taken:
        taken.report = "SUCCESS"
    town.world.until(at("07:02"))
    assert sorted(told(provider)) == ["1", "3"]
    assert town.world.statuses() == {"delivered": 2}
    assert uncertain(town) == [1, 0]


def test_without_a_receipt_within_40_s_it_is_sent_once_more_and_counted(town: Town, provider: FakeTencent) -> None:
    provider.moods = [Refusal(answers=False, taken=True)]
    town.world.raise_alert(silence(Level.ALERT, at("07:00")))
    assert len(told(provider)) == 2
    town.world.until(at("07:02"), every=timedelta(seconds=10))
    assert len(told(provider)) == 3
    assert uncertain(town) == [1, 0]
