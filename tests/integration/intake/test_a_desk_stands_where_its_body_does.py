"""Staff whose token names their body alone have the desk of its region; and what never was at a desk is not shown at one."""

from __future__ import annotations

from shared.contracts.commands import ReportHistory
from shared.runtime.auth import Caller
from tests.integration.intake.city import CLERK, City, submit
from tests.integration.intake.conftest import Door

HALL = "hall-wz"
OF_A_LOG = ReportHistory(
    origin="log", file="log.csv", row=1, rule="r", phase="submitted", case_ref="c", region="r", zone="Europe/Amsterdam"
)


async def test_a_clerk_of_a_body_has_the_venues_of_its_city(city: City, door: Door) -> None:
    assert CLERK.region is None

    desk = (await door.get("/v1/desk", CLERK)).json()

    assert HALL in [venue["venue_id"] for venue in desk["venues"]]


async def test_a_clerk_of_a_body_may_do_at_its_window_what_the_decider_allows(city: City, door: Door) -> None:
    submitted = await city.done(submit())
    journey = submitted.journey

    shown = (await door.get(f"/v1/desk/journeys/{journey}?venue_id={HALL}", CLERK)).json()

    assert "receive" in shown["cases"][0]["steps"]


async def test_a_row_of_a_permit_log_is_nobodys_journey(city: City, door: Door) -> None:
    (receipt,) = await city.ask(OF_A_LOG, by=Caller("importer", "i-1"))

    assert (await door.get(f"/v1/desk/journeys/{receipt.journey}", CLERK)).status_code == 404
