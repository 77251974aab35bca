"""Facts of the catalogue: items, bodies, venues, calendars and partners. Topic `gov.catalogue.events.v1`, written by intake."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from shared.contracts.base import BodyCode, Closed, Code, Count, Days, Fact, Label, Level, LocalDate, Region

CaseType = Literal["on_the_spot", "promised", "other"]
VenueKind = Literal["hall", "township_point", "village_point", "terminal"]
PartnerKind = Literal["portal", "department"]


class Material(Closed):
    """One entry of an item's material list; only these may be demanded (Licensing Law Art. 32)."""

    code: Code
    name_zh: Label
    name_en: Label | None = None
    required: bool


class ServiceItemPublished(Fact):
    """A body promises to handle an item: how often people must come and how long it takes, from a day on."""

    type: ClassVar[Literal["gov.catalogue.service-item-published.v1"]] = "gov.catalogue.service-item-published.v1"
    item_code: Code
    version: Count
    basic_code: Code
    name_zh: Label
    name_en: Label
    item_type: Code
    main_item: bool
    level: Level
    body_uscc: BodyCode
    body_region: Region
    case_type: CaseType
    promised_wd: Days
    statutory_wd: Days
    declared_visits: Count
    presence_reason: Code | None = None
    materials: tuple[Material, ...] = Field(max_length=100)
    roam_eligible: bool
    exception_reason: Code | None = None
    power_source: Literal[1, 2, 3, 4, 5, 6]
    delegation_basis: Code | None = None
    effective_from: LocalDate


class ServiceItemRetired(Fact):
    """An item leaves the catalogue from a day on; cases under it go on."""

    type: ClassVar[Literal["gov.catalogue.service-item-retired.v1"]] = "gov.catalogue.service-item-retired.v1"
    item_code: Code
    reason_code: Code
    effective_from: LocalDate


class BodyRegistered(Fact):
    """An implementing body that decides or receives."""

    type: ClassVar[Literal["gov.catalogue.body-registered.v1"]] = "gov.catalogue.body-registered.v1"
    body_uscc: BodyCode
    name_zh: Label
    name_en: Label
    region: Region
    level: Level


class VenueRegistered(Fact):
    """A place where people can come in person, with what it handles and for whom it may accept.

    The address stays as it is posted at the door: it is what one shows to somebody who knows the way.
    """

    type: ClassVar[Literal["gov.catalogue.venue-registered.v1"]] = "gov.catalogue.venue-registered.v1"
    venue_id: Code
    kind: VenueKind
    name_zh: Label
    name_en: Label
    address: Label
    hours: Label
    hours_en: Label | None = None
    region: Region
    level: Level
    item_codes: tuple[Code, ...] = Field(max_length=5_000)
    mandates: tuple[BodyCode, ...] = Field(max_length=1_000)


class WorkingCalendarPublished(Fact):
    """The State Council's notice for one year: weekdays off and weekend days worked instead."""

    type: ClassVar[Literal["gov.catalogue.working-calendar-published.v1"]] = "gov.catalogue.working-calendar-published.v1"
    year: int = Field(ge=2000, le=2100)
    version: int = Field(ge=1, le=1_000)
    days_off: tuple[LocalDate, ...] = Field(max_length=366)
    makeup_workdays: tuple[LocalDate, ...] = Field(max_length=366)


class PartnerRegistered(Fact):
    """A portal or department may write to its own pair of topics; the topic is the principal."""

    type: ClassVar[Literal["gov.catalogue.partner-registered.v1"]] = "gov.catalogue.partner-registered.v1"
    partner: str = Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")
    kind: PartnerKind
    body_uscc: BodyCode | None = None
    region: Region


CatalogueEvent = (
    ServiceItemPublished | ServiceItemRetired | BodyRegistered | VenueRegistered | WorkingCalendarPublished | PartnerRegistered
)
