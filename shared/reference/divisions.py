"""The administrative divisions of Zhejiang by GB/T 2260 code, as valid on a day; other provinces by their province code.

In scope are days from 2019-01-01, when the province's run-once provisions came into force. Since then Longgang was made a
county-level city (2019) and Hangzhou's districts were redrawn (2021: Xiacheng and Jianggan ended, Linping and Qiantang began).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

DivisionLevel = Literal["province", "city", "county"]
PROVINCE = "330000"
IN_FORCE = date(2019, 1, 1)
_LONGGANG = date(2019, 8, 16)
_HANGZHOU_REDRAWN = date(2021, 4, 9)


@dataclass(frozen=True, slots=True)
class Division:
    """One division: its code, names, level, parent and the days on which it existed."""

    code: str
    name_zh: str
    name_en: str
    level: DivisionLevel
    parent: str | None
    valid_from: date = IN_FORCE
    valid_to: date | None = None

    def exists_on(self, day: date) -> bool:
        """Whether the division existed on `day`."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


_CITIES = """
330100 杭州市 Hangzhou
330200 宁波市 Ningbo
330300 温州市 Wenzhou
330400 嘉兴市 Jiaxing
330500 湖州市 Huzhou
330600 绍兴市 Shaoxing
330700 金华市 Jinhua
330800 衢州市 Quzhou
330900 舟山市 Zhoushan
331000 台州市 Taizhou
331100 丽水市 Lishui
"""

_COUNTIES = """
330102 上城区 Shangcheng
330103 下城区 Xiacheng
330104 江干区 Jianggan
330105 拱墅区 Gongshu
330106 西湖区 Xihu
330108 滨江区 Binjiang
330109 萧山区 Xiaoshan
330110 余杭区 Yuhang
330111 富阳区 Fuyang
330112 临安区 Lin'an
330113 临平区 Linping
330114 钱塘区 Qiantang
330122 桐庐县 Tonglu
330127 淳安县 Chun'an
330182 建德市 Jiande
330203 海曙区 Haishu
330205 江北区 Jiangbei
330206 北仑区 Beilun
330211 镇海区 Zhenhai
330212 鄞州区 Yinzhou
330213 奉化区 Fenghua
330225 象山县 Xiangshan
330226 宁海县 Ninghai
330281 余姚市 Yuyao
330282 慈溪市 Cixi
330302 鹿城区 Lucheng
330303 龙湾区 Longwan
330304 瓯海区 Ouhai
330305 洞头区 Dongtou
330324 永嘉县 Yongjia
330326 平阳县 Pingyang
330327 苍南县 Cangnan
330328 文成县 Wencheng
330329 泰顺县 Taishun
330381 瑞安市 Rui'an
330382 乐清市 Yueqing
330383 龙港市 Longgang
330402 南湖区 Nanhu
330411 秀洲区 Xiuzhou
330421 嘉善县 Jiashan
330424 海盐县 Haiyan
330481 海宁市 Haining
330482 平湖市 Pinghu
330483 桐乡市 Tongxiang
330502 吴兴区 Wuxing
330503 南浔区 Nanxun
330521 德清县 Deqing
330522 长兴县 Changxing
330523 安吉县 Anji
330602 越城区 Yuecheng
330603 柯桥区 Keqiao
330604 上虞区 Shangyu
330624 新昌县 Xinchang
330681 诸暨市 Zhuji
330683 嵊州市 Shengzhou
330702 婺城区 Wucheng
330703 金东区 Jindong
330723 武义县 Wuyi
330726 浦江县 Pujiang
330727 磐安县 Pan'an
330781 兰溪市 Lanxi
330782 义乌市 Yiwu
330783 东阳市 Dongyang
330784 永康市 Yongkang
330802 柯城区 Kecheng
330803 衢江区 Qujiang
330822 常山县 Changshan
330824 开化县 Kaihua
330825 龙游县 Longyou
330881 江山市 Jiangshan
330902 定海区 Dinghai
330903 普陀区 Putuo
330921 岱山县 Daishan
330922 嵊泗县 Shengsi
331002 椒江区 Jiaojiang
331003 黄岩区 Huangyan
331004 路桥区 Luqiao
331022 三门县 Sanmen
331023 天台县 Tiantai
331024 仙居县 Xianju
331081 温岭市 Wenling
331082 临海市 Linhai
331083 玉环市 Yuhuan
331102 莲都区 Liandu
331121 青田县 Qingtian
331122 缙云县 Jinyun
331123 遂昌县 Suichang
331124 松阳县 Songyang
331125 云和县 Yunhe
331126 庆元县 Qingyuan
331127 景宁畲族自治县 Jingning
331181 龙泉市 Longquan
"""

