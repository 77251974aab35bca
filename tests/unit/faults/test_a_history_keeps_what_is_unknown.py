"""Promise: a history read back tells every question, every answer and every silence; what was never answered stays unknown."""

from __future__ import annotations

from pathlib import Path

from tests.faults.history import History, calls


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    first = history.ask("intake", "submit-application", "key-1", "clerk-1", {"item_code": "i"})
    second = history.ask("approval", "decide", "key-2", "officer-1", {"case_no": "c"})
    history.wonder(first, "ClientOSError")
    history.again(first)
    history.hear(first, 201, {"events": ["e-1"], "case_no": "c"})
    history.hear(second, 409, {"rule": "already-decided"})
    history.close()

    submitted, decided = calls((tmp_path / "history.jsonl").read_text().splitlines())

    assert (submitted.asked, submitted.silences) == (2, ["ClientOSError"])
    assert submitted.granted is not None
    assert submitted.granted.body["case_no"] == "c"
    assert decided.is_refused
    assert not submitted.is_refused


def test_silence_is_neither_yes_nor_no(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    number = history.ask("intake", "withdraw", "key-1", "clerk-1", {})
    history.wonder(number, "TimeoutError")
    history.close()

    (call,) = calls((tmp_path / "history.jsonl").read_text().splitlines())

    assert call.granted is None
    assert not call.is_refused


def test_a_refusal_after_a_silence_does_not_say_what_the_silence_did(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    number = history.ask("intake", "withdraw", "key-1", "clerk-1", {})
    history.wonder(number, "TimeoutError")
    history.again(number)
    history.hear(number, 409, {"rule": "case-ended"})
    history.close()

    (call,) = calls((tmp_path / "history.jsonl").read_text().splitlines())

    assert not call.is_refused
