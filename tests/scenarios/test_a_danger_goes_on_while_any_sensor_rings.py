"""Whatever two sensors of one home say, by whichever clocks: an alarm is not over while one of them rings."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.reading import DeviceEvent
from tests.notifier.world import HOME, World, put

CLOCKS_BEHIND = [timedelta(0), timedelta(hours=2), timedelta(days=3), timedelta(days=200)]
SENSORS = ("one", "two")
WORDS = st.lists(
    st.tuples(st.sampled_from(SENSORS), st.sampled_from(["rings", "is quiet", "rang days ago"]), st.integers(1, 30)),
    min_size=3,
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(WORDS, st.sampled_from(CLOCKS_BEHIND))
def test_an_alarm_is_not_over_while_a_sensor_rings(words: list[tuple[str, str, int]], behind: timedelta) -> None:
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        with world.records.write() as tx:
            for device_id in SENSORS:
                row = {"device_id": device_id, "household_id": HOME, "gateway_id": "gw1", "kind": "smoke_detector"}
                put(tx, "sensors", row)
        ringing = dict.fromkeys(SENSORS, False)
        for device_id, word, minutes in words:
            world.now += timedelta(minutes=minutes)
            by_its_clock = world.now.astimezone(UTC) - (behind if device_id == "two" else timedelta(0))
            if word == "rang days ago":
                began_at = by_its_clock - timedelta(days=2)
                over_at = began_at + timedelta(minutes=5)
                world.happens(smoke(device_id, began_at, True), smoke(device_id, over_at, False))
            else:
                ringing[device_id] = word == "rings"
                world.happens(smoke(device_id, by_its_clock, ringing[device_id]))
            world.turn()
            if any(ringing.values()):
                newest = world.alerts()[-1]
                assert (newest["state"], newest["ended_at"]) == ("notified", None)


def smoke(device_id: str, at: datetime, value: bool) -> DeviceEvent:
    return DeviceEvent(device_id=device_id, at=at, kind="smoke_detector", flags={"smoke": value})
