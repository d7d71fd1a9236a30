"""Sparkplug B: metrics in protobuf; births name them, later data may carry only their alias."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from math import inf, isfinite
from typing import Any, NamedTuple

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from domain.reading import AtSource, Decoded, Ignored
from ingest.codecs.contract import Context, Message
from ingest.codecs.outcomes import device_event, ledger_unit, register_or_event
from ingest.codecs.times import epoch
from ingest.codecs.values import LONGEST_ID, RefusedError, checked_id, litres_per, shown

REGISTER = re.compile(r"total|register|volume|index|reading|totali[sz]er|consumption|累计")
NOT_REGISTER = re.compile(
    r"flow|rate|temp|pressure|daily|today|month|hour|week|year|last|target|reverse|backward|heat|energy"
)
FLAGS: Mapping[str, tuple[str, str]] = {  # last word of the metric's name: flag, kind where nothing else tells
    "leak": ("leak", "leak_sensor"), "leakage": ("leak", "leak_sensor"), "flood": ("leak", "leak_sensor"),
    "smoke": ("smoke", "smoke_detector"), "gas": ("gas", "gas_detector"), "sos": ("sos", "sos_button"),
    "door": ("open", "door_contact"), "open": ("open", "door_contact"), "motion": ("motion", "motion_sensor"),
    "burst": ("burst", "water_meter"), "backflow": ("backflow", "water_meter"), "dry": ("dry", "water_meter"),
    "tamper": ("tamper", "device_status"), "lowbattery": ("low_battery", "device_status"),
}  # fmt: skip
MOST_ALIASES = 50_000  # of one edge node: some thousand meters behind it
SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}  # data types that protobuf carries without their sign
_FIELD = FieldDescriptorProto


def _payload_class() -> Any:
    """The messages of the Sparkplug specification, as far as they are read here."""
    file = FileDescriptorProto(name="anju_sparkplug_b.proto", package="anju", syntax="proto2")
    metric, payload = file.message_type.add(name="Metric"), file.message_type.add(name="Payload")
    metric.oneof_decl.add(name="value")
    for number, name, kind in (
        (1, "name", _FIELD.TYPE_STRING),
        (2, "alias", _FIELD.TYPE_UINT64),
        (3, "timestamp", _FIELD.TYPE_UINT64),
        (4, "datatype", _FIELD.TYPE_UINT32),
        (7, "is_null", _FIELD.TYPE_BOOL),
        (10, "int_value", _FIELD.TYPE_UINT32),
        (11, "long_value", _FIELD.TYPE_UINT64),
        (12, "float_value", _FIELD.TYPE_FLOAT),
        (13, "double_value", _FIELD.TYPE_DOUBLE),
        (14, "boolean_value", _FIELD.TYPE_BOOL),
        (15, "string_value", _FIELD.TYPE_STRING),
    ):
        field = metric.field.add(name=name, number=number, type=kind, label=_FIELD.LABEL_OPTIONAL)
        if name.endswith("_value"):
            field.oneof_index = 0
    payload.field.add(name="timestamp", number=1, type=_FIELD.TYPE_UINT64, label=_FIELD.LABEL_OPTIONAL)
    payload.field.add(
        name="metrics", number=2, type=_FIELD.TYPE_MESSAGE, type_name=".anju.Metric", label=_FIELD.LABEL_REPEATED
    )
    payload.field.add(name="uuid", number=4, type=_FIELD.TYPE_STRING, label=_FIELD.LABEL_OPTIONAL)
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName("anju.Payload"))


Payload = _payload_class()


class Meaning(NamedTuple):
    """What a metric's name says of it."""

    register: bool
    battery: bool
    flag: tuple[str, str] | None
    litres_per_unit: float | None


class Metric(NamedTuple):
    """A metric by its name; `value` is None where it is null or of a kind that we don't read; time [ms], 0 for none."""

    name: str
    value: float | bool | str | None
    timestamp: int
    says: Meaning


def recognises(topic: str) -> bool:
    """The namespace of the specification."""
    return topic.startswith("spBv1.0/")


def decode(message: Message, context: Context) -> list[Decoded]:
    """spBv1.0/<group>/<type>/<edge node>[/<device>]."""
    levels = message.topic.split("/")
    if len(levels) < 4 or levels[1] == "STATE":
        return [Ignored(f"{shown(message.topic)} is no birth, data or death")]
    group, kind, node = levels[1:4]
    device_id = checked_id(levels[-1], "device of the topic")
    message.speaks_for_itself(node)
    if kind in ("NCMD", "DCMD"):
        return [Ignored(f"command to {device_id}")]
    if kind in ("NDEATH", "DDEATH"):
        whose, death = (message.gateway_id, "gateway_death") if kind == "NDEATH" else (device_id, "device_status")
        return [device_event(message, whose, death, message.received, flags={"online": False})]
    payload = _parsed(message)
    key, teaches = ("sparkplug", group, node), kind in ("NBIRTH", "DBIRTH")
    names = {} if kind == "NBIRTH" else context.memory.get(key, {})  # by alias, name and data type
    names = dict(names) if teaches else names
    try:
        metrics = [_metric(metric, names, device_id, teaches=teaches) for metric in payload.metrics]
    finally:
        if teaches:
            context.memory[key] = names
    if kind == "NBIRTH":
        born = (epoch(payload.timestamp, 1000.0) or message.received_at, "gateway")
        return [device_event(message, message.gateway_id, "gateway_birth", born)]  # type: ignore[arg-type]
    if kind not in ("DBIRTH", "DDATA", "NDATA"):
        return [Ignored(f"{shown(kind)} of {device_id} is no birth, data or death")]
    return _device(message, context, device_id, metrics, payload)


