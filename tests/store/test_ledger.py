"""A folder of CSV files becomes the ledger, row by row, and every mistake in it is named with its place."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from domain.in_chinese import in_chinese
from domain.ledger_in_chinese import WORDS, among
from domain.people import Category, Language, Role
from domain.reading import Device
from domain.wristband import BandField
from store import consents
from store import tables as t
from store.ledger import read_ledger, version
from store.ledger_columns import FILES
from store.ledger_import import LedgerError, import_ledger
from store.ledger_page import page
from store.migrations import migrate
from store.records import Records
from web.words import load

NOW = datetime(2026, 4, 3, 12, tzinfo=UTC)
TOWN = {
    "communities": "community_id,name,timezone,language,phone\nxfl,幸福里社区,Asia/Shanghai,zh,+865515550000\n",
    "grids": "grid_id,community_id,name\ng1,xfl,第一网格\n",
    "buildings": "building_id,grid_id,name,address\nb3,g1,3号楼,幸福路3号\n",
    "households": (
        "household_id,building_id,door,water_consent_by,water_consent_on,water_consent_paper\n"
        "h1,b3,501,王秀英,2026-01-05,17\nh2,b3,502,,,\n"
    ),
    "residents": (
        "resident_id,household_id,name,birth_year,phone,language,categories\n"
        "r1,h1,王秀英,1941,+865551000001,zh,living_alone;over_80\n"
    ),
    "contacts": (
        "contact_id,name,role,phone,language,community_id,grid_id\n"
        "daughter,王明,guardian,+86 138-1234-5678,zh,,\n"
        "worker,李敏,grid_worker,+8613812345679,zh,xfl,g1\n"
    ),
    "guardians": "household_id,contact_id,order\nh1,daughter,1\nh2,daughter,2\n",
    "pairings": "household_id,contact_id\nh1,worker\n",
    "gateways": "gateway_id,community_id,name\ngw1,xfl,楼顶\n",
    "meters": ("meter_id,household_id,gateway_id,profile,unit,litres_per_pulse\nm1,h1,gw1,,m3,\nm2,h2,,pulse,L,10\n"),
    "consents": (
        "resident_id,field,given_by,given_on,paper,withdrawn_on\n"
        "r1,name,王秀英,2026-01-05,17,\nr1,health,王秀英,2026-01-05,18,\n"
    ),
    "sensors": "device_id,household_id,gateway_id,kind,profile\nbutton,h1,gw1,sos_button,\n",
}


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    migrate(tmp_path / "records.db")
    records = Records(tmp_path / "records.db")
    yield records
    records.close()


def folder(tmp_path: Path, **changed: str | bytes) -> Path:
    """The town's files, some of them changed; an empty one is left out."""
    path = tmp_path / "ledger"
    path.mkdir(exist_ok=True)
    for name, text in (TOWN | changed).items():
        file = path / f"{name}.csv"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        if not text:
            file.unlink()
    return path


def problems(records: Records, path: Path) -> list[str]:
    with pytest.raises(LedgerError) as raised:
        import_ledger(records, path, now=NOW)
    return [str(problem) for problem in raised.value.problems]


def counts(records: Records) -> dict[str, int]:
    with records.read() as tx:
        return {name: len(tx.execute(select(t.metadata.tables[name])).all()) for name in TOWN}


def test_a_town_is_imported_whole(records: Records, tmp_path: Path) -> None:
    done = import_ledger(records, folder(tmp_path), now=NOW)
    assert str(done[0]) == "communities.csv: 1 new, 0 changed, 0 as before"
    assert counts(records) == {name: text.count("\n") - 1 for name, text in TOWN.items()}
    with records.read() as tx:
        assert set(tx.scalars(select(t.resident_categories.c.category))) == {"living_alone", "over_80"}
        assert tx.scalar(select(t.contacts.c.phone).where(t.contacts.c.contact_id == "daughter")) == "+8613812345678"


