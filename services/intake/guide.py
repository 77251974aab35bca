"""Before a trip: which things can be done, and for one of them in one place where, when, with what and how often."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson

from services.intake.names import region_names
from shared.postgres.event_log import Tx
from shared.reference.divisions import DIVISIONS, PROVINCE, counties
from shared.reference.regions import city_of

THINGS_MAX = 500
VENUES_MAX = 50
_NEWEST = "SELECT DISTINCT ON (item_code) item_code, fact, retired_from FROM item ORDER BY item_code, version DESC"
_THINGS = f"""
SELECT DISTINCT ON (fact::json ->> 'basic_code') fact FROM ({_NEWEST}) n WHERE retired_from IS NULL
ORDER BY fact::json ->> 'basic_code', item_code LIMIT $1
"""
_HANDLED = f"""
SELECT fact FROM ({_NEWEST}) n WHERE retired_from IS NULL AND fact::json ->> 'basic_code' = $1
AND fact::json ->> 'body_region' = ANY($2) ORDER BY array_position($2, fact::json ->> 'body_region') LIMIT 1
"""
_VENUES = """
SELECT fact FROM venue WHERE starts_with(region, $2) AND (fact::jsonb -> 'item_codes') ? $1
ORDER BY region = $3 DESC, region, kind, venue_id LIMIT $4
"""


async def things(tx: Tx) -> list[dict[str, Any]]:
    """The things that people may come for, each once, by any of the bodies that handle it."""
    rows = await tx.fetch(_THINGS, THINGS_MAX)
    made = [orjson.loads(row["fact"]) for row in rows]
    return [{"basic_code": fact["basic_code"], "name": [fact["name_zh"], fact["name_en"]]} for fact in made]


def places(day: date) -> list[dict[str, Any]]:
    """The cities with their counties, as a person names where they live."""
    found = []
    for city in (row for row in DIVISIONS.values() if row.level == "city"):
        inner = [{"region": c.code, "name": [c.name_zh, c.name_en]} for c in counties(city.code, day)]
        found.append({"region": city.code, "name": [city.name_zh, city.name_en], "counties": inner})
    return found


async def advice(tx: Tx, basic_code: str, region: str) -> dict[str, Any] | None:
    """Who handles a thing for somebody in `region`, what was declared, and where one may go; None where nobody handles it."""
    chain = [region, city_of(region), PROVINCE]
    row = await tx.fetchrow(_HANDLED, basic_code, chain)
    if row is None:
        return None
    item = orjson.loads(row["fact"])
    venues = await tx.fetch(_VENUES, item["item_code"], city_of(region)[:4], region, VENUES_MAX)
    return {
        "item_code": item["item_code"],
        "name": [item["name_zh"], item["name_en"]],
        "handling_body": item["body_uscc"],
        "declared": item["declared_visits"],
        "promised_wd": item["promised_wd"],
        "statutory_wd": item["statutory_wd"],
        "presence_reason": item.get("presence_reason"),
        "materials": item["materials"],
        "venues": [_venue(orjson.loads(venue["fact"])) for venue in venues],
    }


def _venue(fact: dict[str, Any]) -> dict[str, Any]:
    told = {name: fact[name] for name in ("venue_id", "kind", "address", "region")}
    names = {"name": [fact["name_zh"], fact["name_en"]], "region_name": region_names(fact["region"])}
    return told | names | {"hours": [fact["hours"], fact.get("hours_en")]}
