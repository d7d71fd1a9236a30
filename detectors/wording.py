"""Every reason in words: templates per language, filled from the values, times on the household's wall clock."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

from domain.finding import Reason
from domain.in_chinese import in_chinese
from domain.people import Language

TEMPLATES: Mapping[str, Mapping[Language, str]] = {
    "low_use": {
        Language.EN: "No water for {silent_hours} h as of {as_of_at}, since {last_use_at}. Usual uses in that "
        "time: {expected_uses}; the longest silence in 28 days, at any time of day, was {longest_hours} h.",
        Language.ZH: "截至{as_of_at}已{silent_hours}小时没有用水（自{last_use_at}起）。"
        "平时这段时间会用水{expected_uses}次；近28天不分昼夜最长{longest_hours}小时没有用水。",
    },
    "low_use_left": {
        Language.EN: "No water for {silent_hours} h as of {as_of_at}, since {last_use_at}; the door was last heard at "
        "{left_at}, so they may be out. Usual uses in that time: {expected_uses}; the longest silence in 28 days, "
        "at any time of day, was {longest_hours} h.",
        Language.ZH: "截至{as_of_at}已{silent_hours}小时没有用水（自{last_use_at}起）；"
        "{left_at}门最后动过，可能已外出。"
        "平时这段时间会用水{expected_uses}次；近28天不分昼夜最长{longest_hours}小时没有用水。",
    },
    "low_use_net": {
        Language.EN: "No water for {silent_hours} h as of {as_of_at}, since {last_use_at}, and no absence is known. "
        "Usual uses in that time: {expected_uses}; the longest silence in 28 days, at any time of day, was "
        "{longest_hours} h.",
        Language.ZH: "截至{as_of_at}已{silent_hours}小时没有用水（自{last_use_at}起），且没有外出登记。"
        "平时这段时间会用水{expected_uses}次；近28天不分昼夜最长{longest_hours}小时没有用水。",
    },
    "low_use_signs": {
        Language.EN: "No water for {silent_hours} h as of {as_of_at}, since {last_use_at}, though a door or motion "
        "sensor still spoke at {sign_at}: it may be a pet or the wind. Usual uses in that time: {expected_uses}; "
        "the longest silence in 28 days, at any time of day, was {longest_hours} h.",
        Language.ZH: "截至{as_of_at}已{silent_hours}小时没有用水（自{last_use_at}起）；"
        "{sign_at}门磁或人体感应仍有动静，但可能是宠物或风。"
        "平时这段时间会用水{expected_uses}次；近28天不分昼夜最长{longest_hours}小时没有用水。",
    },
    "low_use_net_signs": {
        Language.EN: "No water for {silent_hours} h as of {as_of_at}, since {last_use_at}, and no absence is known. A "
        "door or motion sensor still spoke at {sign_at}, which a pet or the wind can do. Usual uses in that time: "
        "{expected_uses}; the longest silence in 28 days, at any time of day, was {longest_hours} h.",
        Language.ZH: "截至{as_of_at}已{silent_hours}小时没有用水（自{last_use_at}起），且没有外出登记；"
        "{sign_at}门磁或人体感应仍有动静，但宠物或风也会触发。"
        "平时这段时间会用水{expected_uses}次；近28天不分昼夜最长{longest_hours}小时没有用水。",
    },
    "low_use_net_coarse": {
        Language.EN: "The meter has not moved for {silent_hours} h as of {as_of_at}, since {last_use_at}, and no "
        "absence is known. It counts in steps of {step_l} L and often stands still for hours (up to {longest_hours} h "
        "in the last 28 days), so a few hours alone say nothing here.",
        Language.ZH: "截至{as_of_at}水表已{silent_hours}小时没有走动（自{last_use_at}起），且没有外出登记。"
        "该表每{step_l}升才走一格，平时也常不动（近28天最长{longest_hours}小时），只静止几个小时无法判断。",
    },
    "low_use_row": {
        Language.EN: "For {silent_hours} h as of {as_of_at}, since {last_use_at}, nothing but {litres} L every "
        "{every_hours} h or so, day and night, and no absence is known: a drip, a cistern that leaks or a timer draws "
        "so, and no person. Usual uses in that time: {expected_uses}.",
        Language.ZH: "截至{as_of_at}已{silent_hours}小时（自{last_use_at}起）只有每隔约{every_hours}小时"
        "一次、每次约{litres}升的用水，昼夜不变，且没有外出登记：像是滴漏、马桶水箱漏水或定时设备，不像有人用水。平时这段时间会用水{expected_uses}次。",
    },
    "low_use_traces": {
        Language.EN: "For {silent_hours} h as of {as_of_at}, since {last_use_at}, nothing but a litre now and then, "
        "and no absence is known: a drip draws so, and who is at home draws more. Usual uses in that time: "
        "{expected_uses}; the longest silence in 28 days, at any time of day, was {longest_hours} h.",
        Language.ZH: "截至{as_of_at}已{silent_hours}小时（自{last_use_at}起）只偶尔有一升左右的用水，"
        "且没有外出登记：像是滴漏，家里有人时不会只用这么一点水。"
        "平时这段时间会用水{expected_uses}次；近28天不分昼夜最长{longest_hours}小时没有用水。",
    },
    "low_use_never_moved": {
        Language.EN: "The meter reports, but has never counted up in {silent_hours} h of readings: it may be "
        "stuck or mounted backwards, or nobody draws water. Which of them can't be told from here.",
        Language.ZH: "水表有读数，但在有读数的{silent_hours}小时里从未往上走："
        "可能是水表卡住或装反，也可能没有人用水，无法远程判断。",
    },
    "constant_flow_tap": {
        Language.EN: "Water has been running without a pause since {since_at}, at least {flow_lph} L/h: a tap or "
        "shower may be on. So long, or at this time of day, at most {record_lph} L/h have been usual here.",
        Language.ZH: "自{since_at}起一直在流水，每小时至少{flow_lph}升：可能是水龙头或淋浴没有关。"
        "这户平时在这个时段、或持续这么久，最多每小时{record_lph}升。",
    },
    "constant_flow_leak": {
        Language.EN: "Water has been running without a pause since {since_at}, at least {flow_lph} L/h: a leak or a "
        "running cistern. For so long at most {record_lph} L/h have been usual here.",
        Language.ZH: "自{since_at}起一直在流水，每小时至少{flow_lph}升：可能是漏水或马桶水箱没有关严。"
        "这户平时持续这么久时，最多每小时{record_lph}升。",
    },
    "constant_flow_burst": {
        Language.EN: "Far more water than is usual here: {flow_lph} L/h since {since_at}; at most "
        "{record_lph} L/h have been usual. A pipe may have burst.",
        Language.ZH: "用水量远超平时：自{since_at}起每小时{flow_lph}升，平时最多每小时{record_lph}升。可能是水管爆裂。",
    },
    "meter_leak": {
        Language.EN: "The meter itself says since {at} that water never stops running: a leak or a running cistern.",
        Language.ZH: "水表自{at}起报告水流不停：可能是漏水或马桶水箱没有关严。",
    },
    "meter_burst": {
        Language.EN: "The meter itself says since {at} that far too much water runs: a pipe may have burst.",
        Language.ZH: "水表自{at}起报告水量异常大：可能是水管爆裂。",
    },
    "change_in_use_less": {
        Language.EN: "Hours with water over the last three days: {uses_a_day} a day, usually {usual_a_day}. "
        "The person may be unwell.",
        Language.ZH: "近三天平均每天只有{uses_a_day}个小时有用水，平时为{usual_a_day}个小时。老人可能身体不适。",
    },
    "change_in_use_night": {
        Language.EN: "Hours with water over the last three nights: {uses_a_day} a night, usually {usual_a_day}.",
        Language.ZH: "近三夜平均每夜有{uses_a_day}个小时用水，平时为{usual_a_day}个小时。",
    },
    "use_while_absent": {
        Language.EN: "Water was used at {used_at}, though the household is announced to be away since {left_at}.",
        Language.ZH: "登记外出（自{left_at}起）期间，{used_at}有用水。",
    },
    "no_data": {
        Language.EN: "No usable reading since {last_at}; one is due about every {rhythm_minutes}. "
        "Whether water is used there can't be told.",
        Language.ZH: "自{last_at}起没有收到可用读数，平时约每{rhythm_minutes}一次。目前无法判断是否有用水。",
    },
    "no_data_never": {
        Language.EN: "No usable reading has come from the meter yet, known since {last_at}.",
        Language.ZH: "水表自{last_at}登记以来没有收到可用读数。",
    },
    "no_data_unusable": {
        Language.EN: "Readings come, but since {since_at} none of them tells how much water was used ({case}). "
        "Whether water is used there can't be told.",
        Language.ZH: "有读数，但自{since_at}起无法从中得出用水量（{case}）。目前无法判断是否有用水。",
    },
    "no_data_falling": {
        Language.EN: "Since {since_at} the register only falls: the meter may be mounted backwards. How much water is "
        "used there can't be told. Please see that the arrow on the meter points to where the water flows.",
        Language.ZH: "自{since_at}起表底数只减不增，水表可能装反，无法得出用水量。"
        "请检查表壳上的箭头是否与水流方向一致。",
    },
    "no_data_late": {
        Language.EN: "Readings come {late_hours} h after their time: that of {last_at} came on {at}. Either the "
        "meter's clock is wrong, or the meter uploads so late by design: then the setting ingest.late_hours is to be "
        "above the age of the newest reading of an upload. Whether water is used there now can't be told.",
        Language.ZH: "读数晚了{late_hours}小时才到：{last_at}的读数，{at}才收到。"
        "可能是水表的时钟不准；如果这种水表本来就隔几个小时才上传一次，"
        "请把设置项 ingest.late_hours 调到大于每次上传时最新读数的延迟。目前无法判断是否有用水。",
    },
    "sos": {
        Language.EN: "The SOS button was pressed at {at}.",
        Language.ZH: "{at}按了求助按钮。",
    },
    "gas": {
        Language.EN: "The gas detector gave alarm at {at}.",
        Language.ZH: "{at}燃气报警器报警。",
    },
    "smoke": {
        Language.EN: "The smoke detector gave alarm at {at}.",
        Language.ZH: "{at}烟雾报警器报警。",
    },
    "flood": {
        Language.EN: "There is water on the floor since {at}.",
        Language.ZH: "{at}起地面有水。",
    },
    "found": {
        Language.EN: "A passer-by scanned the wristband at {at} and is with the resident.",
        Language.ZH: "{at}有路人扫了手环，正陪着老人。",
    },
    "found_medical": {
        Language.EN: "A passer-by scanned the wristband at {at} and reports a medical emergency.",
        Language.ZH: "{at}有路人扫了手环，说老人需要急救。",
    },
    "found_inactive": {
        Language.EN: "A wristband out of use was scanned at {at}; the finder says that the resident is there.",
        Language.ZH: "{at}有人扫了停用的手环，说老人在那里。",
    },
    "gateway_silent": {
        Language.EN: "Nothing came through this gateway since {last_at}; none of its meters is heard.",
        Language.ZH: "网关自{last_at}起没有消息，它所连的水表都收不到。",
    },
    "service_down": {
        Language.EN: "Trouble: {problem}.",
        Language.ZH: "服务异常：{problem}。",
    },
    "contact_lost": {
        Language.EN: "{name} can't be reached any more: {error}. Please mend the ledger.",
        Language.ZH: "已联系不上{name}：{error}。请更新号码，否则这一环没有人。",
    },
    "cost_guard": {
        Language.EN: "Texts have cost {cost} today, over the limit of {limit}. They go on.",
        Language.ZH: "今日短信费用已到{cost}，超过上限{limit}。短信照常发送。",
    },
    "engine_fault": {
        Language.EN: "The readings of meter {device_id} can't be judged; the log says why.",
        Language.ZH: "水表{device_id}的读数无法判断，原因见日志。",
    },
    "call_from_nowhere": {
        Language.EN: "Device {device_id} called for help, or told of gas or smoke, at {at}. It is in no ledger, so "
        "nobody else was told: please find out whose it is, at once, and enter it.",
        Language.ZH: "设备{device_id}在{at}求助，或报告燃气、烟雾。"
        "它不在台账里，没有通知其他人：请立即查明是哪一户的，并登记入册。",
    },
    "state_lost": {
        Language.EN: "What was learned of meter {device_id}, and maybe of others, could not be read; "
        "it was learned anew from their readings.",
        Language.ZH: "水表{device_id}（可能还有其他水表）的用水习惯无法读取，已根据读数重新学习。",
    },
    "readings_lost": {
        Language.EN: "The file of readings was lost, replaced or restored; watching goes on with the new one.",
        Language.ZH: "读数文件丢失、被替换或恢复，已从新文件继续监测。",
    },
    "selftest": {
        Language.EN: "A test of the whole way, number {number}.",
        Language.ZH: "全流程测试，编号{number}。",
    },
    "street_low_use": {
        Language.EN: "Within {minutes} min, {count} or more homes were found to use no water: "
        "likely one cause (burst main, no supply, power cut).",
        Language.ZH: "{minutes}分钟内发现{count}户以上没有用水，可能是同一原因（爆管、停水、停电）。",
    },
    "street_constant_flow": {
        Language.EN: "Within {minutes} min, water was found running in {count} or more homes: "
        "likely one cause (the supply is back, and taps were left open).",
        Language.ZH: "{minutes}分钟内发现{count}户以上水流不停，可能是同一原因（如停水后来水，水龙头没有关）。",
    },
    "street_no_data": {
        Language.EN: "Within {minutes} min, {count} or more homes were found without readings: "
        "likely one cause (power cut, gateway, network).",
        Language.ZH: "{minutes}分钟内发现{count}户以上没有读数，可能是同一原因（停电、网关或网络故障）。",
    },
    "gap": {
        Language.EN: "Readings are missing; what happened meanwhile can't be told.",
        Language.ZH: "读数缺失，无法判断这段时间的情况。",
    },
    "late": {
        Language.EN: "These readings came late and say nothing about now.",
        Language.ZH: "这些读数是补传的，不能说明现在的情况。",
    },
    "by_itself": {
        Language.EN: "A litre by itself may be a drip's; it doesn't tell that somebody is well.",
        Language.ZH: "仅有一升水，可能是滴漏，不能说明老人平安。",
    },
    "away": {
        Language.EN: "The household is announced to be away.",
        Language.ZH: "这户登记外出。",
    },
    "answered": {
        Language.EN: "Somebody has said that all is well, and no water was drawn since.",
        Language.ZH: "已有人确认平安，此后尚未用水。",
    },
    "learning": {
        Language.EN: "The household's habit isn't known yet.",
        Language.ZH: "尚未了解这户的用水习惯。",
    },
}
_LATE = {  # behind what a sensor tells long after its own time
    Language.EN: " That came only at {heard_at}: act as if it were of now. It was held up on its way, or the clock of "
    "{device_id} is wrong; then please have it set.",
    Language.ZH: "{heard_at}才收到，请按刚刚发生来处理。"
    "可能是消息在路上耽搁了，也可能是设备{device_id}的时钟不准，请校准。",
}
_WRONG_CLOCK = {
    Language.EN: " The clock of {device_id} is wrong: it said {told_at}. Please have it set, or its battery changed.",
    Language.ZH: "设备{device_id}的时钟不准，当时显示{told_at}，请校准或更换电池。",
}
_UNHEARD_OF: Mapping[str, Mapping[Language, str]] = {  # where the household's record is nought
    "constant_flow_tap": {
        Language.EN: "Water has been running without a pause since {since_at}, at least {flow_lph} L/h: a tap or "
        "shower may be on. It has not run so long, or not at this time of day, here before.",
        Language.ZH: "自{since_at}起一直在流水，每小时至少{flow_lph}升：可能是水龙头或淋浴没有关。"
        "这户平时不在这个时段用水，或从不连续流这么久。",
    },
    "constant_flow_leak": {
        Language.EN: "Water has been running without a pause since {since_at}, at least {flow_lph} L/h: a leak or a "
        "running cistern. It has not run so long without a pause here before.",
        Language.ZH: "自{since_at}起一直在流水，每小时至少{flow_lph}升：可能是漏水或马桶水箱没有关严。"
        "这户平时从不连续流这么久。",
    },
    "constant_flow_burst": {
        Language.EN: "Far more water than is usual here: {flow_lph} L/h since {since_at}. A pipe may have burst.",
        Language.ZH: "用水量远超平时：自{since_at}起每小时{flow_lph}升。可能是水管爆裂。",
    },
}
_LONGEST = {  # left out while no silence has ended here yet
    Language.EN: (
        "; the longest silence in 28 days, at any time of day, was {longest_hours} h",
        " (up to {longest_hours} h in the last 28 days)",
    ),
    Language.ZH: ("；近28天不分昼夜最长{longest_hours}小时没有用水", "（近28天最长{longest_hours}小时）"),
}
_TIMERS = {
    Language.EN: " Water that a timer draws at about {timers} is not counted.",
    Language.ZH: "{timers}左右的定时用水（如浇灌）不计在内。",
}
_DRIP = {
    Language.EN: " What always runs here ({drip_lph} L/h, like a drip) is not counted.",
    Language.ZH: "平时一直在流的水（每小时约{drip_lph}升，像滴漏）不计在内。",
}
_CASES: Mapping[Language, Mapping[str, str]] = {  # `domain.register.Case`, of those that tell no volume
    Language.EN: {
        "unreadable": "no possible register",
        "replaced": "it fell, as when a meter is changed",
        "jump": "it jumps by more than a pipe can carry",
        "return": "it goes back and forth",
        "unit change": "it counts in another unit than before",
    },
    Language.ZH: {
        "unreadable": "读数不合理",
        "replaced": "表底数变小，像是换过表",
        "jump": "表底数突增，超过水管可能的流量",
        "return": "表底数忽高忽低",
        "unit change": "单位与以前不同",
    },
}
_NEVER = {Language.EN: "before the first reading", Language.ZH: "在首次读数之前"}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def explain(reason: Reason, language: str, tz: tzinfo) -> str:
    """The reason as one or two sentences; an unknown key is shown as it is rather than hidden."""
    spoken = Language(language) if language in set(Language) else Language.EN
    unheard_of = reason.key in _UNHEARD_OF and not reason.values.get("record_lph", 1.0)
    key = reason.key.removesuffix("_late") if "heard_at" in reason.values else reason.key
    template = (_UNHEARD_OF if unheard_of else TEMPLATES).get(key, {}).get(spoken)
    if template is None:
        return reason.key
    if not reason.values.get("longest_hours", 1.0):
        for clause in _LONGEST[spoken]:
            template = template.replace(clause, "")
    if "timers" in reason.values:
        template += _TIMERS[spoken]
    if "drip_lph" in reason.values:
        template += _DRIP[spoken]
    if "heard_at" in reason.values:
        template += _LATE[spoken]
    if "told_at" in reason.values:
        template += _WRONG_CLOCK[spoken]
    return template.format_map(_Said({name: _say(name, value, spoken, tz) for name, value in reason.values.items()}))


class _Said(dict[str, str]):
    """A reason written down by an earlier version may lack a value; it is told all the same."""

    def __missing__(self, name: str) -> str:
        return "?"


def _say(name: str, value: float | str, language: Language, tz: tzinfo) -> str:
    if name == "told_at":  # by a clock that may be years behind
        return f"{datetime.fromisoformat(str(value)).astimezone(tz):%Y-%m-%d %H:%M}{named(tz)}"
    if name == "at" or name.endswith("_at"):
        return wall_clock(datetime.fromisoformat(str(value)), language, tz) if value else _NEVER[language]
    if name == "case":
        return _CASES[language].get(str(value), str(value))
    if isinstance(value, str):
        return in_chinese(value) if language is Language.ZH and name in ("problem", "error") else value
    if name == "rhythm_minutes":
        return _every(value, language)
    return hours(value) if name.endswith("_hours") else _number(value)


def _number(value: float) -> str:
    """Tenths where they matter."""
    return f"{value:.0f}" if abs(value) >= 100.0 else f"{value:.1f}".removesuffix(".0")


def _every(minutes: float, language: Language) -> str:
    """A meter's rhythm: in minutes up to two hours, in hours beyond."""
    if minutes < 120.0:
        return f"{minutes:.0f}分钟" if language is Language.ZH else f"{minutes:.0f} min"
    return f"{minutes / 60.0:.0f}小时" if language is Language.ZH else f"{minutes / 60.0:.0f} h"


def hours(length_h: float) -> str:
    """From two on whole hours, rounded, on pages and in texts alike: nobody counts a silence in minutes."""
    return f"{length_h:.0f}" if length_h >= 2.0 else f"{length_h:.1f}".removesuffix(".0")


def wall_clock(at: datetime, language: Language, tz: tzinfo) -> str:
    """A day and time there, written out by hand: strftime would speak the server's locale. UTC is named so."""
    at = at.astimezone(UTC).astimezone(tz)
    clock = f"{at:%H:%M}{named(tz)}"
    if language is Language.ZH:
        return f"{at.month}月{at.day}日{clock}"
    return f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]} {clock}"


def named(tz: tzinfo) -> str:
    """What stands behind a clock: nothing for a place's own; UTC is nobody's, and says so."""
    return " UTC" if str(tz) == "UTC" else ""