def test_what_chinese_keyboards_and_zigbee_gateways_write_is_understood(records: Records, tmp_path: Path) -> None:
    """Full-width digits, a property as register, a friendly name with blanks and slashes."""
    wide = TOWN["contacts"].replace("+86 138-1234-5678", "＋８６ １３８１２３４５６７８")
    meters = TOWN["meters"].replace(",pulse,", ",property:total,")
    sensors = TOWN["sensors"].replace("button,h1", "3/2 gas kitchen,h1")
    import_ledger(records, folder(tmp_path, contacts=wide, meters=meters, sensors=sensors), now=NOW)
    with records.read() as tx:
        assert tx.scalar(select(t.contacts.c.phone).where(t.contacts.c.contact_id == "daughter")) == "+8613812345678"
        assert set(tx.scalars(select(t.meters.c.profile))) == {None, "property:total"}
        assert tx.scalar(select(t.sensors.c.device_id)) == "3/2 gas kitchen"


def test_words_and_days_may_be_written_as_in_a_chinese_office(records: Records, tmp_path: Path) -> None:
    head = {name: text.splitlines()[0] + "\n" for name, text in TOWN.items()}
    changed = {
        "residents": head["residents"] + "r1,h1,王秀英,1941,+865551000001,中文,独居；80 岁以上、失智\n",
        "contacts": head["contacts"]
        + "daughter,王明,监护人,+86 138 1234 5678,中文,,\nworker,李敏,网格员,+8613812345679,zh,xfl,g1\n",
        "consents": head["consents"] + "r1,姓名,王秀英,2026/1/5,17,\nr1,病情资料,王秀英,2026年1月5日,18,2026.2.1\n",
        "sensors": head["sensors"] + "button,h1,gw1,求助按钮,\n",
        "guardians": "household_id,contact_id,order,first_use\nh1,daughter,1,是\nh2,daughter,2,\n",
    }
    import_ledger(records, folder(tmp_path, **changed), now=NOW)
    with records.read() as tx:
        assert set(tx.scalars(select(t.resident_categories.c.category))) == {"living_alone", "over_80", "dementia"}
        assert set(tx.scalars(select(t.contacts.c.role))) == {"guardian", "grid_worker"}
        assert tx.scalars(select(t.sensors.c.kind)).all() == ["sos_button"]
        assert tx.execute(select(t.guardians.c.first_use).order_by(t.guardians.c.order)).first() == ("yes",)
        assert consents.consented(tx, "r1") == {BandField.NAME}
        assert {row.given_at.day for row in tx.execute(select(t.consents)).all()} == {5}


def test_every_category_and_role_may_be_written_as_pages_say_it() -> None:
    said = load(Language.ZH).sections
    for section, kinds in (("category", Category), ("role", Role)):
        assert {among(kinds)(said[section][one]) for one in kinds} == set(kinds)


@pytest.mark.parametrize("address", ["daughter@example.org", "wecombot://a1b2c3", "ntfy://block3"])
def test_family_and_staff_may_be_reached_by_mail_or_as_a_group(records: Records, tmp_path: Path, address: str) -> None:
    import_ledger(records, folder(tmp_path, contacts=TOWN["contacts"].replace("+86 138-1234-5678", address)), now=NOW)
    with records.read() as tx:
        assert tx.scalar(select(t.contacts.c.phone).where(t.contacts.c.contact_id == "daughter")) == address


def test_what_is_neither_phone_nor_mail_nor_group_is_refused(records: Records, tmp_path: Path) -> None:
    path = folder(tmp_path, contacts=TOWN["contacts"].replace("+86 138-1234-5678", "daughter@"))
    assert problems(records, path) == [
        "contacts.csv row 2, phone: 'daughter@' is no number in international form, "
        "such as +86 138 1234 5678, no e-mail address and no group's URL"
    ]


def test_ingest_learns_devices_and_their_gateways(records: Records, tmp_path: Path) -> None:
    import_ledger(records, folder(tmp_path), now=NOW)
    with records.read() as tx:
        ledger = read_ledger(tx)
    assert ledger.gateways == {"m1": "gw1", "m2": None, "button": "gw1", "gw1": "gw1"}
    assert ledger.devices["m2"] == Device(
        device_id="m2", profile="pulse", unit="L", litres_per_pulse=10.0, timezone="Asia/Shanghai"
    )
    assert ledger.devices["button"].timezone == "Asia/Shanghai"


def test_the_same_folder_again_changes_nothing(records: Records, tmp_path: Path) -> None:
    import_ledger(records, folder(tmp_path), now=NOW)
    with records.read() as tx:
        before = version(tx)
    again = import_ledger(records, folder(tmp_path), now=NOW)
    assert [(one.added, one.changed, one.ended) for one in again] == [(0, 0, 0)] * len(TOWN)
    with records.read() as tx:
        assert version(tx) == before


