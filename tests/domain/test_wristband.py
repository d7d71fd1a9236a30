"""A card id says nothing, is read without mistakes, and shows only what was consented to."""

import random
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.wristband import (
    ALPHABET,
    CARD_LENGTH,
    BandField,
    BandState,
    ImpossibleBandStepError,
    Stage,
    card_url,
    clean,
    coarse,
    new_code,
    shown,
    spaced,
    step,
)

CARDS = st.text(ALPHABET, min_size=CARD_LENGTH, max_size=CARD_LENGTH)


def test_the_alphabet_has_31_letters_none_of_which_looks_like_another() -> None:
    assert len(set(ALPHABET)) == 31
    assert not set("0O1IL") & set(ALPHABET)


def test_a_new_card_has_128_bits() -> None:
    below = random.Random(7).randrange
    assert 31**CARD_LENGTH > 2**128
    assert len({new_code(CARD_LENGTH, below) for _ in range(1000)}) == 1000


@given(card=CARDS, separator=st.sampled_from(["", " ", "-", "_"]), lower=st.booleans())
def test_a_card_is_read_however_it_is_spelled(card: str, separator: str, lower: bool) -> None:
    spelled = separator.join(card[at : at + 4] for at in range(0, CARD_LENGTH, 4))
    assert clean(spelled.lower() if lower else spelled, CARD_LENGTH) == card


@given(st.text(max_size=60))
def test_any_text_is_a_card_or_nothing(text: str) -> None:
    card = clean(text, CARD_LENGTH)
    assert card is None or (len(card) == CARD_LENGTH and set(card) <= set(ALPHABET))


@given(stage=st.sampled_from(Stage), consented=st.frozensets(st.sampled_from(BandField)), all_at_once=st.booleans())
def test_nothing_is_shown_without_consent_and_no_stage_shows_less_than_the_one_before(
    stage: Stage,
    consented: frozenset[BandField],
    all_at_once: bool,
) -> None:
    fields = shown(stage, consented, all_at_once=all_at_once)
    assert fields <= consented
    assert shown(Stage.VIEWED, consented, all_at_once=False) <= fields


def test_health_is_for_the_emergency_and_whereabouts_are_never_shown() -> None:
    everything = frozenset(BandField)
    assert BandField.HEALTH not in shown(Stage.PRESENT, everything, all_at_once=False)
    assert BandField.HEALTH in shown(Stage.MEDICAL, everything, all_at_once=False)
    assert all(BandField.WHEREABOUTS not in shown(stage, everything, all_at_once=True) for stage in Stage)


def test_a_band_that_was_revoked_or_replaced_never_comes_back() -> None:
    for before, after in combinations(BandState, 2):
        for here, there in ((before, after), (after, before)):
            if here in {BandState.REVOKED, BandState.REPLACED}:
                with pytest.raises(ImpossibleBandStepError, match=f"{here.value} can't become {there.value}"):
                    step(here, there)
    assert step(BandState.LOST, BandState.ACTIVE) is BandState.ACTIVE


def test_the_url_fits_the_code_or_says_how_long_it_may_be() -> None:
    card = "A" * CARD_LENGTH
    assert card_url("http://127.0.0.1:8000", card) == f"HTTP://127.0.0.1:8000/1/{card}"
    with pytest.raises(ValueError, match="longer than 21 characters"):
        card_url("https://anju.community.example.org", card)


def test_an_address_in_the_log_is_no_longer_one_persons() -> None:
    assert coarse("203.0.113.77") == "203.0.113.0/24"
    assert coarse("2001:db8:85a3::8a2e:370:7334") == "2001:db8:85a3::/48"
    assert coarse("testclient") == "?"


def test_a_number_is_printed_in_groups_of_four() -> None:
    assert spaced("K7M4P9QX") == "K7M4 P9QX"
