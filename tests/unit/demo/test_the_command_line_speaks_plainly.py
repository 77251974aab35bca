"""Promise: every word of the command line answers in one plain sentence, with an exit code that a script can use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.local import instance
from deploy.local.cli import main, parser
from shared.runtime.auth import Keys


def run(data: Path, *words: str) -> int:
    return main(["--data", str(data), *words])


@pytest.mark.parametrize("word", ["down", "verify", "rebuild", "redrive"])
def test_what_needs_a_running_instance_says_how_to_start_one(tmp_path: Path, capsys: pytest.CaptureFixture[str], word: str) -> None:
    assert run(tmp_path, word) == 1
    assert capsys.readouterr().err == "runonce: nothing runs on this data: ./runonce up, or ./runonce demo\n"


def test_status_tells_a_script_that_nothing_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "status", "--json") == 1
    assert json.loads(capsys.readouterr().out) == {"running": False}


def test_a_token_says_who_calls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "token", "--role", "clerk", "--id", "c-1", "--region", "330302") == 0
    caller = Keys(tmp_path / "keys").verify(capsys.readouterr().out.strip(), "intake")

    assert (caller.role, caller.id, caller.region) == ("clerk", "c-1", "330302")


def test_reset_deletes_only_what_was_agreed_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "data"
    kept.mkdir()
    monkeypatch.setattr("builtins.input", lambda _: "no")

    assert run(kept, "reset") == 1
    assert kept.exists()
    assert run(kept, "reset", "--yes") == 0
    assert not kept.exists()


def test_nothing_is_done_to_data_on_which_an_instance_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with instance.lock(tmp_path):
        assert run(tmp_path, "reset", "--yes") == 1
        assert run(tmp_path, "up") == 1
        assert run(tmp_path, "republish") == 1

    assert capsys.readouterr().err.splitlines()[-1] == (
        "runonce: an instance runs on this data already: ./runonce status, or ./runonce down"
    )


@pytest.mark.parametrize(("text", "seconds"), [("60s", 60), ("2m", 120), ("1h", 3_600), ("7", 7)])
def test_times_are_written_as_people_write_them(text: str, seconds: float) -> None:
    assert parser().parse_args(["demo", "--for", text]).seconds == seconds


def test_an_unknown_word_is_not_understood() -> None:
    with pytest.raises(SystemExit) as told:
        parser().parse_args(["dance"])
    assert told.value.code == 2