def test_a_dry_run_says_what_would_be_and_changes_nothing(records: Records, tmp_path: Path) -> None:
    done = import_ledger(records, folder(tmp_path), dry_run=True, now=NOW)
    assert sum(one.added for one in done) == sum(text.count("\n") - 1 for text in TOWN.values())
    assert set(counts(records).values()) == {0}


def test_changes_are_taken_over_and_a_guardian_who_is_no_longer_listed_is_no_longer_told(
    records: Records, tmp_path: Path
) -> None:
    import_ledger(records, folder(tmp_path), now=NOW)
    changed = folder(
        tmp_path,
        residents=TOWN["residents"].replace("living_alone;over_80", "dementia"),
        guardians="household_id,contact_id,order\nh2,daughter,1\n",
    )
    done = {one.file: one for one in import_ledger(records, changed, now=NOW)}
    assert (done["residents.csv"].changed, done["guardians.csv"].changed, done["guardians.csv"].ended) == (1, 1, 1)
    with records.read() as tx:
        assert set(tx.scalars(select(t.resident_categories.c.category))) == {"dementia"}
        assert tx.execute(select(t.guardians)).all() == [("h2", "daughter", 1, None)]


def water(records: Records) -> tuple[str | None, list[tuple[str, str | None]]]:
    """Who consents to watching h1's water now; each consent's day and end."""
    h, w = t.households.c, t.water_consents.c
    with records.read() as tx:
        now = tx.scalar(select(h.water_consent_by).where(h.household_id == "h1"))
        history = select(w.given_on, w.withdrawn_on).where(w.household_id == "h1").order_by(w.consent_id)
        return now, [tuple(row) for row in tx.execute(history)]


def with_water(tmp_path: Path, by: str, on: str = "", paper: str = "") -> Path:
    head = "household_id,building_id,door,water_consent_by,water_consent_on,water_consent_paper\n"
    return folder(tmp_path, households=f"{head}h1,b3,501,{by},{on},{paper}\nh2,b3,502,,,\n")


def test_an_empty_column_changes_no_consent_to_water_and_withdrawing_is_said(records: Records, tmp_path: Path) -> None:
    import_ledger(records, folder(tmp_path), now=NOW)
    (same,) = [one for one in import_ledger(records, with_water(tmp_path, ""), now=NOW) if one.file == "households.csv"]
    assert (same.changed, water(records)) == (0, ("王秀英", [("2026-01-05", None)]))
    (gone,) = [
        one
        for one in import_ledger(records, with_water(tmp_path, "撤回", "2026-02-01", "31"), now=NOW)
        if one.file == "households.csv"
    ]
    assert (gone.changed, water(records)) == (1, (None, [("2026-01-05", "2026-02-01")]))
    import_ledger(records, with_water(tmp_path, "withdrawn", "2026-02-01", "31"), now=NOW)
    assert water(records) == (None, [("2026-01-05", "2026-02-01")])


def test_consent_to_water_that_a_file_gives_or_ends_is_a_security_event_once_as_on_the_homes_page(
    records: Records, tmp_path: Path
) -> None:
    import_ledger(records, folder(tmp_path), now=NOW)
    for _ in range(2):
        import_ledger(records, with_water(tmp_path, "撤回", "2026-02-01", "31"), now=NOW)
    for dry_run in (True, False, False):
        import_ledger(records, with_water(tmp_path, "王秀英", "2026-02-02", "32"), now=NOW, dry_run=dry_run)
    with records.read() as tx:
        events = tx.execute(select(t.security_events).order_by(t.security_events.c.event_id)).all()
    assert [(row.at, row.kind, row.subject, row.detail) for row in events] == [
        (NOW, "water_consent_withdrawn", "h1", "31; written by ledger"),
        (NOW, "water_consent_given", "h1", "王秀英, 32; written by ledger"),
    ]


@pytest.mark.parametrize("wrong", ["3/402", ".", ".."])
def test_an_id_that_no_pages_address_can_carry_is_named(records: Records, tmp_path: Path, wrong: str) -> None:
    homes = TOWN["households"].replace("h2,", f"{wrong},")
    with pytest.raises(LedgerError) as told:
        import_ledger(records, folder(tmp_path, households=homes), now=NOW)
    assert "households.csv row 3, household_id: " in str(told.value)


