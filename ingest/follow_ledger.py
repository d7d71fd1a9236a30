"""Ingest goes by the newest ledger: devices, bindings and wristbands; what it lets pass leaves quarantine."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import select, update

from domain.reading import Device
from ingest.bindings import Bindings
from ingest.receive import Decodes, Receiver
from store.ledger import Ledger, read_ledger, version
from store.records import Records
from store.tables import release_requests


def bindings_of(ledger: Ledger) -> Bindings:
    return Bindings(ledger.gateways, ledger.without_consent)


class LedgerFollower:
    """`look` now and then, from any thread; cheap while nothing has changed."""

    def __init__(
        self, records: Records, receiver: Receiver, *, decoder: Callable[[Mapping[str, Device]], Decodes], seen: int
    ) -> None:
        """`decoder` makes one for the ledger's devices; `seen` is the version that the receiver was made with."""
        self._records = records
        self._receiver = receiver
        self._decoder = decoder
        self._seen = seen

    def look(self, now: datetime) -> int:
        """Takes the ledger over if it is another; returns how many messages left quarantine for it."""
        with self._records.read() as tx:
            if version(tx) == self._seen:
                return self._release_asked(now)
            ledger = read_ledger(tx)
        self._receiver.use_ledger(self._decoder(ledger.devices), bindings_of(ledger))
        self._seen = ledger.version
        return self._receiver.release(now)

    def _release_asked(self, now: datetime) -> int:
        """What `anju quarantine release` asked for."""
        r = release_requests
        with self._records.read() as tx:
            asked = tx.execute(select(r.c.request_id, r.c.device_id).where(r.c.done_at.is_(None))).all()
        total = 0
        for row in asked:
            released = self._receiver.release(now, row.device_id)
            with self._records.write() as tx:
                tx.execute(update(r).where(r.c.request_id == row.request_id).values(done_at=now, released=released))
            total += released
        return total