def _parsed(message: Message) -> Any:
    try:
        payload = Payload.FromString(message.payload)
    except DecodeError as error:
        raise RefusedError(f"payload isn't a Sparkplug payload: {shown(message.payload)}") from error
    if payload.uuid.startswith("SPBV1.0_COMPRESSED"):
        raise RefusedError("payload is compressed: switch compression off at the edge node")
    return payload


def _metric(metric: Any, names: dict[str, tuple[str, int]], device_id: str, *, teaches: bool) -> Metric:
    """The metric by the name that it has or that its alias was born with; a birth teaches `names`."""
    name, datatype = metric.name, metric.datatype
    if not isinstance(name, str) or len(name) > LONGEST_ID:
        raise RefusedError(f"name {shown(name)} of a metric of {device_id} isn't UTF-8, or too long")
    if not name:
        alias = str(metric.alias)
        if alias not in names:
            raise RefusedError(f"alias {metric.alias} of {device_id} is unknown: no birth was seen; ask for a rebirth")
        name, born_as = names[alias]
        datatype = datatype or born_as
    elif teaches and metric.HasField("alias"):
        if len(names) >= MOST_ALIASES and str(metric.alias) not in names:
            raise RefusedError(f"alias {metric.alias} of {device_id} is one more than {MOST_ALIASES} of its edge node")
        names[str(metric.alias)] = name, datatype
    return Metric(name, _value(metric, datatype), metric.timestamp, _says(name))


def _value(metric: Any, datatype: int) -> float | bool | str | None:
    field = metric.WhichOneof("value")
    if metric.is_null or field is None:
        return None
    value: Any = getattr(metric, field)
    bits = SIGNED.get(datatype)
    if bits and field in ("int_value", "long_value") and value >= 1 << (bits - 1):
        value -= 1 << (32 if field == "int_value" else 64)
    told: float | bool | str = value
    return told if not isinstance(told, float) or isfinite(told) else None


def _device(message: Message, context: Context, device_id: str, metrics: list[Metric], payload: Any) -> list[Decoded]:
    """The register, if one is told; else the flags, else nothing."""
    flags, kind = _flags(metrics)
    battery = _battery(metrics)
    sent = epoch(payload.timestamp, 1000.0)
    registers = [m for m in metrics if m.says.register and (m.value is None or type(m.value) in (int, float))]
    if not registers:
        if kind is None and not battery:
            return [Ignored(f"no metric of {device_id} is for us")]
        at: tuple[datetime, AtSource] = (sent, "gateway") if sent else message.received
        return [device_event(message, device_id, kind or "device_status", at, flags=flags, battery=battery)]
    results = []
    for metric in sorted(registers, key=_timestamp) if len(registers) > 1 else registers:
        told = epoch(metric.timestamp, 1000.0) or sent
        at = (told, "gateway") if told else message.received
        per_unit = metric.says.litres_per_unit or ledger_unit(context.device(device_id))
        value = float(metric.value) if metric.value is not None else None
        results.append(
            register_or_event(message, device_id, at, value, per_unit, name=metric.name, flags=flags, battery=battery)
        )
    return results


def _timestamp(metric: Metric) -> float:
    """What tells no time is of now."""
    return metric.timestamp or inf


def _battery(metrics: list[Metric]) -> dict[str, float]:
    for metric in metrics:
        value = metric.value
        if metric.says.battery and type(value) in (int, float) and 0 <= float(value or 0) <= 100:
            return {"percent": float(value or 0)}
    return {}


def _flags(metrics: list[Metric]) -> tuple[dict[str, bool], str | None]:
    flags: dict[str, bool] = {}
    kind = None
    for metric in metrics:
        meant = metric.says.flag
        if meant is not None and type(metric.value) is bool:
            flag, its_kind = meant
            flags[flag] = metric.value
            kind = kind or its_kind
    return flags, kind


@lru_cache(maxsize=10_000)
def _says(name: str) -> Meaning:
    """A unit may end the name (`Total_m3`, `Volume [L]`)."""
    lower = name.lower()
    last = re.split(r"[/\s]", lower)[-1].replace("_", "").removesuffix("alarm")
    return Meaning(
        register=REGISTER.search(lower) is not None and NOT_REGISTER.search(lower) is None,
        battery=re.search(r"battery.*(percent|level|soc|pct)", lower) is not None,
        flag=FLAGS.get(last),
        litres_per_unit=litres_per(re.split(r"[_\s/(\[]", name.rstrip(")]"))[-1]),
    )
