"""One process at a time writes a file of readings; a second one says so and ends."""

import fcntl
import os
from pathlib import Path
from typing import IO

from store import private
from store.contracts import StoreError


class InUseError(StoreError):
    """Another process writes these files."""


def hold(path: Path) -> IO[str]:
    """Locks `path` until the returned file is closed or the process ends, however it ends."""
    beside = path.with_name(path.name + ".lock")
    private.touch(beside)
    try:
        lock = beside.open("a+")
    except OSError as e:
        raise StoreError(f"{path.parent} can't be written: {e.strerror}") from e
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise InUseError(f"{path} is in use by another anju (process {holder}); stop it first") from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock
