"""A phone's look at a printed code, simulated; and how often decoders that aren't ours read it: the table in the docs.

    python -m tests.web.photograph        # prints the table, of those decoders that are installed
    pip install opencv-python-headless pyzbar; apt install libzbar0

The sheet's PDF is rendered by a PDF reader that isn't ours at 300 dots an inch, turned at any angle, bent round a
wrist, out of focus, lit from one side, with noise. A phone looks until it reads: here at most three looks a scan, at
the middle of the label and at its ends, or at a fob's two sides; what covers it stays where it is.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module

import numpy as np
import pypdfium2
import zxingcpp
from numpy.typing import NDArray
from scipy import ndimage

from web.band_print import LAYOUTS, MARGIN, MODULE_MM, QUIET_MODULES, RULER_H, Label, pdf, sheets

URL = "HTTPS://W.FUXIN.CN/1/K7M4P9QXK7M4P9QXK7M4P9QX2A"
LABEL = Label(url=URL, number="K7M4P9QX", line="0418-2900000")
DOTS_PER_MM = 300 / 25.4
MODULES = 33
FINGER_MM = 8.0  # what of a fingertip's width shuts the light out
ROUND_MM = 90.0  # as much of a band as a phone sees of a wrist

Picture = NDArray[np.uint8]
Print = NDArray[np.float64]
Decoder = Callable[[Picture], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A printed label: its dots, where its codes stand in them (left, top), how long a code's side is, and `looks`:
    where a phone looks at it one after another [mm from its middle], or at which side."""

    dots: Print
    codes: Sequence[tuple[int, int]]
    side: int
    looks: Sequence[float] = (0.0, 0.0, 0.0)
    sides: int = 1

    @property
    def module(self) -> float:
        return self.side / MODULES

    def seen(self, look: int) -> tuple[Print, float]:
        """What of it the phone has before it, and how far off its middle that is turned [mm]."""
        if self.sides > 1:
            half = self.dots.shape[1] // self.sides
            return self.dots[:, look % self.sides * half :][:, :half], 0.0
        middle = self.dots.shape[1] / 2 + self.looks[look] * DOTS_PER_MM
        reach = ROUND_MM / 2 * DOTS_PER_MM
        if 2 * reach >= self.dots.shape[1]:
            return self.dots, self.looks[look]
        return self.dots[:, max(0, int(middle - reach)) : int(middle + reach)], 0.0


Cover = Callable[[Piece, np.random.Generator, float], Piece]


@cache
def printed(layout: str) -> Picture:
    """The first page of a sheet's PDF."""
    page = pypdfium2.PdfDocument(pdf(sheets([LABEL], LAYOUTS[layout])))[0]
    dots: Picture = np.asarray(page.render(scale=300 / 72, grayscale=True).to_numpy(), dtype=np.uint8)
    flat: Picture = dots.squeeze()
    return flat


def piece(layout: str) -> Piece:
    """The first label of its sheet, without the line to cut along."""
    form = LAYOUTS[layout]
    width, each = form.width, form.width / form.times
    side = (MODULES + 2 * QUIET_MODULES) * form.module
    quiet = QUIET_MODULES * form.module
    lefts = [at * each + end for at in range(form.times) for end in (1.0, each - 1 - side)[: form.ends]]
    left, top = MARGIN + 0.5, MARGIN + RULER_H + 0.5
    picture = printed(layout)[_dots(top) : _dots(top + form.height - 1), _dots(left) : _dots(left + width - 1)]
    over = (form.height - side) / 2 + quiet - 0.5
    middles = [one + side / 2 - width / 2 for one in lefts]
    looks = (0.0, middles[0], middles[-1]) if width < ROUND_MM else sorted(middles, key=abs)[:3]
    return Piece(
        dots=picture.astype(np.float64),
        codes=[(_dots(one + quiet - 0.5), _dots(over)) for one in lefts],
        side=_dots(MODULES * form.module),
        looks=looks,
        sides=2 if form.folds else 1,
    )


