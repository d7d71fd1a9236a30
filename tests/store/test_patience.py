"""Who asks a database that hangs gets an answer all the same: that there is none."""

from threading import Event

import pytest

from store.contracts import StoreUnavailableError
from store.patience import Patience

PATIENCE_S = 20


def test_a_question_without_an_answer_is_given_up_and_not_asked_again_until_the_answer_came() -> None:
    asked: list[int] = []
    answers = Event()

    def ask() -> int:
        asked.append(len(asked))
        assert answers.wait(PATIENCE_S)
        return asked[-1]

    hasty = Patience(ask, 0.01)
    for _ in range(5):
        with pytest.raises(StoreUnavailableError, match=r"no answer within 0\.01 s"):
            hasty()
    assert asked == [0]
    answers.set()
    hasty.close()
    patient = Patience(ask, PATIENCE_S)
    assert (patient(), patient()) == (1, 2)
    patient.close()


def test_what_goes_wrong_with_a_question_reaches_who_asks() -> None:
    def ask() -> int:
        raise StoreUnavailableError("database is locked")

    asked = Patience(ask, PATIENCE_S)
    with pytest.raises(StoreUnavailableError, match="database is locked"):
        asked()
    asked.close()
