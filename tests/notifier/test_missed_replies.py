"""Replies that no webhook of ours was there for: nobody's cry for help is lost with a restart."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import select

from anju_service.service import Service
from config.settings import Settings
from domain.alert import State
from domain.finding import AlertKind, Level
from notifier.channels.twilio import TwilioRules, TwilioSms, client
from notifier.missed_replies import MissedReplies
from notifier.replies import Replies
from store import tables as t
from tests.notifier.desk import Desk, channel
from tests.notifier.fake_twilio import ACCOUNT, TOKEN, FakeTwilio, fake_twilio
from tests.notifier.world import MORNING, silence

RESIDENT, DAUGHTER, STRANGER = "+8613800000000", "+8613800000001", "+8613900000000"


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with fake_twilio() as fake:
        yield fake


@pytest.fixture
def desk(tmp_path: Path, twilio: FakeTwilio) -> Desk:
    return Desk(tmp_path, twilio)


def missed(desk: Desk) -> int:
    replies = Replies(desk.world.life, desk.world.notifier.letters)
    return MissedReplies(desk.world.records, replies, channel(desk.twilio.base).replies).look(desk.world.now)


def kept(desk: Desk) -> list[str]:
    with desk.world.records.read() as tx:
        return list(tx.scalars(select(t.replies.c.body).order_by(t.replies.c.reply_id)))


def test_a_cry_for_help_while_the_service_was_down_is_told_when_it_is_back(desk: Desk, tmp_path: Path) -> None:
    def runs_at(now: datetime) -> None:
        way = channel(desk.twilio.base)
        with closing(Service(tmp_path, Settings(), [way], lambda: now, steady_s=lambda: 0.0)) as service:
            assert "replies" in [thread.name for thread in service.threads(Event())]
            service.look_for_replies()

    runs_at(MORNING)
    desk.world.now = MORNING + timedelta(minutes=20)
    desk.twilio.hears(RESIDENT, "救命")
    assert desk.world.alerts() == []
    runs_at(MORNING + timedelta(hours=5))
    (alert,) = desk.world.alerts()
    assert (alert["kind"], alert["since"]) == (AlertKind.SOS, MORNING + timedelta(minutes=20))


def test_what_the_webhook_took_counts_no_second_time_and_a_strangers_words_are_not_fetched(desk: Desk) -> None:
    sid = desk.twilio.hears(RESIDENT, "救命")
    desk.twilio.hears(STRANGER, "你是谁")
    assert desk.replies(RESIDENT, "救命", sid) == 200
    assert missed(desk) == 0
    assert (kept(desk), len(desk.world.alerts())) == (["救命"], 1)


@pytest.mark.parametrize(("late", "state"), [(10, State.ACKNOWLEDGED), (90, State.NOTIFIED)])
def test_i_am_going_of_more_than_an_hour_ago_is_kept_and_stops_nothing(desk: Desk, late: int, state: State) -> None:
    alert_id = desk.world.raise_alert(silence(Level.ALERT, MORNING))
    assert missed(desk) == 0
    desk.world.now += timedelta(minutes=1)
    desk.twilio.hears(DAUGHTER, "1")
    desk.world.now += timedelta(minutes=late)
    assert missed(desk) == 1
    assert (desk.world.state(alert_id), kept(desk)) == (state, ["1"])


def test_while_the_provider_can_not_be_asked_nothing_is_passed_over(desk: Desk) -> None:
    assert missed(desk) == 0
    desk.world.now += timedelta(minutes=5)
    desk.twilio.hears(RESIDENT, "救命")
    desk.world.now += timedelta(minutes=5)
    away = TwilioSms(client(ACCOUNT, TOKEN, "http://127.0.0.1:9", timeout_s=1.0), TwilioRules(sender="MG" + "0" * 32))
    replies = Replies(desk.world.life, desk.world.notifier.letters)
    assert MissedReplies(desk.world.records, replies, away.replies).look(desk.world.now) == 0
    desk.world.now += timedelta(minutes=5)
    assert missed(desk) == 1
