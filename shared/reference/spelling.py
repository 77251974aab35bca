"""How a text that somebody typed is compared: without regard to width and capitals, whole and word by word."""

from __future__ import annotations

from typing import NamedTuple
from unicodedata import normalize


class Typed(NamedTuple):
    """A text as it is compared: whole, and each of its words once."""

    whole: str
    words: tuple[str, ...]


def plain(text: str) -> str:
    """A text as it is compared; PostgreSQL's `lower(normalize(…, NFKC))` spells the catalogue alike."""
    return normalize("NFKC", text).lower().strip()


def typed(text: str) -> Typed:
    """What is compared of a text."""
    whole = plain(text)
    return Typed(whole, tuple(dict.fromkeys(whole.split())))
