"""An item is applied for while one of its versions is in force, and the guide says so of the same days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from services.intake import guide, names, register
from shared.contracts import commands as wire
from tests.integration.intake.city import HANGZHOU, ITEM, NOW, OPERATOR, City, applicant, item, submit

JULY, OCTOBER, DECEMBER = date(2026, 7, 1), date(2026, 10, 1), date(2026, 12, 1)


def retire(day: date) -> wire.RetireItem:
    return wire.RetireItem(item_code=ITEM, reason_code="merged", effective_from=day)


async def applied_on(city: City, day: date) -> int | str | None:
    """The version that somebody gets who applies on this day, or the rule that says no."""
    (told,) = await city.ask(submit(applicant(day.toordinal() % 10_000)), now=datetime(day.year, day.month, day.day, 3, tzinfo=UTC))
    if told.rule is not None:
        return told.rule
    version: int = (await city.events(told.journey))[-1].data.item_version
    return version


async def test_a_version_of_the_future_brings_nothing_back_before_its_day(city: City) -> None:
    await city.done(retire(JULY), item(effective_from=DECEMBER), by=OPERATOR)

    days = [JULY - timedelta(days=1), JULY, OCTOBER, DECEMBER]
    assert [await applied_on(city, day) for day in days] == [1, "item-not-in-force", "item-not-in-force", 2]
    async with city.log.transaction() as tx:
        (told,) = await register.newest_items(tx, "", 10)
        offered = [[one["version"] for one in await register.items_on(tx, day, "", 10)] for day in days]
    assert offered == [[1], [], [], [2]]
    assert (told["version"], told["effective_from"], told.get("retired_from")) == (2, "2026-12-01", None)


async def test_an_item_of_a_code_too_long_for_a_case_number_is_refused_by_name(city: City) -> None:
    code = "X" * 33
    await city.log.pool.execute("INSERT INTO item SELECT $1, version, effective_from, NULL, fact FROM item", code)

    (told,) = await city.ask(submit(item_code=code))

    assert (told.rule, told.field) == ("item-code-outgrown", "item_code")


async def test_the_guide_promises_what_is_in_force_on_the_day(city: City) -> None:
    await city.done(item(declared_visits=0, presence_reason=None, effective_from=OCTOBER), retire(DECEMBER), by=OPERATOR)

    async def told(day: date) -> tuple[int, int | None]:
        async with city.log.transaction() as tx:
            found = await guide.advice(tx, ITEM, HANGZHOU, day)
            return (await guide.things(tx, day)).there, None if found is None else found["declared"]

    days = [date(2025, 12, 31), JULY, OCTOBER, DECEMBER]
    assert [await told(day) for day in days] == [(0, None), (1, 1), (1, 0), (0, None)]


async def test_what_to_bring_is_what_the_version_in_force_asks_for(city: City) -> None:
    await city.done(item(materials=(), effective_from=date(2099, 1, 1)), by=OPERATOR)

    async with city.log.transaction() as tx:
        told = await names.materials_of(tx, [(ITEM, None), (ITEM, 2)])
    assert [[one["code"] for one in told[asked]] for asked in ((ITEM, None), (ITEM, 2))] == [["deed"], []]


async def test_a_later_retirement_moves_none_that_took_place(city: City) -> None:
    await city.done(retire(JULY), item(effective_from=OCTOBER), retire(DECEMBER), by=OPERATOR)

    days = [JULY, OCTOBER, DECEMBER]
    assert [await applied_on(city, day) for day in days] == ["item-not-in-force", 2, "item-not-in-force"]


async def test_a_retirement_is_moved_until_the_item_comes_back(city: City) -> None:
    await city.done(retire(JULY), by=OPERATOR)
    await city.done(retire(OCTOBER), by=OPERATOR)
    assert await applied_on(city, JULY) == 1

    await city.done(item(effective_from=NOW.date()), by=OPERATOR)
    assert await applied_on(city, DECEMBER) == 2
