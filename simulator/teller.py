"""What the demo says on the terminal: each alert with its reason, each text word for word, and the sums at the end."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, func, select

from detectors.wording import explain, wall_clock
from domain.finding import AlertKind, Level, Reason
from domain.message import MessageStatus
from domain.people import Language
from notifier.contract import Outgoing, Records
from notifier.places import place_of
from store import tables as t

A, M = t.alerts.c, t.messages.c


def tell_text(say: Callable[[str], None], now: Callable[[], datetime], zone: ZoneInfo, text: Outgoing) -> None:
    """One text as it leaves: when, to whom, and word for word."""
    say(f"       {now().astimezone(zone):%H:%M}  ✉ {text.name} {text.to}  {text.body}")


class Teller:
    """Speaks `language` through `say`, a line at a time; `zone` is the homes'.

    `word_for(section, value)` is what the pages call a kind or a level.
    """

    def __init__(
        self,
        records: Records,
        say: Callable[[str], None],
        zone: ZoneInfo,
        language: Language,
        word_for: Callable[[str, str], str],
    ) -> None:
        self._records = records
        self._say = say
        self._zone = zone
        self._language = language
        self._word_for = word_for
        self._told: dict[int, str] = {}
        self._settled: set[int] = set()

    def alerts(self, now: datetime) -> None:
        """Every alert that is new, whose level has risen, or that was settled since the last call."""
        with self._records.read() as tx:
            for row in tx.execute(select(t.alerts).order_by(A.alert_id)).mappings():
                if self._told.get(row["alert_id"]) not in (row["level"], Level.ALERT):
                    self._told[row["alert_id"]] = row["level"]
                    what = f"{self._word_for('kind', row['kind'])} · {self._word_for('level', row['level'])}"
                    self._say(f"{wall_clock(now, self._language, self._zone)}  ● {what}  {_where(tx, row)}")
                    self._say(f"              {_words(row['reason'], self._language, self._zone)}")
                if row["resolved_at"] and row["alert_id"] not in self._settled:
                    self._settled.add(row["alert_id"])
                    what = self._word_for("outcome", row["outcome"])
                    self._say(f"       {row['resolved_at'].astimezone(self._zone):%H:%M}  ✓ {what}  {_where(tx, row)}")

    def sums(self) -> tuple[dict[str, int], dict[str, int]]:
        """Alerts by kind (of `low_use` those at level alert, asks apart), and texts by what became of them."""
        with self._records.read() as tx:
            rows = tx.execute(select(A.kind, A.level, func.count()).group_by(A.kind, A.level)).all()
            statuses = tx.execute(select(M.status, func.count()).group_by(M.status)).all()
        alerts = Counter({AlertKind.LOW_USE.value: 0, AlertKind.CONSTANT_FLOW.value: 0})
        for kind, level, count in rows:
            ask = kind == AlertKind.LOW_USE and level == Level.ASK
            alerts[f"{kind}_asked" if ask else kind] += count
        messages = Counter({"sent": 0})
        for status, count in statuses:
            left = status in (MessageStatus.SENT, MessageStatus.DELIVERED)
            messages["sent" if left else status] += count
        return dict(alerts), dict(messages)


def _where(tx: Connection, row: RowMapping) -> str:
    home = place_of(tx, AlertKind(row["kind"]), row["household_id"], row["subject"])
    return f"{home.place} {home.residents}".strip() or str(row["subject"])


def _words(reason: dict[str, object], language: Language, zone: ZoneInfo) -> str:
    values = reason["values"]
    assert isinstance(values, dict)  # noqa: S101  the column holds a reason
    return explain(Reason(key=str(reason["key"]), values=values), language, zone)
