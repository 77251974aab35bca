"""Promise: how long a hand-over waited, and whether it is overdue, is told as it was known on the day that is asked of."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.metrics.evidence import Looked
from services.metrics.handovers import Handover, handovers
from services.metrics.slices import Slice
from shared.contracts.intake import Channel
from tests.unit.metrics.stories import Told, offer_ended, offered, opened, submitted

DUE = date(2026, 8, 20)  # As the story has it.
LATER = DUE + timedelta(days=30)


def of(told: Told, asked: Slice, today: date = LATER) -> Handover:
    (found,) = handovers(Looked(told.row(), 0), asked, today)
    return found


def handed_over(how: str | None, *, channel: Channel = "window", days: float = 2) -> Told:
    told = Told().says(opened(), submitted(virtual=channel == "web", channel=channel), offered())
    return told if how is None else told.wait(days).says(offer_ended(how))


def test_what_was_taken_over_waited_from_the_offer_until_then() -> None:
    found = of(handed_over("accepted"), Slice())

    assert (found.how, found.seconds, found.is_overdue) == ("accepted", 2 * 86_400 + 1, False)


@pytest.mark.parametrize("how", ["returned", "withdrawn", None])
def test_what_was_not_taken_over_waited_for_no_length(how: str | None) -> None:
    assert of(handed_over(how), Slice()).seconds is None


def test_online_nobody_passes_papers_on() -> None:
    assert of(handed_over("accepted", channel="web"), Slice()).seconds is None


@pytest.mark.parametrize(("today", "is_overdue"), [(DUE, False), (DUE + timedelta(days=1), True)])
def test_what_nobody_answers_is_overdue_from_the_day_after_its_last(today: date, *, is_overdue: bool) -> None:
    assert of(handed_over(None), Slice(), today).is_overdue is is_overdue


def test_as_known_before_its_end_it_still_waited() -> None:
    told = handed_over("accepted", days=20)

    found = of(told, Slice(known_at=DUE + timedelta(days=1)))
    assert (found.how, found.seconds, found.is_overdue) == (None, None, True)
    assert of(told, Slice(known_at=DUE)).is_overdue is False
    assert of(told, Slice(known_at=LATER)).seconds == 20 * 86_400 + 1
