"""Files with names, phones and keys in them are for the account that made them alone, whatever its umask."""

from contextlib import suppress
from pathlib import Path

FOLDER = 0o700  # for `mkdir`: of a folder that is there already nothing changes


def touch(path: Path) -> None:
    """An empty file, where there is none yet; SQLite gives what it puts beside it the same mode.

    Where that can't be done, whoever opens it next says why.
    """
    with suppress(OSError):
        path.touch(mode=0o600, exist_ok=False)
