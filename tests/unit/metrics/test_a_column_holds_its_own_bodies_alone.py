"""What a table counts in a column is what the column's own region asks for: no body stands in two columns, and none in none."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from services.metrics.asking import _REGION
from services.metrics.contributions import Cell
from services.metrics.ledger import Entry
from services.metrics.names import REGIONS
from services.metrics.slices import Slice, column, covers
from shared.reference.divisions import CITY_CODES, DIVISIONS

PLACES = st.sampled_from([*DIVISIONS, "310115", "unknown"])


def entry(region: str) -> Entry:
    return Entry(Cell("delivered", region, "", "", "b", "", "", 1), 1)


@given(PLACES, PLACES)
def test_a_column_covers_exactly_what_is_counted_in_it(one: str, other: str) -> None:
    assert covers(Slice(region=column(one)), entry(other)) == (column(one) == column(other))


def test_a_column_is_a_city_or_the_bodies_of_the_province_itself_and_has_a_name() -> None:
    columns = {column(code) for code in DIVISIONS}

    assert columns == {*CITY_CODES, "3300"}
    assert all(re.fullmatch(_REGION, code) and REGIONS[code]["zh"] for code in columns)
