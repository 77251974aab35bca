"""What a form offers to choose from: the things, items and bodies that a text leaves, with how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import orjson

from services.intake.meaning import Meant, around, meant, places_of
from services.intake.names import region_names
from services.intake.register import IN_FORCE
from shared.postgres.event_log import Tx
from shared.postgres.pool import Row
from shared.reference.spelling import Typed, typed

SHOWN_MAX = 50
"""How many of what a text leaves are told; whoever sees that there are more types more."""
HELD_MAX = 2_000
"""How many are told without a text: about what a county handles, so that a desk can choose while nobody answers."""


class Found(NamedTuple):
    """How many there are, and the first of them."""

    there: int
    shown: list[dict[str, Any]]


_NAMED = "SELECT {} FROM {} WHERE $1::boolean OR EXISTS (SELECT FROM unnest($2::text[]) AS word WHERE strpos(sought, word) > 0)"
_THINGS = _NAMED.format("basic_code, string_agg(sought, '') AS sought", "thing_name") + " GROUP BY basic_code"
_BODIES = _NAMED.format("body_uscc, region, sought, fact", "body")
_CODED = "SELECT basic_code, body_region FROM item WHERE item_code = ANY($1) ORDER BY version DESC LIMIT 1"
_NEAR_FIRST = "i.body_region = ($4::text[])[1] DESC, i.body_region = ANY($4) DESC, i.n, i.body_region, i.item_code"
# Which items there are is read in the index alone; what is told of them, only of those that are told.
ITEMS = f"""
WITH found AS (
    SELECT i.*, count(*) OVER () AS there FROM (
        SELECT o.item_code, o.body_region, t.n
        FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS t(basic_code, places, n) CROSS JOIN LATERAL (
            SELECT DISTINCT v.body_region, v.item_code FROM item v WHERE v.basic_code = t.basic_code
            AND (t.places = '' OR strpos(t.places, v.body_region) > 0) AND {IN_FORCE.format("v", "$1")}) o) i
    ORDER BY {_NEAR_FIRST} LIMIT $5)
SELECT i.item_code, i.body_region, i.body_region = ANY($4) AS near, i.there, p.* FROM found i CROSS JOIN LATERAL (
    SELECT f.* FROM item v CROSS JOIN LATERAL
        jsonb_to_record(v.fact::jsonb) AS f(name_zh text, name_en text, declared_visits integer)
    WHERE v.item_code = i.item_code AND {IN_FORCE.format("v", "$1")} ORDER BY v.version DESC LIMIT 1) p
ORDER BY {_NEAR_FIRST}
"""


async def things(tx: Tx, text: str) -> list[Meant]:
    """The things that a text means, by any name under which any body has them; the best first, whether they are in force or not."""
    sought = typed(text)
    return meant(sought, [(row["basic_code"], row["sought"]) for row in await _named(tx, _THINGS, sought)])


async def items(tx: Tx, day: date, text: str, region: str | None) -> Found:
    """The items in force on a day that a text leaves, those of `region` and around it first.

    A whole code of an item means that one. Of others the names and codes of their things count, and the places of their bodies.
    """
    coded = await tx.fetchrow(_CODED, [text.strip(), text.strip().upper()])
    found = await things(tx, text) if coded is None else [Meant(coded["basic_code"], frozenset({coded["body_region"]}))]
    codes, places = [one.code for one in found], [",".join(one.places or ()) for one in found]
    rows = await tx.fetch(ITEMS, day, codes, places, around(region), _how_many(text))
    # An item that was moved to another body is found at both, and is one.
    return Found(rows[0]["there"] if rows else 0, list({row["item_code"]: _item(row) for row in rows}.values()))


async def bodies(tx: Tx, text: str, region: str | None) -> Found:
    """The bodies that a text leaves, by their names, codes and places, those of `region` and around it first."""
    sought, near = typed(text), around(region)
    rows = {row["body_uscc"]: row for row in await _named(tx, _BODIES, sought)}
    found = meant(sought, [(code, row["sought"]) for code, row in rows.items()])
    there = [rows[one.code] for one in found if one.places is None or rows[one.code]["region"] in one.places]
    there.sort(key=lambda row: (row["region"] != region, row["region"] not in near))
    return Found(len(there), [_body(row) for row in there[: _how_many(text)]])


async def _named(tx: Tx, sql: str, text: Typed) -> Sequence[Row]:
    # Names are few beside what goes by them, and all of them are compared. Where a text may be of a place alone, each is meant.
    await tx.execute("SET LOCAL enable_seqscan = on")
    rows = await tx.fetch(sql, bool(places_of(text.words)), list(text.words))
    await tx.execute("SET LOCAL enable_seqscan = DEFAULT")
    return rows


def _how_many(text: str) -> int:
    return SHOWN_MAX if text.strip() else HELD_MAX


def _item(row: Row) -> dict[str, Any]:
    return {
        "item_code": row["item_code"],
        "name": [row["name_zh"], row["name_en"]],
        "region_name": region_names(row["body_region"]),
        "near": row["near"],
        "declared": row["declared_visits"],
    }


def _body(row: Row) -> dict[str, Any]:
    fact = orjson.loads(row["fact"])
    return {"body_uscc": row["body_uscc"], "name": [fact["name_zh"], fact["name_en"]], "region": row["region"]}
