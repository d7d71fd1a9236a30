"""One InfluxDB, of 1.8, 2.x or 3: synchronous writes and InfluxQL reads, with errors by what the caller must do."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from store.contracts import StoreError, StoreUnavailableError

TIMEOUT_S = 20.0
MOST_LINES = 5000  # a write; InfluxDB's own advice


class InfluxAwayError(StoreError):
    """Not there, or too busy: the same again later, `after_s` at the soonest."""

    def __init__(self, reason: str, after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.after_s = after_s


class LinesRefusedError(StoreError):
    """At least one of these lines can't be taken, whenever it is sent."""


class InfluxMisconfiguredError(StoreError):
    """Token, bucket or rights are wrong: a person must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InfluxAt:
    """`bucket` is the database of 1.x and 3. An empty token sends none."""

    url: str
    bucket: str
    org: str = ""
    token: str = ""
    timeout_s: float = TIMEOUT_S


class Lines(Protocol):
    """`Influx`, for who only writes."""

    def write(self, lines: Sequence[str]) -> None: ...


def write_good(influx: Lines, lines: Sequence[str], refuse: Callable[[str, LinesRefusedError], None]) -> int:
    """Halves what is refused until a bad line stands alone, which `refuse` gets; returns how many lines were taken."""
    if not lines:
        return 0
    try:
        influx.write(lines)
    except LinesRefusedError as e:
        if len(lines) == 1:
            refuse(lines[0], e)
            return 0
        half = len(lines) // 2
        return write_good(influx, lines[:half], refuse) + write_good(influx, lines[half:], refuse)
    return len(lines)


class Influx:
    """A client. The batching writer of influxdb-client is not used: it drops what it can't deliver, silently."""

    def __init__(self, at: InfluxAt) -> None:
        self._at = at
        self._client = InfluxDBClient(url=at.url, token=at.token, org=at.org, timeout=round(at.timeout_s * 1000))
        self._headers = {"Authorization": f"Token {at.token}"} if at.token else {}

    def write(self, lines: Sequence[str]) -> None:
        """All lines, or an error that says what to do; some may be stored even then: to write twice does no harm."""
        query = {"db": self._at.bucket, "precision": "ms"}
        self._call("/write", "POST", query, "\n".join(lines).encode(), {"Content-Type": "text/plain; charset=utf-8"})

    def registers(self, meter_id: str, since: datetime, until: datetime) -> Sequence[tuple[datetime, float]]:
        """(at, register_l [L]) with since <= at < until, in order of time."""
        text = (
            "SELECT register_ml FROM water_reading WHERE meter_id = $meter_id"
            f" AND time >= {_ms(since)}ms AND time < {_ms(until)}ms ORDER BY time"
        )
        try:
            rows = self._select(text, {"meter_id": meter_id})
        except (InfluxAwayError, InfluxMisconfiguredError, LinesRefusedError) as e:
            raise StoreUnavailableError(str(e)) from e
        return [(datetime.fromtimestamp(at / 1000, UTC), ml / 1000) for at, ml in rows]

    def ping(self) -> bool:
        """Whether it answers; its own health() lies on 1.x and 3."""
        return self._client.ping()

    def close(self) -> None:
        self._client.close()  # type: ignore[no-untyped-call]

    def _select(self, text: str, values: dict[str, str]) -> list[tuple[int, int]]:
        query = {"db": self._at.bucket, "q": text, "params": json.dumps(values), "epoch": "ms"}
        answer = json.loads(self._call("/query", "GET", query, None, {"Accept": "application/json"}))
        (result,) = answer["results"]
        if "error" in result:
            raise LinesRefusedError(result["error"])
        return [(row[0], row[1]) for series in result.get("series", ()) for row in series["values"]]

    def _call(
        self, path: str, method: str, query: dict[str, str], body: bytes | None, headers: dict[str, str]
    ) -> bytes:
        try:
            response = self._client.api_client.call_api(  # type: ignore[no-untyped-call]
                path,
                method,
                query_params=list(query.items()),
                header_params=self._headers | headers,
                body=body,
                _preload_content=False,
                _return_http_data_only=True,
            )
            return bytes(response.data)
        except ApiException as e:
            raise _meaning(e) from e
        except HTTPError as e:
            raise InfluxAwayError(f"{self._at.url}: {type(e).__name__}") from e


def _meaning(error: ApiException) -> StoreError:
    """What an answer asks of us."""
    status = int(error.status or 0)
    reason = f"InfluxDB answers {status}: {_body(error)}"
    if status == 429 or status >= 500:
        return InfluxAwayError(reason, _retry_after_s(error))
    if status in (400, 413, 422):
        return LinesRefusedError(reason)
    return InfluxMisconfiguredError(reason)


def _body(error: ApiException) -> str:
    body = error.body or b""
    return (body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)).strip()[:300]


def _retry_after_s(error: ApiException) -> float:
    headers = {str(name).lower(): value for name, value in dict(error.headers or {}).items()}
    try:
        return max(0.0, float(headers.get("retry-after", 0)))
    except ValueError:
        return 0.0


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
