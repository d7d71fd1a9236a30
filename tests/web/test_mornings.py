"""Who has been up by now, as a page and for programs; nobody sees homes that aren't theirs."""

import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, insert, update

from detectors.household import HouseholdWatch
from detectors.household_state import HouseholdState
from detectors.parameters import WatchParameters
from store.records import Records
from store.tables import absences, buildings, detector_states, households, pairings
from tests.web import town
from tests.web.conftest import SignIn
from web.morning_pages import MOST


def ups(sign_in: SignIn, login: str) -> dict[str, str]:
    body = sign_in(login).get("/api/mornings").json()
    return {one["household_id"]: one["up"] for one in body["mornings"]}


@pytest.mark.usefixtures("watched")
def test_who_is_up_who_is_not_yet_and_of_whom_nobody_can_tell(sign_in: SignIn) -> None:
    seen = ups(sign_in, "duty")
    assert (seen["H1"], seen["H2"], seen["H3"]) == ("not_yet", "up", "unknown")


@pytest.mark.usefixtures("watched")
def test_a_meter_too_coarse_to_tell_is_named_as_such(sign_in: SignIn, records: Records) -> None:
    watch = HouseholdWatch(WatchParameters(), ZoneInfo("Asia/Shanghai"))
    state = watch.start()
    for day in range(-20, 0):
        watch.observe(state, town.NOW + day * 24 * town.HOUR, 100.0 * (40 + day))
    with records.write() as tx:
        tx.execute(update(detector_states).where(detector_states.c.meter_id == "M1").values(body=watch.dump(state)))
    assert ups(sign_in, "duty")["H1"] == "coarse"
    assert "steps too large" in sign_in("duty").get("/mornings").text


def never_read(watch: HouseholdWatch) -> HouseholdState:
    return watch.start(town.NOW - town.HOUR)


def never_moved(watch: HouseholdWatch) -> HouseholdState:
    state = watch.start()
    for hours in range(-60, 1):
        watch.observe(state, town.NOW + hours * town.HOUR, 0.0)
    return state


def in_another_unit(watch: HouseholdWatch) -> HouseholdState:
    state = watch.start()
    for hours in range(-60, 1):
        register_l = 412000.0 + hours
        watch.observe(state, town.NOW + hours * town.HOUR, register_l if hours < -30 else register_l / 1000)
    return state


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize("meter", [never_read, never_moved, in_another_unit])
def test_readings_that_tell_nothing_are_not_taken_for_somebody_who_is_not_up(
    sign_in: SignIn, records: Records, meter: Callable[[HouseholdWatch], HouseholdState]
) -> None:
    watch = HouseholdWatch(WatchParameters(), ZoneInfo("Asia/Shanghai"))
    with records.write() as tx:
        body = watch.dump(meter(watch))
        tx.execute(update(detector_states).where(detector_states.c.meter_id == "M1").values(body=body))
    assert ups(sign_in, "duty")["H1"] == "unknown"


@pytest.mark.usefixtures("watched")
def test_a_home_that_is_announced_to_be_away_is_not_missed(sign_in: SignIn, records: Records) -> None:
    away = {"household_id": "H1", "from_at": town.NOW - town.HOUR, "until_at": town.NOW + town.HOUR}
    with records.write() as tx:
        tx.execute(insert(absences).values(**away, announced_by="duty"))
    assert ups(sign_in, "duty")["H1"] == "away"


@pytest.mark.usefixtures("watched")
def test_the_page_puts_those_first_who_are_not_up(sign_in: SignIn) -> None:
    page = sign_in("duty").get("/mornings").text
    assert page.index("Not yet") < page.index("/households/H1") < page.index("/households/H2")


def test_doors_stand_in_the_order_of_the_stairs_here_and_where_homes_are_looked_up(
    sign_in: SignIn, records: Records
) -> None:
    doors = {"H1": ("b3", "1001"), "H2": ("b3", "601"), "H3": ("b7", "502"), "H4": ("b7", "1202")}
    with records.write() as tx:
        tx.execute(update(buildings).where(buildings.c.building_id == "b3").values(name="10号楼"))
        for home, (building, door) in doors.items():
            which = update(households).where(households.c.household_id == home)
            tx.execute(which.values(building_id=building, door=door))
        tx.execute(update(buildings).where(buildings.c.building_id == "h1").values(name="99号楼"))  # in 和平社区
    for path in ("/mornings", "/households"):
        page = sign_in("duty").get(path).text
        assert re.findall("/households/(H\\d)", page) == ["H3", "H4", "H2", "H1"]
    everywhere = sign_in("operator").get("/households").text
    assert re.findall("/households/(H\\d)", everywhere) == ["H9", "H3", "H4", "H2", "H1"]


@pytest.mark.usefixtures("watched")
def test_nobody_sees_the_mornings_of_homes_that_are_not_theirs(sign_in: SignIn) -> None:
    everybody, own = ups(sign_in, "duty"), ups(sign_in, "volunteer")
    assert set(own) < set(everybody)


def test_the_page_says_where_it_lists_nobody_or_not_everybody(sign_in: SignIn, records: Records) -> None:
    with records.write() as tx:
        tx.execute(delete(pairings))
    assert "Households: 0" in sign_in("volunteer").get("/mornings").text
    with records.write() as tx:
        more = [{"household_id": f"more{n}", "building_id": "b3", "door": str(n)} for n in range(MOST)]
        tx.execute(insert(households), more)
    assert f"Households: {MOST + 4}; only the first {MOST} are listed." in sign_in("duty").get("/mornings").text
