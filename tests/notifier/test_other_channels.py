"""E-mail through a mail server, and groups through Apprise, each against a server of our own on loopback."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_string
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from domain.people import Language
from notifier.channels.apprise import AppriseGroup
from notifier.channels.email import Email, SmtpRules
from notifier.channels.log import LogChannel
from notifier.channels.twilio import TwilioRules, TwilioSms, client
from notifier.contract import ChannelError, Failure, Outgoing
from notifier.router import Router
from tests.notifier.world import MORNING
from tests.services import free_port


def text(to: str) -> Outgoing:
    return Outgoing(
        reference="7",
        to=to,
        name="王丽",
        language=Language.ZH,
        body="【安居】幸福里3号楼201 王秀英：14小时未用水。请上门看看。",
        template="alert",
        variables={},
    )


@dataclass
class Post:
    """A mail server that says what it is told to say to each recipient."""

    port: int = 0
    answer: str = "250 ok"
    ends_after_data: bool = False
    letters: list[str] = field(default_factory=list)


def _serve(listener: socket.socket, post: Post) -> None:
    connection, _ = listener.accept()
    with connection, connection.makefile("rw", encoding="utf-8", newline="\r\n") as line:

        def say(words: str) -> None:
            line.write(words + "\r\n")
            line.flush()

        say("220 post")
        for command in line:
            verb = command[:4].upper().strip()
            if verb == "DATA":
                say("354 go on")
                post.letters.append("".join(iter(line.readline, ".\r\n")).replace("\r\n", "\n"))
                if post.ends_after_data:
                    return
                say("250 taken")
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say(post.answer if verb == "RCPT" else "250 ok")


@contextmanager
def mail_server(post: Post) -> Iterator[Email]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=_serve, args=(listener, post))
        thread.start()
        port = int(listener.getsockname()[1])
        yield Email(SmtpRules(host="127.0.0.1", port=port, sender="anju@example.org", tls=False, timeout_s=5))
        thread.join()


def test_a_mail_carries_the_words_and_our_own_number() -> None:
    post = Post()
    with mail_server(post) as email:
        sent = email.send(text("daughter@example.org"))
    letter = message_from_string(post.letters[0], policy=default)
    assert letter["To"] == "daughter@example.org"
    assert str(letter["Message-ID"]) == sent.sid
    assert letter.get_content().strip() == text("").body


def test_an_address_that_does_not_exist_is_permanent_and_a_full_one_is_not() -> None:
    for answer, failure in (("550 no such user", Failure.PERMANENT), ("452 full", Failure.BUSY)):
        with mail_server(Post(answer=answer)) as email, pytest.raises(ChannelError) as refused:
            email.send(text("nobody@example.org"))
        assert refused.value.failure is failure


def test_a_line_that_breaks_after_the_letter_leaves_it_uncertain_and_no_server_is_certainly_not_sent() -> None:
    with mail_server(Post(ends_after_data=True)) as email, pytest.raises(ChannelError) as lost:
        email.send(text("daughter@example.org"))
    assert lost.value.failure is Failure.UNCERTAIN
    nowhere = Email(SmtpRules(host="127.0.0.1", port=free_port(), sender="a@b.org", tls=False))
    with pytest.raises(ChannelError) as down:
        nowhere.send(text("daughter@example.org"))
    assert down.value.failure is Failure.DOWN


class _Group(BaseHTTPRequestHandler):
    status = 200
    posts: list[bytes]

    def do_POST(self) -> None:
        self.posts.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Quiet."""


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # apprise's own import
@pytest.mark.parametrize("status", [200, 500])
def test_a_group_gets_the_words_and_a_group_that_refuses_is_tried_again(status: int) -> None:
    posts: list[bytes] = []
    server = HTTPServer(("127.0.0.1", 0), type("Group", (_Group,), {"posts": posts, "status": status}))
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        address = text(f"json://127.0.0.1:{server.server_port}/group")
        if status == 200:
            assert AppriseGroup().send(address).sid == "apprise-7"
        else:
            with pytest.raises(ChannelError) as refused:
                AppriseGroup().send(address)
            assert refused.value.failure is Failure.BUSY
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert "14" in posts[0].decode()


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # apprise's own import
def test_each_address_goes_to_the_channel_of_its_kind() -> None:
    twilio = TwilioSms(client("AC" + "0" * 32, "token"), TwilioRules(sender="+15005550006"))
    email = Email(SmtpRules(host="localhost", sender="a@b.org"))
    router = Router([twilio, email, AppriseGroup()])
    for address, name in (("+34600", "twilio"), ("a@b.org", "email"), ("wecombot://key", "apprise")):
        assert router.route(address, MORNING)[0].name == name
    assert Router([LogChannel(lambda _: None)]).route("a@b.org", MORNING)[0].name == "log"
