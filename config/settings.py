"""Every setting with its default, unit and reason, by section."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, get_type_hints

from config.setting import Described, describe, setting

PORTS = (1, 65535)
LEAST_BUDGET = 0.01  # one false alert in eight years; for none at all no patience would do
MOST_BUDGET = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Mqtt:
    """Where gateways publish."""

    host: str = setting("127.0.0.1", "the broker's name or address")
    port: int = setting(1883, "the broker's port; 8883 is usual with TLS", within=PORTS)
    tls: bool = setting(False, "encrypt and check the broker's certificate; always, off this machine")
    ca_file: str = setting("", "certificate authority of the broker; empty: the system's")
    cert_file: str = setting("", "our client certificate, where the broker asks for one")
    key_file: str = setting("", "the key to cert_file")
    username: str = setting("", "account at the broker; empty: none")
    password: str = setting("", "password of that account", secret=True)
    client_id: str = setting("anju", "fixed, so that the broker keeps our session; one service a client id")
    v5: bool = setting(False, "speak MQTT 5: the broker is asked to keep our session for ever; else 3.1.1")
    topics: str = setting("#", "topic filters to subscribe to, separated by spaces")


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Where readings and records are kept."""

    folder: str = setting("var", "holds readings.db and records.db; on a disk that really syncs")
    keep_days: int = setting(
        400, "readings older than this are deleted; longer history belongs in InfluxDB", unit="days", within=(60, 36500)
    )
    commit_messages: int = setting(
        400, "a group commit holds at most this many messages", unit="messages", within=(1, 10_000)
    )
    commit_ms: int = setting(20, "a group commit waits at most this long for more", unit="ms", within=(0, 1000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """What is taken from gateways."""

    formats: str = setting("", "FILTER=FORMAT pairs, separated by spaces: the format of topics that don't show it")
    max_payload_bytes: int = setting(262_144, "a larger payload is refused", unit="bytes", within=(1024, 16_777_216))
    max_messages_per_minute: int = setting(
        6000,
        "a gateway that sends more is a security event; nothing is dropped",
        unit="messages/min",
        within=(1, 10_000_000),
    )
    max_skew_minutes: int = setting(10, "a reading from further in the future is refused", unit="min", within=(0, 1440))
    late_hours: float = setting(3.0, "a reading older than this at arrival is backfill", unit="h", within=(0.1, 168))


@dataclass(frozen=True, slots=True, kw_only=True)
class Influx:
    """The time-series database for long history; without a URL there is none."""

    url: str = setting("", "for example https://influx.example.org:8086; empty: embedded store only")
    org: str = setting("anju", "organisation (2.x, 3); unused by 1.x")
    bucket: str = setting("anju", "bucket (2.x), database (1.x, 3)")
    token: str = setting("", "write and read access to the bucket", secret=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detect:
    """How sensitive the detectors are."""

    budget: float = setting(
        0.5,
        "false low_use alerts aimed at, in silences that end within 24 h",
        unit="per household and 30 days",
        within=(LEAST_BUDGET, MOST_BUDGET),
    )
    safety_net_hours: float = setting(
        36.0, "no use for this long always alerts", unit="h of known data", within=(12, 168)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """How texts leave."""

    channel: str = setting("log", "log (tells nobody), or of aliyun, tencent, twilio, voice those you have, best first")
    twilio_account_sid: str = setting("", "from the Twilio console")
    twilio_from: str = setting("", "sending number or messaging service")
    twilio_voice_from: str = setting("", "number that calls, for voice; empty: twilio_from")
    twilio_auth_token: str = setting("", "from the Twilio console", secret=True)
    smtp_host: str = setting("", "mail server for contacts whose address is an e-mail; empty: none")
    smtp_port: int = setting(587, "its port", within=PORTS)
    smtp_from: str = setting("", "sender of our mails")
    smtp_username: str = setting("", "account there; empty: none")
    smtp_password: str = setting("", "password of that account", secret=True)
    smtp_tls: bool = setting(True, "STARTTLS; false only towards this machine")
    apprise: bool = setting(False, "contacts may be groups (WeCom, DingTalk, Feishu, ntfy) by their Apprise URL")
    twilio_api_base: str = setting("", "another API base than Twilio's own, for tests")
    aliyun_key_id: str = setting("", "AccessKey of a RAM user who may do no more than send and query texts")
    aliyun_key_secret: str = setting("", "the secret to it", secret=True)
    aliyun_sign: str = setting("", "the approved sign (签名), without brackets")
    aliyun_templates: str = setting("", "our template = its code: alert=SMS_1 ask=SMS_2 ...; see docs/texts.md")
    aliyun_replies: bool = setting(False, "upstream texts (上行) are switched on for the sign")
    aliyun_caps: str = setting("50/d/template", "the console's limits to one number: 1/min 5/h 50/d/template")
    aliyun_api_base: str = setting("", "another API base than Aliyun's own, for tests")
    tencent_secret_id: str = setting("", "key of a CAM user who may do no more than send and query texts")
    tencent_secret_key: str = setting("", "the secret to it", secret=True)
    tencent_app_id: str = setting("", "SmsSdkAppId")
    tencent_sign: str = setting("", "the approved sign (签名), without brackets")
    tencent_templates: str = setting("", "our template = its id: alert=100001 ask=100002 ...; see docs/texts.md")
    tencent_replies: bool = setting(False, "upstream texts (上行) are switched on")
    tencent_caps: str = setting("1/30s 5/h 10/d", "the console's frequency limits to one number")
    tencent_api_base: str = setting("", "another API base than Tencent's own, for tests")
    webhook_secret: str = setting(
        "", "part of the address of Aliyun's and Tencent's callbacks; empty: none", secret=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Who is told, in which words, and who hears when the service itself is ill."""

    policies: str = setting("", "TOML file of timelines per kind and community; empty: the shipped ones")
    words: str = setting("", "folder of TOML files whose phrases replace or add to the shipped ones")
    daily_cost: float = setting(
        0.0,
        "a community's texts may cost so much a day before the operator is told; 0: no limit",
        within=(0, 1_000_000_000),
    )
    workers: int = setting(
        16, "calls to providers that run beside each other, so that a slow one holds nobody up", within=(1, 256)
    )
    texts_a_second: int = setting(
        60, "calls to providers, at most; no higher than the slowest one allows", unit="1/s", within=(1, 1000)
    )
    heartbeat_url: str = setting("", "pinged every minute while every due step ran; its silence alarms from outside")


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """Where the pages are served."""

    host: str = setting("127.0.0.1", "address to listen on; put a TLS proxy in front before you open it")
    port: int = setting(8000, "port to listen on; 0 takes a free one", within=(0, 65535))
    notes_keys: str = setting(
        "",
        "opens wristbands' medical notes; each 32 random bytes in base64, from `openssl rand -base64 32`;"
        " several, separated by spaces: the newest first",
        secret=True,
    )
    link_keys: str = setting(
        "",
        "signs the links in guardians' texts; each 32 characters or more, as from `openssl rand -hex 32`;"
        " several, separated by spaces: the newest first",
        secret=True,
    )
    public_url: str = setting("http://127.0.0.1:8000", "how people reach the pages; callbacks are signed over it")
    trusted_proxies: str = setting(
        "127.0.0.1 ::1",
        "addresses or networks of your reverse proxies, separated by spaces: only theirs is the X-Forwarded-For"
        " that tries are counted by",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, by section."""

    mqtt: Mqtt = field(default_factory=Mqtt)
    store: Store = field(default_factory=Store)
    ingest: Ingest = field(default_factory=Ingest)
    influx: Influx = field(default_factory=Influx)
    detect: Detect = field(default_factory=Detect)
    sms: Sms = field(default_factory=Sms)
    notify: Notify = field(default_factory=Notify)
    web: Web = field(default_factory=Web)


def sections() -> dict[str, type[Any]]:
    """The class of each section, by its name."""
    return dict(get_type_hints(Settings))


def described() -> Iterator[Described]:
    """Every setting there is, in the order of the sections."""
    for section, cls in sections().items():
        hints = get_type_hints(cls)
        for f in fields(cls):
            yield describe(section, f, hints[f.name])
