"""Looks at a band's first page, written down together: a page that only looks waits for no disk.

What opens names, contacts or notes is written down before it is shown; see `finder_look`.
"""

from dataclasses import dataclass, field
from threading import Lock

from domain.wristband import Stage
from store.contracts import BandScan, Batch, BatchSink
from web.desk import Records
from web.meetings import View, bands_there, log_views


@dataclass(slots=True)
class ScanLog:
    """`add` whenever a page is shown; `write` has all that waits on the disk when it returns, from any thread.

    Each page's answer is followed by it (`at_once`), until somebody takes over who writes a few times a second.
    """

    records: Records
    sink: BatchSink
    at_once: bool = True
    _waiting: list[View] = field(default_factory=list)
    _writing: Lock = field(default_factory=Lock)

    def add(self, view: View) -> None:
        self._waiting.append(view)

    def write(self) -> None:
        """What can't be written now stays for the next turn; the same scan twice is one point in the series.

        Looks at a band that was deleted meanwhile go with it; they would be refused, and all others with them.
        """
        with self._writing:
            views = self._waiting[:]
            if not views:
                return
            with self.records.read() as tx:
                there = bands_there(tx, views)
            if there:
                self.sink.commit(Batch(scans=[_scan(view) for view in there]))
                with self.records.write() as tx:
                    log_views(tx, bands_there(tx, there))
            del self._waiting[: len(views)]


def _scan(view: View) -> BandScan:
    return BandScan(band_no=view.band_id, at=view.at, stage=Stage.VIEWED.value, source="web")