def code_on(picture: Picture) -> Print:
    """The first iron-on label's first code with its quiet zone, cut out where the sheet says it is."""
    side = (MODULES + 2 * QUIET_MODULES) * MODULE_MM
    left, top = MARGIN + 1, MARGIN + RULER_H + (LAYOUTS["iron_on"].height - side) / 2
    return picture[_dots(top) : _dots(top + side), _dots(left) : _dots(left + side)].astype(np.float64)


def one_code() -> Piece:
    quiet = _dots(QUIET_MODULES * MODULE_MM)
    return Piece(dots=code_on(printed("iron_on")), codes=[(quiet, quiet)], side=_dots(MODULES * MODULE_MM))


def photograph(
    code: Print,
    rng: np.random.Generator,
    *,
    module: float = MODULE_MM * DOTS_PER_MM,
    blur: float = 0.0,
    wrist_mm: float = 0.0,
    turned_mm: float = 0.0,
) -> Picture:
    """`blur` in modules; `wrist_mm`: radius of the wrist that it is bent round, and how far that is turned by hand."""
    edge = max(code.shape) // 3
    height, width = (size + 2 * edge for size in code.shape)
    spare = (max(height, width) - min(height, width)) // 2
    flat = np.pad(
        code,
        ((edge + spare * (height < width),) * 2, (edge + spare * (width < height),) * 2),
        constant_values=250.0,
    )
    rows, columns = flat.shape
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float64)
    y, x = y - (rows - 1) / 2, x - (columns - 1) / 2
    angle = rng.uniform(0, 2 * np.pi)
    turned = (turned_mm + rng.uniform(-4, 4)) * DOTS_PER_MM if wrist_mm else 0.0
    u, v = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    if wrist_mm:
        radius = wrist_mm * DOTS_PER_MM
        u = np.where(np.abs(u) < radius, radius * np.arcsin(np.clip(u / radius, -1, 1)) + turned, 1e9)
    seen = ndimage.map_coordinates(flat, [v + (rows - 1) / 2, u + (columns - 1) / 2], order=1, cval=250.0)
    seen = ndimage.gaussian_filter(seen, blur * module)
    lit = seen * np.linspace(0.6, 1.0, seen.shape[1]) + rng.normal(0, 6, seen.shape)
    look: Picture = np.clip(lit, 0, 255).astype(np.uint8)
    return look


def dirt(clean: Piece, rng: np.random.Generator, share: float) -> Piece:
    """A square of dirt or glare, as large as this share of the codes, anywhere on a code, its corner marks too."""
    picture = clean.dots.copy()
    side = int(np.sqrt(_area(clean, share)))
    room = clean.side - side
    left, top = (at + int(rng.integers(min(0, room), max(0, room) + 1)) for at in _a_code(clean, rng))
    picture[max(top, 0) : top + side, max(left, 0) : left + side] = rng.choice([20.0, 235.0])
    return replace(clean, dots=picture)


def finger(clean: Piece, rng: np.random.Generator, share: float) -> Piece:
    """A fingertip held over a code from above or below, until as much as this share of the codes is covered."""
    picture = clean.dots.copy()
    (left, top), area = _a_code(clean, rng), _area(clean, share)
    wide = max(FINGER_MM * DOTS_PER_MM, area / clean.side)
    y, x = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]].astype(np.float64)
    depth = y - top if rng.random() < 0.5 else top + clean.side - y
    across = x - left - rng.uniform(wide / 2, max(clean.side - wide / 2, wide / 2))
    tip = area / wide - wide * np.pi / 8  # its end is round
    shut = ((np.abs(across) < wide / 2) & (depth < tip)) | ((depth - tip) ** 2 + across**2 < wide**2 / 4)
    picture[shut] = rng.choice([60.0, 110.0, 170.0])
    return replace(clean, dots=picture)


def _area(clean: Piece, share: float) -> float:
    """Of one code, or of the two that a phone has before it."""
    return share * min(2, len(clean.codes)) * clean.side**2


def _a_code(clean: Piece, rng: np.random.Generator) -> tuple[int, int]:
    return clean.codes[int(rng.integers(len(clean.codes)))]


