"""What items and bodies are called, heard from the catalogue's topic, for pages that show no code without its words."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from shared.contracts.catalogue import BodyRegistered, ServiceItemPublished
from shared.postgres.event_log import Tx
from shared.postgres.pool import Row
from shared.reference.divisions import DIVISIONS
from shared.reference.spelling import typed

HEARD = (BodyRegistered, ServiceItemPublished)
FOUND_MAX = 50
"""How many of the bodies that a text leaves are told; whoever sees that there are more types more."""
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
    return [_body(row) for row in rows]


# A word is looked for in the code and in both names, which say where a body is; what is called exactly so comes first. Whether a
# body decides anything is asked by its key, however many items there are.
CALLED = """
WITH called AS (
    SELECT code, region, name_zh, name_en,
           E'\\n' || lower(normalize(code || E'\\n' || name_zh || E'\\n' || name_en, NFKC)) || E'\\n' AS sought
    FROM published_name WHERE kind = 'body')
SELECT code, region, name_zh, name_en, count(*) OVER () AS there
FROM called b CROSS JOIN LATERAL (SELECT 1 FROM published_name i WHERE i.kind = 'item' AND i.body = b.code LIMIT 1) decides
WHERE NOT EXISTS (SELECT FROM unnest($2::text[]) AS word WHERE strpos(b.sought, word) = 0)
ORDER BY strpos(b.sought, E'\\n' || $1::text || E'\\n') = 0, region IS DISTINCT FROM $3::text,
         left(region, 4) IS DISTINCT FROM left($3::text, 4), region, code
LIMIT $4
"""


async def bodies_called(tx: Tx, text: str, region: str | None) -> tuple[int, list[dict[str, Any]]]:
    """How many bodies whose items are published a text leaves, and the first of them: those of a region before all others."""
    sought = typed(text)
    rows = await tx.fetch(CALLED, sought.whole, sought.words, region, FOUND_MAX)
    return rows[0]["there"] if rows else 0, [_body(row) for row in rows]


def _body(row: Row) -> dict[str, Any]:
    return {"body": row["code"], "region": row["region"], "name": [row["name_zh"], row["name_en"]]}
