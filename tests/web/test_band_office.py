"""Bands by the hundred: everybody who consented and has none gets one, once."""

from collections import Counter
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from sqlalchemy import update
from typer.testing import CliRunner

from anju import app
from domain.wristband import BandField
from store import consents
from store.records import Records
from store.tables import households
from tests.web import town
from web import bands, wearers
from web.band_office import waiting
from web.notes import Notes, NotesCipher, new_key


@pytest.fixture
def command(records: Records, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("ANJU_STORE_FOLDER", str(records.path.parent))
    monkeypatch.setenv("ANJU_WEB_PUBLIC_URL", "https://w.fuxin.cn")

    def run(*arguments: str, **environment: str) -> Any:
        return CliRunner().invoke(app, ["wristband", *arguments], env=environment)

    return run


def consent(records: Records, *residents: str) -> None:
    with records.write() as tx:
        for resident_id in residents:
            consents.consent(tx, resident_id, BandField.NAME, given_by="x", paper="y", recorded_by="duty", now=town.NOW)


def test_a_community_is_printed_into_one_file_whose_codes_work(records: Records, command: Any, tmp_path: Path) -> None:
    consent(records, "R1", "R2", "R9")
    out = tmp_path / "bands.pdf"
    assert "wristbands issued: 2" in command("print", "xh", "--out", str(out), "--layout", "strip").output
    page = pypdfium2.PdfDocument(out)[0].render(scale=4, grayscale=True).to_numpy().squeeze()
    cards = [found.text.rsplit("/", 1)[1] for found in zxingcpp.read_barcodes(page)]
    with records.read() as tx:
        worn = [band.resident_id for card in cards if (band := bands.by_card(tx, card))]
    assert Counter(worn) == {"R1": len(cards) / 2, "R2": len(cards) / 2}  # a strip carries its code several times
    assert len(set(cards)) == 2


def test_bands_are_printed_door_by_door_as_they_are_handed_out(records: Records) -> None:
    consent(records, "R1", "R2")
    with records.write() as tx:
        for home, door in {"H1": "1001", "H2": "601"}.items():
            tx.execute(update(households).where(households.c.household_id == home).values(door=door))
        assert [whose for _, whose in waiting(tx, "xh", town.NOW)] == ["3号楼 601  李德福", "3号楼 1001  王秀兰"]


def test_a_print_says_which_number_is_whose_for_the_bands_name_nobody(
    records: Records, command: Any, tmp_path: Path
) -> None:
    consent(records, "R1", "R2")
    said = command("print", "xh", "--out", str(tmp_path / "bands.pdf")).stdout.splitlines()
    with records.read() as tx:
        numbers = [bands.of_resident(tx, resident)[0].number for resident in ("R2", "R1")]
    homes = ("3号楼 1单元101  李德福", "3号楼 2单元402  王秀兰")
    lines = [f"{number[:4]} {number[4:]}  {home}" for number, home in zip(numbers, homes, strict=True)]
    assert said == [*lines, "wristbands issued: 2"]


def test_a_second_print_says_that_nothing_was_issued_and_leaves_the_first_as_it_is(
    records: Records, command: Any, tmp_path: Path
) -> None:
    consent(records, "R1")
    out, again = tmp_path / "bands.pdf", tmp_path / "again.pdf"
    command("print", "xh", "--out", str(out))
    printed = out.read_bytes()
    assert out.stat().st_mode & 0o077 == 0
    answer = command("print", "xh", "--out", str(out))
    assert (answer.exit_code, out.read_bytes()) == (2, printed)
    assert "bands.pdf is there already" in answer.stderr
    answer = command("print", "xh", "--out", str(again))
    assert (answer.exit_code, again.exists()) == (1, False)
    assert "no wristband issued, nothing is written" in answer.stderr


def test_a_file_that_is_there_is_kept_and_no_band_is_issued(records: Records, command: Any, tmp_path: Path) -> None:
    consent(records, "R1")
    (tmp_path / "bands.pdf").write_bytes(b"other codes")
    assert command("print", "xh", "--out", str(tmp_path / "bands.pdf")).exit_code == 2
    assert (tmp_path / "bands.pdf").read_bytes() == b"other codes"
    with records.read() as tx:
        assert bands.of_resident(tx, "R1") == []


def test_a_community_that_is_none_is_named(command: Any, tmp_path: Path) -> None:
    answer = command("print", "nope", "--out", str(tmp_path / "x.pdf"))
    assert (answer.exit_code, (tmp_path / "x.pdf").exists()) == (2, False)
    assert "'nope' is no community_id of the ledger" in answer.stderr


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"])
def test_no_band_is_issued_whose_code_opens_on_this_machine_alone(
    records: Records, command: Any, tmp_path: Path, url: str
) -> None:
    consent(records, "R1")
    answer = command("print", "xh", "--out", str(tmp_path / "x.pdf"), ANJU_WEB_PUBLIC_URL=url)
    assert (answer.exit_code, (tmp_path / "x.pdf").exists()) == (2, False)
    assert f"web.public_url: '{url}' would open on this machine alone" in answer.stderr
    with records.read() as tx:
        assert bands.of_resident(tx, "R1") == []


def test_a_layout_that_is_none_is_named_with_those_there_are(command: Any, tmp_path: Path) -> None:
    answer = command("print", "xh", "--out", str(tmp_path / "x.pdf"), "--layout", "poster")
    assert answer.exit_code == 2
    assert "'poster' is none of strip, iron_on, card, fob" in answer.output


def test_a_file_that_cannot_be_written_issues_no_band(records: Records, command: Any, tmp_path: Path) -> None:
    consent(records, "R1")
    assert command("print", "xh", "--out", str(tmp_path / "nowhere" / "x.pdf")).exit_code == 2
    with records.read() as tx:
        assert bands.of_resident(tx, "R1") == []


def test_notes_are_written_anew_with_the_first_key(records: Records, command: Any) -> None:
    old, new = new_key(), new_key()
    with records.write() as tx:
        bands.save_profile(
            tx,
            "R1",
            salutation=None,
            all_at_once=False,
            notes=Notes(allergies="青霉素"),
            cipher=NotesCipher([old]),
            by="duty",
            now=town.NOW,
        )
    assert "notes written anew: 1" in command("rotate-notes", ANJU_WEB_NOTES_KEYS=f"{new} {old}").output
    with records.read() as tx:
        sealed = wearers.wearer(tx, "R1").sealed
    assert sealed is not None
    assert NotesCipher([new]).open(sealed, "R1").allergies == "青霉素"
    assert command("rotate-notes", ANJU_WEB_NOTES_KEYS="not-a-key").exit_code == 2