def test_an_old_list_brings_back_no_consent_that_was_withdrawn_and_a_new_paper_does(
    records: Records, tmp_path: Path
) -> None:
    import_ledger(records, folder(tmp_path), now=NOW)
    with records.write() as tx:
        consents.withdraw_water(tx, "h1", on="2026-02-01", by="limin")
        consents.withdraw(tx, "r1", BandField.NAME, datetime(2026, 2, 1, tzinfo=UTC), by="limin")
    import_ledger(records, folder(tmp_path), now=NOW)
    with records.read() as tx:
        assert consents.consented(tx, "r1") == {BandField.HEALTH}
    assert water(records)[0] is None
    head = "resident_id,field,given_by,given_on,paper\n"
    later = with_water(tmp_path, "王秀英", "2026-03-01", "40")
    (later / "consents.csv").write_text(f"{head}r1,name,王秀英,2026-03-01,41\n", "utf-8")
    import_ledger(records, later, now=NOW)
    with records.read() as tx:
        assert consents.consented(tx, "r1") == {BandField.HEALTH, BandField.NAME}
    assert water(records) == ("王秀英", [("2026-01-05", "2026-02-01"), ("2026-03-01", None)])


def test_a_wristbands_consent_comes_from_the_ledger_field_by_field_and_ends_by_it(
    records: Records, tmp_path: Path
) -> None:
    import_ledger(records, folder(tmp_path), now=NOW)
    with records.read() as tx:
        assert consents.consented(tx, "r1") == {BandField.NAME, BandField.HEALTH}
    done = {one.file: one for one in import_ledger(records, folder(tmp_path), now=NOW)}
    assert done["consents.csv"].same == 2
    ended = TOWN["consents"].replace("18,", "18,2026-02-01")
    done = {one.file: one for one in import_ledger(records, folder(tmp_path, consents=ended), now=NOW)}
    assert done["consents.csv"].changed == 1
    with records.read() as tx:
        assert consents.consented(tx, "r1") == {BandField.NAME}
        assert tx.scalars(select(t.consents.c.withdrawn_by)).all() == [None, "ledger"]


def test_a_consent_that_was_withdrawn_before_it_is_imported_is_written_down_once(
    records: Records, tmp_path: Path
) -> None:
    ended = TOWN["consents"].replace("18,", "18,2026-02-01")
    first, again = (import_ledger(records, folder(tmp_path, consents=ended), now=NOW) for _ in range(2))
    assert [one.added for one in first if one.file == "consents.csv"] == [2]
    assert [(one.added, one.changed) for one in again] == [(0, 0)] * len(TOWN)
    with records.read() as tx:
        assert consents.consented(tx, "r1") == {BandField.NAME}
        proof = tx.execute(select(t.consents).where(t.consents.c.field == "health")).one()
    assert (proof.given_by, proof.given_at.day, proof.withdrawn_at.day) == ("王秀英", 5, 1)


def test_an_old_withdrawal_that_still_stands_in_the_files_ends_no_consent_of_a_later_day(
    records: Records, tmp_path: Path
) -> None:
    ended = TOWN["consents"].replace("18,", "18,2026-02-01")
    old = with_water(tmp_path, "撤回", "2026-02-01", "31")
    (old / "consents.csv").write_text(ended, "utf-8")
    import_ledger(records, folder(tmp_path), now=NOW)
    import_ledger(records, old, now=NOW)
    with records.write() as tx:
        later = {"given_by": "王秀英", "paper": "40", "recorded_by": "limin"}
        consents.consent_to_water(tx, "h1", on="2026-03-01", **later)
        consents.consent(tx, "r1", BandField.HEALTH, now=datetime(2026, 3, 1, tzinfo=UTC), **later)
    import_ledger(records, old, now=NOW)
    with records.read() as tx:
        assert consents.consented(tx, "r1") == {BandField.NAME, BandField.HEALTH}
    assert water(records)[0] == "王秀英"


def test_an_old_list_puts_no_paper_from_before_a_withdrawal_in_place_of_the_later_one(
    records: Records, tmp_path: Path
) -> None:
    import_ledger(records, folder(tmp_path), now=NOW)
    with records.write() as tx:
        consents.withdraw_water(tx, "h1", on="2026-02-01", by="limin")
        consents.consent_to_water(tx, "h1", given_by="女儿王明", on="2026-03-01", paper="40", recorded_by="limin")
    done = {one.file: one for one in import_ledger(records, folder(tmp_path), now=NOW)}
    assert done["households.csv"].changed == 0
    assert water(records) == ("女儿王明", [("2026-01-05", "2026-02-01"), ("2026-03-01", None)])


