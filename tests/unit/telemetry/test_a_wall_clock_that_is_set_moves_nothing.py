"""Promise: once a process agreed with the database's clock, setting its machine's wall clock moves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest

from shared.telemetry import clock


class _Wall(datetime):
    """A wall clock that was set two days ahead."""

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return datetime.now(UTC) + timedelta(days=2)


@pytest.fixture(autouse=True)
def as_at_a_start() -> Iterator[None]:
    yield
    clock._Steady.zero = None


def is_near(left: datetime, right: datetime) -> bool:
    return abs(left - right) < timedelta(seconds=1)


def test_without_a_database_the_wall_clock_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "datetime", _Wall)

    assert is_near(clock.now(), datetime.now(UTC) + timedelta(days=2))


def test_a_jump_after_the_agreement_is_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not clock.agree_with(datetime.now(UTC))
    monkeypatch.setattr(clock, "datetime", _Wall)

    assert is_near(clock.now(), datetime.now(UTC))


@pytest.mark.parametrize("days", [-2, 2])
def test_a_process_that_starts_with_a_wrong_clock_steps_to_the_databases(days: int) -> None:
    reference = datetime.now(UTC) + timedelta(days=days)

    assert clock.agree_with(reference)
    assert is_near(clock.now(), reference)


def test_a_small_difference_is_no_reason_to_step() -> None:
    clock.agree_with(datetime.now(UTC))
    before = clock.now()

    assert not clock.agree_with(before - clock.TOLERANCE / 2)
    assert clock.now() >= before


def test_time_goes_on() -> None:
    clock.agree_with(datetime.now(UTC))
    told, ends = clock.now(), monotonic() + 1

    while (later := clock.now()) == told and monotonic() < ends:
        pass
    assert later > told
