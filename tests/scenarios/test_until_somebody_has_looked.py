"""From the first question to the settled alert: who gets which text, when."""

from pathlib import Path

import pytest
from sqlalchemy import select

from domain.alert import Event, ImpossibleStepError, Outcome, State
from domain.finding import AlertKind, Level
from store.tables import alerts
from tests.notifier.world import HOME, World, at, put, silence


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_no_water_since_seven_the_whole_way(world: World) -> None:
    """No water since 07:00; 12:00 the resident is asked; 12:30 guardian and grid worker are told; 12:40 nobody
    answered: the next contact; 12:50 the duty desk; 12:51 the grid worker acknowledges; no escalation text before
    13:21; 13:21 not on site: open again."""
    world.now = at("12:00")
    alert = world.raise_alert(silence(Level.ASK, at("12:00")))
    world.until(at("12:50"))
    world.now = at("12:51")
    with world.records.write() as tx:
        world.life.acknowledge(tx, alert, by="grid_worker", now=world.now)
    world.turn()
    assert world.state(alert) is State.ACKNOWLEDGED
    world.until(at("13:22"))
    assert world.texts("ask") == [("12:00", "王秀英")]
    assert world.texts("alert") == [
        ("12:30", "王丽"),
        ("12:30", "李敏"),
        ("12:40", "王强"),
        ("12:50", "值班室"),
        ("13:21", "王丽"),
        ("13:21", "李敏"),
    ]
    assert sorted(world.texts("taken")) == sorted([("12:51", "值班室"), ("12:51", "王丽"), ("12:51", "王强")])
    assert world.state(alert) is State.NOTIFIED


def told_of_a_doubt(world: World) -> int:
    """The resident did not answer, and at 12:35 family and the grid worker know of it."""
    world.now = at("12:00")
    alert = world.raise_alert(silence(Level.ASK, at("12:00")))
    world.until(at("12:35"))
    return alert


def test_who_is_on_the_way_hears_once_that_it_goes_on(world: World) -> None:
    alert = told_of_a_doubt(world)
    with world.records.write() as tx:
        world.life.acknowledge(tx, alert, by="daughter", now=world.now)
    for clock in ("12:50", "12:55"):
        world.until(at(clock))
        world.raise_alert(silence(Level.ALERT, at(clock)))
    first, again = [r for r in world.received if r.who == "王丽" and r.template == "alert"]
    assert (again.at, world.state(alert)) == (at("12:50"), State.ACKNOWLEDGED)
    assert "还是这样" in again.body
    assert "还是这样" not in first.body
    assert [who for clock, who in world.texts() if clock in ("12:50", "12:55")] == ["王丽"]


def test_to_who_is_there_a_doubt_that_becomes_sure_is_no_news(world: World) -> None:
    alert = told_of_a_doubt(world)
    with world.records.write() as tx:
        world.life.arrive(tx, alert, by="daughter", now=world.now)
    world.turn()
    told = len(world.received)
    world.until(at("12:50"))
    world.raise_alert(silence(Level.ALERT, at("12:50")))
    assert (world.state(alert), len(world.received)) == (State.ON_SITE, told)


def test_the_supervisor_is_last_and_then_it_starts_again_until_somebody_acknowledges(world: World) -> None:
    world.now = at("19:00")
    world.raise_alert(silence(Level.ALERT, at("19:00")))
    world.until(at("20:20"))
    first_round = [("19:00", "王丽"), ("19:00", "李敏"), ("19:10", "王强"), ("19:20", "值班室"), ("19:30", "陈主任")]
    assert world.texts("alert")[:5] == first_round
    assert [who for _, who in world.texts("alert")[5:10]] == [who for _, who in first_round]


def test_after_a_day_that_nobody_acknowledged_two_hours_lie_between_rounds(world: World) -> None:
    world.now = at("19:00")
    world.raise_alert(silence(Level.ALERT, at("19:00")))
    world.until(at("18:59", day=1))
    rounds = [clock for clock, who in world.texts("alert") if who == "王丽"]
    assert rounds[:3] == ["19:00", "19:40", "20:20"]
    told = len(rounds)
    world.until(at("02:00", day=2))
    rounds = [clock for clock, who in world.texts("alert") if who == "王丽"][told:]
    assert rounds == ["19:00", "21:30", "00:00"]


def test_everybody_who_was_told_is_told_how_it_was_settled_but_for_the_one_who_did_it(world: World) -> None:
    world.now = at("19:00")
    alert = world.raise_alert(silence(Level.ALERT, at("19:00")))
    world.until(at("19:12"))
    with world.records.write() as tx:
        world.life.arrive(tx, alert, by="grid_worker", now=world.now)
    world.until(at("19:30"))
    with world.records.write() as tx:
        world.life.resolve(tx, alert, by="grid_worker", outcome=Outcome.SAFE, now=world.now, note="slept late")
    world.until(at("21:00"))
    assert sorted(who for _, who in world.texts("settled")) == ["王丽", "王强"]
    assert "李敏已办结，老人平安" in next(r.body for r in world.received if r.template == "settled")
    assert not any("slept" in r.body for r in world.received)
    assert world.texts("alert")[-1][0] == "19:10"


