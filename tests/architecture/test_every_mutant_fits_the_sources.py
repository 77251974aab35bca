"""Every deliberate breakage still fits the sources that it breaks, and asks tests that exist."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.faults.mutants.catalogue import MUTANTS
from tests.faults.mutants.mutant import Edit, Mutant, Schedules, Suite, UnfitError, broken
from tests.simulation.schedules import COUNTS

ROOT = Path(__file__).parents[2]
BY_NAME = {mutant.name: mutant for mutant in MUTANTS}


def test_names_are_unique_and_there_are_enough_of_them() -> None:
    assert len(BY_NAME) == len(MUTANTS) >= 30


@pytest.mark.parametrize("name", BY_NAME)
def test_its_text_stands_exactly_once_and_what_comes_of_it_is_a_program(name: str) -> None:
    for file, text in broken(BY_NAME[name], ROOT).items():
        assert text != (ROOT / file).read_text()
        if file.endswith(".py"):
            ast.parse(text)


@pytest.mark.parametrize("name", BY_NAME)
def test_what_it_asks_exists(name: str) -> None:
    for ask in BY_NAME[name].asks:
        match ask:
            case Suite(paths=paths):
                for path in paths:
                    file, _, test = path.partition("::")
                    assert (ROOT / file).exists(), path
                    assert not test or f"def {test}(" in (ROOT / file).read_text(), path
            case Schedules(scenario=scenario, count=count):
                # No more than the ordinary suite plays, or it would not be the suite that notices.
                assert count <= COUNTS[scenario]


@pytest.mark.parametrize("old", ["nothing like it", "import"])
def test_one_that_does_not_fit_says_so(old: str) -> None:
    stale = Mutant("stale", "nothing", "-", (Edit("services/metrics/store.py", old, ""),), ())

    with pytest.raises(
        UnfitError, match=r"^stale: its text stands \d+ times in services/metrics/store.py, and must stand there once"
    ):
        broken(stale, ROOT)
