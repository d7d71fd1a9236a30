"""Everything held on one resident: exported whole, deleted but for what the law wants kept; no table is forgotten."""

import base64
import json
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Table, func, insert, select, update
from typer.testing import CliRunner

from anju import app as commands
from anju_service.service import Service
from config.settings import Settings
from domain.reading import DeviceEvent
from domain.wristband import BandField
from notifier.channels.log import LogChannel
from store import consents, held
from store import tables as t
from store.contracts import BandScan, Batch, Kept
from store.readings import Readings
from store.records import Records
from tests.notifier.world import World
from tests.web import town
from tests.web.conftest import URL, csrf
from web import bands
from web import held as held_pages
from web.app import create_app
from web.looks import View
from web.meetings import begin
from web.notes import Notes, NotesCipher, new_key
from web.scan_log import MOST_WAITING, ScanLog

KEY = new_key()
PERSONAL = ("王秀兰", "+8613900000001", "青霉素", "王丽", "+8613800000011", "公园东门", "王奶奶", "谢谢你们")


@dataclass(slots=True)
class Scene:
    """Mrs Wang's life with the service, with a trace in every table."""

    records: Records
    readings: Readings
    staff: TestClient

    def rows(self) -> dict[str, int]:
        with self.records.read() as tx:
            return {name: len(rows) for name, rows in held.read(tx, held.whose(tx, "R1")).items()}