def test_a_paper_that_the_files_renewed_is_corrected_there(records: Records, tmp_path: Path) -> None:
    import_ledger(records, folder(tmp_path), now=NOW)
    import_ledger(records, with_water(tmp_path, "女儿王名", "2026-03-01", "40"), now=NOW)
    done = import_ledger(records, with_water(tmp_path, "女儿王明", "2026-03-01", "40"), now=NOW)
    assert [one.changed for one in done if one.file == "households.csv"] == [1]
    assert water(records)[0] == "女儿王明"


def test_a_part_of_the_ledger_may_come_alone_and_leaves_the_rest(records: Records, tmp_path: Path) -> None:
    import_ledger(records, folder(tmp_path), now=NOW)
    part = tmp_path / "part"
    part.mkdir()
    (part / "meters.csv").write_text("meter_id,household_id,gateway_id\nm3,h2,gw1\n")
    import_ledger(records, part, now=NOW)
    assert counts(records)["meters"] == 3
    assert counts(records)["guardians"] == 2


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        (
            {"contacts": TOWN["contacts"].replace("+8613812345679", "13812345679")},
            "contacts.csv row 3, phone: '13812345679' is no number in international form, such as +86 138 1234 5678, "
            "no e-mail address and no group's URL",
        ),
        (
            {"contacts": TOWN["contacts"].replace("guardian", "daughter")},
            "contacts.csv row 2, role: 'daughter' is none of guardian, grid_worker, volunteer, duty_staff, supervisor,"
            " operator",
        ),
        (
            {"communities": TOWN["communities"].replace("Asia/Shanghai", "Asia/Hefei")},
            "communities.csv row 2, timezone: 'Asia/Hefei' is no time zone, such as Asia/Shanghai",
        ),
        (
            {"households": TOWN["households"] + "h3,b9,101\n"},
            "households.csv row 4, building_id: 'b9' is not in buildings.csv or the ledger",
        ),
        (
            {"households": TOWN["households"] + "h1,b3,503\n"},
            "households.csv row 4, household_id: 'h1' stands in row 2 already",
        ),
        (
            {"meters": TOWN["meters"] + "M1,h2,gw1,,,\n"},
            "meters.csv row 4, meter_id: 'M1' stands in row 2 already",
        ),
        (
            {"meters": TOWN["meters"].replace("L,10", "L,-1")},
            "meters.csv row 3, litres_per_pulse: '-1' is no number of litres from 0.001 to 10000",
        ),
        (
            {"meters": TOWN["meters"].replace("L,10", "L,1e99")},
            "meters.csv row 3, litres_per_pulse: '1e99' is no number of litres from 0.001 to 10000",
        ),
        (
            {"meters": TOWN["meters"].replace("m2,", "a/2,")},
            "meters.csv row 3, meter_id: 'a/2' can't be an id in a message: / in it",
        ),
        (
            {"meters": TOWN["meters"].replace("m2,", "m 2,")},
            "meters.csv row 3, meter_id: 'm 2' can't be a meter's id: a blank in it; where the gateway names it so, "
            "rename it there",
        ),
        (
            {"meters": TOWN["meters"].replace(",pulse,", ",puls,")},
            "meters.csv row 3, profile: 'puls' is none of axioma_w1, kamstrup_flowiq, milesight_em300_di,"
            " milesight_em300_zld, milesight_ws101, netvox_r718wb, pulse, yobiiq_sd1001, sos_button, leak_sensor,"
            " smoke_detector, gas_detector, and not property:NAME",
        ),
        (
            {"gateways": TOWN["gateways"].replace("gw1,", "gw#1,")},
            "gateways.csv row 2, gateway_id: 'gw#1' can't be an id in a message: # in it",
        ),
        (
            {"sensors": TOWN["sensors"].replace("button,h1", "a+b,h1")},
            "sensors.csv row 2, device_id: 'a+b' can't be an id in a message: + in it",
        ),
        (
            {"residents": TOWN["residents"].replace("王秀英", "王" * 101)},
            f"residents.csv row 2, name: '{'王' * 60}' is longer than 100 characters",
        ),
        (
            {"consents": TOWN["consents"].replace("2026-01-05,17", "0026-01-05,17")},
            "consents.csv row 2, given_on: '0026-01-05' is no day from 1990-01-01 to 2099-12-31",
        ),
        (
            {"residents": TOWN["residents"].replace("1941", "41")},
            "residents.csv row 2, birth_year: '41' is no whole number from 1900 to 2100",
        ),
        (
            {"residents": TOWN["residents"].replace("over_80", "over80")},
            "residents.csv row 2, categories: 'living_alone;over80' is none of living_alone, empty_nest, over_80,"
            " low_income, extreme_poverty, disabled, special_family, dementia, other",
        ),
        (
            {"households": TOWN["households"].replace("door", "dor")},
            "households.csv row 1, dor: is no column of this file; did you mean door?",
        ),
        ({"grids": TOWN["grids"] + "g2,xfl\n"}, "grids.csv row 3, name: is empty"),
        ({"grids": TOWN["grids"] + "g2,xfl,二,三\n"}, "grids.csv row 3: has more fields than the header"),
        (
            {"guardians": "household_id,contact_id,order\nh1,worker,1\n"},
            "guardians.csv row 2, contact_id: 'worker' has role grid_worker, but must be a guardian",
        ),
        (
            {"pairings": "household_id,contact_id\nh1,daughter\n"},
            "pairings.csv row 2, contact_id: 'daughter' has role guardian, but must be staff or a volunteer",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place_and_nothing_is_imported(
    records: Records, tmp_path: Path, changed: dict[str, str], wanted: str
) -> None:
    assert wanted in problems(records, folder(tmp_path, **changed))
    assert set(counts(records).values()) == {0}
    assert not re.search(r" (row|is|has|but|must|can't|in)\b", in_chinese(wanted))


def refused(records: Records, path: Path) -> list[str]:
    """What is said where the others go on."""
    said: list[str] = []
    import_ledger(records, path, now=NOW, report=lambda problem: said.append(str(problem)))
    return said


def test_a_refused_row_takes_those_that_refer_to_it_along_and_no_other(records: Records, tmp_path: Path) -> None:
    path = folder(
        tmp_path,
        contacts=TOWN["contacts"].replace("138-1234-5678", "138"),
        meters=TOWN["meters"] + "m/3,h1,,,,\nm4,h1,,,,1e99\nm5,h9,,,,\n",
    )
    assert refused(records, path) == [
        "contacts.csv row 2, phone: '+86 138' is no number in international form, such as +86 138 1234 5678, "
        "no e-mail address and no group's URL",
        "meters.csv row 4, meter_id: 'm/3' can't be an id in a message: / in it",
        "meters.csv row 5, litres_per_pulse: '1e99' is no number of litres from 0.001 to 10000",
        "guardians.csv row 2, contact_id: 'daughter' is refused in contacts.csv and not in the ledger",
        "guardians.csv row 3, contact_id: 'daughter' is refused in contacts.csv and not in the ledger",
        "meters.csv row 6, household_id: 'h9' is not in households.csv or the ledger",
    ]
    expected = {name: text.count("\n") - 1 for name, text in TOWN.items()} | {"contacts": 1, "guardians": 0}
    assert counts(records) == expected


def test_what_a_refused_row_names_stays_as_it_was(records: Records, tmp_path: Path) -> None:
    import_ledger(records, folder(tmp_path), now=NOW)
    path = folder(
        tmp_path,
        contacts=TOWN["contacts"].replace("138-1234-5678", "138"),  # still a guardian, as in the ledger
        meters=TOWN["meters"].replace("m1,h1", "m1,h2").replace("m3,", "m4,"),
    )
    done = {one.file: one for one in import_ledger(records, path, now=NOW, report=lambda _: None)}
    assert (done["contacts.csv"].refused, done["guardians.csv"].same) == (1, 2)
    assert str(done["meters.csv"]) == "meters.csv: 0 new, 0 changed, 1 as before, 1 refused"
    with records.read() as tx:
        assert tx.scalar(select(t.meters.c.household_id).where(t.meters.c.meter_id == "m1")) == "h1"
        assert tx.scalar(select(t.contacts.c.phone).where(t.contacts.c.contact_id == "daughter")) == "+8613812345678"


def test_a_list_with_a_refused_row_ends_nobodys_being_told(records: Records, tmp_path: Path) -> None:
    import_ledger(records, folder(tmp_path), now=NOW)
    mistyped = folder(tmp_path, guardians="household_id,contact_id,order\nh1,dauhgter,1\nh2,daughter,2\n")
    assert len(refused(records, mistyped)) == 1
    assert counts(records)["guardians"] == 2


def test_of_two_rows_for_one_meter_neither_is_taken(records: Records, tmp_path: Path) -> None:
    said = refused(records, folder(tmp_path, meters=TOWN["meters"] + "M1,h2,gw1,,,\n"))
    assert said == [
        "meters.csv row 4, meter_id: 'M1' stands in row 2 already",
        "meters.csv row 2, meter_id: 'M1' stands in another row, too",
    ]
    with records.read() as tx:
        assert tx.scalars(select(t.meters.c.meter_id)).all() == ["m2"]


@pytest.mark.parametrize(
    "changed",
    [
        {"meters": TOWN["meters"].replace("unit", "units")},
        {"meters": TOWN["meters"] + "m" * 140_000},
        {"meters": ""} | {name: TOWN[name].partition("\n")[0] + "\n" for name in TOWN if name != "meters"},
    ],
)
def test_a_file_that_cant_be_read_and_a_folder_without_rows_change_nothing(
    records: Records, tmp_path: Path, changed: dict[str, str]
) -> None:
    path = folder(tmp_path, **changed)
    if changed["meters"]:
        with pytest.raises(LedgerError, match=r"^meters\.csv"):
            refused(records, path)
    else:
        assert refused(records, path) == []
    assert set(counts(records).values()) == {0}


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({"households": TOWN["households"].replace("2026-01-05", "DAY")}, "households.csv row 2, water_consent_on"),
        ({"consents": TOWN["consents"].replace("2026-01-05,17,", "DAY,17,")}, "consents.csv row 2, given_on"),
        ({"consents": TOWN["consents"].replace("18,", "18,DAY")}, "consents.csv row 3, withdrawn_on"),
    ],
)
def test_a_consent_or_withdrawal_of_a_day_to_come_is_refused_by_the_communitys_clock(
    records: Records, tmp_path: Path, changed: dict[str, str], wanted: str
) -> None:
    ((name, text),) = changed.items()
    late = datetime(2026, 2, 3, 17, tzinfo=UTC)  # 01:00 of the fourth in China
    with pytest.raises(LedgerError, match=f"{wanted}: '2026-02-05' is ahead of today, 2026-02-04"):
        import_ledger(records, folder(tmp_path, **{name: text.replace("DAY", "2026-02-05")}), now=late)
    assert set(counts(records).values()) == {0}
    import_ledger(records, folder(tmp_path, **{name: text.replace("DAY", "2026-02-04")}), now=late)


