"""The words behind the codes, in both languages: regions, items, causes, channels, scopes."""

from __future__ import annotations

from typing import Any

from services.metrics.catalogue import CatalogueRow
from shared.reference.divisions import CITY_CODES, DIVISIONS, OTHER_PROVINCES

Words = dict[str, dict[str, str]]


def _words(**pairs: tuple[str, str]) -> Words:
    return {code.replace("__", "-"): {"zh": zh, "en": en} for code, (zh, en) in pairs.items()}


CAUSES = _words(
    normal=("正常", "Normal"),
    not_informed=("没有一次告知", "Not told beforehand"),
    missing_material=("申请人漏带材料", "Applicant left something at home"),
    wrong_place=("申请人走错地方", "Applicant went to the wrong place"),
    system_failure=("系统故障", "System failure"),
    staff_error=("工作人员失误", "Mistake of staff"),
    hall_closed=("大厅未开", "Hall closed"),
    gap_fill=("申请人补充更正", "Applicant changed or added something"),
    collect_failed=("来取件没取到", "Result was not ready"),
    unknown=("说不清", "Unknown"),
)
"""As the pages call them; so are those who answer for them."""
RESPONSIBLE = _words(government=("政府原因", "Government"), applicant=("申请人原因", "Applicant"), unknown=("原因不明", "Unknown"))
CHANNELS = _words(
    window=("窗口", "Window"),
    terminal=("自助终端", "Terminal"),
    web=("网页", "Web"),
    app=("手机", "App"),
    courier=("邮寄", "Courier"),
    none=("尚未申请", "Not applied yet"),
    unknown=("不明", "Unknown"),
)
SCOPES = _words(
    same__county=("同县", "Same county"),
    vertical=("上下级", "Same chain of bodies"),
    cross__county=("跨县", "Cross-county"),
    cross__city=("跨市", "Cross-city"),
    cross__province=("跨省", "Cross-province"),
    unknown=("不明", "Unknown"),
)
LEVELS = _words(
    **{
        "1": ("国家级", "national"),
        "2": ("省级", "province"),
        "3": ("市级", "city"),
        "4": ("县级", "county"),
        "5": ("乡级", "township"),
        "6": ("村级", "village"),
        "7": ("分级管理", "graded"),
    }
)
REGIONS: dict[str, dict[str, Any]] = {
    code: {"zh": row.name_zh, "en": row.name_en, "level": row.level, "parent": row.parent}
    for code, row in (DIVISIONS | OTHER_PROVINCES).items()
} | {
    "3300": {"zh": "省级机关", "en": "Provincial bodies", "level": "province", "parent": "330000"},
    "unknown": {"zh": "不明", "en": "Unknown", "level": "unknown", "parent": None},
}


def names(rows: list[CatalogueRow]) -> dict[str, Any]:
    """Every name that a page needs. An item's name is that of its newest version."""
    items: dict[str, dict[str, Any]] = {}
    basics: Words = {}
    bodies: Words = {}
    venues: Words = {}
    for row in rows:
        newest = row.newest
        if newest is not None:
            items[row.code] = {
                "zh": newest.name_zh,
                "en": newest.name_en,
                "basic": newest.basic,
                "region": newest.region,
                "level": newest.level,
                "declared": newest.declared,
            }
            basics.setdefault(newest.basic, {"zh": newest.name_zh, "en": newest.name_en})
        known = row.registered
        if known is not None:
            family = venues if row.key.startswith("venue:") else bodies
            family[row.code] = {"zh": known.name_zh, "en": known.name_en, "region": known.region}
    return {
        "regions": REGIONS,
        "cities": list(CITY_CODES),
        "items": items,
        "basics": basics,
        "bodies": bodies,
        "venues": venues,
        "causes": CAUSES,
        "responsible": RESPONSIBLE,
        "channels": CHANNELS,
        "scopes": SCOPES,
        "levels": LEVELS,
    }
