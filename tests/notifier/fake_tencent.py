"""A Tencent Cloud SMS of our own on loopback: sign, templates by position, frequency limits, receipts, replies."""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from tests.notifier.loopback import Loopback, listening

SECRET_ID = "AKID-test"
APP_ID = "1400006666"
SIGN = "安居"
LIMITS = (
    (30, 1, "LimitExceeded.PhoneNumberThirtySecondLimit"),
    (3600, 5, "LimitExceeded.PhoneNumberOneHourLimit"),
    (86400, 10, "LimitExceeded.PhoneNumberDailyLimit"),
)


@dataclass
class Refusal:
    """What a send meets: a code for the number or for the call, or no answer; after or before it was taken."""

    code: str = "Ok"
    whole_call: bool = False
    http_status: int = 200
    taken: bool = False
    answers: bool = True


@dataclass
class Taken:
    """One text that it took; `report` None: no receipt yet."""

    serial: str
    phone: str
    template: str
    content: str
    context: str
    at: datetime
    report: str | None = None
    description: str = ""


@dataclass
class FakeTencent:
    """`templates`: id to approved wording ({1}). `replies`: what numbers have texted us: (phone, words, when)."""

    templates: Mapping[str, str]
    base: str = ""
    taken: list[Taken] = field(default_factory=list)
    replies: list[tuple[str, str, datetime]] = field(default_factory=list)
    moods: list[Refusal] = field(default_factory=list)
    queries: int = 0
    limits: bool = True
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
        """(HTTP status, the answer's Response); None: it hangs up."""
        mood = self.moods.pop(0) if self.moods else Refusal(taken=True)
        (phone,) = asked["PhoneNumberSet"]
        code = self._problem(phone, asked) or mood.code
        serial = ""
        if mood.taken and (code == "Ok" or mood.http_status != 200):
            serial = self._take(phone, asked)
        if not mood.answers:
            return 0, None
        if mood.whole_call:
            return mood.http_status, {"Error": {"Code": code, "Message": "as asked"}, "RequestId": "r"}
        status = {
            "SerialNo": serial,
            "PhoneNumber": phone,
            "Fee": int(code == "Ok"),
            "SessionContext": asked.get("SessionContext", ""),
            "Code": code,
            "Message": "send success" if code == "Ok" else "as asked",
            "IsoCode": "CN",
        }
        return mood.http_status, {"SendStatusSet": [status], "RequestId": "r"}

    def _problem(self, phone: str, asked: dict[str, Any]) -> str | None:
        template = self.templates.get(asked["TemplateId"])
        variables = set(re.findall(r"\{\d+\}", template or ""))
        earlier = [(self.now() - t.at).total_seconds() for t in self.taken if t.phone == phone]
        full = [c for s, n, c in LIMITS if self.limits and sum(1 for age in earlier if age < s) >= n]
        wrong = (
            (asked["SmsSdkAppId"] != APP_ID, "InvalidParameterValue.SdkAppIdNotExist"),
            (asked["SignName"] != SIGN, "FailedOperation.SignatureIncorrectOrUnapproved"),
            (template is None, "FailedOperation.TemplateIncorrectOrUnapproved"),
            (not re.fullmatch(r"\+861\d{10}", phone), "InvalidParameterValue.IncorrectPhoneNumber"),
            (
                len(variables) != len(asked["TemplateParamSet"]),
                "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
            ),
            (full, full[0] if full else ""),
        )
        return next((code for is_so, code in wrong if is_so), None)

    def _take(self, phone: str, asked: dict[str, Any]) -> str:
        content = self.templates[asked["TemplateId"]]
        for n, value in enumerate(asked["TemplateParamSet"], start=1):
            content = content.replace(f"{{{n}}}", str(value))
        serial = f"2640:{next(self.numbers):021d}"
        context = asked.get("SessionContext", "")
        content = f"【{SIGN}】{content}"
        self.taken.append(Taken(serial, phone, asked["TemplateId"], content, context, self.now()))
        return serial

    def receipts(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Only texts whose receipt has come, as the real one does."""
        self.queries += 1
        found = [
            {
                "UserReceiveTime": int(t.at.timestamp()),
                "CountryCode": "86",
                "SubscriberNumber": t.phone[3:],
                "PhoneNumber": t.phone,
                "SerialNo": t.serial,
                "ReportStatus": t.report,
                "Description": t.description,
                "SessionContext": t.context,
            }
            for t in self.taken
            if t.report and t.phone == asked["PhoneNumber"] and _within(t.at, asked)
        ]
        return {"PullSmsSendStatusSet": found, "RequestId": "r"}

    def reply_list(self, asked: dict[str, Any]) -> dict[str, Any]:
        found = [
            {
                "ExtendCode": "",
                "CountryCode": "86",
                "PhoneNumber": phone,
                "SubscriberNumber": phone[3:],
                "SignName": SIGN,
                "ReplyContent": words,
                "ReplyTime": int(at.timestamp()),
            }
            for phone, words, at in self.replies
            if phone == asked["PhoneNumber"] and _within(at, asked)
        ]
        return {"PullSmsReplyStatusSet": found, "RequestId": "r"}

    def report(self, *texts: Taken) -> list[dict[str, Any]]:
        """What its callback says of these texts."""
        return [
            {
                "user_receive_time": "2026-03-09 07:00:10",
                "nationcode": "86",
                "mobile": t.phone[3:],
                "report_status": t.report or "SUCCESS",
                "errmsg": "DELIVRD",
                "description": t.description,
                "sid": t.serial,
            }
            for t in texts
        ]


def _within(at: datetime, asked: dict[str, Any]) -> bool:
    return bool(asked["BeginTime"] <= at.timestamp() <= asked["EndTime"] + 1)


class _Handler(Loopback):
    fake: FakeTencent

    def post(self) -> None:
        asked = json.loads(self.body())
        if f"Credential={SECRET_ID}/" not in self.headers.get("Authorization", ""):
            no = {"Error": {"Code": "AuthFailure.SecretIdNotFound", "Message": "no such key"}, "RequestId": "r"}
            self.answer(200, {"Response": no})
            return
        with self.fake.lock:
            status, answer = self._act(self.headers["X-TC-Action"], asked)
        if answer is None:
            self.close_connection = True
            return
        self.answer(status, {"Response": answer})

    def _act(self, action: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
        if action == "SendSms":
            return self.fake.send(asked)
        if action == "PullSmsSendStatusByPhoneNumber":
            return 200, self.fake.receipts(asked)
        return 200, self.fake.reply_list(asked)


@contextmanager
def fake_tencent(templates: Mapping[str, str]) -> Iterator[FakeTencent]:
    """Listens on a free port of loopback."""
    fake = FakeTencent(templates=templates)
    with listening(type("Handler", (_Handler,), {"fake": fake})) as fake.base:
        yield fake
