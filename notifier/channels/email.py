"""Texts as e-mail, for contacts whose address is one: through any SMTP server."""

import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import make_msgid

from notifier.contract import Capabilities, ChannelError, Failure, Outgoing, Sent


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpRules:
    """`tls` False only towards a server on this machine."""

    host: str
    sender: str
    port: int = 587
    username: str = ""
    password: str = ""
    tls: bool = True
    timeout_s: float = 30.0


class Email:
    """`Email(SmtpRules(host=..., sender=...))`; serves addresses with an @. Taken by the server is all it knows."""

    name = "email"

    def __init__(self, rules: SmtpRules) -> None:
        self._rules = rules

    def capabilities(self, phone: str) -> Capabilities | None:
        return Capabilities(links=True) if "@" in phone and "://" not in phone else None

    def send(self, text: Outgoing) -> Sent:
        letter = self._letter(text)
        handed_over = False
        try:
            with smtplib.SMTP(self._rules.host, self._rules.port, timeout=self._rules.timeout_s) as server:
                if self._rules.tls:
                    server.starttls(context=ssl.create_default_context())
                if self._rules.username:
                    server.login(self._rules.username, self._rules.password)
                handed_over = True
                server.send_message(letter)
        except smtplib.SMTPRecipientsRefused as e:
            code, why = next(iter(e.recipients.values()))
            failure = Failure.PERMANENT if 500 <= code < 600 else Failure.BUSY
            raise ChannelError(failure, why.decode(errors="replace")[:60], str(code)) from e
        except smtplib.SMTPAuthenticationError as e:
            raise ChannelError(Failure.CONFIGURATION, "account or password is wrong", str(e.smtp_code)) from e
        except smtplib.SMTPResponseException as e:
            raise ChannelError(Failure.BUSY, "the server refuses just now", str(e.smtp_code)) from e
        except (smtplib.SMTPException, OSError) as e:
            failure = Failure.UNCERTAIN if handed_over else Failure.DOWN
            raise ChannelError(failure, "the mail server fails", type(e).__name__) from e
        return Sent(sid=letter["Message-ID"])

    def _letter(self, text: Outgoing) -> EmailMessage:
        letter = EmailMessage()
        letter["From"], letter["To"] = self._rules.sender, text.to
        letter["Subject"] = text.body[:60]
        letter["Message-ID"] = make_msgid(idstring=text.reference, domain=self._rules.sender.rpartition("@")[2])
        letter.set_content(text.body)
        return letter

    def find(self, text: Outgoing, since: datetime) -> Sent | None:
        """A mail server can't be asked: an uncertain mail is sent once more."""
        return None

    def status(self, sid: str, to: str, sent_at: datetime) -> Sent | None:
        return None
