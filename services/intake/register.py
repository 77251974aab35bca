"""The catalogue as rows: what is published, for whoever asks and for whatever a command has to know."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, cast

import orjson

from services.intake.commands import Item, Venue
from shared.contracts.base import Fact
from shared.contracts.catalogue import (
    BodyRegistered,
    PartnerRegistered,
    ServiceItemPublished,
    ServiceItemRetired,
    VenueKind,
    VenueRegistered,
    WorkingCalendarPublished,
)
from shared.contracts.envelope import Envelope
from shared.postgres.event_log import Tx
from shared.reference.calendar import Calendars, WorkingCalendar


@dataclass(frozen=True, slots=True)
class ItemVersion:
    """One published version: what it freezes into a submission, what it lists, and when it holds."""

    item: Item
    listed: frozenset[str]
    effective_from: date
    retired_from: date | None

    def in_force_on(self, day: date) -> bool:
        """Whether this version may be applied for on `day`, unless a later one is in force too."""
        return self.effective_from <= day and (self.retired_from is None or day < self.retired_from)


@dataclass(frozen=True, slots=True)
class Register:
    """What a batch of commands needs of the catalogue. Versions are sorted, newest last."""

    items: Mapping[str, Sequence[ItemVersion]] = field(default_factory=dict)
    venues: Mapping[str, Venue] = field(default_factory=dict)
    bodies: Mapping[str, str] = field(default_factory=dict)
    calendars: Calendars = field(default_factory=Calendars)


_CODES = """
SELECT 'item' AS what, item_code AS code, fact, retired_from, NULL AS region, NULL AS kind, NULL AS mandates, version
FROM item WHERE item_code = ANY($1)
UNION ALL
SELECT 'venue', venue_id, NULL, NULL, region, kind, mandates, 0 FROM venue WHERE venue_id = ANY($2)
UNION ALL
SELECT 'body', body_uscc, NULL, NULL, region, NULL, NULL, 0 FROM body WHERE body_uscc = ANY($3)
ORDER BY what, code, version
"""


async def load(tx: Tx, items: Collection[str], venues: Collection[str], bodies: Collection[str]) -> Register:
    """The register as far as these codes go, and all calendars."""
    calendars = await load_calendars(tx)
    known_items: dict[str, list[ItemVersion]] = {}
    known_venues: dict[str, Venue] = {}
    known_bodies: dict[str, str] = {}
    for row in await tx.fetch(_CODES, list(items), list(venues), list(bodies)) if items or venues or bodies else ():
        code = row["code"]
        if row["what"] == "item":
            known_items.setdefault(code, []).append(_version(row["fact"], row["retired_from"]))
        elif row["what"] == "venue":
            mandates = frozenset(row["mandates"])
            known_venues[code] = Venue(code, row["region"], cast(VenueKind, row["kind"]), mandates)
        else:
            known_bodies[code] = row["region"]
    return Register(known_items, known_venues, known_bodies, calendars)


@lru_cache(maxsize=10_000)
def _version(fact: str, retired_from: date | None) -> ItemVersion:
    made = orjson.loads(fact)
    item = Item(
        item_code=made["item_code"],
        basic_code=made["basic_code"],
        version=made["version"],
        declared_visits=made["declared_visits"],
        promised_wd=made["promised_wd"],
        statutory_wd=made["statutory_wd"],
        body=made["body_uscc"],
        region=made["body_region"],
        level=made["level"],
    )
    listed = frozenset(material["code"] for material in made["materials"])
    return ItemVersion(item, listed, date.fromisoformat(made["effective_from"]), retired_from)


async def regions_of(tx: Tx, bodies: Collection[str]) -> dict[str, str]:
    """The region of each of these bodies that is registered."""
    rows = await tx.fetch("SELECT body_uscc, region FROM body WHERE body_uscc = ANY($1)", list(bodies))
    return {row["body_uscc"]: row["region"] for row in rows}


_CALENDARS = 7_220_101
"""The advisory lock between those who compute with the calendars and whoever publishes one."""


async def load_calendars(tx: Tx) -> Calendars:
    """The newest calendar of each published year. Nobody publishes another one before this transaction ends."""
    await tx.execute("SELECT pg_advisory_xact_lock_shared($1)", _CALENDARS)
    rows = await tx.fetch("SELECT fact FROM calendar ORDER BY year")
    return _calendars(tuple(row["fact"] for row in rows))


async def exclude_readers_of_calendars(tx: Tx) -> None:
    """Wait until nobody computes with the calendars, and let nobody begin before this transaction ends."""
    await tx.execute("SELECT pg_advisory_xact_lock($1)", _CALENDARS)


@lru_cache(maxsize=64)
def _calendars(facts: tuple[str, ...]) -> Calendars:
    published = []
    for fact in facts:
        made = orjson.loads(fact)
        days_off, makeup = (frozenset(map(date.fromisoformat, made[name])) for name in ("days_off", "makeup_workdays"))
        published.append(WorkingCalendar(made["year"], made["version"], days_off, makeup))
    return Calendars(tuple(published))


# A version that an earlier retirement ended stays ended, unless this one corrects it or comes before it.
_RETIRE = """
UPDATE item SET retired_from = $2 WHERE item_code = $1 AND (retired_from IS NULL OR retired_from > $2 OR retired_from =
    (SELECT retired_from FROM item WHERE item_code = $1 ORDER BY version DESC LIMIT 1))
