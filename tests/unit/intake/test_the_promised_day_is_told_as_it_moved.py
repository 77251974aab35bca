"""What an applicant reads of the clock: each move of the promised day with what it was for, and what stops it now."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from services.intake.progress import clock_told

FIRST, SECOND, THIRD = date(2026, 11, 20), date(2026, 11, 25), date(2026, 12, 1)
AT = datetime(2026, 11, 10, 1, 0, tzinfo=UTC)


def move(fact: str, reason: str | None = None, days: int | None = None, due: date | None = None) -> dict[str, Any]:
    return {"fact": fact, "at": AT, "reason": reason, "days": days, "promised_due": due}


def test_nothing_moved_means_the_day_of_the_acceptance() -> None:
    assert clock_told(FIRST, []) == {"due": FIRST, "halted": None, "moves": []}


def test_a_procedure_stops_the_clock_until_it_ends_and_gives_the_move_its_reason() -> None:
    started = move("special-procedure-started", "site-inspection", 5)

    stopped = clock_told(FIRST, [started])
    ended = clock_told(FIRST, [started, move("special-procedure-ended", "passed", due=SECOND)])

    assert stopped["halted"] == {"since": AT, "kind": "site-inspection", "expected_wd": 5}
    assert (stopped["due"], stopped["moves"]) == (FIRST, [])
    assert (ended["due"], ended["halted"]) == (SECOND, None)
    assert [(told["reason"], told["was"], told["is"]) for told in ended["moves"]] == [("site-inspection", FIRST, SECOND)]


def test_each_move_begins_where_the_last_one_ended() -> None:
    moves = [move("time-limit-extended", "complex", 3, SECOND), move("deadline-recomputed", due=THIRD)]

    told = clock_told(FIRST, moves)

    assert [(one["was"], one["is"], one["days"]) for one in told["moves"]] == [(FIRST, SECOND, 3), (SECOND, THIRD, None)]
    assert told["due"] == THIRD
