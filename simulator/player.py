"""Recordings published as a gateway would: in order of arrival, up to a moment of a virtual clock."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from domain.recording import Recording
from simulator.formats import FORMATS, Published
from simulator.formats.said import Encode
from simulator.publish import Publisher
from simulator.radio import sending_times


class Player:
    """Plays recordings in lock-step with a virtual clock: publishes all that is due, waits for the acks."""

    def __init__(
        self,
        recordings: Sequence[Recording],
        publisher: Publisher,
        *,
        gateway_id: str,
        form: Encode = FORMATS["plain"].encode,
        also: Sequence[tuple[datetime, Published]] = (),
    ) -> None:
        """`form` is the gateway's payload format; `also` is what its other devices say, and when."""
        self._publisher = publisher
        self._prefix = f"anju/{gateway_id}/"
        self._form = form
        self._also = [published for _, published in also]
        due_s = np.concatenate(
            [sending_times(recording) for recording in recordings]
            + [np.array([at.timestamp() for at, _ in also], dtype=np.int64)]
        )
        source = np.repeat(np.arange(len(recordings) + 1), [*(len(recording) for recording in recordings), len(also)])
        place = np.concatenate([np.arange(len(recording)) for recording in recordings] + [np.arange(len(also))])
        order = np.argsort(due_s, kind="stable")
        self._due_s, self._source, self._place = due_s[order], source[order], place[order]
        self._recordings = recordings
        self.published = 0

    def __len__(self) -> int:
        return len(self._due_s)

    @property
    def next_at(self) -> datetime | None:
        """When the next reading is due; None after the last."""
        if self.published == len(self):
            return None
        return datetime.fromtimestamp(int(self._due_s[self.published]), UTC)

    @property
    def ends_at(self) -> datetime:
        """When the last reading is due."""
        return datetime.fromtimestamp(int(self._due_s[-1]), UTC)

    def play_until(self, at: datetime, *, timeout_s: float | None = 60.0) -> int:
        """Publishes every reading up to and including `at` that is still due; the number of them.

        Raises `UnreachableError` when the broker does not acknowledge for `timeout_s`.
        """
        count = self.send_until(at, timeout_s=timeout_s)
        self._publisher.wait_for_acks(timeout_s=timeout_s)
        return count

    def send_until(self, at: datetime, *, at_most: int | None = None, timeout_s: float | None = None) -> int:
        """Hands over what is due, without waiting for the last acks; the number of readings."""
        due = int(np.searchsorted(self._due_s, at.timestamp(), side="right"))
        last = due if at_most is None else min(due, self.published + at_most)
        count = max(last - self.published, 0)
        for _ in range(count):
            topic, payload = self._said(int(self._source[self.published]), int(self._place[self.published]))
            self.published += 1
            self._publisher.publish(self._prefix + topic, payload, timeout_s=timeout_s, more=self.published < last)
        return count

    def idle(self) -> None:
        """While nothing is due."""
        self._publisher.idle()

    def _said(self, source: int, place: int) -> Published:
        if source == len(self._recordings):
            return self._also[place]
        recording = self._recordings[source]
        at = datetime.fromtimestamp(int(recording.at_s[place]), UTC)
        return self._form(recording.meter_id, at, float(recording.register_l[place]))
