"""The old build serves until the swap: that is believed only if a reader saw it, then the new one, and no figure go back."""

from __future__ import annotations

from benchmarks.rebuild import Served


def test_one_build_after_the_other_is_steady() -> None:
    assert Served(generations=[1, 1, 2], visits=[5, 6, 6]).is_steady


def test_a_reader_who_saw_one_build_alone_saw_no_swap() -> None:
    assert not Served(generations=[1, 1, 1], visits=[5, 6, 6]).is_steady
    assert not Served(generations=[2, 2], visits=[5, 6]).is_steady


def test_a_build_or_a_figure_that_goes_back_is_not_steady() -> None:
    assert not Served(generations=[1, 2, 1], visits=[5, 6, 6]).is_steady
    assert not Served(generations=[1, 1, 2], visits=[5, 6, 5]).is_steady
