"""Sheets to print bands on: strips, iron-on labels, cards and fobs, as SVG or PDF, with a ruler to check the size."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import segno

from domain.wristband import spaced
from web.words import spoken

MODULE_MM = 0.5  # finer ones don't scan well on a curved band
QUIET_MODULES = 4
PAGE_W, PAGE_H, MARGIN = 210.0, 297.0, 10.0  # A4 [mm]
RULER_MM = 50
RULER_H = 8.0
_PT = 72 / 25.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One kind of label: its size [mm] and how many of them a person gets.

    Each carries its code twice at least, for level H mends no more than what a tenth of one code hides: a finger or
    dirt on the one leaves the other. `ends`: at the left and at the right; `times`: so often side by side, to be seen
    from every side of the wrist, or, where it `folds`, from both sides.
    """

    width: float
    height: float
    copies: int
    ends: int = 1
    times: int = 1
    module: float = MODULE_MM
    folds: bool = False

    @property
    def codes(self) -> int:
        return self.ends * self.times


LAYOUTS = {
    "strip": Layout(width=190, height=24, copies=1, ends=2, times=3),
    "iron_on": Layout(width=63, height=25, copies=30, ends=2),
    "card": Layout(width=85.6, height=54, copies=2, ends=2, module=0.7),
    "fob": Layout(width=90, height=25, copies=4, times=2, folds=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What stands on one band: the code's text, the number, and the community's line."""

    url: str
    number: str
    line: str | None


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle [mm], filled black, or only its outline."""

    x: float
    y: float
    width: float
    height: float
    outline: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text, its left end on the baseline [mm], its size [mm]."""

    x: float
    y: float
    size: float
    text: str


Mark = Box | Words


def sheets(labels: Sequence[Label], layout: Layout, *, copies: int | None = None) -> list[list[Mark]]:
    """A4 pages, filled row by row; each begins with a ruler of 50 mm."""
    columns = int((PAGE_W - 2 * MARGIN) // layout.width)
    rows = int((PAGE_H - 2 * MARGIN - RULER_H) // layout.height)
    each = layout.copies if copies is None else copies
    pieces = [label for label in labels for _ in range(each)]
    pages = [pieces[at : at + columns * rows] for at in range(0, len(pieces), columns * rows)]
    return [list(_page(page, layout, columns)) for page in pages]


def svg(page: Sequence[Mark]) -> str:
    """One page; prints at its true size."""
    body = "".join(_svg_mark(mark) for mark in page)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{PAGE_W:g}mm" height="{PAGE_H:g}mm" '
        f'viewBox="0 0 {PAGE_W:g} {PAGE_H:g}" font-family="Noto Sans CJK SC, Microsoft YaHei, sans-serif" '
        f'font-weight="700"><rect width="100%" height="100%" fill="#fff"/>{body}</svg>'
    )


def preview(label: Label) -> str:
    """One card on the screen, to see that it is the right one."""
    layout = LAYOUTS["card"]
    body = "".join(_svg_mark(mark) for mark in _label(label, 0, 0, layout))
    box = f"0 0 {layout.width:g} {layout.height:g}"
    return (
        f'<svg viewBox="{box}" role="img" font-weight="700"><rect width="100%" height="100%" fill="#fff"/>{body}</svg>'
    )


def pdf(pages: Sequence[Sequence[Mark]]) -> bytes:
    """All pages in one file. Chinese uses the reader's own Song typeface, so nothing need be embedded."""
    fonts = [
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>",
        b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UTF16-H/DescendantFonts[5 0 R]>>",
        b"<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/FontDescriptor 6 0 R"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 4>>>>",
        b"<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]/ItalicAngle 0"
        b"/Ascent 880/Descent -120/CapHeight 880/StemV 93>>",
    ]
    first = 3 + len(fonts)
    kids = " ".join(f"{first + 2 * at} 0 R" for at in range(len(pages)))
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode(), *fonts]
    for at, page in enumerate(pages):
        content = "\n".join(_pdf_mark(mark) for mark in page).encode("ascii")
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {PAGE_W * _PT:.2f} {PAGE_H * _PT:.2f}]"
            f"/Resources<</Font<</F1 3 0 R/F2 4 0 R>>>>/Contents {first + 2 * at + 1} 0 R>>".encode()
        )
        objects.append(f"<</Length {len(content)}>>stream\n".encode() + content + b"\nendstream")
    return _pdf_file(objects)