@pytest.fixture
def scene(records: Records, clock: town.Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setenv("ANJU_STORE_FOLDER", str(tmp_path))
    monkeypatch.setenv("ANJU_WEB_NOTES_KEYS", KEY)
    with closing(Readings(tmp_path / "readings.db")) as readings:
        _live(records, clock)
        _leave_traces(readings, clock)
        app = create_app(
            records, readings, town.life(), now=clock, public_url=URL, signed_in_as="duty", notes_keys=[KEY]
        )
        finder = TestClient(app, base_url=URL, headers={"accept-language": "zh"})
        path = f"/1/{_band(records, clock)}"
        finder.post(f"{path}/medical", data={"why": "unwell"})
        finder.post(f"{path}/say", data={"body": "我们在公园东门"})
        finder.post(f"{path}/place", data={"words": "公园东门"})
        yield Scene(records, readings, TestClient(app, base_url=URL, headers={"accept-language": "en"}))


def _band(records: Records, clock: town.Clock) -> str:
    with records.write() as tx:
        for field in BandField:
            consents.consent(tx, "R1", field, given_by="本人", paper="2026-17", recorded_by="duty", now=clock())
        bands.save_profile(
            tx, "R1", salutation="王奶奶", all_at_once=False, notes=Notes(allergies="青霉素"),
            cipher=NotesCipher([KEY]), by="duty", now=clock(),
        )  # fmt: skip
        return bands.issue(tx, "R1", by="duty", now=clock(), below=secrets.randbelow).card_id


def _live(records: Records, clock: town.Clock) -> None:
    """What no page writes in this test."""
    at = clock()
    rows: list[tuple[Table, dict[str, object]]] = [
        (t.sensors, {"device_id": "S1", "household_id": "H1", "kind": "sos_button"}),
        (t.absences, {"household_id": "H1", "from_at": at, "until_at": at + town.HOUR, "announced_by": "daughter"}),
        (t.replies, {"key": "k", "at": at, "phone": "+8613900000001", "body": "谢谢你们", "meaning": "unclear"}),
        (t.blocked_phones, {"phone": "+8613900000001", "reason": "stopped", "at": at}),
        (t.unwatched, {"meter_id": "M1", "household_id": "H1", "since": at, "reason": {}}),
        (t.detector_states, {"meter_id": "M1", "body": b"\x80habits"}),
        (t.last_said, {"device_id": "S1", "flag": "pressed", "value": True, "at": at}),
        (t.release_requests, {"device_id": "M1", "at": at}),
        (t.security_events, {"at": at, "kind": "notes_viewed", "subject": "R1", "detail": "by duty"}),
        (
            t.guardian_sessions,
            {"session_hash": b"1", "contact_id": "daughter", "by_code": True, "csrf_token": "x", "expires_at": at},
        ),
    ]
    with records.write() as tx:
        for table, row in rows:
            tx.execute(insert(table).values(row))
        consents.consent_to_water(tx, "H1", given_by="本人", on="2026-01-05", paper="17", recorded_by="ledger")
        _say_with_others(tx)


def _say_with_others(tx: Connection) -> None:
    """A text to staff that tells of two homes at once."""
    town.write_text(tx, 2, "duty", "2条新消息：王秀兰未用水；李德福水不停。")
    carrier = tx.scalars(select(t.messages.c.message_id).order_by(t.messages.c.message_id.desc())).first()
    tx.execute(update(t.messages).where(t.messages.c.alert_id == 1).values(bundle_id=carrier))


def _leave_traces(readings: Readings, clock: town.Clock) -> None:
    at = clock()
    for entry in town.readings().follow(0, 10_000):
        readings.commit(Batch(arrivals=[one for one in entry.arrivals if one.meter_id in {"M1", "M2"}]))
    kept = [Kept(kind="quarantined", received_at=at, topic="x", payload=b"m1", reason="why", device_id="M1")]
    events = [DeviceEvent(device_id="S1", at=at, kind="sos_button", flags={"pressed": True})]
    readings.commit(Batch(events=events, kept=kept, scans=[BandScan(band_no=1, at=at, stage="viewed", source="web")]))


def settle(scene: Scene) -> None:
    with scene.records.write() as tx:
        home = t.alerts.c.household_id == "H1"
        tx.execute(update(t.alerts).where(home).values(state="resolved", next_at=None))


def test_of_every_table_it_is_known_whether_it_holds_something_on_a_resident(scene: Scene) -> None:
    with scene.records.read() as tx:
        personal = set(held.rows_of(held.whose(tx, "R1")))
    known = [personal, set(held.NOT_PERSONAL), held.SHARED]
    assert set().union(*known) == set(t.metadata.tables)
    assert sum(map(len, known)) == len(t.metadata.tables), "a table stands in two places"


def test_the_export_has_a_row_of_every_table_and_names_what_is_held_elsewhere(scene: Scene) -> None:
    answer = scene.staff.get("/residents/R1/export")
    out = answer.json()
    with scene.records.read() as tx:
        wanted = set(held.rows_of(held.whose(tx, "R1"))) - held.ACCESS
    assert {name for name, rows in out["records"].items() if rows} >= wanted
    for word in PERSONAL:
        assert word in json.dumps(out, ensure_ascii=False), word
    assert len(out["readings_file"]["readings"]["M1"]) > 100
    assert {name for name, rows in out["readings_file"].items() if rows} == {
        "readings", "device_events", "band_scans", "kept_messages"
    }  # fmt: skip
    assert "李德福" not in answer.text, "another home's data"
    assert "InfluxDB" in " ".join(out["held_elsewhere"])
    assert "hash" not in json.dumps(out["records"])


def test_the_command_exports_the_same_beside_the_service(scene: Scene, tmp_path: Path) -> None:
    result = CliRunner().invoke(commands, ["resident", "export", "R1", "--out", str(tmp_path / "r1.json")])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "r1.json").stat().st_mode & 0o077 == 0
    out = json.loads((tmp_path / "r1.json").read_text("utf-8"))
    assert out["records"]["wristband_profiles"][0]["notes"]["allergies"] == "青霉素"
    assert base64.b64decode(out["records"]["detector_states"][0]["body"]) == b"\x80habits"
    assert "held elsewhere: backups" in result.output


def test_an_export_overwrites_no_file_and_is_then_not_written_down_as_one(scene: Scene, tmp_path: Path) -> None:
    out = tmp_path / "r1.json"
    out.write_bytes(b"another's")
    result = CliRunner().invoke(commands, ["resident", "export", "R1", "--out", str(out)])
    assert (result.exit_code, out.read_bytes()) == (2, b"another's")
    assert "r1.json is there already" in result.stderr
    with scene.records.read() as tx:
        assert "exported" not in tx.scalars(select(t.security_events.c.kind)).all()


def test_deletion_leaves_no_word_of_the_person_behind(scene: Scene, tmp_path: Path) -> None:
    settle(scene)
    token = csrf(scene.staff.get("/residents/R1").text)
    page = scene.staff.post("/residents/R1/forget", data={"csrf": token, "sure": "1"})
    assert "Deleted on request" in page.text
    with sqlite3.connect(tmp_path / "records.db") as db:
        dump = "\n".join(db.iterdump())
    for word in PERSONAL:
        assert word not in dump, word
    with scene.records.read() as tx:
        assert len(tx.scalars(select(t.consents.c.withdrawn_by)).all()) == len(BandField)
        assert tx.scalars(select(t.water_consents.c.withdrawn_by)).all() == ["duty"]
        assert tx.scalars(select(t.households.c.household_id)).all() == ["H2", "H3", "H4", "H9"]
    assert scene.readings.band_scans(town.NOW - town.HOUR, town.NOW + town.HOUR, [1]) == []
    assert len(scene.readings.registers("M1", town.NOW - 500 * town.HOUR, town.NOW + town.HOUR)) == 0
    assert len(scene.readings.registers("M2", town.NOW - 500 * town.HOUR, town.NOW + town.HOUR)) > 100


