"""Texts through Tencent Cloud's official client: approved sign and templates, to numbers of mainland China."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from domain.message import MessageStatus
from notifier.channels.failures import never_stood
from notifier.channels.registered import Registered, capabilities_in_china, of
from notifier.channels.tencent_codes import OK, refusal
from notifier.contract import Cap, Capabilities, ChannelError, Failure, MissingExtraError, Outgoing, Sent

MOST = 100  # of one query
RECEIPTS_COME = timedelta(seconds=100)  # after `since`, which is a minute before the call; most within seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class TencentRules:
    """`app_id`: SmsSdkAppId. `templates`: of channels.registered. `replies`: upstream texts are switched on.

    `cost`: of a segment. `caps`: what the console's frequency limits allow to one number; these are its defaults.
    """

    app_id: str
    sign: str
    templates: Mapping[str, Registered]
    replies: bool = False
    cost: float = 0.05
    caps: tuple[Cap, ...] = (
        Cap(texts=1, within=timedelta(seconds=30)),
        Cap(texts=5, within=timedelta(hours=1)),
        Cap(texts=10, within=timedelta(days=1)),
    )


class TencentSms:
    """`TencentSms(client(secret_id, secret_key), TencentRules(app_id=..., sign=..., templates=...), now)`; a query may
    not reach beyond `now`."""

    name = "tencent"

    def __init__(self, client: Any, rules: TencentRules, now: Callable[[], datetime]) -> None:
        self._client = client
        self._rules = rules
        self._now = now

    def capabilities(self, phone: str) -> Capabilities | None:
        return capabilities_in_china(phone, self._rules)

    def send(self, text: Outgoing) -> Sent:
        template = of(self._rules.templates, text)
        asked = {
            "PhoneNumberSet": [text.to],
            "SmsSdkAppId": self._rules.app_id,
            "SignName": self._rules.sign,
            "TemplateId": template.code,
            "TemplateParamSet": list(template.values(text).values()),
            "SessionContext": text.reference,
        }
        answer = self._ask("SendSms", asked)["SendStatusSet"][0]
        if answer["Code"] != OK:
            raise refusal(answer["Code"])
        return Sent(sid=answer["SerialNo"])

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        """By our own reference, among the receipts to this number; before its receipt nobody knows of a text."""
        for one in self._receipts(text.to, since):
            if one.get("SessionContext") == text.reference:
                return _heard(one)
        if self._now() - since < RECEIPTS_COME:
            raise ChannelError(Failure.UNCERTAIN, "no receipt yet")
        return None

    def status(self, sid: str, to: str, sent_at: datetime) -> Sent | None:
        for one in self._receipts(to, sent_at - timedelta(minutes=1)):
            if one["SerialNo"] == sid:
                return _heard(one)
        return None

    def replied(self, phone: str, text: str, at: datetime) -> bool:
        """Whether this number sent us these words at that time (a callback says so; the provider must, too)."""
        asked = self._between(phone, at - timedelta(minutes=1), self._now())
        found = self._ask("PullSmsReplyStatusByPhoneNumber", asked)["PullSmsReplyStatusSet"] or []
        return any(one["ReplyContent"] == text and one["ReplyTime"] == int(at.timestamp()) for one in found)

    def _receipts(self, to: str, since: datetime) -> list[dict[str, Any]]:
        asked = self._between(to, since, self._now())
        return list(self._ask("PullSmsSendStatusByPhoneNumber", asked)["PullSmsSendStatusSet"] or [])

    def _between(self, phone: str, begin: datetime, end: datetime) -> dict[str, Any]:
        return {
            "PhoneNumber": phone,
            "SmsSdkAppId": self._rules.app_id,
            "BeginTime": int(begin.timestamp()),
            "EndTime": int(end.timestamp()),
            "Offset": 0,
            "Limit": MOST,
        }

    def _ask(self, action: str, asked: dict[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._client.call_json(action, asked)["Response"]
        except Exception as e:  # the client wraps all it meets into one class
            raise _explained(e) from e
        return answer


def client(secret_id: str, secret_key: str, api_base: str = "", timeout_s: float = 20.0) -> Any:
    """Tencent's client; with `api_base`, for example http://127.0.0.1:4010, it talks to that address instead."""
    try:
        from tencentcloud.common.credential import Credential  # noqa: PLC0415  an optional extra
        from tencentcloud.common.profile.client_profile import ClientProfile  # noqa: PLC0415  an optional extra
        from tencentcloud.common.profile.http_profile import HttpProfile  # noqa: PLC0415  an optional extra
        from tencentcloud.sms.v20210111.sms_client import SmsClient  # noqa: PLC0415  an optional extra
    except ImportError as e:
        raise MissingExtraError("Tencent's client isn't installed: pip install 'anju[tencent]'") from e
    at = urlsplit(api_base or "https://sms.tencentcloudapi.com")
    http = HttpProfile(protocol=at.scheme, endpoint=at.netloc, reqTimeout=round(timeout_s))
    profile = ClientProfile(httpProfile=http)
    return SmsClient(Credential(secret_id, secret_key), "ap-guangzhou", profile)


def _heard(one: dict[str, Any]) -> Sent:
    if one["ReportStatus"] == "SUCCESS":
        return Sent(sid=one["SerialNo"], status=MessageStatus.DELIVERED)
    error = f"not delivered ({one['Description']})"
    return Sent(sid=one["SerialNo"], status=MessageStatus.UNDELIVERED, error=error[:100])


def _explained(e: Exception) -> ChannelError:
    if never_stood(e):
        return ChannelError(Failure.DOWN, "can't be reached", type(e).__name__)
    code = getattr(e, "code", None)
    if code:
        return refusal(str(code))
    return ChannelError(Failure.UNCERTAIN, "no answer", type(e).__name__)
