"""Ingest goes by the newest ledger: devices, bindings and wristbands; what it lets pass leaves quarantine."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import select, update

from domain.reading import Device
from ingest.bindings import Bindings
from ingest.receive import Receiver
from ingest.sorter import Decodes
from store import cursors
from store.contracts import Erasures
from store.ledger import Ledger, read_ledger, version
from store.records import Records
from store.tables import release_requests

log = logging.getLogger("anju.ingest")


def bindings_of(ledger: Ledger) -> Bindings:
    return Bindings(ledger.gateways, ledger.without_consent)


RELEASED = "released"  # the ledger by which quarantine was judged; a newer one may have come while no service ran


class LedgerFollower:
    """`look` now and then, from any thread; cheap while nothing has changed."""

    def __init__(
        self,
        records: Records,
        receiver: Receiver,
        *,
        decoder: Callable[[Mapping[str, Device]], Decodes],
        ledger: Ledger,
        erasures: Erasures,
    ) -> None:
        """`decoder` makes one for the ledger's devices; `ledger` is what the receiver was made with."""
        self._records = records
        self._receiver = receiver
        self._decoder = decoder
        self._erasures = erasures
        self._version, self._bindings = ledger.version, bindings_of(ledger)

    def look(self, now: datetime) -> int:
        """Takes the ledger over if it is another; returns how many messages left quarantine for it."""
        with self._records.read() as tx:
            ledger = None if version(tx) == self._version else read_ledger(tx)
            released = cursors.position(tx, RELEASED)
        if ledger is not None:
            self._version, self._bindings = ledger.version, bindings_of(ledger)
            self._receiver.use_ledger(self._decoder(ledger.devices), self._bindings)
        self.lift()
        passed = 0
        if released != self._version:
            passed = self._receiver.release(now)
            with self._records.write() as tx:
                cursors.move(tx, RELEASED, self._version)
        return passed + self._release_asked(now)

    def lift(self) -> None:
        """What was deleted on request and is in the ledger again is taken again; also where a deletion failed half-way.

        Not while one is under way: it holds the records until the ledger, too, is without the device.
        """
        again = [device_id for device_id in self._erasures.erased() if self._bindings.as_written(device_id)]
        if not again:
            return
        with self._records.write() as tx:
            if version(tx) == self._version:
                self._erasures.lift(again)
                log.warning("in the ledger, though deleted on request: taken from now on: %s", " ".join(sorted(again)))

    def _release_asked(self, now: datetime) -> int:
        """What `anju quarantine release` and `retry` asked for."""
        r = release_requests
        with self._records.read() as tx:
            asked = tx.execute(select(r.c.request_id, r.c.kind, r.c.device_id).where(r.c.done_at.is_(None))).all()
        total = 0
        for row in asked:
            judge_again = self._receiver.retry if row.kind == "refused" else self._receiver.release
            released = judge_again(now, row.device_id)
            with self._records.write() as tx:
                tx.execute(update(r).where(r.c.request_id == row.request_id).values(done_at=now, released=released))
            total += released
        return total
