"""The division table equals the public code list, knows its own history, and scope follows the chain of bodies."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from shared.reference.divisions import CITY_CODES, DIVISIONS, POPULATION_2020, counties, division, is_known
from shared.reference.regions import cross_scope, is_from_afar

TODAY = date(2026, 11, 1)
PUBLIC_LIST = Path(__file__).parents[4] / "shared" / "data" / "zj_divisions.csv"


@pytest.mark.skipif(not PUBLIC_LIST.exists(), reason="the public code list is not beside this checkout")
def test_equals_the_public_code_list() -> None:
    with PUBLIC_LIST.open(encoding="utf-8") as lines:
        public = {(row["code"], row["name"], row["parent"]) for row in csv.DictReader(lines)}

    ours = {(d.code, d.name_zh, d.parent) for d in DIVISIONS.values() if d.level != "province" and d.exists_on(TODAY)}

    assert ours == public


def test_eleven_cities_and_ninety_counties() -> None:
    assert len(CITY_CODES) == 11
    assert sum(len(counties(city, TODAY)) for city in CITY_CODES) == 90
    assert sum(POPULATION_2020.values()) == 64_567_588


def test_a_district_exists_only_on_its_days() -> None:
    assert division("330104", date(2020, 1, 1)) is not None
    assert division("330104", TODAY) is None
    assert division("330114", date(2020, 1, 1)) is None


def test_other_provinces_are_known_as_a_whole() -> None:
    assert is_known("310000", TODAY)
    assert not is_known("310101", TODAY)
    assert not is_known("339900", TODAY)


@pytest.mark.parametrize(
    ("receiving", "handling", "level", "scope"),
    [
        ("330302", "330302", 4, "same-county"),
        ("330302", "330304", 4, "cross-county"),
        ("330302", "330102", 4, "cross-city"),
        ("330302", "330100", 3, "cross-city"),
        ("330302", "330300", 3, "vertical"),
        ("330302", "330000", 2, "vertical"),
        ("330000", "330100", 3, "vertical"),
        ("330000", "330102", 4, "vertical"),
        ("310000", "330100", 3, "cross-province"),
        ("310000", "330102", 4, "cross-province"),
    ],
)
def test_scope_follows_the_chain_of_bodies(receiving: str, handling: str, level: int, scope: str) -> None:
    assert cross_scope(receiving, handling, level) == scope
    assert is_from_afar(receiving, handling, level) is (scope in ("cross-city", "cross-province"))