def _page(labels: Sequence[Label], layout: Layout, columns: int) -> Iterator[Mark]:
    yield from _ruler()
    for at, label in enumerate(labels):
        x = MARGIN + at % columns * layout.width
        y = MARGIN + RULER_H + at // columns * layout.height
        yield Box(x, y, layout.width, layout.height, outline=True)
        if layout.folds:
            yield Box(x + layout.width / 2 - 0.05, y, 0.1, layout.height)
        for number in range(layout.times):
            yield from _label(label, x + number * layout.width / layout.times, y, layout)


def _ruler() -> Iterator[Mark]:
    yield Box(MARGIN, MARGIN + 2, RULER_MM, 0.3)
    for at in range(0, RULER_MM + 1, 10):
        yield Box(MARGIN + at - 0.1, MARGIN, 0.2, 4)
    yield Words(
        MARGIN + RULER_MM + 3,
        MARGIN + 3.4,
        3.2,
        "50 mm：请用尺核对，打印时不要缩放 / check with a ruler, print at 100 %",
    )


def _label(label: Label, x: float, y: float, layout: Layout) -> Iterator[Mark]:
    """The codes at the ends with their quiet zones, the words beside them, all as high as the label allows."""
    rows = list(segno.make(label.url, error="h", micro=False, boost_error=False).matrix)
    module = layout.module
    side = (len(rows) + 2 * QUIET_MODULES) * module
    top, width = y + (layout.height - side) / 2, layout.width / layout.times
    for end in (x + 1, x + width - 1 - side)[: layout.ends]:
        yield from _code(rows, end, top, module)
    text, room = x + side + 1.2, width - layout.ends * (side + 1) - 0.7
    wide = room > 25
    middle = y + layout.height / 2
    yield _fitting(text, middle - 4.2, 4.4 if wide else 3.6, "扫码帮助我", room)
    yield _fitting(text, middle - 0.6, 2.6 if wide else 2.2, "SCAN TO HELP ME", room)
    yield _fitting(text, middle + 3.8, 4.2 if wide else 3.2, spaced(label.number), room)
    if label.line:
        yield _fitting(text, middle + 7.8, 2.9 if wide else 2.5, f"电话 {spoken(label.line)}", room)


def _fitting(x: float, y: float, size: float, text: str, room: float) -> Words:
    """As large as it may be without running into the next code's quiet zone."""
    units = sum(0.68 if character.isascii() else 1 for character in text)
    return Words(x, y, round(min(size, room / units), 2), text)


def _code(rows: Sequence[Sequence[int]], left: float, top: float, module: float) -> Iterator[Mark]:
    for row, modules in enumerate(rows):
        for start, length in _runs(modules):
            yield Box(
                left + (QUIET_MODULES + start) * module,
                top + (QUIET_MODULES + row) * module,
                length * module,
                module,
            )


def _runs(modules: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Dark modules side by side as one piece: a printer leaves no hairlines between them."""
    start = None
    for at, dark in enumerate([*modules, 0]):
        if dark and start is None:
            start = at
        elif not dark and start is not None:
            yield start, at - start
            start = None


def _svg_mark(mark: Mark) -> str:
    if isinstance(mark, Words):
        return f'<text x="{mark.x:.2f}" y="{mark.y:.2f}" font-size="{mark.size:g}">{escape(mark.text)}</text>'
    paint = (
        'fill="none" stroke="#999" stroke-width=".1"' if mark.outline else 'fill="#000" shape-rendering="crispEdges"'
    )
    return f'<rect x="{mark.x:.3f}" y="{mark.y:.3f}" width="{mark.width:.3f}" height="{mark.height:.3f}" {paint}/>'


def _pdf_mark(mark: Mark) -> str:
    if isinstance(mark, Words):
        return "BT 0 g 1 0 0 1 {:.2f} {:.2f} Tm {}ET".format(
            mark.x * _PT, (PAGE_H - mark.y) * _PT, "".join(_pdf_words(mark))
        )
    paint = "0.6 G 0.2 w {} S" if mark.outline else "0 g {} f"
    return paint.format(
        f"{mark.x * _PT:.3f} {(PAGE_H - mark.y - mark.height) * _PT:.3f} "
        f"{mark.width * _PT:.3f} {mark.height * _PT:.3f} re"
    )


def _pdf_words(words: Words) -> Iterator[str]:
    """Runs of Latin and of Chinese, each in its typeface."""
    run, latin = "", True
    for character in [*words.text, ""]:
        if run and (not character or character.isascii() != latin):
            shown = f"<{run.encode('latin-1' if latin else 'utf-16-be').hex()}>"
            yield f"/F{1 if latin else 2} {words.size * _PT:.2f} Tf {shown} Tj "
            run = ""
            run = ""
        latin = character.isascii()
        run += character


def _pdf_file(objects: Sequence[bytes]) -> bytes:
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    out += f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