def _dots(mm: float) -> int:
    return int(mm * DOTS_PER_MM)


def zxing(picture: Picture) -> bool:
    return any(found.text == URL for found in zxingcpp.read_barcodes(picture))


def decoders() -> dict[str, Decoder]:
    """Those that are installed."""
    found: dict[str, Decoder] = {"zxing-cpp": zxing}
    try:
        zbar = import_module("pyzbar.pyzbar")
        found["zbar"] = lambda p: any(one.data.decode("ascii", "replace") == URL for one in zbar.decode(p))
    except ImportError:
        pass
    try:
        cv2 = import_module("cv2")
    except ImportError:
        return found
    plain, aruco = cv2.QRCodeDetector(), cv2.QRCodeDetectorAruco()
    return found | {"OpenCV": lambda p: any(URL in reader.detectAndDecodeMulti(p)[1] for reader in (plain, aruco))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How a label is met: what covers it and how much of it, and how it is photographed."""

    of: Callable[[], Piece]
    cover: Cover | None = None
    share: float = 0.2
    how: Mapping[str, float] = field(default_factory=dict)


HAND: Mapping[str, float] = {"blur": 0.2}
WORN: Mapping[str, float] = {"wrist_mm": 28.0, "blur": 0.25}
KINDS: Mapping[str, Kind] = {
    "turned": Kind(of=one_code),
    "blurred by a quarter module": Kind(of=one_code, how={"blur": 0.25}),
    "round a wrist of 28 mm radius, blurred": Kind(of=one_code, how=WORN),
    "one code alone, a tenth under dirt": Kind(of=one_code, cover=dirt, share=0.1, how=HAND),
    "one code alone, a fifth under dirt": Kind(of=one_code, cover=dirt, how=HAND),
    "one code alone, a fifth under a finger": Kind(of=one_code, cover=finger, how=HAND),
    "iron-on label, a fifth under dirt": Kind(of=lambda: piece("iron_on"), cover=dirt, how=HAND),
    "iron-on label, round the wrist, a fifth under a finger": Kind(of=lambda: piece("iron_on"), cover=finger, how=WORN),
    "strip, round the wrist, a fifth under dirt": Kind(of=lambda: piece("strip"), cover=dirt, how=WORN),
    "strip, round the wrist, a fifth under a finger": Kind(of=lambda: piece("strip"), cover=finger, how=WORN),
    "card, a fifth under dirt": Kind(of=lambda: piece("card"), cover=dirt, how=HAND),
    "card, a fifth under a finger": Kind(of=lambda: piece("card"), cover=finger, how=HAND),
    "fob, a fifth under dirt": Kind(of=lambda: piece("fob"), cover=dirt, how=HAND),
    "fob, a fifth under a finger": Kind(of=lambda: piece("fob"), cover=finger, how=HAND),
}


def scans(kind: Kind, count: int, read: Mapping[str, Decoder], seed: int = 7) -> dict[str, int]:
    """How many of `count` scans each decoder reads."""
    clean, rng = kind.of(), np.random.default_rng(seed)
    done = dict.fromkeys(read, 0)
    for _ in range(count):
        met, trying = kind.cover(clean, rng, kind.share) if kind.cover else clean, dict(read)
        for look in range(len(met.looks)):
            dots, off = met.seen(look)
            picture = photograph(dots, rng, module=met.module, turned_mm=off, **kind.how)
            for name in [name for name, decode in trying.items() if decode(picture)]:
                done[name] += 1
                del trying[name]
            if not trying:
                break
    return done


def table(count: int) -> Iterator[str]:
    read = decoders()
    yield f"| of {count} scans are read | " + " | ".join(read) + " |"
    yield "|---|" + "---|" * len(read)
    for name, kind in KINDS.items():
        done = scans(kind, count, read)
        yield f"| {name} | " + " | ".join(f"{100 * done[one] / count:.1f} %" for one in read) + " |"


if __name__ == "__main__":
    for line in table(int(sys.argv[1]) if len(sys.argv) > 1 else 200):
        print(line, flush=True)