def test_a_part_of_the_ledger_goes_by_the_clock_of_the_home_that_is_there(records: Records, tmp_path: Path) -> None:
    import_ledger(records, folder(tmp_path), now=NOW)
    part = tmp_path / "part"
    part.mkdir()
    (part / "consents.csv").write_text(TOWN["consents"].replace("18,", "18,2026-04-04"), "utf-8")
    assert problems(records, part) == ["consents.csv row 3, withdrawn_on: '2026-04-04' is ahead of today, 2026-04-03"]


@pytest.mark.parametrize("year", ["2027", "1899"])
def test_nobody_was_born_after_this_year_or_before_1900(records: Records, tmp_path: Path, year: str) -> None:
    (problem,) = problems(records, folder(tmp_path, residents=TOWN["residents"].replace("1941", year)))
    assert problem.startswith(f"residents.csv row 2, birth_year: '{year}' is ")
    import_ledger(records, folder(tmp_path, residents=TOWN["residents"].replace("1941", "2026")), now=NOW)


@pytest.mark.parametrize(
    ("role", "places", "missing"),
    [
        ("grid_worker", "xfl,", "grid_id"),
        ("duty_staff", ",g1", "community_id"),
        ("supervisor", ",", "community_id"),
        ("volunteer", ",", None),
        ("operator", ",", None),
        ("grid_worker", ",g1", None),
    ],
)
def test_staff_who_would_be_told_of_no_home_are_refused(
    records: Records, tmp_path: Path, role: str, places: str, missing: str | None
) -> None:
    text = TOWN["contacts"].replace("grid_worker", role).replace("xfl,g1", places)
    path = folder(tmp_path, contacts=text)
    if missing is None:
        import_ledger(records, path, now=NOW)
        return
    wanted = f"contacts.csv row 3, {missing}: is empty, but 'worker' is {role}: told of no home, and sees none"
    assert problems(records, path) == [wanted]


