"""Tables for spreadsheets: they open in Chinese, unknown stays empty, and no cell of them becomes a formula."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.sheets import gap_rows, matrix_rows, sheet

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
