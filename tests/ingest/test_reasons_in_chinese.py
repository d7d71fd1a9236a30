"""Every reason for which a message isn't taken, and everything that can ail the service, is said in Chinese, too."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import ingest
import store
import web
from anju_commands.channels import standing_problems
from anju_service.self_watch import SelfWatch, name_of
from anju_service.service import Service
from anju_service.turns import Turns
from domain.in_chinese import in_chinese
from domain.length import in_words
from ingest.counters import Counters
from notifier.audit import audit, closed
from notifier.set_back import SetBack

CHINESE = re.compile("[\u4e00-\u9fff]")
REFUSING = {"RefusedError", "Refused", "Stranger", "Imposed", "Unbound", "refuse", "refused"}
PROBLEMS: list[Callable[..., object]] = [
    standing_problems,
    SelfWatch.health,
    Service._problems,
    Turns.problems,
    Counters.problems,
    SetBack.problem,
    audit,
    closed,
]


def sentences(node: ast.AST) -> Iterator[str]:
    """Every text with a space in it that this piece of program makes, its values filled in."""
    inside = {id(part) for n in ast.walk(node) if isinstance(n, ast.JoinedStr) for part in ast.walk(n) if part is not n}
    for n in ast.walk(node):
        if id(n) in inside or not isinstance(n, ast.JoinedStr | ast.Constant):
            continue
        parts = n.values if isinstance(n, ast.JoinedStr) else [n]
        text = "".join(str(p.value) if isinstance(p, ast.Constant) else value(ast.unparse(p)) for p in parts)
        if " " in text.strip() and re.search("[a-z]{2}", text):
            yield text


def noted() -> Iterator[str]:
    """What is written of a security event beside its kind."""
    for path in [path for package in (web, store, ingest) for path in Path(package.__path__[0]).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "security_event":
                yield from sentences(node.args[3])
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "detail":
                yield from sentences(node.value)


def value(expression: str) -> str:
    return "since 12:00:00 UTC" if ".since(" in expression else "7"


def refusals() -> Iterator[str]:
    for path in Path(ingest.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in REFUSING:
                for argument in node.args:
                    yield from sentences(argument)
            if isinstance(node, ast.FunctionDef) and node.name in ("_wrong", "lacking"):
                yield from body(node)


def body(function: ast.FunctionDef) -> Iterator[str]:
    for part in function.body[1:] if ast.get_docstring(function) else function.body:
        yield from sentences(part)


@pytest.mark.parametrize("sentence", sorted(set(refusals())))
def test_a_reason_for_which_a_message_is_not_taken(sentence: str) -> None:
    assert CHINESE.search(in_chinese(sentence)), sentence


@pytest.mark.parametrize("sentence", sorted(set(noted())))
def test_what_a_security_event_says(sentence: str) -> None:
    assert CHINESE.search(in_chinese(sentence)), sentence


@pytest.mark.parametrize("maker", PROBLEMS, ids=lambda maker: maker.__qualname__)
def test_what_ails_the_service(maker: Callable[..., object]) -> None:
    (function,) = ast.parse(textwrap.dedent(inspect.getsource(maker))).body
    assert isinstance(function, ast.FunctionDef)
    said = list(body(function))
    assert said
    for sentence in said:
        assert CHINESE.search(in_chinese(sentence) + in_chinese(f"{sentence}: 7")), sentence
        name = name_of(sentence)
        assert " " not in name or CHINESE.search(in_chinese(name)), name


def test_what_a_reason_holds_is_said_too_and_names_and_values_stay() -> None:
    told = in_chinese("[3] register_l: a number was expected, not 'x'; 4 more of this message")
    assert told == "第[3]项：register_l：应为数字，却是'x'；这条报文另有4处"
    told = in_chinese("'register_L' is no field of a reading; did you mean register_l?")
    assert told == "读数没有'register_L'这个字段：是不是 register_l？"


def test_a_sentence_that_nobody_has_translated_stays_as_it_is() -> None:
    assert in_chinese("HTTP 500") == "HTTP 500"


@pytest.mark.parametrize(
    ("length", "words", "chinese"),
    [
        (timedelta(days=364, hours=23, minutes=32, seconds=55.33), "364 days", "364天"),
        (timedelta(hours=47, minutes=59), "47 hours", "47小时"),
        (timedelta(hours=1, minutes=59), "119 minutes", "119分钟"),
        (timedelta(seconds=119.9), "119 seconds", "119秒"),
    ],
    ids=["a year nearly", "under two days", "under two hours", "under two minutes"],
)
def test_how_far_a_clock_is_ahead_is_said_in_one_unit(length: timedelta, words: str, chinese: str) -> None:
    assert in_words(length) == words
    told = in_chinese(f"at: 2027-04-11T00:00:00+00:00 is {words} ahead of our clock")
    assert told == f"at：2027-04-11T00:00:00+00:00比本机时钟快{chinese}"
