"""Who takes an application in, and where: nobody names a place or a body that has nothing to do with it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from services.intake import commands as domain
from services.intake.people import Pseudonyms
from services.intake.refusals import NO_RECEIVING_BODY, RECEIVED_ELSEWHERE, UNKNOWN_BODY, VISITS_ARE_THE_DESKS
from services.intake.register import ItemVersion, Register
from services.intake.resolution import Resolver
from shared.contracts import commands as wire
from shared.contracts.intake import Channel
from shared.eventsourcing.errors import RefusedError, Rule
from shared.runtime.auth import Caller
from shared.runtime.requests import Asked
from tests.unit.intake.story import HANGZHOU, HANGZHOU_BODY, MONDAY, WENZHOU, WENZHOU_BODY

LUCHENG, OUHAI = "330302", "330304"
LUCHENG_BODY = "11330302MB0000003C"
ITEM = domain.Item("hz-transfer", "transfer", 1, 1, 5, 20, HANGZHOU_BODY, HANGZHOU, 3)
REGISTER = Register(
    items={ITEM.item_code: [ItemVersion(ITEM, frozenset(), date(2020, 1, 1), None)]},
    bodies={HANGZHOU_BODY: HANGZHOU, WENZHOU_BODY: WENZHOU, LUCHENG_BODY: LUCHENG},
)
CLERK = Caller("clerk", "clerk-1", WENZHOU_BODY)
PORTAL = Caller("portal", "portal-1")


def taken_in(
    by: Caller, channel: Channel, body: str | None = None, region: str | None = None, home: str = LUCHENG
) -> tuple[str, str]:
    """Receiving body and region of what somebody who lives in `home` applies for."""
    submission = wire.SubmitApplication(
        applicant=wire.Applicant(id_no="330302199001010001", region=home),
        item_code=ITEM.item_code,
        channel=channel,
        receiving_body=body,
        receiving_region=region,
    )
    resolver = Resolver(REGISTER, {}, {}, Pseudonyms(b"k" * 32))
    command = resolver.draft(Asked(by, "one", "one", UUID(int=1), submission, MONDAY)).command
    assert isinstance(command, domain.SubmitApplication)
    return command.receiving_body, command.receiving_region


def test_a_window_takes_in_where_its_body_sits() -> None:
    assert taken_in(CLERK, "window") == (WENZHOU_BODY, WENZHOU)


def test_a_window_of_a_district_says_so_in_its_token_or_itself() -> None:
    district = Caller("clerk", "clerk-1", WENZHOU_BODY, OUHAI)

    assert taken_in(district, "window") == (WENZHOU_BODY, OUHAI)
    assert taken_in(district, "window", region=LUCHENG) == (WENZHOU_BODY, LUCHENG)


def test_a_wider_place_in_the_token_is_narrowed_to_the_body() -> None:
    assert taken_in(Caller("clerk", "clerk-1", None, "330000"), "window", LUCHENG_BODY) == (LUCHENG_BODY, LUCHENG)


def test_what_is_sent_is_taken_in_where_the_applicant_lives() -> None:
    assert taken_in(PORTAL, "web") == (HANGZHOU_BODY, LUCHENG)
    assert taken_in(PORTAL, "courier", WENZHOU_BODY) == (WENZHOU_BODY, LUCHENG)
    assert taken_in(PORTAL, "app", HANGZHOU_BODY) == (HANGZHOU_BODY, LUCHENG)


@pytest.mark.parametrize(
    ("by", "channel", "body", "region", "rule", "field"),
    [
        (CLERK, "window", None, HANGZHOU, RECEIVED_ELSEWHERE, "receiving_region"),
        (CLERK, "terminal", WENZHOU_BODY, "330000", RECEIVED_ELSEWHERE, "receiving_region"),
        (PORTAL, "web", "1" * 18, None, UNKNOWN_BODY, "receiving_body"),
        (PORTAL, "window", WENZHOU_BODY, WENZHOU, VISITS_ARE_THE_DESKS, "channel"),
        (PORTAL, "terminal", None, None, VISITS_ARE_THE_DESKS, "channel"),
        (Caller("clerk", "clerk-1", None, WENZHOU), "window", None, None, NO_RECEIVING_BODY, "receiving_body"),
    ],
)
def test_another_place_is_refused_by_its_field(
    by: Caller, channel: Channel, body: str | None, region: str | None, rule: Rule, field: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        taken_in(by, channel, body, region)
    assert (refused.value.rule, refused.value.field) == (rule, field)


def test_a_portal_hands_nothing_to_a_body_elsewhere() -> None:
    with pytest.raises(RefusedError) as refused:
        taken_in(PORTAL, "web", LUCHENG_BODY, home=OUHAI)
    assert (refused.value.rule, refused.value.field) == (RECEIVED_ELSEWHERE, "receiving_body")
