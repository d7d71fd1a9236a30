"""Looks at a band's first page, written down together: a page that only looks waits for no disk.

What opens names, contacts or notes is written down before it is shown; see `finder_look`. A first look shows the form
of address and the age: those of the last tenths of a second before a kill are lost to the log, and while nothing can be
written it holds so many; of the rest their number is written down when the disk is back.
"""

from dataclasses import dataclass, field
from threading import Lock

from domain.wristband import Stage
from store.contracts import BandScan, Batch, BatchSink
from store.security import security_event
from web.desk import Records
from web.looks import View, bands_there, log_views

MOST_WAITING = 10_000  # looks: a disk may be full for days, and a page costs a stranger nothing


@dataclass(slots=True)
class ScanLog:
    """`add` whenever a page is shown; `write` has all that waits on the disk when it returns, from any thread.

    Each page's answer is followed by it (`at_once`), until somebody takes over who writes a few times a second.
    """

    records: Records
    sink: BatchSink
    at_once: bool = True
    unlogged: int = 0  # looks of which only the number is known
    _told: int = 0
    _waiting: list[View] = field(default_factory=list)
    _writing: Lock = field(default_factory=Lock)

    def add(self, view: View) -> None:
        if self.full:
            self.unlogged += 1
        else:
            self._waiting.append(view)

    @property
    def full(self) -> bool:
        return len(self._waiting) >= MOST_WAITING

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
            unlogged = self.unlogged
            if there or unlogged > self._told:
                self.sink.commit(Batch(scans=[_scan(view) for view in there]))
                with self.records.write() as tx:
                    log_views(tx, *bands_there(tx, there))
                    if lost := unlogged - self._told:
                        detail = f"the log couldn't be written; first looks at wristbands that it lacks: {lost}"
                        security_event(tx, "looks_unlogged", "wristbands", detail, views[-1].at)
            self._told = unlogged
            del self._waiting[: len(views)]


def _scan(view: View) -> BandScan:
    return BandScan(band_no=view.band_id, at=view.at, stage=Stage.VIEWED.value, source="web")
