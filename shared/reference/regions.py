"""How far a case travels: receiving place against handling place, by the chain of bodies and not by digits alone."""

from __future__ import annotations

from typing import Literal

CrossScope = Literal["same-county", "vertical", "cross-county", "cross-city", "cross-province"]
CITY_LEVEL = 3
PROVINCE_LEVEL = 2
_AFAR = frozenset({"cross-city", "cross-province"})


def province_of(region: str) -> str:
    """The province of a GB/T 2260 code."""
    return region[:2] + "0000"


def city_of(region: str) -> str:
    """The city of a GB/T 2260 code; a province-level code stays what it is, and lies in no city."""
    return region[:4] + "00"


def is_province(region: str) -> bool:
    """Whether a code names a whole province and no place in it."""
    return region == province_of(region)


def cross_scope(receiving: str, handling: str, handling_level: int) -> CrossScope:
    """The relation between the region where a case was handed in and the region that decides it.

    A provincial body that receives or decides, or a city bureau that serves a window of its own territory, is the same chain:
    `vertical`, never cross-city. Levels are those of GB/T 39046: 1 national, 2 province, 3 city, 4 county and below.
    """
    if receiving == handling:
        return "same-county"
    if handling_level < PROVINCE_LEVEL:
        return "vertical"
    if province_of(receiving) != province_of(handling):
        return "cross-province"
    if handling_level == PROVINCE_LEVEL or is_province(handling) or is_province(receiving):
        return "vertical"
    if city_of(receiving) != city_of(handling):
        return "cross-city"
    if handling_level == CITY_LEVEL or handling == city_of(handling):
        return "vertical"
    return "cross-county"


def is_from_afar(receiving: str, handling: str, handling_level: int) -> bool:
    """Whether a case was handed in in another city or province than that of the body which decides it."""
    return cross_scope(receiving, handling, handling_level) in _AFAR
