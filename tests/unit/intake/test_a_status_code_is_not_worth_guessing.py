"""Ten wrong status codes an hour are all that a household has, and the code is so long that they find nothing."""

from __future__ import annotations

from typing import Any, cast

import pytest

from services.intake.guesses import WRONG_MAX, Guesser
from services.intake.people import CODE_DIGITS, Pseudonyms
from shared.eventsourcing.errors import TooOftenError
from shared.postgres.event_log import Tx

ALLOWED = 10
FOUND_IN_A_DAY_MAX = 2.4e-8
LEFT_S = 1_800.2


class Counted:
    """A database that counts wrong codes, and is asked whether there were as many as a limit that it is told."""

    def __init__(self) -> None:
        self.wrong = 0

    async def execute(self, sql: str, *_: Any) -> None:
        self.wrong += sql.lstrip().startswith("INSERT INTO guess")

    async def fetchval(self, _sql: str, _whose: str, limit: int) -> float | None:
        return LEFT_S if self.wrong >= limit else None


async def test_ten_wrong_codes_are_heard_and_the_next_one_is_refused() -> None:
    counted = Counted()
    tx, guesser = cast(Tx, counted), Guesser(Pseudonyms(b"key"), "S0", "192.0.2.1")

    for _ in range(ALLOWED):
        await guesser.require_few(tx)
        await guesser.was_wrong(tx)

    with pytest.raises(TooOftenError) as raised:
        await guesser.require_few(tx)
    assert (raised.value.rule.code, raised.value.after_s, counted.wrong) == ("too-many-guesses", 1_801, ALLOWED)


def test_a_day_of_guessing_finds_next_to_nothing() -> None:
    assert WRONG_MAX * 24 / 10**CODE_DIGITS <= FOUND_IN_A_DAY_MAX
