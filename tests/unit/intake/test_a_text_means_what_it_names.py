"""Whoever types a part of a name, in any language, width or case, means what is called so, and where, if a place is named."""

from __future__ import annotations

import pytest

from services.intake.meaning import Meant, around, lines, meant, places_of
from shared.reference.spelling import typed

KNOWN = [
    ("estate", lines("estate", "不动产转移登记", "Real-estate transfer") + lines("estate", "房屋过户", "Transfer of a house")),
    ("mortgage", lines("mortgage", "不动产抵押登记", "Real-estate mortgage")),
    ("permit", lines("permit", "居住证", "Residence permit")),
    ("permit-renewal", lines("permit-renewal", "居住证签注", "Renewal of a residence permit")),
]
HANGZHOU = frozenset({"330100"})


def codes(text: str) -> list[str]:
    return [one.code for one in meant(typed(text), KNOWN) if one.places is None]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["estate", "mortgage", "permit", "permit-renewal"]),
        ("不动产", ["estate", "mortgage"]),
        ("登记 转移", ["estate"]),
        ("过户", ["estate"]),
        ("REAL-ESTATE", ["estate", "mortgage"]),
        ("ｍｏｒｔｇａｇｅ", ["mortgage"]),
        ("transfer 不动产", ["estate"]),
        ("车辆", []),
        ("不动产 车辆", []),
    ],
)
def test_every_word_is_in_one_of_its_names_or_in_its_code(text: str, found: list[str]) -> None:
    assert codes(text) == found


@pytest.mark.parametrize(
    ("text", "first"), [("居住证", "permit"), ("residence permit", "permit"), ("permit", "permit"), ("renewal", "permit-renewal")]
)
def test_what_is_exactly_so_called_comes_first(text: str, first: str) -> None:
    assert codes(text)[0] == first


def test_words_that_it_lacks_may_name_its_place() -> None:
    assert meant(typed("不动产 杭州"), KNOWN) == [Meant("estate", HANGZHOU), Meant("mortgage", HANGZHOU)]
    assert meant(typed("Hangzhou permit"), KNOWN) == [Meant("permit", HANGZHOU), Meant("permit-renewal", HANGZHOU)]
    assert [one.places for one in meant(typed("杭州"), KNOWN)] == [HANGZHOU] * len(KNOWN)
    assert meant(typed("不动产 杭州 温州"), KNOWN) == []


def test_a_place_is_named_in_either_language_or_by_its_code() -> None:
    assert places_of(["杭州市"]) == places_of(["hangzhou"]) == places_of(["330100"]) == HANGZHOU
    assert places_of(["nowhere"]) == frozenset()


def test_the_nearest_regions_are_the_own_one_its_city_and_the_province() -> None:
    near = around("330302")

    assert near[0] == "330302"
    assert {"330300", "330303", "330000"} <= set(near)
    assert not {"330100", "330102"} & set(near)
    assert around("330000") == ["330000"]
    assert around(None) == []