def test_a_minute_after_a_deletion_no_file_of_the_service_holds_a_word_of_the_person(tmp_path: Path) -> None:
    def held(word: str) -> list[str]:
        return [path.name for path in sorted(tmp_path.iterdir()) if word.encode() in path.read_bytes()]

    world = World(tmp_path)
    with closing(
        Service(tmp_path, Settings(), [LogChannel(lambda text: None)], lambda: town.NOW, steady_s=lambda: 0.0)
    ) as service:
        kept = Kept(kind="refused", received_at=town.NOW, topic="t", payload=b"my m201", reason="?", device_id="m201")
        service.readings.commit(Batch(kept=[kept]))
        with world.records.write() as tx:
            service.readings.erase(held_pages.forget(tx, "r-h201", by="duty_desk", now=town.NOW))
        assert held("+8613800000000") + held("my m201") != []
        service.keep_up()
        assert held("+8613800000000") + held("my m201") == []


def test_the_water_consent_ends_on_the_homes_own_day(scene: Scene) -> None:
    settle(scene)
    with scene.records.write() as tx:
        held_pages.forget(tx, "R1", by="duty", now=datetime(2026, 3, 1, 17, tzinfo=UTC))
    with scene.records.read() as tx:
        assert tx.scalars(select(t.water_consents.c.withdrawn_on)).all() == ["2026-03-02"]


def test_that_the_water_consent_ended_is_a_security_event_like_every_other_end_of_it(scene: Scene) -> None:
    settle(scene)
    with scene.records.write() as tx:
        held_pages.forget(tx, "R1", by="duty", now=town.NOW)
    with scene.records.read() as tx:
        events = tx.execute(select(t.security_events.c.kind, t.security_events.c.subject)).all()
    assert ("water_consent_withdrawn", "H1") in [(row.kind, row.subject) for row in events]


def test_no_new_band_alert_or_text_gets_the_id_of_a_deleted_one(scene: Scene) -> None:
    """The security log still names the band, a provider's late receipt the text, an open page the alert."""
    ids = (t.wristbands.c.band_id, t.alerts.c.alert_id, t.messages.c.message_id, t.meetings.c.meeting_id)
    with scene.records.write() as tx:
        town.raise_alert(tx, 99, "H1", "low_use", state="resolved")
        town.write_text(tx, 99, "daughter", "再见")
    settle(scene)
    with scene.records.write() as tx:
        last = [tx.scalar(select(func.max(one))) for one in ids]
        held_pages.forget(tx, "R1", by="duty", now=town.NOW)
        consents.consent(tx, "R2", BandField.NAME, given_by="R2", paper="18", recorded_by="duty", now=town.NOW)
        band = bands.issue(tx, "R2", by="duty", now=town.NOW, below=secrets.randbelow)
        begin(tx, bands.of_resident(tx, "R2")[0], town.NOW)
        tx.execute(insert(t.alerts).values(one_alert(tx)))
        town.write_text(tx, 100, "duty", "新的")
        now = [tx.scalar(select(func.max(one))) for one in ids]
    assert all(a > b for a, b in zip(now, last, strict=True)), (now, last)
    with scene.records.read() as tx:
        theirs = held.read(tx, held.whose(tx, "R2"))
    assert (band.band_id, theirs["security_events"]) == (now[0], [])


def one_alert(tx: Connection) -> dict[str, object]:
    """Another home's, as the notifier would raise it: without an id of its own."""
    row = tx.execute(select(t.alerts).where(t.alerts.c.household_id == "H2").limit(1)).mappings().one()
    return {name: value for name, value in row.items() if name != "alert_id"}


