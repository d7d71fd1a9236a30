"""An Aliyun of our own on loopback: it knows sign and templates, refuses what the real one refuses, and remembers."""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from tests.notifier.loopback import Loopback, listening

KEY_ID = "LTAI-test"
SIGN = "安居"
CHINA = ZoneInfo("Asia/Shanghai")


@dataclass
class Refusal:
    """What a send meets: a code inside HTTP 200 or with another status, or no answer; after or before it was taken."""

    code: str = "OK"
    message: str = "as asked"
    http_status: int = 200
    taken: bool = False
    answers: bool = True


@dataclass
class Taken:
    """One text that it took. `status`: 1 on its way, 2 failed, 3 delivered."""

    biz_id: str
    out_id: str
    phone: str
    template: str
    values: dict[str, str]
    content: str
    at: datetime
    status: int = 1
    err_code: str = ""


@dataclass
class FakeAliyun:
    """`templates`: code to approved wording (${name}). `moods` are used up one a send."""

    templates: Mapping[str, str]
    base: str = ""
    taken: list[Taken] = field(default_factory=list)
    moods: list[Refusal] = field(default_factory=list)
    queries: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, asked: dict[str, str]) -> tuple[int, dict[str, object] | None]:
        """(HTTP status, answer); None: it hangs up."""
        mood = self.moods.pop(0) if self.moods else Refusal(taken=True)
        problem = self._problem(asked) or (mood.code, mood.message)
        biz_id = ""
        if mood.taken and (problem[0] == "OK" or mood.http_status >= 500):
            biz_id = self._take(asked)
        if not mood.answers:
            return 0, None
        answer: dict[str, object] = {"Code": problem[0], "Message": problem[1], "RequestId": "r"}
        return mood.http_status, answer | ({"BizId": biz_id} if biz_id and problem[0] == "OK" else {})

    def _problem(self, asked: dict[str, str]) -> tuple[str, str] | None:
        """As the real one checks it: sign, template, number, each variable, 50 texts a day of one template."""
        code, phone, values = asked["TemplateCode"], asked["PhoneNumbers"], json.loads(asked["TemplateParam"])
        wanted = set(re.findall(r"\$\{(\w+)\}", self.templates.get(code, "")))
        today = [t for t in self.taken if (t.phone, t.template) == (phone, code)]
        today = [t for t in today if (self.now() - t.at).total_seconds() < 86400]
        wrong = (
            (asked["SignName"] != SIGN, "isv.SMS_SIGNATURE_ILLEGAL", "短信签名不合法"),
            (code not in self.templates, "isv.SMS_TEMPLATE_ILLEGAL", "短信模板不合法"),
            (not re.fullmatch(r"1\d{10}", phone), "isv.MOBILE_NUMBER_ILLEGAL", "手机号码格式错误"),
            (wanted - set(values), "isv.TEMPLATE_MISSING_PARAMETERS", "模板变量缺少对应参数值"),
            (not all(1 <= len(v) <= 35 for v in values.values()), "isv.PARAM_LENGTH_LIMIT", "参数超过长度限制"),
            (any(c in v for v in values.values() for c in "【】"), "isv.TEMPLATE_PARAMS_ILLEGAL", "变量内容不匹配"),
            (len(today) >= 50, "isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:50"),
        )
        return next(((refused, words) for is_so, refused, words in wrong if is_so), None)

    def _take(self, asked: dict[str, str]) -> str:
        values = json.loads(asked["TemplateParam"])
        content = self.templates[asked["TemplateCode"]]
        for name, value in values.items():
            content = content.replace(f"${{{name}}}", value)
        biz_id = f"{next(self.numbers):018d}^0"
        text = Taken(
            biz_id=biz_id,
            out_id=asked.get("OutId", ""),
            phone=asked["PhoneNumbers"],
            template=asked["TemplateCode"],
            values=values,
            content=f"【{SIGN}】{content}",
            at=self.now(),
        )
        self.taken.append(text)
        return biz_id

    def details(self, asked: dict[str, str]) -> dict[str, object]:
        self.queries += 1
        found = [
            {
                "PhoneNum": t.phone,
                "OutId": t.out_id,
                "TemplateCode": t.template,
                "Content": t.content,
                "SendStatus": t.status,
                "ErrCode": t.err_code or ("DELIVERED" if t.status == 3 else ""),
                "SendDate": f"{t.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}",
            }
            for t in reversed(self.taken)
            if t.phone == asked["PhoneNumber"]
            and f"{t.at.astimezone(CHINA):%Y%m%d}" == asked["SendDate"]
            and asked.get("BizId", t.biz_id) == t.biz_id
        ]
        listed = {"SmsSendDetailDTO": found[: int(asked["PageSize"])]}
        return {
            "Code": "OK",
            "Message": "OK",
            "RequestId": "r",
            "TotalCount": str(len(found)),
            "SmsSendDetailDTOs": listed,
        }

    def report(self, *texts: Taken) -> list[dict[str, object]]:
        """What its callback says of these texts."""
        return [
            {
                "phone_number": t.phone,
                "send_time": f"{t.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}",
                "report_time": f"{self.now().astimezone(CHINA):%Y-%m-%d %H:%M:%S}",
                "success": t.status == 3,
                "err_code": t.err_code or "DELIVERED",
                "err_msg": "",
                "sms_size": "1",
                "biz_id": t.biz_id,
                "out_id": t.out_id,
            }
            for t in texts
        ]


class _Handler(Loopback):
    fake: FakeAliyun

    def post(self) -> None:
        asked = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query + "&" + self.body()).items()}
        action = self.headers.get("x-acs-action") or asked.get("Action", "")
        if f"Credential={KEY_ID}," not in self.headers.get("Authorization", ""):
            self.answer(404, {"Code": "InvalidAccessKeyId.NotFound", "Message": "no such key", "RequestId": "r"})
            return
        with self.fake.lock:
            status, answer = self.fake.send(asked) if action == "SendSms" else (200, self.fake.details(asked))
        if answer is None:
            self.close_connection = True
            return
        self.answer(status, answer)


@contextmanager
def fake_aliyun(templates: Mapping[str, str]) -> Iterator[FakeAliyun]:
    """Listens on a free port of loopback."""
    fake = FakeAliyun(templates=templates)
    with listening(type("Handler", (_Handler,), {"fake": fake})) as fake.base:
        yield fake
