"""What is wrong with the ledger's files, and what came of them, in Chinese; `domain.in_chinese` says how."""

LEDGER = {
    "{file} row {row}, {column}: {reason}": "{file} 第{row}行 {column}：{reason}",
    "{file} row {row}: {reason}": "{file} 第{row}行：{reason}",
    "warning: {reason}": "注意：{reason}",
    # A value
    "{value} is none of {known}": "{value}不在其中：{known}",
    "{value} is none of {known}, and not {other}": "{value}不在其中：{known}，也不是 {other}",
    "{value} is no number in international form, such as {such}": "{value}不是带国家代码的号码，如 {such}",
    "{value} is no number in international form, such as {such}, no e-mail address and no group's URL": "{value}不是带"
    "国家代码的号码（如 {such}），也不是电子邮箱或群机器人地址",
    "{value} is no time zone, such as {such}": "{value}不是时区，如 {such}",
    "{value} is no day, such as {such}": "{value}不是日期，如 {such}",
    "{value} is no day from {first} to {last}": "{value}不是{first}至{last}的日期",
    "{value} is no whole number from {first} to {last}": "{value}不是{first}至{last}的整数",
    "{value} is no number of litres from {first} to {last}": "{value}不是{first}至{last}的升数",
    "{value} is longer than {most} characters": "{value}超过{most}个字符",
    "{value} has a character that can't be printed": "{value}里有不能显示的字符",
    "{value} can't stand in a page's address: no / in it, and not . or .. alone": "{value}不能用在网址里：不能有 /，"
    "也不能只是 . 或 ..",
    "{value} can't be an id in a message: {wrong} in it": "{value}不能作编号：里面有 {wrong}",
    "{value} can't be a meter's id: a blank in it; where the gateway names it so, rename it there": "{value}不能作表号"
    "：里面有空格；网关就这样叫它的，请在网关上改名",
    "{value} is neither yes nor empty": "{value}应为“是”，或空着",
    "{value} is ahead of today, {today}": "{value}在今天（{today}）之后",
    "{value} is after this year, {year}": "{value}在今年（{year}）之后",
    # A row
    "is empty": "没有填",
    "is empty, but {other} isn't": "没有填，可是 {other} 填了",
    "is empty, but {who} is {role}: told of no home, and sees none": "没有填，而{who}是{role}：收不到任何一户的通知，"
    "也看不到任何一户",
    "has more fields than the header": "比第一行多了几列",
    "{value} stands in row {row} already": "{value}在第{row}行已经有了",
    "{value} stands in another row, too": "{value}在另一行也有",
    "{value} is not in {file} or the ledger": "{file} 和台账里都没有{value}",
    "{value} is refused in {file} and not in the ledger": "{value}在 {file} 里没有通过，台账里也没有",
    "{value} has role {role}, but must be {expected}": "{value}的 role 是{role}，应为{expected}",
    "a guardian": "监护人",
    "staff or a volunteer": "工作人员或志愿者",
    # A file
    "is no column of this file": "没有这一列",
    "is no column of this file; {meant}": "没有这一列：{meant}",
    "stands there twice": "出现了两次",
    "the column is missing": "缺这一列",
    "{file}: is no file of the ledger": "{file}：不是台账的文件",
    "{file}: is no file of the ledger; {meant}": "{file}：不是台账的文件，{meant}",
    "{folder}: no CSV files here": "{folder}：这里没有 CSV 文件",
    "{file}: can't be read: {error}": "{file}：读不出来（{error}）",
    "{file}: is neither UTF-8 nor GB 18030 text; save it as CSV in UTF-8": "{file}：不是 UTF-8 或 GB 18030 文本；请"
    "另存为“CSV UTF-8”",
    "{file}: is empty: the first line names the columns": "{file}：是空的，第一行应是列名",
    # What came of it
    "{file}: {added} new, {changed} changed, {same} as before": "{file}：新增{added}，改动{changed}，不变{same}",
    "{file}: {added} new, {changed} changed, {same} as before, {ended} ended": "{file}：新增{added}，改动{changed}，"
    "不变{same}，不再通知{ended}",
    "{file}: {added} new, {changed} changed, {same} as before, {refused} refused": "{file}：新增{added}，改动"
    "{changed}，不变{same}，没有导入{refused}",
    "{file}: {added} new, {changed} changed, {same} as before, {ended} ended, {refused} refused": "{file}：新增"
    "{added}，改动{changed}，不变{same}，不再通知{ended}，没有导入{refused}",
    "no meter: {homes}": "没有水表：{homes}",
    "not watched: no consent to watching the water: {homes}": "没有守护，因为没有人同意查看用水：{homes}",
    "consent to watching the water is not on paper: {homes}": "查看用水的同意没有书面文件：{homes}",
    "no pairing: {homes}": "没有结对：{homes}",
    "no guardian who can be reached: {homes}": "没有能联系上的监护人：{homes}",
    "a landline gets no texts, and sms.channel makes no calls: {whom}": "座机收不到短信，而 sms.channel 没有设置打电话"
    "（voice），通知不到：{whom}",
    "nobody who can be reached: {homes}": "没有任何能联系上的人：{homes}",
    "{role} without {column}: told of no home, but by pairing: {whom}": "{role}没有 {column}，除了结对的住户，收不到"
    "任何通知：{whom}",
    "alert {alert} ({kind}) of {home} goes on though {what}: no reading ends it any more, and people are told until "
    "somebody settles it": "{home} 的预警 {alert}（{kind}）还在继续（{what}）：读数不会再使它结束，请派人看过后办结",
    "dry run: nothing was written": "试运行：什么也没有写入",
    "rows refused: {count}; what they name stays as it was": "没有导入{count}行，它们写到的保持原样",
}