def test_a_file_without_the_column_leaves_staff_where_they_serve(records: Records, tmp_path: Path) -> None:
    import_ledger(records, folder(tmp_path), now=NOW)
    part = tmp_path / "part"
    part.mkdir()
    (part / "contacts.csv").write_text("contact_id,name,role,language\nworker,李敏明,grid_worker,zh\n", "utf-8")
    import_ledger(records, part, now=NOW)
    (part / "contacts.csv").write_text("contact_id,name,role,language,grid_id\nworker,李敏,grid_worker,zh,\n", "utf-8")
    assert [line.split(":")[0] for line in problems(records, part)] == ["contacts.csv row 2, grid_id"]


def test_all_mistakes_are_named_at_once(records: Records, tmp_path: Path) -> None:
    bad = TOWN["contacts"].replace("guardian", "x").replace("zh", "cn")
    assert len(problems(records, folder(tmp_path, contacts=bad))) == 3


def test_a_file_that_is_none_of_ours_is_named_with_the_nearest(records: Records, tmp_path: Path) -> None:
    path = folder(tmp_path)
    (path / "meter.csv").write_text("meter_id\n")
    assert problems(records, path) == ["meter.csv: is no file of the ledger; did you mean meters.csv?"]


def test_a_folder_without_files_is_named(records: Records, tmp_path: Path) -> None:
    assert problems(records, tmp_path / "nowhere") == [f"{tmp_path / 'nowhere'}: no CSV files here"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_files_saved_by_excel_are_read(records: Records, tmp_path: Path, encoding: str) -> None:
    path = folder(tmp_path, **{name: f"{text},\n".encode(encoding) for name, text in TOWN.items()})
    import_ledger(records, path, now=NOW)
    with records.read() as tx:
        assert tx.scalar(select(t.residents.c.name)) == "王秀英"


@pytest.mark.parametrize("separator", [";", "\t"])
def test_files_saved_by_excel_where_it_puts_no_commas_are_read(
    records: Records, tmp_path: Path, separator: str
) -> None:
    quoted = {name: text.replace("living_alone;over_80", '"living_alone;over_80"') for name, text in TOWN.items()}
    import_ledger(records, folder(tmp_path, **{k: text.replace(",", separator) for k, text in quoted.items()}), now=NOW)
    assert counts(records) == {name: text.count("\n") - 1 for name, text in TOWN.items()}
    with records.read() as tx:
        assert set(tx.scalars(select(t.resident_categories.c.category))) == {"living_alone", "over_80"}


def test_a_wrong_column_between_semicolons_is_named_by_itself(records: Records, tmp_path: Path) -> None:
    path = folder(tmp_path, buildings="building_id;grid_id;nam\nb3;g1;3号楼\n")
    assert problems(records, path)[0] == "buildings.csv row 1, nam: is no column of this file; did you mean name?"


def test_the_docs_agree_with_the_columns() -> None:
    docs = Path(__file__).parents[2] / "docs" / "ledger.md"
    assert docs.read_text(encoding="utf-8") == page(), "run: python -m store.ledger_page > docs/ledger.md"
    assert [spec.name for spec in FILES if set(spec.meaning) != set(spec.columns)] == []


def test_the_chinese_page_names_every_file_column_and_word() -> None:
    page = (Path(__file__).parents[2] / "docs" / "ledger.zh-CN.md").read_text("utf-8")
    sections = [section.split("\n") for section in page.split("\n## ")[1:]]
    named = {
        lines[0].split()[0]: [re.split(" *[|] *", line)[1] for line in lines if line.startswith("|")][2:]
        for lines in sections
    }
    assert named == {
        spec.name: [f"**{name}**" if spec.required(name) else name for name in spec.columns] for spec in FILES
    }
    both = re.findall(r"([^（）|、：\s]+)（([a-z0-9_]+)）", page)
    assert {WORDS[chinese]: chinese for chinese, _ in both} == {ours: chinese for chinese, ours in both}
    assert set(WORDS) - {"短信"} == {chinese for chinese, _ in both}
