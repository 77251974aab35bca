"""What items and bodies are called, heard from the catalogue's topic, for pages that show no code without its words."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from shared.contracts.catalogue import BodyRegistered, ServiceItemPublished
from shared.postgres.event_log import Tx
from shared.reference.divisions import DIVISIONS

HEARD = (BodyRegistered, ServiceItemPublished)
_KEEP = """
INSERT INTO published_name (kind, code, body, region, name_zh, name_en) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (kind, code) DO UPDATE SET body = excluded.body, region = excluded.region,
    name_zh = excluded.name_zh, name_en = excluded.name_en
"""


async def keep(tx: Tx, fact: BodyRegistered | ServiceItemPublished) -> None:
    """Remember what an item or a body is called."""
    match fact:
        case BodyRegistered():
            await tx.execute(_KEEP, "body", fact.body_uscc, fact.body_uscc, fact.region, fact.name_zh, fact.name_en)
        case ServiceItemPublished():
            await tx.execute(_KEEP, "item", fact.item_code, fact.body_uscc, fact.body_region, fact.name_zh, fact.name_en)


async def of_codes(tx: Tx, items: Collection[str], bodies: Collection[str], regions: Collection[str]) -> dict[str, Any]:
    """The names of these items, bodies and regions, in both languages; what has none is left out."""
    rows = await tx.fetch(
        "SELECT kind, code, name_zh, name_en FROM published_name "
        "WHERE (kind = 'item' AND code = ANY($1)) OR (kind = 'body' AND code = ANY($2))",
        sorted(items),
        sorted(bodies),
    )
    named: dict[str, dict[str, list[str]]] = {"items": {}, "bodies": {}}
    for row in rows:
        named["items" if row["kind"] == "item" else "bodies"][row["code"]] = [row["name_zh"], row["name_en"]]
    return named | {"regions": of_regions(regions)}


def of_regions(regions: Collection[str]) -> dict[str, list[str]]:
    """The names of these regions, in both languages; what has none is left out."""
    return {code: [DIVISIONS[code].name_zh, DIVISIONS[code].name_en] for code in sorted(regions) if code in DIVISIONS}


async def bodies_that_decide(tx: Tx) -> list[dict[str, Any]]:
    """Up to 5000 bodies whose items are published, by region."""
    rows = await tx.fetch(
        "SELECT code, region, name_zh, name_en FROM published_name b WHERE kind = 'body' "
        "AND EXISTS (SELECT FROM published_name i WHERE i.kind = 'item' AND i.body = b.code) ORDER BY region, code LIMIT 5000"
    )
    return [{"body": row["code"], "region": row["region"], "name": [row["name_zh"], row["name_en"]]} for row in rows]
