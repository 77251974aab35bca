"""Before a trip: which things can be done, and for one of them in one place where, when, with what and how often."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson

from services.intake import choices
from services.intake.choices import SHOWN_MAX, Found
from services.intake.names import region_names
from services.intake.register import IN_FORCE
from shared.postgres.event_log import Tx
from shared.reference.divisions import DIVISIONS, OTHER_PROVINCES, PROVINCE, counties
from shared.reference.regions import city_of

THINGS_MAX = 500
"""How many things are told at once. Where there are more, a page asks for those that a text leaves."""
VENUES_MAX = 50
# The version that is promised on a day: no later one is in force then.
_PROMISED = f"""
{IN_FORCE.format("i", "$1")} AND NOT EXISTS
    (SELECT 1 FROM item n WHERE n.item_code = i.item_code AND n.version > i.version AND {IN_FORCE.format("n", "$1")})
"""
# A thing is handled by a hundred bodies, and one of them is enough to have it in the list, and to name it.
_THINGS = f"""
WITH there AS (
    SELECT t.basic_code, t.n, count(*) OVER () AS there FROM unnest($2::text[]) WITH ORDINALITY AS t(basic_code, n)
    WHERE EXISTS (SELECT FROM item i WHERE i.basic_code = t.basic_code AND {_PROMISED}) ORDER BY t.n LIMIT $3)
SELECT p.fact, t.there FROM there t CROSS JOIN LATERAL
    (SELECT fact FROM item i WHERE i.basic_code = t.basic_code AND {_PROMISED} ORDER BY body_region, item_code LIMIT 1) p
ORDER BY t.n
"""
_HANDLED = f"""
SELECT fact FROM item i WHERE basic_code = $2 AND body_region = ANY($3) AND {_PROMISED}
ORDER BY array_position($3, body_region), item_code LIMIT 1
"""
_IN_A_COUNTY = f"""
SELECT true FROM item i WHERE basic_code = $2 AND starts_with(body_region, $3) AND {_PROMISED} LIMIT 1
"""
_VENUES = """
SELECT fact, count(*) OVER () AS there FROM venue WHERE starts_with(region, $2) AND (fact::jsonb -> 'item_codes') ? $1
ORDER BY region = $3 DESC, region, kind, venue_id LIMIT $4
"""


async def things(tx: Tx, day: date, text: str = "") -> Found:
    """The things that people may come for on a day, each once, by any of the bodies that handle it; those that a text leaves."""
    codes = [one.code for one in await choices.things(tx, text) if one.places is None]
    rows = await tx.fetch(_THINGS, day, codes, SHOWN_MAX if text.strip() else THINGS_MAX)
    made = [orjson.loads(row["fact"]) for row in rows]
    shown = [{"basic_code": fact["basic_code"], "name": [fact["name_zh"], fact["name_en"]]} for fact in made]
    return Found(rows[0]["there"] if rows else 0, shown)


def places(day: date) -> list[dict[str, Any]]:
    """The cities with their counties, as a person names where they live."""
    found = []
    for city in (row for row in DIVISIONS.values() if row.level == "city"):
        inner = [{"region": c.code, "name": [c.name_zh, c.name_en]} for c in counties(city.code, day)]
        found.append({"region": city.code, "name": [city.name_zh, city.name_en], "counties": inner})
    return found


def elsewhere() -> list[dict[str, Any]]:
    """The other provinces, as somebody who lives in none of these places names theirs."""
    return [{"region": one.code, "name": [one.name_zh, one.name_en]} for one in OTHER_PROVINCES.values()]


async def advice(tx: Tx, basic_code: str, region: str, day: date) -> dict[str, Any] | None:
    """Who handles a thing on a day for somebody in `region`, what was declared, and where to go; None where nobody does.

    Of the venues in their city those in their own county come first; `venues_there` says how many there are.
    """
    chain = [region, city_of(region), PROVINCE]
    row = await tx.fetchrow(_HANDLED, day, basic_code, chain)
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
        "venues_there": venues[0]["there"] if venues else 0,
    }


async def is_its_counties(tx: Tx, basic_code: str, region: str, day: date) -> bool:
    """Whether `region` is a city whose counties, or some of them, handle on a day what it does not handle itself."""
    is_city = region == city_of(region) != PROVINCE
    return is_city and bool(await tx.fetchval(_IN_A_COUNTY, day, basic_code, region[:4]))


def _venue(fact: dict[str, Any]) -> dict[str, Any]:
    told = {name: fact[name] for name in ("venue_id", "kind", "address", "region")}
    names = {"name": [fact["name_zh"], fact["name_en"]], "region_name": region_names(fact["region"])}
    return told | names | {"hours": [fact["hours"], fact.get("hours_en")]}
