"""Promise: whenever the making of keys is cut off, the next start completes them, and no key that is there is replaced."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.runtime.auth import Keys

NAMES = {"signing.pem", "verifying.pem", "pseudonym.key", "staff.key"}


class DeathError(Exception):
    """The process ends here."""


def dying_at(turn: int, step: Callable[..., Any]) -> Callable[..., Any]:
    """`step`, but for a death instead of its `turn`-th time."""
    left = turn

    def one(*arguments: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            raise DeathError
        return step(*arguments)

    return one


@pytest.mark.parametrize("turn", range(1, len(NAMES) + 1))
def test_a_start_completes_what_another_left_undone(turn: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keys(tmp_path)
    with monkeypatch.context() as dying:
        dying.setattr(os, "link", dying_at(turn, os.link))
        with pytest.raises(DeathError):
            keys.ensure()
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    keys.ensure()

    assert {path.name for path in tmp_path.iterdir()} == NAMES
    assert {name: (tmp_path / name).read_bytes() for name in made} == made
    assert keys.verify(keys.issue("operator", "o"), "intake").id == "o"
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_where_the_public_key_lies_alone_nobody_signs(tmp_path: Path) -> None:
    elsewhere, here = Keys(tmp_path / "elsewhere"), Keys(tmp_path / "here")
    elsewhere.ensure()
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "verifying.pem").write_bytes((tmp_path / "elsewhere" / "verifying.pem").read_bytes())

    here.ensure()

    assert not here.can_issue()
    assert here.verify(elsewhere.issue("operator", "o"), "intake").id == "o"
