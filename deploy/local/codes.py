"""Codes of the synthetic province: valid in form, check digits included, and recognisable as made up."""

from __future__ import annotations

_USCC_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ORGAN = "11"
"""Registered with the office for public establishments, kind: government organ (GB 32100)."""


def uscc(region: str, serial: int) -> str:
    """The unified social credit code of the `serial`-th made-up organ of `region`, 18 characters (GB 32100, GB 11714)."""
    organisation = f"DEM{serial:05d}"
    stem = f"{_ORGAN}{region}{organisation}{_organisation_check(organisation)}"
    total = sum(_USCC_LETTERS.index(letter) * weight for letter, weight in zip(stem, _USCC_WEIGHTS, strict=True))
    return stem + _USCC_LETTERS[-total % 31]


def _organisation_check(organisation: str) -> str:
    total = sum(int(letter, 36) * weight for letter, weight in zip(organisation, _ORGANISATION_WEIGHTS, strict=True))
    check = 11 - total % 11
    return {10: "X", 11: "0"}.get(check, str(check))


def id_no(seed: int, index: int, role: str = "P") -> str:
    """What stands in for an identity number: letters first, so that nobody has it."""
    return f"SYN{role}{seed % 100_000:05d}{index % 10**9:09d}"


def staff_ref(name: str) -> str:
    """The pseudonym of a made-up officer, 32 hex letters."""
    return name.encode().hex()[:32].rjust(32, "0")
