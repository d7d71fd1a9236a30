"""Aliyun and Tencent as channels of the service, through their official clients, with callbacks and approved words."""

from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from config.sms import load_words
from domain.people import Language
from notifier.channels import aliyun, tencent
from notifier.channels.registered import Registered, registered, template_keys, to_register
from notifier.contract import Channel, Outgoing
from notifier.inbound_china import ChinaInbound
from notifier.messages import Texts
from notifier.replies import Replies
from tests.notifier import fake_aliyun, fake_tencent
from tests.notifier.world import World
from web.webhooks_china import webhooks_china

TEXTS = Texts(words=load_words())
CODES = {key: f"SMS_{n}" for n, key in enumerate(template_keys(TEXTS), start=1)}
PAIRS = " ".join(f"{key}={code}" for key, code in CODES.items())
SECRET = "a-long-secret-in-the-path"
DAUGHTER, GRID_WORKER = "13800000001", "13800000003"


def approved(provider: str) -> dict[str, str]:
    """Code to wording, as the provider has approved it."""
    return {CODES[key]: words for key, words in to_register(TEXTS, provider).items()}


def templates() -> dict[str, Registered]:
    return registered(TEXTS, PAIRS)


def through_aliyun(base: str, *, replies: bool = True, key_id: str = fake_aliyun.KEY_ID) -> aliyun.AliyunSms:
    rules = aliyun.AliyunRules(sign=fake_aliyun.SIGN, templates=templates(), replies=replies)
    return aliyun.AliyunSms(aliyun.client(key_id, "secret", base, timeout_s=5.0), rules)


def through_tencent(base: str, now: Any, secret_id: str = fake_tencent.SECRET_ID) -> tencent.TencentSms:
    rules = tencent.TencentRules(
        app_id=fake_tencent.APP_ID, sign=fake_tencent.SIGN, templates=templates(), replies=True
    )
    return tencent.TencentSms(tencent.client(secret_id, "secret", base, timeout_s=5.0), rules, now)


def text(reference: str = "7", **changes: str) -> Outgoing:
    variables = {"place": "幸福里3号楼201", "who": "王秀英", "what": "14小时未用水", "urge": "请上门看看"}
    variables |= {"answer": "回1我去，2平安，3不能", "minutes": "30"} | changes
    return Outgoing(
        reference=reference,
        to="+8613800000001",
        name="王丽",
        language=Language.ZH,
        body="",
        template="alert",
        variables=variables,
    )


class Town:
    """The service with these channels, and the callbacks' addresses."""

    def __init__(self, folder: Path, channels: list[Channel], secret: str = SECRET) -> None:
        self.world = World(folder, channels=channels)
        found = [c for c in channels if isinstance(c, tencent.TencentSms)]
        inbound = ChinaInbound(
            records=self.world.records,
            outbox=self.world.outbox,
            replies=Replies(self.world.life, self.world.notifier.letters),
            secret=secret,
            tencent=found[0] if found else None,
        )
        app = FastAPI()
        app.include_router(webhooks_china(inbound, self.now))
        self.http = TestClient(app)

    def now(self) -> datetime:
        return self.world.now

    def posts(self, path: str, sent: object, secret: str = SECRET) -> tuple[int, Any]:
        answer = self.http.post(f"/webhooks/{path.replace('SECRET', secret)}", json=sent)
        return answer.status_code, answer.json() if answer.content else None
