"""A finder who reads no Chinese is told how to say what the wearer is called."""

import pytest

from web.pinyin import pinyin


@pytest.mark.parametrize(
    ("salutation", "said"),
    [("王奶奶", "Wáng nǎinai"), ("欧阳爷爷", "Ōuyáng yéye"), ("欧老师", "Ōu lǎoshī"), ("老人家", "lǎorenjia")],
)
def test_a_common_surname_and_form_of_address_are_spelt_out(salutation: str, said: str) -> None:
    assert pinyin(salutation) == said


@pytest.mark.parametrize("salutation", ["", "王", "秀兰", "覃奶奶", "Grandma Wang", "王 奶奶"])
def test_what_is_not_known_for_sure_is_not_guessed(salutation: str) -> None:
    assert pinyin(salutation) == ""
