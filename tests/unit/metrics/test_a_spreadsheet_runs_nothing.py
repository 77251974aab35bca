"""Tables for spreadsheets: they open in Chinese, unknown stays empty, and no cell of them becomes a formula."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.sheets import LIVE_HEAD, MOVER_HEAD, gap_rows, live_rows, matrix_rows, mover_rows, sheet

HOSTILE = ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "  =1", "＝1", '=HYPERLINK("http://x")', "-2+3"]


def opened(body: bytes) -> list[list[str]]:
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_that_would_be_executed_is_quoted(text: str) -> None:
    assert opened(sheet(["a"], [[text]]))[1] == [f"'{text}"]


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=5))
def test_any_text_stays_in_its_own_cell(rows: list[list[str]]) -> None:
    found = opened(sheet(["a", "b"], rows))

    assert [len(row) for row in found] == [2] * (len(rows) + 1)
    assert [cell.removeprefix("'") for row in found[1:] for cell in row] == [c.removeprefix("'") for row in rows for c in row]


def test_numbers_stay_numbers_and_unknown_is_empty() -> None:
    assert opened(sheet(["n"], [[-3, None, 0.5, True]]))[1] == ["-3", "", "0.5", "yes"]


def test_chinese_names_stand_beside_their_codes() -> None:
    value = {"value": 0.5, "numerator": 1, "denominator": 2, "few": True}
    gap = {"items": ["b"], "cities": ["330100", "330300"], "cells": {"b": {"330100": {"gap": value, "kept": value}}}}
    matrix = {"codes": ["330100", "330300"], "layers": {"physical": [[1, 2], [3, 4]]}}
    places = {"330100": ("杭州市", "Hangzhou"), "330300": ("温州市", "Wenzhou")}

    assert list(gap_rows(gap, {"b": ("居住证", "Residence permit")}, places)) == [
        ["b", "居住证", "Residence permit", "330100", "杭州市", "Hangzhou", 0.5, 1, 2, True, 0.5]
    ]
    assert [row[-1] for row in matrix_rows(matrix, places)] == [1, 2, 3, 4]


def test_a_mover_stands_in_the_columns_that_its_head_names() -> None:
    then, now = ({"value": value, "numerator": n, "denominator": 40, "few": False} for value, n in ((0.1, 4), (0.3, 12)))
    mover = {"basic": "b", "city": "330300", "gap": now, "before": then, "change": 0.2}

    (row,) = mover_rows({"movers": [mover]}, {"b": ("居住证", "Residence permit")}, {"330300": ("温州市", "Wenzhou")})

    told = dict(zip(MOVER_HEAD, row, strict=True))
    assert (told["basic"], told["item_zh"], told["city"], told["city_en"]) == ("b", "居住证", "330300", "Wenzhou")
    assert (told["change"], told["gap_before"], told["gap"]) == (0.2, 0.1, 0.3)
    assert (told["extra_runs_before"], told["extra_runs"], told["journeys"]) == (4, 12, 40)
    assert list(mover_rows({"movers": None}, {}, {})) == []


def test_what_goes_on_names_its_tables_and_their_bars() -> None:
    told = {
        "by_age": [{"days": "0-1", "open": 5}],
        "by_holder": [{"region": "330300", "open": 4, "anonymous": 1}, {"region": "none", "open": 1, "anonymous": 1}],
        "failed_today": [{"cause": "wrong_place", "attempts": 2}],
        "visited_per_minute": [{"minute": datetime(2026, 8, 3, 2, 1, tzinfo=UTC), "journeys": 3}],
    }

    rows = [dict(zip(LIVE_HEAD, row, strict=True)) for row in live_rows(told, {"wrong_place": ("跑错地方", "Wrong place")}, {})]

    assert [(row["table"], row["key"], row["count"], row["anonymous"]) for row in rows] == [
        ("open_by_days", "0-1", 5, None),
        ("open_by_holder", "330300", 4, 1),
        ("open_by_holder", "none", 1, 1),
        ("failed_today", "wrong_place", 2, None),
        ("visited_in_minute", "2026-08-03T02:01:00+00:00", 3, None),
    ]
    assert [row["name_en"] for row in rows if row["table"] == "failed_today"] == ["Wrong place"]
