"""What the service says of itself, and of messages it can't use, in Chinese: by the pattern of the English sentence.

The English sentence is the one that is stored and logged. A pattern's parts in `_SAID_TOO` are said in
Chinese, too, and the words of the ledger's lists in `_LISTED`; any other part stays as it is: a name, a value,
an id. A sentence that no pattern fits stays English.
"""

import re
from functools import cache

from domain.entered_in_chinese import LEDGER
from domain.ledger_in_chinese import in_theirs
from domain.texts_in_chinese import TEXTS

SENTENCES = {
    # The service
    "texts are only logged, not sent: set sms.channel": "短信只写进日志，没有发出：请设置 sms.channel",
    "{part}: no turn finished since {since}": "{part} 自{since}起没有完成一轮",
    "watch: behind the readings since {since}": "监测自{since}起跟不上读数",
    "readings can't be stored since {since}: a commit hangs": "自{since}起读数存不进去：写盘没有反应",
    "readings can't be stored since {since}": "自{since}起读数存不进去",
    "ingest stands still since {since}": "自{since}起接收停顿",
    "broker is away since {since}": "自{since}起连不上消息服务器",
    "broker refuses our subscription: {topics}": "消息服务器拒绝订阅：{topics}",
    "broker connection lost {count} times since {since}: a poor line, or another client with our client id takes our "
    "messages": "自{since}起与消息服务器断开{count}次：线路不好，或另有客户端用同一个 client id",
    "clock: {count} readings in a row are ahead of ours and refused; is it set?": "连续{count}条读数比本机时钟快，"
    "已拒收：请核对时钟",
    "clock: went back by {length} at {at}; is it set?": "本机时钟在{at}倒退了{length}：请核对时钟",
    "wristbands: looks at them can't be logged any more": "手环扫码已无法记入日志",
    "readings wait for InfluxDB: {error}": "读数等待写入 InfluxDB：{error}",
    "records can't be read: {error}": "记录读不出来：{error}",
    "{channel}: takes no texts ({error})": "{channel} 发不出短信（{error}）",
    "alerts whose next step is overdue: {count}": "{count}件预警的下一步已过时",
    "texts due and not sent: {count}": "{count}条短信到时未发",
    "texts in a call that never ended: {count}": "{count}条短信的发送没有回音",
    "uncertain texts not looked up: {count}": "{count}条结果不明的短信尚未查询",
    "texts tried again and again that no provider takes: {count}": "{count}条短信一试再试，没有服务商接收",
    # The same, as alerts are named
    "texts are only logged, not sent": "短信没有发出",
    "readings can't be stored": "读数存不进去",
    "ingest stands still": "接收停顿",
    "broker is away": "连不上消息服务器",
    "broker refuses our subscription": "消息服务器拒绝订阅",
    "broker connection lost {count} times": "与消息服务器断开{count}次",
    "readings wait for InfluxDB": "读数等待写入 InfluxDB",
    "records can't be read": "记录读不出来",
    "alerts whose next step is overdue": "预警的下一步已过时",
    "texts due and not sent": "短信到时未发",
    "texts in a call that never ended": "短信发送没有回音",
    "uncertain texts not looked up": "结果不明的短信尚未查询",
    "texts tried again and again that no provider takes": "没有服务商接收短信",
    # Messages: which device, which home
    "device {device}, heard from gateway {gateway}, is in no ledger": "台账里没有设备{device}（来自网关{gateway}）",
    "device {device} is bound to gateway {bound}, not to {gateway}": "设备{device}属于网关{bound}，不属于{gateway}",
    "meter {meter}: nobody consented to watching the water of its home": "水表{meter}：这户还没有人同意看护用水",
    "topic {topic} names no device": "主题{topic}里没有设备号",
    "topic {topic} names no gateway": "主题{topic}里没有网关号",
    "devEui {told} isn't the topic's {device}": "devEui {told} 与主题里的{device}不一致",
    "timezone {zone} of device {device} is unknown": "设备{device}的时区{zone}不存在",
    "profile {profile} of {device} is unknown; known are {known}": "设备{device}的型号{profile}不认识；认识的有{known}",
    # Messages: times and values
    "at: {at} is {length} ahead of our clock": "at：{at}比本机时钟快{length}",
    "at: {at} is ahead of our clock by {length}, and taken as of its receipt": "at：{at}比本机时钟快{length}，"
    "已按收到的时间处理",
    "at: {at} is behind our clock by {length}, and taken as of its receipt": "at：{at}比本机时钟慢{length}，"
    "已按收到的时间处理",
    "at: {at} is before any meter's time": "at：{at}早得不合理",
    "at: {at} is no time with its zone, of 2000 to 2099 (such as 2026-03-01T06:30:00Z)": "at：{at}不是"
    "2000至2099年间带时区的时间（如 2026-03-01T06:30:00Z）",
    "at: {at} lacks its zone": "at：{at}没有时区",
    "Timestamp: {value} is no time": "Timestamp：{value}不是时间",
    "register_l: {value} is no volume": "register_l：{value}不是水量",
    "register_l and register_m3: one of them was expected, not both": "register_l 和 register_m3 只能有一个",
    "register_l or register_m3 is missing": "缺少 register_l 或 register_m3",
    "{name}: {value} is no possible register": "{name}：{value}不是可能的表底数",
    "{name}: {count} pulses of {device} have no volume: the ledger must say litres_per_pulse": "{name}：设备{device}有"
    "{count}个脉冲，但不知每个多少升：请在台账填 litres_per_pulse",
    "{name}: {value} of {device} has no unit: the ledger must say unit (m3, L or gal)": "{name}：设备{device}的{value}"
    "没有单位：请在台账填 unit（m3、L 或 gal）",
    "Alarm_Status {status} of {device}: its meaning isn't known": "设备{device}的 Alarm_Status {status} 含义不明",
    "CurrentVolume {value} or its time {at} is none": "CurrentVolume {value} 或其时间{at}无效",
    "current_volume_m3 {value} or timestamp_utc {at} is none": "current_volume_m3 {value} 或 timestamp_utc {at} 无效",
    "Unit: {unit} of Value {value} is no known unit": "Unit：{unit}（Value {value}）不是认识的单位",
    "unit {unit} of {device} isn't a unit of volume": "设备{device}的单位{unit}不是体积单位",
    "register {value} of {device} isn't BCD": "设备{device}的表底数{value}不是 BCD",
    # Messages: their form
    "[{place}] {reason}": "第[{place}]项：{reason}",
    "{reason}; {count} more of this message": "{reason}；这条报文另有{count}处",
    "{name}: {expected} was expected, not {value}": "{name}：应为{expected}，却是{value}",
    "{name}: {expected} was expected in {value}": "{name}：{value}里应有{expected}",
    "{expected} was expected, not {value}": "应为{expected}，却是{value}",
    "media and meter: texts were expected, not {value}": "media 和 meter：应为文字，却是{value}",
    "payload: {one} or an array of {many} was expected, not {value}": "payload：应为 {one} 或一组 {many}，却是{value}",
    "payload: neither a telegram nor an alarm: {value}": "payload：既不是电报也不是报警：{value}",
    "event: {value} is none of {known}": "event：{value}不在{known}之中",
    "{name} is no field of {of}; {meant}": "{of}没有{name}这个字段：{meant}",
    "did you mean {near}?": "是不是 {near}？",
    "known are {known}": "认识的有 {known}",
    "{name}: {value} isn't an object of {values}": "{name}：{value}应为值是 {values} 的对象",
    "{name}: {value} can't be an id (wildcard, slash, control character, or too long)": "{name}：{value}不能作编号"
    "（含通配符、斜杠、控制字符，或太长）",
    "{name}: {value} isn't base64": "{name}：{value}不是 base64",
    "APPdata {value} of {device} isn't base64": "设备{device}的 APPdata {value} 不是 base64",
    "{name}: {value} isn't hexadecimal": "{name}：{value}不是十六进制",
    "payload isn't JSON: {error}; it begins {start}": "报文不是 JSON：{error}；开头是{start}",
    "payload isn't UTF-8: {value}": "报文不是 UTF-8：{value}",
    "payload has the name {name} twice in one object": "报文的同一对象里{name}出现两次",
    "payload of {size} bytes is larger than {most}": "报文有{size}字节，超过{most}",
    "payload {value} can't be decoded: {error}": "报文{value}解不开：{error}",
    "line isn't a message: {error}": "这一行不是报文：{error}",
    "topic {topic} or received_at {at} can't be used": "主题{topic}或 received_at {at} 不能用",
    "fault: {error}": "程序出错：{error}",
    # Messages: frames of meters
    "payload is neither a frame nor hexadecimal: {value}": "报文既不是帧也不是十六进制：{value}",
    "frame {frame} is cut short or has no 68 ... 16": "帧{frame}不完整，或没有 68 ... 16",
    "frame {frame}: checksum {found} is wrong, {right} is right": "帧{frame}的校验和{found}不对，应为{right}",
    "frame {frame} of {device}: {reason}": "设备{device}的帧{frame}：{reason}",
    "it begins with {byte}, not with an M-Bus header": "开头是{byte}，不是 M-Bus 帧头",
    "it is encrypted beyond LoRaWAN": "除 LoRaWAN 外还另外加密",
    "no register after the time of the log": "记录时间之后没有表底数",
    "clock {clock} was never set": "表的时钟{clock}从未设置",
    "its profile isn't hourly rises, or is cut short": "历史不是逐小时增量，或不完整",
    "a report has at least 5 bytes": "上报至少应有5字节",
    "leak status {status} is neither 0 nor 1": "漏水状态{status}既不是0也不是1",
    "its length is no multiple of 3": "长度不是3的倍数",
    "channel {channel} with value {value} is unknown": "通道{channel}（值{value}）不认识",
    "channel {channel} type {type} is unknown or cut short": "通道{channel}类型{type}不认识或不完整",
    "{length} bytes is no length of a W1 frame (5, 43 to 47, 51 or 52)": "{length}字节不是 W1 帧的长度"
    "（5、43 至 47、51 或 52）",
    "no log clock near the frame's own clock": "记录时间与帧的时间对不上",
    "its rises are multiplied by a step {step} that isn't known": "增量的倍数{step}不认识",
    "object {value} of {device} has no curVol, current_volume_m3 or CurrentVolume": "设备{device}的对象{value}里没有 "
    "curVol、current_volume_m3 或 CurrentVolume",
    "uplink of {device} has no frame for profile {profile}": "设备{device}的上行里没有型号{profile}要的帧",
    "uplink of {device}: no counter (pulse_count, pulses, ...) in {value}": "设备{device}的上行{value}里没有计数"
    "（pulse_count、pulses 等）",
    "data is missing for {device}: LORIOT must decrypt (set the application key there)": "设备{device}没有 data：须由 "
    "LORIOT 解密（在那里填应用密钥）",
    "payload isn't a Sparkplug payload: {value}": "报文不是 Sparkplug：{value}",
    "payload is compressed: switch compression off at the edge node": "报文经过压缩：请在边缘节点关闭压缩",
    "name {name} of a metric of {device} isn't UTF-8, or too long": "设备{device}的指标名{name}不是 UTF-8，或太长",
    "alias {alias} of {device} is unknown: no birth was seen; ask for a rebirth": "设备{device}的别名{alias}未知："
    "没有收到 birth，请让它重发",
    "alias {alias} of {device} is one more than {most} of its edge node": "设备{device}的别名{alias}"
    "超出其边缘节点的{most}个",
    # Wristbands
    "card_id: a scan is an object with a card_id": "card_id：扫码应是带 card_id 的对象",
    "card_id: no wristband has this card": "card_id：没有手环用这张卡",
    "scans: {count} in one message; the first {most} count": "一条报文里有{count}次扫码；只取前{most}次",
    # Security events
    "by {who}": "由{who}",
    "by guardian {who}": "由家属{who}",
    "by command": "由命令",
    "from {address}": "来自{address}",
    "too many tries": "尝试次数太多",
    "by code": "用验证码",
    "by link": "凭链接",
    "{count} wrong codes": "{count}次验证码不对",
    "{count} codes in a day": "一天要了{count}次验证码",
    "{count} unknown codes": "{count}个不存在的编码",
    "more than {most} messages a minute": "每分钟超过{most}条报文",
    "the log couldn't be written; first looks at wristbands that it lacks: {count}": "{count}次查看首页没能写进日志",
    "written by {who}": "由{who}登记",
    "{paper}; written by {who}": "{paper}；由{who}登记",
    # What was expected
    "a number": "数字",
    "a number from 0 to 100": "0至100的数字",
    "a text": "文字",
    "a telegram": "一条电报",
    "an id": "编号",
    "an uplink": "一条上行数据",
    "a reading": "读数",
    "an event": "事件",
    "an object": "对象",
    "a JSON object": "JSON 对象",
    "an array": "数组",
    "true or false": "true 或 false",
    "online or offline": "online 或 offline",
    "Online or Offline": "Online 或 Offline",
    "ONLINE or OFFLINE": "ONLINE 或 OFFLINE",
} | (LEDGER | TEXTS)
_LENGTH = re.compile(r"(\d+) (seconds|minutes|hours|days)")  # as domain.length says it
_UNITS = {"seconds": "秒", "minutes": "分钟", "hours": "小时", "days": "天"}
_SAID_TOO = ("reason", "expected", "length", "of", "meant", "error")
_LISTED = ("known", "role")
_MORE = re.compile(r" and (\d+) more")  # behind the first of many homes or people
_CODED = re.compile(r"(.+) \(([^()]+)\)")  # a provider's code behind its reason


