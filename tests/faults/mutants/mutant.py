"""What a mutant is: a promise, the smallest change of the sources that breaks it, and whom to ask whether that is noticed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Edit:
    """One change: `old` stands exactly once in `file`, and becomes `new`."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Suite:
    """Ask pytest: paths or single tests."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Schedules:
    """Ask the simulation: so many seeded schedules of a scenario, from the first seed on."""

    scenario: str
    count: int


Ask = Suite | Schedules


@dataclass(frozen=True, slots=True)
class Mutant:
    """One breakage. `asks` are tried in their order until one of them notices, so the cheapest comes first."""

    name: str
    breaks: str
    rule: str
    edits: tuple[Edit, ...]
    asks: tuple[Ask, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """The files it changes."""
        return tuple(dict.fromkeys(edit.file for edit in self.edits))


class UnfitError(Exception):
    """A mutant's old text does not stand exactly once in its file: the sources moved on, and the mutant must follow."""

    def __init__(self, mutant: Mutant, edit: Edit, found: int) -> None:
        super().__init__(f"{mutant.name}: its text stands {found} times in {edit.file}, and must stand there once:\n{edit.old}")


def broken(mutant: Mutant, root: Path) -> dict[str, str]:
    """The broken text of each file that `mutant` changes, as the sources under `root` are now. Raises `UnfitError`."""
    return {file: _changed(mutant, file, (root / file).read_text()) for file in mutant.files}


def _changed(mutant: Mutant, file: str, text: str) -> str:
    spans = []
    for edit in mutant.edits:
        if edit.file == file:
            if text.count(edit.old) != 1:
                raise UnfitError(mutant, edit, text.count(edit.old))
            spans.append((text.index(edit.old), edit))
    # From the end on, so that no change moves the place of another.
    for at, edit in sorted(spans, key=lambda span: span[0], reverse=True):
        text = text[:at] + edit.new + text[at + len(edit.old) :]
    return text


def suite(*paths: str) -> Suite:
    """Ask these tests; paths are relative to the directory of tests."""
    return Suite(tuple(f"tests/{path}" for path in paths))
