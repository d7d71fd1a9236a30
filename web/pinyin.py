"""How a Chinese form of address is said, for a finder who reads no Chinese: 王奶奶 is Wáng nǎinai."""

_SURNAMES = """
王Wáng 李Lǐ 张Zhāng 刘Liú 陈Chén 杨Yáng 黄Huáng 赵Zhào 吴Wú 周Zhōu 徐Xú 孙Sūn 马Mǎ 朱Zhū 胡Hú 郭Guō 何Hé 林Lín 高Gāo
罗Luó 郑Zhèng 梁Liáng 谢Xiè 宋Sòng 唐Táng 许Xǔ 邓Dèng 冯Féng 韩Hán 曹Cáo 曾Zēng 彭Péng 肖Xiāo 萧Xiāo 蔡Cài 潘Pān 田Tián
董Dǒng 袁Yuán 于Yú 余Yú 叶Yè 蒋Jiǎng 杜Dù 苏Sū 魏Wèi 程Chéng 吕Lǚ 丁Dīng 沈Shěn 任Rén 姚Yáo 卢Lú 傅Fù 钟Zhōng 姜Jiāng
崔Cuī 谭Tán 廖Liào 范Fàn 汪Wāng 陆Lù 金Jīn 石Shí 戴Dài 贾Jiǎ 韦Wéi 夏Xià 邱Qiū 方Fāng 侯Hóu 邹Zōu 熊Xióng 孟Mèng 秦Qín
白Bái 江Jiāng 阎Yán 闫Yán 薛Xuē 尹Yǐn 段Duàn 雷Léi 黎Lí 史Shǐ 龙Lóng 陶Táo 贺Hè 顾Gù 毛Máo 郝Hǎo 龚Gōng 邵Shào 万Wàn
钱Qián 严Yán 赖Lài 洪Hóng 武Wǔ 莫Mò 孔Kǒng 汤Tāng 向Xiàng 常Cháng 温Wēn 康Kāng 施Shī 文Wén 牛Niú 樊Fán 葛Gě 邢Xíng
安Ān 齐Qí 易Yì 乔Qiáo 伍Wǔ 庞Páng 颜Yán 倪Ní 庄Zhuāng 聂Niè 章Zhāng 鲁Lǔ 岳Yuè 翟Zhái 殷Yīn 詹Zhān 申Shēn 欧Ōu 耿Gěng
关Guān 兰Lán 焦Jiāo 俞Yú 左Zuǒ 柳Liǔ 甘Gān 祝Zhù 包Bāo 尚Shàng 符Fú 舒Shū 阮Ruǎn 柯Kē 纪Jǐ 梅Méi 童Tóng 凌Líng 毕Bì
单Shàn 季Jì 裴Péi 霍Huò 涂Tú 成Chéng 苗Miáo 谷Gǔ 盛Shèng 曲Qū 翁Wēng 骆Luò 蓝Lán 路Lù 游Yóu 辛Xīn 靳Jìn 管Guǎn 柴Chái
鲍Bào 华Huà 祁Qí 蒲Pú 房Fáng 滕Téng 屈Qū 饶Ráo 解Xiè 艾Ài 尤Yóu 穆Mù 司Sī 卓Zhuó 古Gǔ 吉Jí 简Jiǎn 车Chē 项Xiàng 连Lián
欧阳Ōuyáng 司马Sīmǎ 上官Shàngguān 诸葛Zhūgě 司徒Sītú 皇甫Huángfǔ
"""
_FORMS = """
奶奶nǎinai 爷爷yéye 婆婆pópo 公公gōnggong 阿婆āpó 阿公āgōng 外婆wàipó 外公wàigōng 姥姥lǎolao 姥爷lǎoye 大爷dàye 大妈dàmā
大娘dàniáng 大伯dàbó 伯伯bóbo 伯母bómǔ 阿姨āyí 叔叔shūshu 大姐dàjiě 大哥dàgē 老师lǎoshī 医生yīshēng 师傅shīfu
先生xiānsheng 女士nǚshì 老人家lǎorenjia 老先生lǎoxiānsheng 老lǎo
"""


def _table(words: str) -> dict[str, str]:
    """Characters and their pinyin, which stand together without a blank."""
    pairs = [(word, next(at for at, sign in enumerate(word) if not "一" <= sign <= "龥")) for word in words.split()]
    return {word[:at]: word[at:] for word, at in pairs}


_SAID = {"": "", **_table(_SURNAMES)}
_CALLED = _table(_FORMS)


def pinyin(salutation: str) -> str:
    """Of a common surname with a common form of address, or of the form alone; else empty: no guess is better."""
    cuts = ((salutation[:at], salutation[at:]) for at in range(3))
    return next((f"{_SAID[one]} {_CALLED[rest]}".strip() for one, rest in cuts if one in _SAID and rest in _CALLED), "")