_FROM = {"330383": _LONGGANG, "330113": _HANGZHOU_REDRAWN, "330114": _HANGZHOU_REDRAWN}
_TO = {"330103": _HANGZHOU_REDRAWN, "330104": _HANGZHOU_REDRAWN}
_PROVINCES = """
110000 北京 Beijing
120000 天津 Tianjin
130000 河北 Hebei
140000 山西 Shanxi
150000 内蒙古 Inner Mongolia
210000 辽宁 Liaoning
220000 吉林 Jilin
230000 黑龙江 Heilongjiang
310000 上海 Shanghai
320000 江苏 Jiangsu
340000 安徽 Anhui
350000 福建 Fujian
360000 江西 Jiangxi
370000 山东 Shandong
410000 河南 Henan
420000 湖北 Hubei
430000 湖南 Hunan
440000 广东 Guangdong
450000 广西 Guangxi
460000 海南 Hainan
500000 重庆 Chongqing
510000 四川 Sichuan
520000 贵州 Guizhou
530000 云南 Yunnan
540000 西藏 Tibet
610000 陕西 Shaanxi
620000 甘肃 Gansu
630000 青海 Qinghai
640000 宁夏 Ningxia
650000 新疆 Xinjiang
710000 台湾 Taiwan
810000 香港 Hong Kong
820000 澳门 Macao
"""


def _division(line: str, level: DivisionLevel) -> Division:
    code, name_zh, name_en = line.split(maxsplit=2)
    parent = PROVINCE if level == "city" else code[:4] + "00"
    return Division(code, name_zh, name_en, level, parent, _FROM.get(code, IN_FORCE), _TO.get(code))


def _table() -> dict[str, Division]:
    rows = [Division(PROVINCE, "浙江省", "Zhejiang", "province", None)]
    rows += [_division(line, "city") for line in _CITIES.strip().splitlines()]
    rows += [_division(line, "county") for line in _COUNTIES.strip().splitlines()]
    return {row.code: row for row in rows}


DIVISIONS = _table()
"""Every division of Zhejiang that existed on some day in scope, by code."""
OTHER_PROVINCES = {
    code: Division(code, name_zh, name_en, "province", None)
    for code, name_zh, name_en in (line.split(maxsplit=2) for line in _PROVINCES.strip().splitlines())
}
"""The other provinces, known as a whole: where applicants may come from."""
CITY_CODES: tuple[str, ...] = tuple(row.code for row in DIVISIONS.values() if row.level == "city")

POPULATION_2020 = {
    "330100": 11_936_010,
    "330200": 9_404_283,
    "330300": 9_572_903,
    "330400": 5_400_868,
    "330500": 3_367_579,
    "330600": 5_270_977,
    "330700": 7_050_683,
    "330800": 2_276_184,
    "330900": 1_157_817,
    "331000": 6_622_888,
    "331100": 2_507_396,
}
"""People by city, census of 2020; the eleven add up to the province's 64,567,588."""


def division(code: str, day: date) -> Division | None:
    """The division of Zhejiang with this code on `day`, or None."""
    row = DIVISIONS.get(code)
    return row if row is not None and row.exists_on(day) else None


def is_known(code: str, day: date) -> bool:
    """Whether `code` names a place on `day`: a division of Zhejiang, or another province as a whole."""
    return division(code, day) is not None or code in OTHER_PROVINCES


def counties(city: str, day: date) -> tuple[Division, ...]:
    """The counties and districts of a city on `day`."""
    return tuple(row for row in DIVISIONS.values() if row.parent == city and row.exists_on(day))