def test_looks_at_a_deleted_band_do_not_keep_other_looks_from_the_log(scene: Scene) -> None:
    log = ScanLog(scene.records, scene.readings)
    with scene.records.write() as tx:
        consents.consent(tx, "R2", BandField.NAME, given_by="R2", paper="18", recorded_by="duty", now=town.NOW)
        other = bands.issue(tx, "R2", by="duty", now=town.NOW, below=secrets.randbelow).band_id
    for band_id in (1, other):
        log.add(View(band_id=band_id, at=town.NOW + town.HOUR / 2, address="192.0.2.1", fields=frozenset()))
    settle(scene)
    token = csrf(scene.staff.get("/residents/R1").text)
    scene.staff.post("/residents/R1/forget", data={"csrf": token, "sure": "1"})
    log.write()
    with scene.records.read() as tx:
        assert tx.scalars(select(t.scans.c.band_id)).all() == [other]
    stored = scene.readings.band_scans(town.NOW - town.HOUR, town.NOW + town.HOUR, [1, other])
    assert [scan.band_no for scan in stored] == [other]


def test_while_the_log_can_not_be_written_it_fills_no_memory_and_says_later_how_many_looks_it_lacks(
    scene: Scene,
) -> None:
    log = ScanLog(scene.records, scene.readings)
    view = View(band_id=1, at=town.NOW, address="192.0.2.1", fields=frozenset())
    for _ in range(MOST_WAITING + 7):
        log.add(view)
    assert (log.full, log.unlogged) == (True, 7)
    log.write()
    log.add(view)
    log.write()
    assert not log.full
    with scene.records.read() as tx:
        looks = tx.scalar(select(func.count()).where(t.scans.c.stage == "viewed"))
        said = tx.scalars(select(t.security_events.c.detail).where(t.security_events.c.kind == "looks_unlogged")).all()
    assert looks == MOST_WAITING + 1
    assert said == ["the log couldn't be written; first looks at wristbands that it lacks: 7"]


def test_deletion_waits_until_the_alert_is_settled(scene: Scene) -> None:
    token = csrf(scene.staff.get("/residents/R1").text)
    answer = scene.staff.post("/residents/R1/forget", data={"csrf": token, "sure": "1"})
    assert answer.status_code == 409
    result = CliRunner().invoke(commands, ["resident", "forget", "R1", "--yes"])
    assert "settle it first" in result.stderr
    assert scene.rows()["residents"] == 1


def test_where_the_readings_cannot_be_deleted_the_records_still_say_whose_they_are(
    scene: Scene, tmp_path: Path
) -> None:
    settle(scene)
    with closing(sqlite3.connect(tmp_path / "readings.db")) as db:
        db.execute("CREATE TRIGGER stuck BEFORE DELETE ON kept BEGIN SELECT RAISE(ABORT, 'stuck'); END")
    staff = TestClient(scene.staff.app, base_url=URL, raise_server_exceptions=False)
    form = {"csrf": csrf(staff.get("/residents/R1").text), "sure": "1"}
    assert staff.post("/residents/R1/forget", data=form).status_code == 500
    assert scene.rows()["residents"] == 1
    with closing(sqlite3.connect(tmp_path / "readings.db")) as db:
        db.execute("DROP TRIGGER stuck")
    assert staff.post("/residents/R1/forget", data=form).status_code == 200
    assert len(scene.readings.registers("M1", town.NOW - 500 * town.HOUR, town.NOW + town.HOUR)) == 0


def test_where_somebody_lives_on_in_the_home_its_water_and_its_alerts_stay(scene: Scene) -> None:
    with scene.records.write() as tx:
        tx.execute(insert(t.residents).values(resident_id="R1b", household_id="H1", name="王建国", language="zh"))
    result = CliRunner().invoke(commands, ["resident", "forget", "R1", "--yes"])
    assert result.exit_code == 0, result.output
    with scene.records.read() as tx:
        assert tx.scalars(select(t.residents.c.name).where(t.residents.c.household_id == "H1")).all() == ["王建国"]
        assert tx.scalars(select(t.alerts.c.alert_id).where(t.alerts.c.alert_id == 1)).all() == [1]
        assert tx.scalars(select(t.wristbands.c.band_id)).all() == []
    assert len(scene.readings.registers("M1", town.NOW - 500 * town.HOUR, town.NOW + town.HOUR)) > 100


def test_nobody_is_forgotten_by_a_slip(scene: Scene) -> None:
    for line in (["resident", "forget", "R1"], ["resident", "forget", "R0", "--yes"]):
        assert CliRunner().invoke(commands, line).exit_code == 2
    token = csrf(scene.staff.get("/residents/R1").text)
    scene.staff.post("/residents/R1/forget", data={"csrf": token})
    assert scene.rows()["residents"] == 1
