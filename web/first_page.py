"""The first page that a scan opens: rendered once for all wearers of whom it shows the same.

It is handed nothing of the wearer but what it shows, so that no mistake in it could show more.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from markupsafe import escape

from domain.people import Language
from domain.wristband import BandField
from web.wearers import Wearer

KEPT = 500  # pages of some 5 kB: forms of address and ages are few
_PATH = "/@"  # stands where the page names itself; no code holds this sign
Renders = Callable[..., str]


class FirstPages:
    """`render` as `Desk.html` does."""

    def __init__(self, render: Renders, emergency_numbers: tuple[str, str]) -> None:
        self._render = render
        self._numbers = emergency_numbers
        self._kept = lru_cache(maxsize=KEPT)(self._page)

    def html(
        self, who: Wearer, fields: frozenset[BandField], *, here: str, medical: bool, language: Language, year: int
    ) -> str:
        nobody = replace(
            who,
            resident_id="",
            household_id="",
            name="",
            sealed=None,
            salutation=who.salutation if BandField.SALUTATION in fields else None,
            birth_year=who.birth_year if BandField.AGE in fields else None,
        )
        return self._kept(nobody, fields, medical, language, year).replace(_PATH, escape(here))

    def _page(self, who: Wearer, fields: frozenset[BandField], medical: bool, language: Language, year: int) -> str:
        doctor, police = self._numbers
        return self._render(
            "finder/band.html",
            language,
            who=who,
            fields=fields,
            here=_PATH,
            medical=medical,
            year=year,
            doctor=doctor,
            police=police,
            helpers=[],
            has_family=False,
            meeting=None,
            talk=[],
            notes=None,
        )
