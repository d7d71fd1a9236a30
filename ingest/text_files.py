"""The text of a file, gzipped or not; one that holds none says why in one line."""

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, TextIO, cast

_LOOKED_AT = 512  # bytes


class NoTextError(Exception):
    """Why a file, or the rest of it, can't be read."""


@contextmanager
def text_of(path: Path) -> Iterator[TextIO]:
    """Opened to be read; raises `NoTextError`, also for what breaks off in the midst.

    Undecodable bytes become marks that no time or number can hold, so their line alone is lost.
    """
    with bytes_of(path) as data:
        yield TextIOWrapper(data, encoding="utf-8-sig", errors="replace", newline="")


@contextmanager
def bytes_of(path: Path) -> Iterator[BinaryIO]:
    """As `text_of`, for who decodes by himself."""
    try:
        with path.open("rb") as raw:
            is_gzip = raw.peek(2).startswith(b"\x1f\x8b")
            data = gzip.GzipFile(fileobj=raw) if is_gzip else raw
            _require_text(data.peek(_LOOKED_AT)[:_LOOKED_AT])
            yield cast("BinaryIO", data)
    except FileNotFoundError as e:
        raise NoTextError("no such file") from e
    except (gzip.BadGzipFile, EOFError, zlib.error) as e:
        raise NoTextError(f"not a whole gzip file ({e})") from e
    except OSError as e:
        raise NoTextError(f"can't be read ({e.strerror or e})") from e
    except csv.Error as e:
        raise NoTextError(f"is no CSV file ({e})") from e


def require_columns(header: Sequence[str], wanted: Sequence[str]) -> None:
    """Raises `NoTextError` where the first line doesn't name them all."""
    if missing := [name for name in wanted if name not in header]:
        hint = "; save it in UTF-8" if "\ufffd" in "".join(header) else ""
        raise NoTextError(f"no column {missing[0]}, only {','.join(header)[:60]!r}; wanted is {','.join(wanted)}{hint}")


def _require_text(begins: bytes) -> None:
    if not begins.strip():
        raise NoTextError("is empty")
    if begins.startswith((b"\xff\xfe", b"\xfe\xff")) or begins[:8].count(0) >= 2:
        raise NoTextError("is UTF-16 text; save it in UTF-8")
    if begins.startswith(b"PK\x03\x04"):
        raise NoTextError("is a spreadsheet or an archive; save it as CSV in UTF-8")
