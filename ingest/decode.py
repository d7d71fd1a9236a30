"""From a message to readings and events: the codec is chosen by topic, then by content; nothing ever raises."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache

from domain.reading import Decoded, Device, Ignored, Refused
from ingest.codecs import BY_CONTENT, BY_TOPIC, DECODERS, cjt188
from ingest.codecs.contract import Context, Decode, Message
from ingest.codecs.memory import Memory
from ingest.codecs.values import RefusedError, shown

MOST_BYTES = 262_144  # no gateway sends as much; history bundles stay below 20 kB
OWN_PREFIX = "anju/"


class FormatError(ValueError):
    """A topic filter is given a format that isn't known; the text names both."""


def formats_of(text: str) -> tuple[tuple[str, str], ...]:
    """`FILTER=FORMAT` separated by spaces, as the settings have it; raises `FormatError`."""
    pairs = [part.rpartition("=") for part in text.split()]
    if wrong := [repr("".join(pair)) for pair in pairs if not pair[0] or pair[2] not in DECODERS]:
        raise FormatError(f"{', '.join(wrong)}: not FILTER=FORMAT with one of {', '.join(sorted(DECODERS))}")
    return tuple((topic_filter, name) for topic_filter, _, name in pairs)


class Decoder:
    """Decodes messages in order. What earlier messages taught (Sparkplug names, units) stands in `memory`.

    `devices` is the ledger's word by device id; `formats` names the codec for topic filters (`tele/+/SENSOR`), before
    any recognition; `timezone` is that of clocks which don't say their own.
    """

    def __init__(
        self,
        devices: Mapping[str, Device] | None = None,
        *,
        formats: Sequence[tuple[str, str]] = (),
        timezone: tzinfo = UTC,
        max_bytes: int = MOST_BYTES,
        memory: Memory | None = None,
    ) -> None:
        unknown = [name for _, name in formats if name not in DECODERS]
        if unknown:
            raise FormatError(f"unknown format {unknown[0]!r}; known are {', '.join(sorted(DECODERS))}")
        known = {} if devices is None else devices
        self._named = formats
        self._context = Context(known, timezone, memory if memory is not None else Memory())
        self._formats = tuple((topic_filter.split("/"), DECODERS[name]) for topic_filter, name in formats)
        self._max_bytes = max_bytes
        self._route = lru_cache(maxsize=100_000)(self._find_route)

    @property
    def memory(self) -> Memory:
        """What formats that need earlier messages remember."""
        return self._context.memory

    def aside(self) -> "Decoder":
        """For old messages: what they teach once more, this decoder doesn't learn."""
        context = self._context
        return Decoder(
            context.devices,
            formats=self._named,
            timezone=context.timezone,
            max_bytes=self._max_bytes,
            memory=context.memory.aside(),
        )

    def decode(self, topic: str, payload: bytes, received_at: datetime) -> list[Decoded]:
        """At least one result; what can't be used is `Refused` or `Ignored` with the reason."""
        try:
            return self._decode(topic, payload, received_at) or [Ignored(f"nothing for us on topic {shown(topic)}")]
        except RefusedError as error:
            return [Refused(str(error))]
        except Exception as error:  # noqa: BLE001 one message never stops others
            return [Refused(f"payload {shown(payload)} can't be decoded: {type(error).__name__} {shown(str(error))}")]

    def _decode(self, topic: str, payload: bytes, received_at: datetime) -> list[Decoded]:
        if len(payload) > self._max_bytes:
            raise RefusedError(f"payload of {len(payload)} bytes is larger than {self._max_bytes}")
        if not payload:
            return [Ignored("empty payload: a retained message was cleared")]
        gateway_id, rest, decode = self._route(topic)
        if not gateway_id:
            raise RefusedError(f"topic {shown(topic)} names no gateway")
        message = Message(rest, payload, received_at, gateway_id)
        decode = decode or _by_content(message)
        if decode is None:
            return [Ignored(f"no format recognises topic {shown(topic)} with payload {shown(payload)}")]
        return decode(message, self._context)

    def _find_route(self, topic: str) -> tuple[str, str, Decode | None]:
        gateway_id, rest = _gateway(topic)
        levels = topic.split("/")
        for topic_filter, decode in self._formats:
            if _matches(topic_filter, levels):
                return gateway_id, rest, decode
        return gateway_id, rest, next((decode for recognises, decode in BY_TOPIC if recognises(rest)), None)


def _gateway(topic: str) -> tuple[str, str]:
    """The gateway's id and the topic in its own format."""
    if topic.startswith(OWN_PREFIX) and topic.count("/") >= 2:
        _, gateway_id, rest = topic.split("/", 2)
        return gateway_id, rest
    return topic.lstrip("/").partition("/")[0], topic


def _matches(topic_filter: Sequence[str], levels: Sequence[str]) -> bool:
    """MQTT's rule: + is one level, # the rest."""
    for i, part in enumerate(topic_filter):
        if part == "#":
            return True
        if i >= len(levels) or part not in ("+", levels[i]):
            return False
    return len(topic_filter) == len(levels)


def _by_content(message: Message) -> Decode | None:
    """The format that a payload on an unknown topic shows by itself."""
    if message.payload[:20].lstrip()[:1] in (b"{", b"["):
        document = message.json()
        return next((decode for fits, decode in BY_CONTENT if fits(document)), None)
    if cjt188.fits(message.payload):
        return cjt188.decode
    message.text()
    return None
