"""What is published is consistent; the same again is no news; a change is a new version."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.intake.catalogue import (
    CATALOGUE,
    CatalogueCommand,
    PublishCalendar,
    PublishItem,
    RegisterBody,
    RegisterPartner,
    RegisterVenue,
    RetireItem,
)
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
from shared.contracts.base import Fact
from shared.contracts.catalogue import (
    BodyRegistered,
    Material,
    PartnerRegistered,
    ServiceItemPublished,
    ServiceItemRetired,
    VenueRegistered,
    WorkingCalendarPublished,
)
from shared.contracts.ids import case_no
from shared.contracts.wire import open_model
from shared.eventsourcing.errors import RefusedError, Rule
from tests.unit.intake.story import HANGZHOU, HANGZHOU_BODY, MONDAY


def decide(command: CatalogueCommand, *before: CatalogueCommand) -> list[Any]:
    """What `command` adds after `before`, with every earlier fact read back as a reader reads it."""
    state = CATALOGUE.initial
    for earlier in before:
        for fact in CATALOGUE.decide(earlier, state):
            state = CATALOGUE.evolve(state, as_read(fact), MONDAY)
    return CATALOGUE.decide(command, state)


def as_read(fact: Fact) -> Fact:
    read = open_model(type(fact)).model_validate_json(fact.model_dump_json())
    return type(fact).model_construct(**read.__dict__)


def refused(rule: Rule, command: CatalogueCommand, *before: CatalogueCommand) -> None:
    with pytest.raises(RefusedError) as caught:
        decide(command, *before)
    assert caught.value.rule == rule
    assert caught.value.field is not None


def item(**change: Any) -> PublishItem:
    fields: dict[str, Any] = {
        "item_code": "TRANSFER",
        "basic_code": "TRANSFER",
        "name_zh": "不动产转移登记",
        "name_en": "Real-estate transfer",
        "item_type": "07",
        "main_item": True,
        "level": 3,
        "body_uscc": HANGZHOU_BODY,
        "case_type": "promised",
        "promised_wd": 5,
        "statutory_wd": 30,
        "declared_visits": 1,
        "presence_reason": "identity-check",
        "materials": (Material(code="deed", name_zh="合同", required=True),),
        "roam_eligible": True,
        "power_source": 1,
        "effective_from": date(2026, 1, 1),
    }
    return PublishItem(MONDAY, wire.PublishItem(**fields | change), HANGZHOU)


def body(**change: Any) -> RegisterBody:
    fields: dict[str, Any] = {"body_uscc": HANGZHOU_BODY, "name_zh": "局", "name_en": "Bureau", "region": HANGZHOU, "level": 3}
    return RegisterBody(MONDAY, wire.RegisterBody(**fields | change))


def venue(**change: Any) -> RegisterVenue:
    fields: dict[str, Any] = {
        "venue_id": "hall-hz",
        "kind": "hall",
        "name_zh": "市民中心",
        "name_en": "Hall",
        "address": "1",
        "hours": "9-17",
        "region": HANGZHOU,
        "level": 3,
        "item_codes": ("TRANSFER",),
        "mandates": (HANGZHOU_BODY,),
    }
    return RegisterVenue(MONDAY, wire.RegisterVenue(**fields | change), frozenset({HANGZHOU_BODY}))


def calendar(version: int = 1, **change: Any) -> PublishCalendar:
    fields: dict[str, Any] = {
        "year": 2026,
        "version": version,
        "days_off": (date(2026, 10, 1),),
        "makeup_workdays": (date(2026, 10, 10),),
    }
    return PublishCalendar(MONDAY, wire.PublishCalendar(**fields | change))


def partner(*, body_known: bool = True, **change: Any) -> RegisterPartner:
    fields: dict[str, Any] = {
        "partner": "land",
        "kind": "department",
        "body_uscc": HANGZHOU_BODY,
        "region": HANGZHOU,
    }
    return RegisterPartner(MONDAY, wire.RegisterPartner(**fields | change), body_known)


def test_the_first_publication_is_version_one() -> None:
    (published,) = decide(item())

    assert isinstance(published, ServiceItemPublished)
    assert (published.version, published.body_region) == (1, HANGZHOU)


def test_publishing_the_same_again_is_no_news() -> None:
    assert decide(item(), item()) == []


@pytest.mark.parametrize(
    "change", [{"promised_wd": 4}, {"materials": (Material(code="deed", name_zh="合同", name_en="Contract", required=True),)}]
)
def test_a_change_is_the_next_version(change: dict[str, Any]) -> None:
    (published,) = decide(item(**change), item())

    assert published.version == 2


def test_a_retired_item_can_come_back() -> None:
    retire = RetireItem(MONDAY, wire.RetireItem(item_code="TRANSFER", reason_code="merged", effective_from=date(2026, 9, 1)))

    assert [type(fact) for fact in decide(retire, item())] == [ServiceItemRetired]
    assert decide(retire, item(), retire) == []
    assert decide(item(), item(), retire)[0].version == 2
    refused(UNKNOWN_ITEM, retire)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"presence_reason": None}, PRESENCE_REASON_MISSING),
        ({"declared_visits": 0}, PRESENCE_REASON_FORBIDDEN),
        ({"promised_wd": 0}, ON_THE_SPOT_MEANS_ZERO),
        ({"case_type": "on_the_spot"}, ON_THE_SPOT_MEANS_ZERO),
        ({"materials": (Material(code="a", name_zh="甲", required=True),) * 2}, MATERIAL_TWICE),
        ({"item_code": "X" * 33}, ITEM_CODE_TOO_LONG),
    ],
)
def test_an_inconsistent_item_is_refused(change: dict[str, Any], rule: Rule) -> None:
    refused(rule, item(**change))


def test_the_longest_code_of_an_item_still_makes_a_case_number() -> None:
    (fact,) = decide(item(item_code="X" * 32))

    assert len(case_no(fact.item_code, MONDAY.date(), UUID(int=1))) == 50


def test_an_item_needs_a_registered_body() -> None:
    refused(UNKNOWN_BODY, PublishItem(MONDAY, item().asked, None))


def test_a_body_keeps_its_place() -> None:
    assert [type(fact) for fact in decide(body())] == [BodyRegistered]
    assert decide(body(), body()) == []
    assert [fact.name_en for fact in decide(body(name_en="Office"), body())] == ["Office"]
    refused(BODY_MOVED, body(region="330200"), body())
    refused(UNKNOWN_REGION, body(region="339900"))


def test_a_venue_stands_in_a_known_place_for_known_bodies() -> None:
    assert [type(fact) for fact in decide(venue())] == [VenueRegistered]
    assert decide(venue(), venue()) == []
    assert [type(fact) for fact in decide(venue(hours="8-18"), venue())] == [VenueRegistered]
    refused(UNKNOWN_REGION, venue(region="330103"))
    refused(UNKNOWN_BODY, venue(mandates=(HANGZHOU_BODY, "11330200CCCCCCCCC3")))


def test_a_calendar_is_replaced_by_a_higher_version_only() -> None:
    assert [type(fact) for fact in decide(calendar())] == [WorkingCalendarPublished]
    assert decide(calendar(), calendar()) == []
    assert [fact.version for fact in decide(calendar(2), calendar())] == [2]
    refused(CALENDAR_SUPERSEDED, calendar(1, days_off=()), calendar())
    refused(CALENDAR_SUPERSEDED, calendar(1), calendar(2))
    refused(CALENDAR_OTHER_YEAR, calendar(days_off=(date(2027, 1, 1),)))
    refused(CALENDAR_CONTRADICTS, calendar(makeup_workdays=(date(2026, 10, 1),)))


def test_a_department_speaks_for_a_body_and_a_portal_for_none() -> None:
    assert [type(fact) for fact in decide(partner())] == [PartnerRegistered]
    assert decide(partner(), partner()) == []
    refused(DEPARTMENT_NEEDS_BODY, partner(body_uscc=None))
    refused(UNKNOWN_BODY, partner(body_known=False))
    refused(PORTAL_HAS_NO_BODY, partner(kind="portal"))
    refused(PARTNER_TAKEN, partner(kind="portal", body_uscc=None), partner())
    refused(UNKNOWN_REGION, partner(region="330103"))
