"""A token is good until its time is over, however often it was good before, and only as it was signed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from shared.runtime.auth import LEEWAY_S, TOKENS_MAX, Caller, Keys, UnauthenticatedError
from shared.telemetry import clock

LIFE_S = 60


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    made = Keys(tmp_path)
    made.ensure()
    return made


def test_says_who_calls_every_time(keys: Keys) -> None:
    token = keys.issue("clerk", "li", region="330100", ttl_s=LIFE_S)

    assert [keys.verify(token, "intake") for _ in range(3)] == [Caller("clerk", "li", None, "330100")] * 3


def test_ends_with_its_time_also_when_it_was_good_before(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    token = keys.issue("clerk", "li", ttl_s=LIFE_S)
    keys.verify(token, "intake")
    later = clock.now() + timedelta(seconds=LIFE_S + LEEWAY_S + 1)
    monkeypatch.setattr(clock, "now", lambda: later)

    with pytest.raises(UnauthenticatedError):
        keys.verify(token, "intake")


def test_is_meant_for_one_service_also_when_another_one_shares_the_keys(keys: Keys) -> None:
    token = keys.issue("clerk", "li", audience="intake", ttl_s=LIFE_S)
    keys.verify(token, "intake")

    with pytest.raises(UnauthenticatedError):
        keys.verify(token, "approval")


def test_another_signature_is_looked_at_and_refused(keys: Keys) -> None:
    token = keys.issue("clerk", "li", ttl_s=LIFE_S)
    keys.verify(token, "intake")
    head, claims, signature = token.split(".")

    with pytest.raises(UnauthenticatedError):
        keys.verify(f"{head}.{claims}.{signature[::-1]}", "intake")


def test_a_token_that_was_forgotten_is_looked_at_again(keys: Keys) -> None:
    first = keys.issue("clerk", "first", ttl_s=LIFE_S)
    for number in range(TOKENS_MAX + 1):
        keys.verify(keys.issue("clerk", str(number), ttl_s=LIFE_S), "intake")

    assert keys.verify(first, "intake").id == "first"