def test_water_again_stops_the_texts_and_the_alert_stays_until_a_person_settles_it(world: World) -> None:
    world.now = at("19:00")
    alert = world.raise_alert(silence(Level.ALERT, at("19:00")))
    world.now = at("19:05")
    with world.records.write() as tx:
        world.life.ease(tx, HOME, silence(Level.ALERT, at("19:00")).kind, at("19:04"), world.now)
    world.until(at("22:00"))
    assert world.state(alert) is State.EASED
    assert [when for when, _ in world.texts("alert")] == ["19:00", "19:00"]
    assert sorted(who for _, who in world.texts("eased")) == ["李敏", "王丽"]


def test_a_new_silence_behind_an_eased_alert_is_told_anew(world: World) -> None:
    world.now = at("19:00")
    alert = world.raise_alert(silence(Level.ALERT, at("19:00")))
    world.now = at("19:05")
    with world.records.write() as tx:
        world.life.ease(tx, HOME, silence(Level.ALERT, at("19:00")).kind, at("19:04"), world.now)
    world.until(at("20:00"))
    world.now = at("12:00", day=1)
    assert world.raise_alert(silence(Level.ALERT, world.now, since=at("19:04"))) == alert
    assert world.texts("alert")[-2:] == [("12:00", "王丽"), ("12:00", "李敏")]
    assert world.state(alert) is State.NOTIFIED


def test_settled_as_safe_and_still_no_water_twelve_hours_later_is_looked_at_again(world: World) -> None:
    world.now = at("19:00")
    alert = world.raise_alert(silence(Level.ALERT, at("19:00")))
    with world.records.write() as tx:
        world.life.resolve(tx, alert, by="daughter", outcome=Outcome.SAFE, now=world.now)
    world.until(at("07:00", day=1))
    assert world.state(alert) is State.NOTIFIED
    assert "还没结束，" in world.received[-1].body


def test_a_settled_question_that_becomes_an_alert_is_looked_after_by_the_new_alert_alone(world: World) -> None:
    world.now = at("12:00")
    asked = world.raise_alert(silence(Level.ASK, at("12:00")))
    with world.records.write() as tx:
        world.life.resolve(tx, asked, by="daughter", outcome=Outcome.SAFE, now=world.now)
    world.now = at("15:00")
    alert = world.raise_alert(silence(Level.ALERT, at("15:00")))
    with world.records.write() as tx:
        world.life.resolve(tx, alert, by="daughter", outcome=Outcome.SAFE, now=world.now)
        world.life.ease(tx, HOME, AlertKind.LOW_USE, at("16:00"), at("16:00"))
    world.until(at("12:00", day=2))
    assert asked != alert
    assert [world.state(one) for one in (asked, alert)] == [State.RESOLVED, State.RESOLVED]
    assert [when for when, _ in world.texts("alert")] == ["15:00", "15:00"]


def test_a_settled_alert_can_not_be_acknowledged_and_nothing_is_changed(world: World) -> None:
    alert = world.raise_alert(silence(Level.ALERT, at("07:00")))
    with world.records.write() as tx:
        world.life.resolve(tx, alert, by="daughter", outcome=Outcome.SAFE, now=world.now)
    with (
        pytest.raises(ImpossibleStepError, match="resolved can't acknowledge"),
        world.records.write() as tx,
    ):
        world.life.acknowledge(tx, alert, by="son", now=world.now)
    assert world.state(alert) is State.RESOLVED


def test_two_acknowledge_at_the_same_moment_the_first_keeps_it_and_both_are_written_down(world: World) -> None:
    alert = world.raise_alert(silence(Level.ALERT, at("07:00")))
    for who in ("son", "grid_worker"):
        with world.records.write() as tx:
            world.life.acknowledge(tx, alert, by=who, now=world.now)
    assert world.alerts()[0]["acknowledged_by"] == "son"
    with world.records.read() as tx:
        history = tx.exec_driver_sql("SELECT event, by FROM alert_events ORDER BY event_id").all()
    assert [tuple(h) for h in history[-2:]] == [(Event.ACKNOWLEDGE, "son"), (Event.ACKNOWLEDGE, "grid_worker")]


