"""Looks at a band's first page, written down together: a page that only looks waits for no disk.

What opens names, contacts or notes is written down before it is shown; see `finder_pages`.
"""

from dataclasses import dataclass, field
from threading import Lock

from domain.wristband import Stage
from store.contracts import BandScan, Batch, BatchSink
from web.desk import Records
from web.meetings import View, log_views


@dataclass(slots=True)
class ScanLog:
    """`add` from any thread, after the answer has left; whoever comes first writes for all who come meanwhile."""

    records: Records
    sink: BatchSink
    _waiting: list[View] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)
    _writing: Lock = field(default_factory=Lock)

    def add(self, view: View) -> None:
        with self._lock:
            self._waiting.append(view)
        while self._waiting and self._writing.acquire(blocking=False):
            try:
                self._write()
            finally:
                self._writing.release()

    def _write(self) -> None:
        with self._lock:
            views, self._waiting = self._waiting, []
        if not views:
            return
        try:
            with self.records.write() as tx:
                log_views(tx, views)
        except Exception:
            with self._lock:
                self._waiting[:0] = views  # with the next look
            raise
        viewed = Stage.VIEWED.value
        self.sink.commit(
            Batch(scans=[BandScan(band_no=view.band_id, at=view.at, stage=viewed, source="web") for view in views])
        )
