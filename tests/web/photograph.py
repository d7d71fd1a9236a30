"""A phone's look at a printed code, simulated; and how often decoders that aren't ours read it: the table in the docs.

    python -m tests.web.photograph        # prints the table; OpenCV's column wants: pip install opencv-python-headless

The sheet's PDF is rendered by a PDF reader that isn't ours at 300 dots an inch, turned at any angle, bent round a
wrist, out of focus, lit from one side, with noise. A phone looks until it reads: here at most three looks a scan, at
the middle of the label and at its ends; what covers it stays where it is.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module

import numpy as np
import pypdfium2
import zxingcpp
from numpy.typing import NDArray
from scipy import ndimage

from web.band_print import LAYOUTS, MARGIN, MODULE_MM, RULER_H, Label, pdf, sheets

URL = "HTTPS://W.FUXIN.CN/1/K7M4P9QXK7M4P9QXK7M4P9QX2A"
LABEL = Label(url=URL, number="K7M4P9QX", line="0418-2900000")
DOTS_PER_MM = 300 / 25.4
SIDE_MM = 20.5
MODULE = MODULE_MM * DOTS_PER_MM  # dots
CODE_DOTS = int(33 * MODULE)
FINGER_MM = 8.0  # what of a fingertip's width shuts the light out

TURNS = (0.0, -21.0, 21.0)  # a phone looks until it reads, at the label's middle and at its ends [mm]

Picture = NDArray[np.uint8]
Print = NDArray[np.float64]
Decoder = Callable[[Picture], bool]
Cover = Callable[[Print, np.random.Generator, float], Print]


@cache
def printed(layout: str) -> Picture:
    """The first page of a sheet's PDF."""
    page = pypdfium2.PdfDocument(pdf(sheets([LABEL], LAYOUTS[layout])))[0]
    dots: Picture = np.asarray(page.render(scale=300 / 72, grayscale=True).to_numpy(), dtype=np.uint8)
    flat: Picture = dots.squeeze()
    return flat


def code_on(picture: Picture) -> Print:
    """The first iron-on label's first code with its quiet zone, cut out where the sheet says it is."""
    left = int((MARGIN + 1) * DOTS_PER_MM)
    top = int((MARGIN + RULER_H + (LAYOUTS["iron_on"].height - SIDE_MM) / 2) * DOTS_PER_MM)
    side = int(SIDE_MM * DOTS_PER_MM)
    return picture[top : top + side, left : left + side].astype(np.float64)


def label_on(picture: Picture) -> Print:
    """The whole first label: the code at both ends, the words between them."""
    left, top = int((MARGIN + 0.5) * DOTS_PER_MM), int((MARGIN + RULER_H + 0.5) * DOTS_PER_MM)
    width, height = (int((size - 1) * DOTS_PER_MM) for size in (LAYOUTS["iron_on"].width, LAYOUTS["iron_on"].height))
    return picture[top : top + height, left : left + width].astype(np.float64)


def photograph(
    code: Print, rng: np.random.Generator, *, blur: float = 0.0, wrist_mm: float = 0.0, turned_mm: float = 0.0
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
    seen = ndimage.gaussian_filter(seen, blur * MODULE)
    lit = seen * np.linspace(0.6, 1.0, seen.shape[1]) + rng.normal(0, 6, seen.shape)
    look: Picture = np.clip(lit, 0, 255).astype(np.uint8)
    return look


def dirt(print_: Print, rng: np.random.Generator, share: float) -> Print:
    """A square of dirt or glare, as large as this share of the codes, anywhere on a code, its corner marks too."""
    picture = print_.copy()
    side = int(np.sqrt(share * _codes(print_) * CODE_DOTS**2))
    left, top = _a_code(print_, rng)
    top += int(rng.integers(min(0, CODE_DOTS - side), max(0, CODE_DOTS - side) + 1))
    left += int(rng.integers(min(0, CODE_DOTS - side), max(0, CODE_DOTS - side) + 1))
    picture[max(top, 0) : top + side, max(left, 0) : left + side] = rng.choice([20.0, 235.0])
    return picture


def finger(print_: Print, rng: np.random.Generator, share: float) -> Print:
    """A fingertip held over a code from above or below, until as much as this share of the codes is covered."""
    picture = print_.copy()
    left, top = _a_code(print_, rng)
    area = share * _codes(print_) * CODE_DOTS**2
    wide = max(FINGER_MM * DOTS_PER_MM, area / CODE_DOTS)
    y, x = np.mgrid[0 : print_.shape[0], 0 : print_.shape[1]].astype(np.float64)
    depth = y - top if rng.random() < 0.5 else top + CODE_DOTS - y
    across = x - left - rng.uniform(wide / 2, max(CODE_DOTS - wide / 2, wide / 2))
    tip = area / wide - wide * np.pi / 8  # its end is round
    shut = ((np.abs(across) < wide / 2) & (depth < tip)) | ((depth - tip) ** 2 + across**2 < wide**2 / 4)
    picture[shut] = rng.choice([60.0, 110.0, 170.0])
    return picture


def _codes(print_: Print) -> int:
    return 2 if print_.shape[1] > 2 * print_.shape[0] else 1


def _a_code(print_: Print, rng: np.random.Generator) -> tuple[int, int]:
    """Left and top of one of the codes, without its quiet zone."""
    margin = (print_.shape[0] - CODE_DOTS) // 2
    return (margin if _codes(print_) == 1 or rng.random() < 0.5 else print_.shape[1] - margin - CODE_DOTS), margin


def zxing(picture: Picture) -> bool:
    return any(found.text == URL for found in zxingcpp.read_barcodes(picture))


def decoders() -> dict[str, Decoder]:
    """Those that are installed."""
    found: dict[str, Decoder] = {"zxing-cpp": zxing}
    try:
        cv2 = import_module("cv2")
    except ImportError:
        return found
    plain, aruco = cv2.QRCodeDetector(), cv2.QRCodeDetectorAruco()
    return found | {"OpenCV": lambda p: any(URL in reader.detectAndDecodeMulti(p)[1] for reader in (plain, aruco))}


Kind = tuple[str, Callable[[Picture], Print], Cover | None, float, Mapping[str, float]]
WORN: Mapping[str, float] = {"wrist_mm": 28.0, "blur": 0.25}
KINDS: Mapping[str, Kind] = {
    kind[0]: kind
    for kind in (
        ("turned", code_on, None, 0.0, {}),
        ("blurred by a quarter module", code_on, None, 0.0, {"blur": 0.25}),
        ("round a wrist of 28 mm radius, blurred", code_on, None, 0.0, WORN),
        ("one code alone, a tenth under dirt", code_on, dirt, 0.10, {"blur": 0.2}),
        ("one code alone, a fifth under dirt", code_on, dirt, 0.20, {"blur": 0.2}),
        ("one code alone, a fifth under a finger", code_on, finger, 0.20, {"blur": 0.2}),
        ("the label, a fifth of its codes under dirt", label_on, dirt, 0.20, {"blur": 0.2}),
        ("the label, a fifth of its codes under a finger", label_on, finger, 0.20, {"blur": 0.2}),
        ("the label, all of it: wrist, blur, a fifth under a finger", label_on, finger, 0.20, WORN),
    )
}


def scans(kind: Kind, count: int, read: Mapping[str, Decoder], seed: int = 7) -> dict[str, int]:
    """How many of `count` scans each decoder reads."""
    _, cut, cover, share, how = kind
    print_, rng = cut(printed("iron_on")), np.random.default_rng(seed)
    done = dict.fromkeys(read, 0)
    for _ in range(count):
        seen, trying = cover(print_, rng, share) if cover else print_, dict(read)
        for turn in TURNS:
            look = photograph(seen, rng, turned_mm=turn if cut is label_on else 0.0, **how)
            for name in [name for name, decode in trying.items() if decode(look)]:
                done[name] += 1
                del trying[name]
            if not trying:
                break
    return done


def table(count: int) -> Iterator[str]:
    read = decoders()
    yield f"| of {count} scans are read | " + " | ".join(read) + " |"
    yield "|---|" + "---|" * len(read)
    for kind in KINDS.values():
        done = scans(kind, count, read)
        yield f"| {kind[0]} | " + " | ".join(f"{100 * done[name] / count:.1f} %" for name in read) + " |"


if __name__ == "__main__":
    for line in table(int(sys.argv[1]) if len(sys.argv) > 1 else 200):
        print(line, flush=True)
