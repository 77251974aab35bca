"""The bricks of a made-up journey: its terms, how often things happen, and how one step is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid5

from deploy.local.pace import Pace
from deploy.local.population import Item, Province
from deploy.local.story import Act, Step
from shared.reference.deadlines import CHINA

_VISITS = UUID("4b1c0f1e-3c55-5b0c-9a39-2f2f6d0f7a61")
_AWAY_KINDS = frozenset({"custody-city", "custody-county"})


@dataclass(frozen=True, slots=True)
class Terms:
    """Who wants what from whom, and how: settled before the first step. `contact` is added to what is told of the applicant."""

    name: str
    applicant: str
    agent: str | None
    home: str
    item: Item
    channel: str
    hand_over: str
    """`none`, or where the case has to go after it was handed in: `custody-city`, `custody-county`."""
    venue_id: str
    """Where it is handed in, if somebody goes."""
    receiving_region: str
    hall_id: str
    """Where the applicant is called to later."""
    contact: dict[str, str] = field(default_factory=dict)

    @property
    def is_virtual(self) -> bool:
        return self.channel in ("web", "app", "courier")

    @property
    def changes_hands(self) -> bool:
        return self.hand_over in _AWAY_KINDS


@dataclass(frozen=True, slots=True)
class Rates:
    """How often things happen. Shares are of all journeys unless a comment says otherwise."""

    wrong_place: float = 0.03  # of those who go somewhere, as all attempts before applying
    missing_material: float = 0.055
    not_informed: float = 0.025
    system_failure: float = 0.012
    hall_closed: float = 0.008
    staff_error: float = 0.005
    unknown_cause: float = 0.003
    asked_first: float = 0.012  # of those who then apply from home
    unnamed_first: float = 0.004
    duplicate_visit: float = 0.005
    mistaken_visit: float = 0.003
    staff_visit: float = 0.003
    not_accepted: float = 0.01
    withdrawn: float = 0.005
    withdrawn_later: float = 0.005
    correction: float = 0.08
    second_notice: float = 0.04  # of those with a correction
    partial_answer: float = 0.06  # of those with a correction
    unanswered: float = 0.03  # of those with a correction
    off_list: float = 0.003
    deemed: float = 0.006
    offer_returned: float = 0.05  # of hand-overs
    offer_taken_back: float = 0.03  # of hand-overs
    offer_late: float = 0.07  # of hand-overs
    presence: float = 0.04
    special: float = 0.02
    extension: float = 0.005
    progress_asked: float = 0.012
    late: float = 0.02
    at_the_limit: float = 0.05
    refused: float = 0.015
    collect_at_window: float = 0.2  # of those who came to a window
    collect_online: float = 0.05  # of those who applied from home
    collect_failed: float = 0.02  # of collections
    intended_refusal: float = 0.004


HISTORY = Rates()
LIVE = Rates(deemed=0, late=0, unanswered=0, special=0.03, correction=0.12, wrong_place=0.05)
"""Within minutes nothing falls due, so what needs days of waiting is left to history."""


class Teller:
    """Tells steps one after another; `steps` are in the order of their time."""

    def __init__(self, rng: Random, pace: Pace, province: Province, terms: Terms, rates: Rates) -> None:
        self._rng = rng
        self._pace = pace
        self._province = province
        self._terms = terms
        self._rates = rates
        self._visits = 0
        self.steps: list[Step] = []
        self.now = datetime(1970, 1, 1, tzinfo=CHINA)

    def _chance(self, share: float) -> bool:
        return self._rng.random() < share

    def _do(self, command: str, act: Act, refused: str | None = None, **data: Any) -> None:
        self.steps.append(Step(command, self.now, self.now + self._lag(), act, data, refused))

    def _lag(self) -> timedelta:
        """How much later government knew: mostly minutes, at times a day."""
        kind = self._rng.random()
        if kind < 0.94:
            return timedelta(seconds=self._rng.randint(1, 600))
        return timedelta(hours=self._rng.randint(1, 24) if kind < 0.99 else self._rng.randint(24, 72))

    def _applicant(self) -> dict[str, str]:
        return {"id_no": self._terms.applicant, "region": self._terms.home, **self._terms.contact}

    def _visit(
        self,
        purpose: str,
        outcome: str = "done",
        cause: str = "normal",
        venue_id: str | None = None,
        act: Act = "before",
        **more: Any,
    ) -> str:
        self._visits += 1
        visit_id = str(uuid5(_VISITS, f"{self._terms.name}/{self._visits}"))
        data: dict[str, Any] = {
            "visit_id": visit_id,
            "applicant": self._applicant(),
            "item_code": self._terms.item.code,
            "venue_id": venue_id or self._terms.venue_id,
            "local_date": self.now.astimezone(CHINA).date().isoformat(),
            "by": "applicant",
            "purpose": purpose,
            "outcome": outcome,
            "cause": cause,
            "source": "window",
        }
        if self._terms.agent is not None:
            data |= {"by": "agent", "person_id_no": self._terms.agent}
        data |= more
        self._do("record-visit", act, **{name: value for name, value in data.items() if value is not None})
        return visit_id

    def nameless(self, start: datetime) -> None:
        """A visit of somebody who gives no name: it stays in a journey of its own."""
        self.now = start
        cause = self._rng.choice(("normal", "not_informed", "wrong_place", "hall_closed", "unknown"))
        outcome = cause if cause in ("wrong_place", "hall_closed") else "done"
        self._visit("consult", outcome, cause, applicant=None, source="queue", by="applicant", person_id_no=None)