"""


async def keep(tx: Tx, events: Sequence[Envelope[Fact]]) -> None:
    """Bring the rows in step with what was just appended."""
    await _keep_names(tx, [event.data for event in events if isinstance(event.data, ServiceItemPublished)])
    for event in events:
        fact: Any = event.data
        spelled = fact.model_dump_json(exclude_none=True)
        match fact:
            case ServiceItemPublished():
                await _keep_item(tx, fact, spelled)
            case ServiceItemRetired():
                await tx.execute(_RETIRE, fact.item_code, fact.effective_from)
            case BodyRegistered():
                await tx.execute(
                    "INSERT INTO body (body_uscc, region, fact) VALUES ($1, $2, $3) "
                    "ON CONFLICT (body_uscc) DO UPDATE SET fact = excluded.fact",
                    fact.body_uscc,
                    fact.region,
                    spelled,
                )
            case VenueRegistered():
                await _keep_venue(tx, fact, spelled)
            case WorkingCalendarPublished():
                await tx.execute(
                    "INSERT INTO calendar (year, version, fact, rearmed_to) VALUES ($1, $2, $3, '') ON CONFLICT (year) DO UPDATE "
                    "SET version = excluded.version, fact = excluded.fact, rearmed_to = excluded.rearmed_to",
                    fact.year,
                    fact.version,
                    spelled,
                )
            case PartnerRegistered():
                await tx.execute(
                    "INSERT INTO partner (partner, kind, body_uscc, fact) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                    fact.partner,
                    fact.kind,
                    fact.body_uscc,
                    spelled,
                )


async def _keep_item(tx: Tx, fact: ServiceItemPublished, spelled: str) -> None:
    await tx.execute(
        "INSERT INTO item (item_code, version, effective_from, fact) VALUES ($1, $2, $3, $4)",
        fact.item_code,
        fact.version,
        fact.effective_from,
        spelled,
    )


# In one order: of two who publish the same names at once, none holds what the other waits for.
_NAME = """
INSERT INTO thing_name (basic_code, name_zh, name_en)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING
"""


async def _keep_names(tx: Tx, published: Sequence[ServiceItemPublished]) -> None:
    names = {(fact.basic_code, fact.name_zh, fact.name_en) for fact in published}
    if names:
        await tx.execute(_NAME, *map(list, zip(*names, strict=True)))


async def _keep_venue(tx: Tx, fact: VenueRegistered, spelled: str) -> None:
    await tx.execute(
        "INSERT INTO venue (venue_id, region, kind, mandates, fact) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (venue_id) "
        "DO UPDATE SET region = excluded.region, kind = excluded.kind, mandates = excluded.mandates, fact = excluded.fact",
        fact.venue_id,
        fact.region,
        fact.kind,
        list(fact.mandates),
        spelled,
    )


async def bodies_of(tx: Tx, partners: Collection[str]) -> dict[str, str | None]:
    """The body that each department's topic speaks for; None for a portal, and nothing for somebody we do not know."""
    rows = await tx.fetch("SELECT partner, body_uscc FROM partner WHERE partner = ANY($1)", sorted(partners))
    return {row["partner"]: row["body_uscc"] for row in rows}


ITEMS = "SELECT fact, retired_from FROM (SELECT DISTINCT ON (item_code) * FROM item WHERE item_code > $1 \
ORDER BY item_code, version DESC LIMIT $2) newest ORDER BY item_code"


IN_FORCE = "{0}.effective_from <= {1} AND ({0}.retired_from IS NULL OR {0}.retired_from > {1})"
"""Whether a version of an item, by its row's name, is in force on a day, by its place among the arguments."""
_ON = f"""
SELECT DISTINCT ON (item_code) fact, retired_from FROM item WHERE item_code > $1 AND {IN_FORCE.format("item", "$3")}
ORDER BY item_code, version DESC LIMIT $2
"""


async def items_on(tx: Tx, day: date, after: str, limit: int) -> list[dict[str, Any]]:
    """Of each item that is in force on a day its newest version that is, by code."""
    return [_told(row["fact"], row["retired_from"]) for row in await tx.fetch(_ON, after, limit, day)]


async def newest_items(tx: Tx, after: str, limit: int) -> list[dict[str, Any]]:
    """The newest version of each item, by code; a retired one says from when."""
    return [_told(row["fact"], row["retired_from"]) for row in await tx.fetch(ITEMS, after, limit)]


async def versions_of(tx: Tx, item_code: str) -> list[dict[str, Any]]:
    """Every version of one item, oldest first."""
    rows = await tx.fetch("SELECT fact, retired_from FROM item WHERE item_code = $1 ORDER BY version", item_code)
    return [_told(row["fact"], row["retired_from"]) for row in rows]


def _told(fact: str, retired_from: date | None) -> dict[str, Any]:
    told: dict[str, Any] = orjson.loads(fact)
    return told if retired_from is None else told | {"retired_from": retired_from.isoformat()}


_FACTS = {
    "body": "SELECT fact FROM body WHERE body_uscc > $1 ORDER BY body_uscc LIMIT $2",
    "venue": "SELECT fact FROM venue WHERE venue_id > $1 ORDER BY venue_id LIMIT $2",
    "calendar": "SELECT fact FROM calendar WHERE year::text > $1 ORDER BY year LIMIT $2",
    "partner": "SELECT fact FROM partner WHERE partner > $1 ORDER BY partner LIMIT $2",
}


async def facts_of(tx: Tx, kind: str, after: str, limit: int) -> list[dict[str, Any]]:
    """Up to `limit` bodies, venues, calendars or partners behind `after`, as they were published."""
    return [orjson.loads(row["fact"]) for row in await tx.fetch(_FACTS[kind], after, limit)]
