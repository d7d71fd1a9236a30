"""What is printed can be read back by another decoder, at the printed size, as a phone would see it on a wrist.

The camera is simulated: 300 dots an inch, light from one side, noise; every kind of scan is made many times.
Level H mends damage to 30 % of the code words; 15 % of the area, anywhere but on the three corner marks, is within it.
"""

from collections.abc import Mapping
from functools import cache

import numpy as np
import pypdfium2
import pytest
import zxingcpp
from numpy.typing import NDArray
from scipy import ndimage

from web.band_print import LAYOUTS, MARGIN, MODULE_MM, RULER_H, Label, pdf, sheets, svg

URL = "HTTPS://W.FUXIN.CN/1/K7M4P9QXK7M4P9QXK7M4P9QX2A"
LABEL = Label(url=URL, number="K7M4P9QX", line="0418-2900000")
DOTS_PER_MM = 300 / 25.4
SIDE_MM = 20.5
SCANS = 60

Picture = NDArray[np.uint8]


@cache
def printed(layout: str) -> Picture:
    """The first page of a sheet's PDF, through a PDF reader that isn't ours."""
    page = pypdfium2.PdfDocument(pdf(sheets([LABEL], LAYOUTS[layout])))[0]
    dots: Picture = np.asarray(page.render(scale=300 / 72, grayscale=True).to_numpy(), dtype=np.uint8)
    flat: Picture = dots.squeeze()
    return flat


def code_on(picture: Picture) -> NDArray[np.float64]:
    """The first label's code with its quiet zone, cut out where the sheet says it is."""
    left = int((MARGIN + 1) * DOTS_PER_MM)
    top = int((MARGIN + RULER_H + (LAYOUTS["iron_on"].height - SIDE_MM) / 2) * DOTS_PER_MM)
    side = int(SIDE_MM * DOTS_PER_MM)
    return picture[top : top + side, left : left + side].astype(np.float64)


def read(picture: Picture) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(picture)]


def photograph(
    code: NDArray[np.float64], rng: np.random.Generator, *, blur_modules: float = 0.0, wrist_mm: float = 0.0
) -> Picture:
    """Turned at any angle, bent around a wrist of this radius, out of focus, lit from one side."""
    picture = np.pad(code, len(code) // 3, constant_values=250.0)
    middle = (len(picture) - 1) / 2
    y, x = np.mgrid[0 : len(picture), 0 : len(picture)] - middle
    angle = rng.uniform(0, 2 * np.pi)
    u, v = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    if wrist_mm:
        radius = wrist_mm * DOTS_PER_MM
        u = np.where(np.abs(u) < radius, radius * np.arcsin(np.clip(u / radius, -1, 1)), 1e9)
    picture = ndimage.map_coordinates(picture, [v + middle, u + middle], order=1, cval=250.0)
    picture = ndimage.gaussian_filter(picture, blur_modules * MODULE_MM * DOTS_PER_MM)
    lit = picture * np.linspace(0.6, 1.0, len(picture)) + rng.normal(0, 6, picture.shape)
    seen: Picture = np.clip(lit, 0, 255).astype(np.uint8)
    return seen


def cover(code: NDArray[np.float64], rng: np.random.Generator, share: float) -> NDArray[np.float64]:
    """A square of dirt or glare over this share of the code, anywhere but on its three corner marks."""
    picture, module = code.copy(), MODULE_MM * DOTS_PER_MM
    quiet, mark = int(4 * module), int(8 * module)
    side, end = int(np.sqrt(share) * (len(code) - 2 * quiet)), len(code) - quiet
    while True:
        top, left = rng.integers(quiet, end - side, 2)
        on_mark = (top < quiet + mark and (left < quiet + mark or left + side > end - mark)) or (
            top + side > end - mark and left < quiet + mark
        )
        if not on_mark:
            picture[top : top + side, left : left + side] = rng.choice([20.0, 235.0])
            return picture


def scan(code: NDArray[np.float64], rng: np.random.Generator, covered: float = 0.0, **how: float) -> bool:
    """One scan: a phone's camera looks until it reads, here at most three times; the dirt stays where it is."""
    dirty = cover(code, rng, covered) if covered else code
    return any(URL in read(photograph(dirty, rng, **how)) for _ in range(3))


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"blur_modules": 0.25},
        {"wrist_mm": 28.0, "blur_modules": 0.2},
        {"covered": 0.15, "blur_modules": 0.2},
        {"covered": 0.1, "wrist_mm": 28.0, "blur_modules": 0.25},
    ],
    ids=["rotated", "blurred", "on a wrist", "covered", "all of it"],
)
def test_a_photographed_band_is_read_back_at_its_printed_size(how: Mapping[str, float]) -> None:
    code, rng = code_on(printed("iron_on")), np.random.default_rng(7)
    read_back = sum(scan(code, rng, **how) for _ in range(SCANS))
    assert read_back / SCANS >= 0.99


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_label_of_every_sheet_is_readable(layout: str) -> None:
    assert read(printed(layout)).count(URL) == LAYOUTS[layout].copies


def test_the_code_is_as_large_as_was_tested_and_has_its_quiet_zone() -> None:
    dark = code_on(printed("iron_on")) < 128
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    for found in (rows, columns):
        assert (found[-1] - found[0] + 1) / DOTS_PER_MM == pytest.approx(16.5, abs=0.2)
        assert found[0] / DOTS_PER_MM == pytest.approx(2.0, abs=0.2)


def test_the_svg_is_a_page_of_true_size_with_number_and_line_on_every_label() -> None:
    (page,) = sheets([LABEL], LAYOUTS["iron_on"])
    drawing = svg(page)
    assert drawing.startswith('<svg xmlns="http://www.w3.org/2000/svg" width="210mm" height="297mm"')
    assert drawing.count(">K7M4 P9QX<") == drawing.count(">电话 0418-2900000<") == 30


def test_labels_flow_over_pages_and_none_is_lost() -> None:
    pages = sheets([LABEL] * 7, LAYOUTS["card"])
    document = pypdfium2.PdfDocument(pdf(pages))
    found = [read(np.asarray(page.render(scale=4, grayscale=True).to_numpy()).squeeze()) for page in document]
    assert [len(texts) for texts in found] == [8, 6]


def test_what_stands_in_the_ledger_cannot_break_the_sheet() -> None:
    (page,) = sheets([Label(url=URL, number="K7M4P9QX", line='"><script>电话(')], LAYOUTS["fob"])
    assert "<script" not in svg(page)
    assert len(pypdfium2.PdfDocument(pdf([page]))) == 1
