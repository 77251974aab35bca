"""F1 speaks of items: the published counts of 2017 come out, and time travel works on both axes."""

from __future__ import annotations

from datetime import date

import pytest

from services.metrics.catalogue import CatalogueRow, Published, Retired, Which, coverage
from services.metrics.shelf import covered
from shared.reference.divisions import CITY_CODES, DIVISIONS, PROVINCE

DAY = date(2017, 12, 31).toordinal()


def item(
    code: str, level: int, region: str, declared: int, *, main: bool = True, eligible: bool = True, exception: str | None = None
) -> CatalogueRow:
    return CatalogueRow(f"item:{code}", (version(level, region, declared, main=main, eligible=eligible, exception=exception),))


def version(
    level: int,
    region: str,
    declared: int,
    *,
    number: int = 1,
    main: bool = True,
    eligible: bool = True,
    exception: str | None = None,
    effective: int = DAY - 30,
    known: int = DAY - 30,
) -> Published:
    return Published(known, 0, 0, number, "b", "事", "thing", main, level, "body", region, declared, eligible, exception, effective)


def unit(level: int, region: str, items: int, once: int) -> list[CatalogueRow]:
    return [item(f"{region}-{n}", level, region, 1 if n < once else 2) for n in range(items)]


@pytest.fixture(scope="module")
def published_series() -> list[CatalogueRow]:
    rows = unit(2, PROVINCE, 695, 665)
    for city in CITY_CODES:
        rows += unit(3, city, 792, 755)
    for county in [d.code for d in DIVISIONS.values() if d.level == "county"][:89]:
        rows += unit(4, county, 699, 656)
    return rows


@pytest.mark.parametrize(
    ("level", "mean_once", "mean_items", "percent"), [(2, 665, 695, 95.68), (3, 755, 792, 95.33), (4, 656, 699, 93.85)]
)
def test_the_series_of_2017_comes_out(
    published_series: list[CatalogueRow], level: int, mean_once: int, mean_items: int, percent: float
) -> None:
    found = next(c for c in coverage(published_series, DAY) if c.level == level)

    assert (found.once / found.units, found.items / found.units) == (mean_once, mean_items)
    assert round(100 * found.once / found.items, 2) == percent


def test_exceptions_stay_in_all_and_leave_the_rest() -> None:
    rows = [item("1", 2, PROVINCE, 2, exception="interview"), item("2", 2, PROVINCE, 1), item("3", 2, PROVINCE, 0)]

    (found,) = coverage(rows, DAY)

    assert (found.items, found.once, found.zero) == (3, 2, 1)
    assert (found.exceptions, found.exceptions_once) == (1, 0)


def test_items_outside_the_promise_do_not_count() -> None:
    rows = [item("1", 2, PROVINCE, 1, main=False), item("2", 2, PROVINCE, 1, eligible=False)]

    assert coverage(rows, DAY) == []


def test_the_version_in_effect_on_the_day_asked_counts() -> None:
    first, second = version(2, PROVINCE, 3), version(2, PROVINCE, 1, number=2, effective=DAY, known=DAY - 5)
    row = CatalogueRow("item:1", (first, second, Retired(DAY, 0, 0, DAY + 10)))

    assert row.in_effect(DAY - 31) is None
    assert row.in_effect(DAY - 1) == first
    assert row.in_effect(DAY) == second
    assert row.in_effect(DAY, known_to=DAY - 6) == first
    assert row.in_effect(DAY + 10) is None


def test_a_retirement_that_follows_another_moves_it() -> None:
    first, postponed = Retired(DAY, 0, 0, DAY + 10), Retired(DAY + 1, 0, 0, DAY + 20)
    row = CatalogueRow("item:1", (version(2, PROVINCE, 1), first, postponed))

    assert row.in_effect(DAY + 10) is not None
    assert row.in_effect(DAY + 10, known_to=DAY) is None
    assert row.in_effect(DAY + 20) is None


def test_a_retirement_brought_forward_holds_from_its_earlier_day() -> None:
    row = CatalogueRow("item:1", (version(2, PROVINCE, 1), Retired(DAY, 0, 0, DAY + 10), Retired(DAY + 1, 0, 0, DAY + 5)))

    assert row.in_effect(DAY + 4) is not None
    assert row.in_effect(DAY + 5) is None


def test_a_retirement_after_the_next_version_leaves_the_end_of_the_one_before() -> None:
    old, new = version(2, PROVINCE, 1), version(2, PROVINCE, 1, number=2, effective=DAY + 30)
    row = CatalogueRow("item:1", (old, Retired(DAY, 0, 0, DAY + 10), new, Retired(DAY + 2, 0, 0, DAY + 40)))

    assert row.in_effect(DAY + 9) == old
    assert row.in_effect(DAY + 10) is None
    assert row.in_effect(DAY + 30) == new
    assert row.in_effect(DAY + 40) is None


def test_a_unit_is_the_items_of_one_level_in_one_region() -> None:
    rows = [item("1", 3, "330100", 1), item("2", 3, "330100", 2), item("3", 3, "330300", 1)]

    assert [(c.units, c.items, c.once) for c in coverage(rows, DAY)] == [(2, 3, 2)]
    assert [(c.units, c.items, c.once) for c in coverage(rows, DAY, which=Which("3301"))] == [(1, 2, 1)]


def test_an_item_of_an_unknown_level_is_told_by_its_number() -> None:
    (level,) = covered(coverage([item("a", 9, PROVINCE, 1)], DAY))["levels"]

    assert (level["level"], level["name"]) == (9, {"zh": "9", "en": "9"})
