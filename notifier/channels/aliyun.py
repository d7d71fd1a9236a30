"""Texts through Aliyun's official client: approved sign and templates, to numbers of mainland China."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from domain.message import MessageStatus
from notifier.channels.aliyun_codes import AGAIN_AFTER, refusal
from notifier.channels.failures import never_stood
from notifier.channels.registered import Registered, capabilities_in_china, of
from notifier.contract import Cap, Capabilities, ChannelError, Failure, MissingExtraError, Outgoing, Sent

CHINA = ZoneInfo("Asia/Shanghai")  # the clock of its answers
PAGE = 50
_SENT, _FAILED, _DELIVERED = 1, 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AliyunRules:
    """`templates`: of channels.registered. `replies`: upstream texts (上行) are switched on for this sign. `cost`: of a
    segment. `caps`: what the console allows to one number; 50 of a template a day is the most it can be set to."""

    sign: str
    templates: Mapping[str, Registered]
    replies: bool = False
    cost: float = 0.045
    caps: tuple[Cap, ...] = (Cap(texts=50, within=timedelta(days=1), alike=True),)


class AliyunSms:
    """`AliyunSms(client(key_id, secret), AliyunRules(sign=..., templates=...))`."""

    name = "aliyun"

    def __init__(self, client: Any, rules: AliyunRules) -> None:
        self._client = client
        self._rules = rules

    def capabilities(self, phone: str) -> Capabilities | None:
        return capabilities_in_china(phone, self._rules)

    def send(self, text: Outgoing) -> Sent:
        from alibabacloud_dysmsapi20170525 import models  # noqa: PLC0415  an optional extra

        template = of(self._rules.templates, text)
        request = models.SendSmsRequest(
            phone_numbers=text.to.removeprefix("+86"),
            sign_name=self._rules.sign,
            template_code=template.code,
            template_param=json.dumps(template.values(text), ensure_ascii=False),
            out_id=text.reference,
        )
        answer = self._ask(self._client.send_sms, request)
        return Sent(sid=str(answer.biz_id))

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        """By our own reference, on the day of the call and, shortly before midnight, on the next."""
        for day in dict.fromkeys((since.astimezone(CHINA), (since + timedelta(minutes=5)).astimezone(CHINA))):
            for one in self._details(text.to, f"{day:%Y%m%d}"):
                if one.out_id == text.reference and _china(one.send_date) >= since - timedelta(seconds=1):
                    return _heard(f"out:{text.reference}", one)
        return None

    def status(self, sid: str, to: str, sent_at: datetime) -> Sent | None:
        """Asked with the number and the day of the call."""
        day = f"{sent_at.astimezone(CHINA):%Y%m%d}"
        if sid.startswith("out:"):
            found = [d for d in self._details(to, day) if f"out:{d.out_id}" == sid]
        else:
            found = self._details(to, day, sid)
        return _heard(sid, found[0]) if found else None

    def _details(self, to: str, day: str, sid: str | None = None) -> list[Any]:
        from alibabacloud_dysmsapi20170525 import models  # noqa: PLC0415  an optional extra

        request = models.QuerySendDetailsRequest(
            phone_number=to.removeprefix("+86"), send_date=day, page_size=PAGE, current_page=1, biz_id=sid
        )
        found = self._ask(self._client.query_send_details, request).sms_send_detail_dtos
        return list(found.sms_send_detail_dto or []) if found else []

    def _ask(self, call: Any, request: Any) -> Any:
        """The answer's body; a refusal, by HTTP status or inside a 200, is raised."""
        try:
            body = call(request).body
        except Exception as e:  # the client has classes of errors by the dozen
            raise _explained(e) from e
        if body.code != "OK":
            raise refusal(str(body.code), str(body.message))
        return body


def client(key_id: str, secret: str, api_base: str = "", timeout_s: float = 20.0) -> Any:
    """Aliyun's client; with `api_base`, for example http://127.0.0.1:4010, it talks to that address instead. It never
    tries twice by itself: that would send twice."""
    try:
        from alibabacloud_dysmsapi20170525.client import Client  # noqa: PLC0415  an optional extra
        from alibabacloud_tea_openapi.utils_models import Config  # noqa: PLC0415  an optional extra
    except ImportError as e:
        raise MissingExtraError("Aliyun's client isn't installed: pip install 'anju[aliyun]'") from e
    at = urlsplit(api_base or "https://dysmsapi.aliyuncs.com")
    milliseconds = round(timeout_s * 1000)
    config = Config(
        access_key_id=key_id,
        access_key_secret=secret,
        endpoint=at.netloc,
        protocol=at.scheme,
        connect_timeout=min(milliseconds, 5000),
        read_timeout=milliseconds,
    )
    return Client(config)


def _heard(sid: str, one: Any) -> Sent:
    """What a query says of one text."""
    if one.send_status == _DELIVERED:
        return Sent(sid=sid, status=MessageStatus.DELIVERED)
    if one.send_status == _FAILED:
        code = str(one.err_code or "unknown")
        return Sent(
            sid=sid,
            status=MessageStatus.UNDELIVERED,
            error=f"not delivered ({code})",
            again_after=AGAIN_AFTER.get(code),
        )
    return Sent(sid=sid)


def _china(clock: str | None) -> datetime:
    return datetime.strptime(clock or "1970-01-01 00:00:00", "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)


def _explained(e: Exception) -> ChannelError:
    if never_stood(e):
        return ChannelError(Failure.DOWN, "can't be reached", type(e).__name__)
    code, status = getattr(e, "code", None), getattr(e, "status_code", None)
    if code and status:
        return refusal(str(code), str(e), int(status))
    return ChannelError(Failure.UNCERTAIN, "no answer", type(e).__name__)
