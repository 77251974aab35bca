"""The catalogue: one stream for each item, body, venue, calendar year and partner, and the rules of publishing them.

The consistency rules are those by which cities check their implementation lists: an item that makes people come says why,
and exactly the on-the-spot items promise zero days.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import assert_never

from services.intake.refusals import (
    BODY_MOVED,
    CALENDAR_CONTRADICTS,
    CALENDAR_OTHER_YEAR,
    CALENDAR_SUPERSEDED,
    DEPARTMENT_NEEDS_BODY,
    ITEM_CODE_TOO_LONG,
    MATERIAL_TWICE,
    ON_THE_SPOT_MEANS_ZERO,
    PARTNER_TAKEN,
    PORTAL_HAS_NO_BODY,
    PRESENCE_REASON_FORBIDDEN,
    PRESENCE_REASON_MISSING,
    UNKNOWN_BODY,
    UNKNOWN_ITEM,
    UNKNOWN_REGION,
)
from shared.contracts import commands as wire
from shared.contracts.catalogue import (
    BodyRegistered,
    CatalogueEvent,
    PartnerRegistered,
    ServiceItemPublished,
    ServiceItemRetired,
    VenueRegistered,
    WorkingCalendarPublished,
)
from shared.contracts.ids import ITEM_CODE_MAX
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import RefusedError
from shared.reference.deadlines import local_date
from shared.reference.divisions import is_known


@dataclass(frozen=True, slots=True)
class PublishItem:
    """Publish an item; `body_region` is None if its body is not registered."""

    now: datetime
    asked: wire.PublishItem
    body_region: str | None


@dataclass(frozen=True, slots=True)
class RetireItem:
    """Take an item out of the catalogue."""

    now: datetime
    asked: wire.RetireItem


@dataclass(frozen=True, slots=True)
class RegisterBody:
    """Register a body, or change its names."""

    now: datetime
    asked: wire.RegisterBody


@dataclass(frozen=True, slots=True)
class RegisterVenue:
    """Register a venue; `bodies` are those among its mandates that are registered."""

    now: datetime
    asked: wire.RegisterVenue
    bodies: frozenset[str]


@dataclass(frozen=True, slots=True)
class PublishCalendar:
    """Publish the working calendar of a year."""

    now: datetime
    asked: wire.PublishCalendar


@dataclass(frozen=True, slots=True)
class RegisterPartner:
    """Register a partner; `body_known` says whether the body it names is registered."""

    now: datetime
    asked: wire.RegisterPartner
    body_known: bool


CatalogueCommand = PublishItem | RetireItem | RegisterBody | RegisterVenue | PublishCalendar | RegisterPartner


@dataclass(frozen=True, slots=True)
class Absent:
    """Nothing of this name is in the catalogue."""


@dataclass(frozen=True, slots=True)
class Item:
    """An item with its newest version and, if it leaves, its retirement."""

    newest: ServiceItemPublished
    retired: ServiceItemRetired | None = None


Entry = Absent | Item | BodyRegistered | VenueRegistered | WorkingCalendarPublished | PartnerRegistered


def evolve(state: Entry, fact: CatalogueEvent, _at: datetime) -> Entry:
    """The entry after `fact`."""
    match fact:
        case ServiceItemPublished():
            return Item(fact)
        case ServiceItemRetired():
            return replace(state, retired=fact) if isinstance(state, Item) else state
        case BodyRegistered() | VenueRegistered() | WorkingCalendarPublished() | PartnerRegistered():
            return fact
        case _:
            assert_never(fact)


def decide(command: CatalogueCommand, state: Entry) -> list[CatalogueEvent]:
    """The facts that follow from `command`. Raises `RefusedError` if a rule says no."""
    match command:
        case PublishItem():
            return publish_item(command, state)
        case RetireItem():
            return retire_item(command, state)
        case RegisterBody():
            return register_body(command, state)
        case RegisterVenue():
            return register_venue(command, state)
        case PublishCalendar():
            return publish_calendar(command, state)
        case RegisterPartner():
            return register_partner(command, state)
        case _:
            assert_never(command)


CATALOGUE: Decider[CatalogueCommand, Entry] = Decider(Absent(), decide, evolve)


def publish_item(command: PublishItem, state: Entry) -> list[CatalogueEvent]:
    """Publish the next version; what is already published so, and not retired, is no news."""
    asked = command.asked
    if command.body_region is None:
        raise RefusedError(UNKNOWN_BODY, field="body_uscc")
    _require_consistent(asked)
    known = state if isinstance(state, Item) else None
    made = ServiceItemPublished(**dict(asked), version=known.newest.version + 1 if known else 1, body_region=command.body_region)
    if known is not None and known.retired is None and _same(made, known.newest):
        return []
    return [made]


def _same(made: ServiceItemPublished, known: ServiceItemPublished) -> bool:
    # A fact that was read back holds plain values of the same spelling, so spelling is what is compared.
    return made.model_copy(update={"version": known.version}).model_dump_json() == _spelled(known)


def _spelled(known: ServiceItemPublished) -> str:
    return known.__pydantic_serializer__.to_json(known, warnings=False).decode()


def _require_consistent(asked: wire.PublishItem) -> None:
    if len(asked.item_code) > ITEM_CODE_MAX:
        raise RefusedError(ITEM_CODE_TOO_LONG, field="item_code")
    if asked.declared_visits > 0 and asked.presence_reason is None:
        raise RefusedError(PRESENCE_REASON_MISSING, field="presence_reason")
    if asked.declared_visits == 0 and asked.presence_reason is not None:
        raise RefusedError(PRESENCE_REASON_FORBIDDEN, field="presence_reason")
    if (asked.case_type == "on_the_spot") != (asked.promised_wd == 0):
        raise RefusedError(ON_THE_SPOT_MEANS_ZERO, field="promised_wd")
    if len({material.code for material in asked.materials}) != len(asked.materials):
        raise RefusedError(MATERIAL_TWICE, field="materials")


def retire_item(command: RetireItem, state: Entry) -> list[CatalogueEvent]:
    """Let an item leave from a day on; cases under it go on."""
    asked = command.asked
    if not isinstance(state, Item):
        raise RefusedError(UNKNOWN_ITEM, field="item_code")
    left = state.retired
    if left is not None and (left.reason_code, left.effective_from) == (asked.reason_code, asked.effective_from):
        return []
    return [ServiceItemRetired(**dict(asked))]


def register_body(command: RegisterBody, state: Entry) -> list[CatalogueEvent]:
    """Register a body, or change its names. Its region and level are what old cases rest on and stay."""
    asked = command.asked
    if isinstance(state, BodyRegistered):
        if (state.region, state.level) != (asked.region, asked.level):
            raise RefusedError(BODY_MOVED, field="region")
        if (state.name_zh, state.name_en) == (asked.name_zh, asked.name_en):
            return []
    _require_region(asked.region, local_date(command.now))
    return [BodyRegistered(**dict(asked))]


def _require_region(region: str, day: date) -> None:
    if not is_known(region, day):
        raise RefusedError(UNKNOWN_REGION, field="region")


def register_venue(command: RegisterVenue, state: Entry) -> list[CatalogueEvent]:
    """Register a venue, or replace what is known of it."""
    asked = command.asked
    _require_region(asked.region, local_date(command.now))
    if not command.bodies.issuperset(asked.mandates):
        raise RefusedError(UNKNOWN_BODY, field="mandates")
    made = VenueRegistered(**dict(asked))
    return [] if isinstance(state, VenueRegistered) and dict(state) == dict(made) else [made]


def publish_calendar(command: PublishCalendar, state: Entry) -> list[CatalogueEvent]:
    """Publish a year's calendar, or replace it by a higher version. The same version again must be the same calendar."""
    asked = command.asked
    if any(day.year != asked.year for day in (*asked.days_off, *asked.makeup_workdays)):
        raise RefusedError(CALENDAR_OTHER_YEAR, field="days_off")
    if not set(asked.days_off).isdisjoint(asked.makeup_workdays):
        raise RefusedError(CALENDAR_CONTRADICTS, field="makeup_workdays")
    made = WorkingCalendarPublished(**dict(asked))
    if isinstance(state, WorkingCalendarPublished):
        if dict(state) == dict(made):
            return []
        if asked.version <= state.version:
            raise RefusedError(CALENDAR_SUPERSEDED, field="version")
    return [made]


def register_partner(command: RegisterPartner, state: Entry) -> list[CatalogueEvent]:
    """Register a portal, or a department with the body that it speaks for."""
    asked = command.asked
    _require_region(asked.region, local_date(command.now))
    if asked.kind == "department" and asked.body_uscc is None:
        raise RefusedError(DEPARTMENT_NEEDS_BODY, field="body_uscc")
    if asked.kind == "portal" and asked.body_uscc is not None:
        raise RefusedError(PORTAL_HAS_NO_BODY, field="body_uscc")
    if asked.body_uscc is not None and not command.body_known:
        raise RefusedError(UNKNOWN_BODY, field="body_uscc")
    made = PartnerRegistered(**dict(asked))
    if not isinstance(state, PartnerRegistered):
        return [made]
    if dict(state) == dict(made):
        return []
    raise RefusedError(PARTNER_TAKEN, field="partner")
