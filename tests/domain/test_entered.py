"""The checks of what people enter are the same for files, pages and commands."""

import pytest

from domain.entered import ALARM_PROFILES, FRAME_PROFILES, LONGEST_NAME, is_landline, litres, phone
from ingest.codecs import rtl_433, shelly, zigbee2mqtt
from ingest.codecs.profiles import PROFILES
from ingest.lines import UsageError, device_of
from web import sent


def test_every_profile_that_is_read_can_be_entered_and_no_other() -> None:
    assert set(FRAME_PROFILES) == set(PROFILES)
    assert set(ALARM_PROFILES) == {*rtl_433.ALARM_PROFILES, shelly.SOS_PROFILE, zigbee2mqtt.SOS_PROFILE}


@pytest.mark.parametrize("text", ["1e99", "1e2", "inf", "nan", "-1", "0", "0.0001", "10001", "1_0", "", "1,5", "١٠"])
def test_what_is_no_number_of_litres_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no number of litres from 0\.001 to 10000"):
        litres(text)


@pytest.mark.parametrize("text", ["13812345678", "+0123456789", "+86138", "+86138123456789012", "+86 138 x", ""])
def test_what_is_no_number_in_international_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="international form"):
        phone(text)


def test_the_0_before_a_chinese_area_code_is_dropped() -> None:
    assert phone("+86 (010) 6552-9988") == phone("+86 10 6552 9988") == "+861065529988"


@pytest.mark.parametrize("number", ["+861065529988", "+862152345678", "+865516551234", "+8657188880000"])
def test_a_landline_is_known_by_its_area_code(number: str) -> None:
    assert is_landline(number)


@pytest.mark.parametrize("number", ["+8613800000000", "+8619912345678", "+85221234567", "+493012345678", "a@b.org", ""])
def test_neither_a_mobile_nor_a_number_abroad_is_taken_for_a_landline(number: str) -> None:
    assert not is_landline(number)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("unit", "l", "device m1: unit 'l' is none of m3, L, gal"),
        ("litres_per_pulse", "1e99", "device m1: litres_per_pulse '1e99' is no number of litres"),
        ("timezone", "Asia/Hefei", "device m1: timezone 'Asia/Hefei' is no time zone"),
    ],
)
def test_a_device_of_anju_decode_is_checked_as_the_ledgers(field: str, value: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        device_of("m1", {field: value})


def test_a_forms_text_is_checked_as_a_files() -> None:
    assert sent.LONGEST == LONGEST_NAME
    for typed in ("王\x07秀英", "王\n秀英"):
        (fault,) = sent.line("given_by", "band.given_by", typed, sent.LONGEST)
        assert (fault.name, fault.why) == ("given_by", "form.unprintable")
    for typed in (" 王秀英 ", "王\u3000秀英"):
        assert sent.line("given_by", "band.given_by", typed, sent.LONGEST) == []
    assert sent.text("note", "alert.note", "上门看过\n平安", 500) == []