def in_chinese(sentence: str) -> str:
    """The sentence in Chinese, as far as it is known."""
    if length := _LENGTH.fullmatch(sentence):
        return length[1] + _UNITS[length[2]]
    english, parts = _fitting(sentence)
    if english:
        return SENTENCES[english].format(**{name: _said(name, part) for name, part in parts.items()})
    coded = _CODED.fullmatch(sentence)
    known = in_chinese(coded[1]) if coded else sentence
    return f"{known}（{coded[2]}）" if coded and known != coded[1] else sentence


def _said(name: str, part: str) -> str:
    if name in _SAID_TOO:
        return in_chinese(part)
    if name in _LISTED:
        return in_theirs(part)
    return _MORE.sub(r"，另有\1个", part) if name in ("homes", "whom") else part


def kind_of(sentence: str) -> str:
    """The same for all that differ in values alone; a field's name tells them apart, which reading of many does not."""
    english, parts = _fitting(sentence)
    if "reason" in parts:
        return kind_of(parts["reason"])
    return english.replace("{name}", parts.get("name", "")) or sentence


def _fitting(sentence: str) -> tuple[str, dict[str, str]]:
    """The pattern and what stands in its places; empty where none fits."""
    for pattern, english in _patterns():
        if found := pattern.fullmatch(sentence):
            return english, found.groupdict()
    return "", {}


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """What holds another sentence first; then the most particular: what names more words in full."""
    name = re.compile(r"\{(\w+)\}")

    def particular(english: str) -> tuple[bool, int]:
        return "{reason}" not in english, -len(name.sub("", english))

    return [
        (re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", re.escape(english)), re.DOTALL), english)
        for english in sorted(SENTENCES, key=particular)
    ]