def test_a_home_known_to_be_away_is_left_in_peace_until_its_return(world: World) -> None:
    with world.records.write() as tx:
        absence = {"household_id": HOME, "from_at": at("06:00"), "until_at": at("20:00"), "announced_by": "daughter"}
        put(tx, "absences", absence)
    world.now = at("19:00")
    alert = world.raise_alert(silence(Level.ALERT, at("19:00")))
    world.until(at("19:59"))
    assert world.state(alert) is State.ABSENT
    assert world.received == []
    world.until(at("20:00"))
    assert world.texts("alert") == [("20:00", "王丽"), ("20:00", "李敏")]


def test_a_resident_without_phone_is_not_asked_and_the_family_hears_after_the_same_time(world: World) -> None:
    with world.records.write() as tx:
        tx.exec_driver_sql("UPDATE residents SET phone = NULL")
    world.now = at("12:00")
    world.raise_alert(silence(Level.ASK, at("12:00")))
    world.until(at("12:30"))
    assert world.texts() == [("12:30", "王丽"), ("12:30", "李敏")]


def test_where_nobody_can_be_reached_the_operator_hears_it(world: World) -> None:
    with world.records.write() as tx:
        tx.exec_driver_sql("UPDATE contacts SET phone = NULL WHERE role != 'operator'")
    world.now = at("19:00")
    world.raise_alert(silence(Level.ALERT, at("19:00")))
    assert world.texts() == [("19:00", "Olga")]
    assert "Nobody is reachable. Please go and look" in world.received[0].body


def test_what_was_settled_too_early_is_opened_again_and_everybody_told_from_the_start(world: World) -> None:
    alert = world.raise_alert(silence(Level.ALERT, at("07:00")))
    with world.records.write() as tx:
        world.life.ease(tx, HOME, AlertKind.LOW_USE, at("07:01"), at("07:01"))
        world.life.resolve(tx, alert, by="duty_desk", outcome=Outcome.SAFE, now=at("07:02"))
    world.until(at("07:30"))
    before = len(world.received)
    with world.records.write() as tx:
        world.life.reopen(tx, alert, by="supervisor", now=world.now)
    world.turn()
    assert world.state(alert) is State.NOTIFIED
    told = world.received[before:]
    assert {r.who for r in told} == {"王丽", "李敏"}
    assert all("预警重开，请上门看看" in r.body for r in told)


def test_a_wrong_outcome_is_corrected_without_telling_anybody_to_go_once_more(world: World) -> None:
    alert = world.raise_alert(silence(Level.ALERT, at("07:00")))
    with world.records.write() as tx:
        world.life.resolve(tx, alert, by="duty_desk", outcome=Outcome.FALSE_ALARM, now=at("07:02"), note="x")
    world.until(at("07:30"))
    before = len(world.received)
    with world.records.write() as tx:
        world.life.correct(tx, alert, by="duty_desk", outcome=Outcome.INCIDENT, now=world.now, note="摔倒，已送医")
    world.until(at("07:40"))
    told = world.received[before:]
    assert {r.who for r in told} == {"王丽", "李敏"}
    assert all("已办结，确有险情" in r.body for r in told)
    assert world.state(alert) is State.RESOLVED
    with world.records.write() as tx:
        world.life.correct(tx, alert, by="duty_desk", outcome=Outcome.INCIDENT, now=world.now, note="摔倒，已回家")
        assert tx.scalar(select(alerts.c.outcome_note)) == "摔倒，已回家"
    world.until(at("08:00"))
    assert world.received[before:] == told


def test_what_is_not_settled_has_no_outcome_to_correct(world: World) -> None:
    alert = world.raise_alert(silence(Level.ALERT, at("07:00")))
    with world.records.write() as tx, pytest.raises(ImpossibleStepError):
        world.life.correct(tx, alert, by="duty_desk", outcome=Outcome.SAFE, now=at("07:02"))


def test_an_old_alert_is_not_opened_again_beside_a_running_one_of_its_kind(world: World) -> None:
    old = world.raise_alert(silence(Level.ALERT, at("07:00")))
    with world.records.write() as tx:
        world.life.resolve(tx, old, by="duty_desk", outcome=Outcome.SAFE, now=at("07:02"))
    world.now = at("08:00")
    new = world.raise_alert(silence(Level.ALERT, at("08:00"), at("07:30")))
    assert new != old
    with world.records.write() as tx, pytest.raises(ImpossibleStepError):
        world.life.reopen(tx, old, by="supervisor", now=world.now)
    assert (world.state(old), world.state(new)) == (State.RESOLVED, State.NOTIFIED)


def test_where_a_community_has_no_duty_staff_that_step_is_passed_over_without_a_wait(world: World) -> None:
    with world.records.write() as tx:
        tx.exec_driver_sql("DELETE FROM contacts WHERE role = 'duty_staff'")
    world.raise_alert(silence(Level.ALERT, at("07:00")))
    world.until(at("07:25"))
    assert ("07:20", "陈主任") in world.texts("alert")
