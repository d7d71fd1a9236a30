"""Whatever can keep a text from leaving or arriving is said in Chinese, too, with the provider's code behind it."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import notifier
from config.sms import load_words
from detectors.wording import explain
from domain.finding import AlertKind, Reason
from domain.in_chinese import in_chinese
from domain.people import Language
from notifier.channels import aliyun_codes, tencent_codes, twilio_codes, twilio_voice
from notifier.messages import Texts, When
from tests.ingest.test_reasons_in_chinese import CHINESE, sentences

RAISING = {"ChannelError", "NoChannelError", "fail", "doubt", "Sent"}


def of_tables() -> Iterator[str]:
    for codes in (twilio_codes.REFUSALS, aliyun_codes.REFUSALS, tencent_codes.REFUSALS):
        yield from (reason for _, reason in codes.values())
    yield from (reason for _, _, reason in tencent_codes._BY_FAMILY)
    yield from (why.reason for why in twilio_codes.UNDELIVERED.values())
    yield from (status for status, (said, _) in twilio_voice._STATUSES.items() if said.lost)


def of_calls() -> Iterator[str]:
    for path in Path(notifier.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in RAISING:
                for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                    yield from sentences(argument)


@pytest.mark.parametrize("error", sorted({*of_tables(), *of_calls()}))
def test_why_a_text_did_not_arrive(error: str) -> None:
    assert CHINESE.search(in_chinese(error)), error


def test_the_providers_code_stands_behind_its_reason() -> None:
    assert in_chinese("a landline, gets no texts (21614)") == "座机收不到短信（21614）"
    assert in_chinese("not delivered (用户 停机)") == "没有送达（用户 停机）"
    assert in_chinese("odd (503)") == "odd (503)"


def test_the_operator_reads_in_chinese_who_is_lost_and_why() -> None:
    reason = Reason(key="contact_lost", values={"name": "王丽", "error": "its owner wants no texts"})
    assert explain(reason, "zh", UTC) == "已联系不上王丽：本人不愿收短信。请更新号码，否则这一环没有人。"
    texts = Texts(words=load_words())
    said = texts.reason(Language.ZH, "what", AlertKind.CHANNEL_DOWN, reason, When(now=datetime.now(UTC), zone=UTC))
    assert said == "联系不上王丽：本人不愿收短信，请更新号码"
