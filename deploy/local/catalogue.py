"""The synthetic province as commands: what has to be published before anybody can apply for anything. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

from deploy.local.population import IN_FORCE_FROM, PORTAL, Body, Department, Item, Province, Venue, YearOff, province
from deploy.local.story import SOURCE
from shared.reference.deadlines import CHINA
from shared.reference.divisions import PROVINCE

SEED_CALLER = "demo-seed"
_HOURS = {"hours": "周一至周五 09:00-17:00", "hours_en": "Monday to Friday 09:00-17:00"}


def catalogue(until: datetime) -> list[dict[str, Any]]:
    """The ingress documents of the whole catalogue, bodies first. A document's id names what it publishes and how."""
    where = province(until.astimezone(CHINA).date())
    return [
        {
            "specversion": "1.0",
            "id": f"{command}/{name}/{sha256(orjson.dumps(data)).hexdigest()[:12]}",
            "source": SOURCE,
            "type": f"gov.command.{command}.v1",
            "subject": name,
            "data": data,
        }
        for command, name, data in _commands(where)
    ]


def _commands(where: Province) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for body in where.bodies:
        yield "register-body", body.uscc, _body(body)
    for year in where.calendars:
        yield "publish-calendar", f"{year.year}.1", _calendar(year)
    for item in where.items.values():
        yield "publish-item", item.code, _item(item)
    for venue in where.venues.values():
        yield "register-venue", venue.venue_id, _venue(venue)
    yield "register-partner", PORTAL, {"partner": PORTAL, "kind": "portal", "region": PROVINCE}
    for department in where.departments:
        yield "register-partner", department.partner, _department(department)


def _body(body: Body) -> dict[str, Any]:
    names = {"name_zh": body.name_zh, "name_en": body.name_en}
    return {"body_uscc": body.uscc, **names, "region": body.region, "level": body.level}


def _calendar(year: YearOff) -> dict[str, Any]:
    return {
        "year": year.year,
        "version": 1,
        "days_off": [day.isoformat() for day in year.days_off],
        "makeup_workdays": [day.isoformat() for day in year.makeup_workdays],
    }


def _item(item: Item) -> dict[str, Any]:
    kind = item.kind
    data: dict[str, Any] = {
        "item_code": item.code,
        "basic_code": kind.basic_code,
        "name_zh": kind.name_zh,
        "name_en": kind.name_en,
        "item_type": kind.item_type,
        "main_item": True,
        "level": item.body.level,
        "body_uscc": item.body.uscc,
        "case_type": "promised",
        "promised_wd": kind.promised_wd,
        "statutory_wd": kind.statutory_wd,
        "declared_visits": kind.declared_visits,
        "materials": [material._asdict() | {"required": True} for material in kind.materials],
        "roam_eligible": True,
        "power_source": 1,
        "effective_from": IN_FORCE_FROM.isoformat(),
    }
    return data | ({"presence_reason": "identity-check"} if kind.declared_visits else {})


def _venue(venue: Venue) -> dict[str, Any]:
    return {
        "venue_id": venue.venue_id,
        "kind": venue.kind,
        "name_zh": venue.name_zh,
        "name_en": venue.name_en,
        "address": venue.name_zh,
        **_HOURS,
        "region": venue.region,
        "level": venue.level,
        "item_codes": list(venue.items),
        "mandates": list(venue.mandates),
    }


def _department(department: Department) -> dict[str, Any]:
    body = department.body
    return {"partner": department.partner, "kind": "department", "body_uscc": body.uscc, "region": body.region}
