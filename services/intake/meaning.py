"""What somebody means who types a part of a name or of a code, and maybe of a place.

Texts are compared without regard to width and capitals, with the lines of a thing: its code and each of its names. So a whole
line, the beginning of one and a part of one are told apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from shared.reference.divisions import DIVISIONS, PROVINCE
from shared.reference.spelling import Typed, plain


class Meant(NamedTuple):
    """Something that a text means. Where the text names a place besides, only there; None is anywhere."""

    code: str
    places: frozenset[str] | None


def lines(*names: str) -> str:
    """What a text is compared with; the rows of the catalogue spell it alike."""
    return "".join(("\n", *(f"{plain(name)}\n" for name in names)))


_PLACES = {one.code: lines(one.code, one.name_zh, one.name_en) for one in DIVISIONS.values()}


def places_of(words: Sequence[str]) -> frozenset[str]:
    """The regions whose names or code hold every one of these words."""
    return frozenset(code for code, known in _PLACES.items() if all(word in known for word in words))


def meant(text: Typed, known: Iterable[tuple[str, str]]) -> list[Meant]:
    """What a text means of the `known` codes with their lines: all that have its words, or lack only those that name a place.

    First comes what lacks none, and of that what is exactly so called, then what begins so.
    """
    places: dict[tuple[str, ...], frozenset[str]] = {}
    found = []
    for code, called in known:
        lacking = tuple(word for word in text.words if word not in called)
        if lacking not in places:
            places[lacking] = places_of(lacking)
        if not lacking:
            found.append((0, _rank(text, called), Meant(code, None)))
        elif places[lacking]:
            found.append((1, _rank(text, called), Meant(code, places[lacking])))
    return [one for *_, one in sorted(found, key=lambda line: (line[0], line[1], line[2].code))]


def around(region: str | None) -> list[str]:
    """The regions nearest to one: itself first, then its city with all counties, and the province."""
    if region is None:
        return []
    return list(dict.fromkeys([region, *(code for code in DIVISIONS if code[:4] == region[:4]), PROVINCE]))


def _rank(text: Typed, called: str) -> int:
    if not text.whole or f"\n{text.whole}\n" in called:
        return 0
    return 1 if f"\n{text.whole}" in called else 2
