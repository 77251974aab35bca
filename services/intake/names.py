"""What codes are called in the published catalogue, for pages that show no code without its words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import orjson

from shared.postgres.event_log import Tx
from shared.reference.deadlines import local_date
from shared.reference.divisions import DIVISIONS, OTHER_PROVINCES
from shared.telemetry import clock

Names = dict[str, dict[str, list[str]]]
_ITEMS = (
    "SELECT DISTINCT ON (item_code) item_code AS code, fact FROM item WHERE item_code = ANY($1) ORDER BY item_code, version DESC"
)
_BODIES = "SELECT body_uscc AS code, fact FROM body WHERE body_uscc = ANY($1)"
_VENUES = "SELECT venue_id AS code, fact FROM venue WHERE venue_id = ANY($1)"
_MATERIALS = """
SELECT a.code, a.asked, i.fact FROM unnest($1::text[], $2::int[]) AS a(code, asked)
JOIN LATERAL (SELECT fact FROM item WHERE item_code = a.code AND (a.asked IS NULL OR version = a.asked)
    ORDER BY (effective_from <= $3 AND (retired_from IS NULL OR retired_from > $3)) DESC, version DESC LIMIT 1) i ON true
"""
_REGIONS = frozenset(
    {
        "region",
        "holder_region",
        "holder_city",
        "receiving_region",
        "receiving_city",
        "handling_region",
        "offered_region",
        "venue_region",
    }
)


async def of_everything(tx: Tx, told: Any) -> Names:
    """The names of every item, body, venue and region that `told`, an answer for a page, speaks of."""
    codes: dict[str, set[str]] = {"items": set(), "bodies": set(), "venues": set(), "regions": set()}
    for key, value in _fields(told):
        kind = _kind(key)
        if kind is not None:
            codes[kind].add(value)
    return {
        "items": await _named(tx, _ITEMS, codes["items"]),
        "bodies": await _named(tx, _BODIES, codes["bodies"]),
        "venues": await _named(tx, _VENUES, codes["venues"]),
        "regions": {code: names for code in codes["regions"] if (names := region_names(code)) is not None},
    }


def region_names(code: str) -> list[str] | None:
    """The names of a division, in both languages."""
    found = DIVISIONS.get(code) or OTHER_PROVINCES.get(code)
    return None if found is None else [found.name_zh, found.name_en]


def _kind(key: str) -> str | None:
    if key == "item_code":
        return "items"
    if key in ("venue_id", "window_id"):
        return "venues"
    if key in _REGIONS:
        return "regions"
    return "bodies" if key == "body" or key.endswith("_body") else None


def _fields(told: Any) -> Iterator[tuple[str, str]]:
    if isinstance(told, Mapping):
        for key, value in told.items():
            if isinstance(value, str):
                yield key, value
            else:
                yield from _fields(value)
    elif isinstance(told, Iterable) and not isinstance(told, str | bytes):
        for each in told:
            yield from _fields(each)


async def _named(tx: Tx, sql: str, codes: Collection[str]) -> dict[str, list[str]]:
    rows = await tx.fetch(sql, sorted(codes)) if codes else []
    return {row["code"]: [(made := orjson.loads(row["fact"]))["name_zh"], made["name_en"]] for row in rows}


async def materials_of(tx: Tx, asked: Collection[tuple[str, int | None]]) -> dict[tuple[str, int | None], list[dict[str, Any]]]:
    """The material list of each item and version asked for; of the one that is in force today where none is named."""
    today = local_date(clock.now())
    rows = await tx.fetch(_MATERIALS, [code for code, _ in asked], [version for _, version in asked], today)
    found = {(row["code"], row["asked"]): orjson.loads(row["fact"])["materials"] for row in rows}
    return {one: found.get(one, []) for one in asked}


async def bodies_of_staff(tx: Tx) -> list[dict[str, Any]]:
    """Every body, for whoever chooses one on a local installation."""
    rows = await tx.fetch("SELECT fact FROM body ORDER BY region, body_uscc LIMIT 5000")
    made = [orjson.loads(row["fact"]) for row in rows]
    return [{"body": b["body_uscc"], "region": b["region"], "name": [b["name_zh"], b["name_en"]]} for b in made]


async def venues_in(tx: Tx, prefix: str) -> list[dict[str, Any]]:
    """The venues of a region, as somebody who sits in one of them chooses."""
    rows = await tx.fetch("SELECT fact FROM venue WHERE starts_with(region, $1) ORDER BY kind, region, venue_id LIMIT 1000", prefix)
    made = [orjson.loads(row["fact"]) for row in rows]
    return [{"venue_id": v["venue_id"], "kind": v["kind"], "name": [v["name_zh"], v["name_en"]]} for v in made]
