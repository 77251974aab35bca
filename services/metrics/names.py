"""The words behind the codes, in both languages: regions, items, causes, channels, scopes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from services.metrics.catalogue import CatalogueRow, load
from services.metrics.cells import Snapshot
from shared.reference.divisions import CITY_CODES, DIVISIONS, OTHER_PROVINCES

Words = dict[str, dict[str, str]]


def _words(**pairs: tuple[str, str]) -> Words:
    return {code.replace("__", "-"): {"zh": zh, "en": en} for code, (zh, en) in pairs.items()}


CAUSES = _words(
    normal=("正常", "Normal"),
    not_informed=("没有一次性告知", "Not told beforehand"),
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
    web=("网上", "Web"),
    app=("移动端", "App"),
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


def items_of(rows: Iterable[CatalogueRow]) -> dict[str, dict[str, Any]]:
    """The names of items, each that of its newest version."""
    return {
        row.code: {
            "zh": newest.name_zh,
            "en": newest.name_en,
            "basic": newest.basic,
            "region": newest.region,
            "level": newest.level,
            "declared": newest.declared,
        }
        for row in rows
        if (newest := row.newest) is not None
    }


def basics_of(rows: Iterable[CatalogueRow]) -> Words:
    """The names of things, each that of the first of its items."""
    found: Words = {}
    for row in rows:
        newest = row.newest
        if newest is not None:
            found.setdefault(newest.basic, {"zh": newest.name_zh, "en": newest.name_en})
    return found


def _registered(kind: str) -> Callable[[Iterable[CatalogueRow]], Words]:
    def found(rows: Iterable[CatalogueRow]) -> Words:
        known = ((row.code, row.registered) for row in rows if row.key.startswith(f"{kind}:"))
        return {code: {"zh": one.name_zh, "en": one.name_en, "region": one.region} for code, one in known if one is not None}

    return found


GATHERED: Mapping[str, Callable[[Iterable[CatalogueRow]], Mapping[str, Any]]] = {
    "items": items_of,
    "basics": basics_of,
    "bodies": _registered("body"),
    "venues": _registered("venue"),
}
"""The families of names that are gathered from the catalogue."""
FIXED: Mapping[str, Any] = {
    "regions": REGIONS,
    "cities": list(CITY_CODES),
    "causes": CAUSES,
    "responsible": RESPONSIBLE,
    "channels": CHANNELS,
    "scopes": SCOPES,
    "levels": LEVELS,
}
FAMILIES = (*GATHERED, *FIXED)


def names(rows: Sequence[CatalogueRow], only: Iterable[str] = FAMILIES) -> dict[str, Any]:
    """The names of these families; of no other is anything gathered."""
    return {family: GATHERED[family](rows) if family in GATHERED else FIXED[family] for family in only if family in FAMILIES}


async def of_everything(snap: Snapshot, told: Any) -> dict[str, Mapping[str, Any]]:
    """The names of every item and venue that `told`, an answer for a page, speaks of."""
    keys = sorted(set(_keys(told)))
    sql = f"SELECT key, body FROM {snap.room}.catalogue WHERE key = ANY($1)"
    rows = [load(row["key"], row["body"]) for row in await snap.tx.fetch(sql, keys)] if keys else []
    return {family: GATHERED[family](rows) for family in ("items", "venues")}


def _keys(told: Any) -> Iterator[str]:
    if isinstance(told, Mapping):
        yield from (f"{kind}:{told[kind]}" for kind in ("item", "venue") if isinstance(told.get(kind), str))
        told = told.values()
    elif isinstance(told, str | bytes) or not isinstance(told, Iterable):
        return
    for one in told:
        yield from _keys(one)
