"""The situation of a journey as its facts tell it, for all of them or for those known by the end of a day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.metrics.facts import (
    Accepted,
    Carded,
    Completed,
    Decided,
    Delivered,
    Ended,
    Fact,
    Noted,
    Noticed,
    Offered,
    OfferEnded,
    OffList,
    Opened,
    Submitted,
    Taken,
    Visited,
    Voided,
    day_of_ms,
)
from services.metrics.journey import Row
from shared.reference.runs import RunCount, Visit, count_runs

UNKNOWN = "unknown"
"""The bucket of what no fact names yet; it is shown, never guessed."""
NO_CHANNEL = "none"
"""The channel of a journey without an application."""
_IN_HAND = frozenset({"granted", "refused"})


@dataclass(slots=True)
class CaseStory:
    """What is known of one case. Facts of approval may be known before those of intake."""

    submitted: Submitted | None = None
    accepted: Accepted | None = None
    delivered: Delivered | None = None
    taken: Taken | None = None
    decided: Decided | None = None
    ended: Ended | None = None
    notices: list[Noticed] = field(default_factory=list)
    off_list: list[OffList] = field(default_factory=list)
    cards: list[Carded] = field(default_factory=list)
    offers: dict[str, Offered] = field(default_factory=dict)
    offer_ends: dict[str, OfferEnded] = field(default_factory=dict)


@dataclass(slots=True)
class Story:
    """What is known of one journey."""

    journey: str
    opened: Opened | None = None
    completed: Completed | None = None
    visits: dict[str, tuple[int, Visited]] = field(default_factory=dict)
    cases: dict[str, CaseStory] = field(default_factory=dict)  # In the order in which intake named them.

    def case(self, case_no: str) -> CaseStory:
        found = self.cases.get(case_no)
        if found is None:
            found = self.cases[case_no] = CaseStory()
        return found

    @property
    def first(self) -> Submitted | None:
        """The first application: whose channel and person the journey's visits are counted under."""
        for case in self.cases.values():
            if case.submitted is not None:
                return case.submitted
        return None

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody knows whose journey it is."""
        if self.opened is not None and self.opened.subject is not None:
            return False
        return self.first is None

    @property
    def begun_on(self) -> int | None:
        """The day of the first contact, which may have been told later; the day on which it was told, where only that is known."""
        if self.opened is None:
            return None
        return day_of_ms(self.opened.at if self.opened.contact is None else self.opened.contact)

    @property
    def is_emptied(self) -> bool:
        """Whether nothing of it stands: every visit was taken off or moved to somebody else's journey, and nobody applied."""
        return not self.visits and self.first is None

    @property
    def is_open(self) -> bool:
        """Whether somebody may still be waiting for its end."""
        return self.completed is None and not self.is_emptied

    @property
    def applicant_region(self) -> str:
        """Where the applicant lives: as said at first contact, else in the first application."""
        if self.opened is not None and self.opened.region is not None:
            return self.opened.region
        first = self.first
        return UNKNOWN if first is None else first.applicant_region

    @property
    def deliveries(self) -> list[tuple[CaseStory, Delivered]]:
        """The cases whose result was handed over."""
        return [(case, case.delivered) for case in self.cases.values() if case.delivered is not None]

    @property
    def delivered_day(self) -> int | None:
        """The day on which the whole thing was in the applicant's hand; None while it is not, or if it never will be."""
        if self.completed is None or self.completed.outcome not in _IN_HAND:
            return None
        return max((delivered.day for _, delivered in self.deliveries), default=self.completed.day)


def tell(row: Row, known_to: int | None = None) -> Story:
    """The story of `row`, by the facts known up to the end of day `known_to`, or by all of them."""
    story = Story(row.journey)
    for facts in (row.intake, row.approval):
        for order, fact in enumerate(facts):
            if known_to is None or fact.known <= known_to:
                _TELLERS[type(fact)](story, fact, order)
    return story


def runs_of(story: Story) -> RunCount:
    """The journey's runs so far, by the rule that the clerk's page uses too."""
    first = story.first
    delivered = story.delivered_day
    return count_runs(
        (_visit(order, visited) for order, visited in story.visits.values()),
        submitted_on=None if first is None else date.fromordinal(day_of_ms(first.at)),
        delivered_on=None if delivered is None else date.fromordinal(delivered),
    )


def _visit(order: int, visited: Visited) -> Visit:
    own = visited.subject if visited.by == "applicant" else visited.person
    return Visit(
        visit_id=visited.visit,
        person=own or visited.visit,
        venue_id=visited.venue,
        venue_kind=visited.venue_kind,
        local_date=date.fromordinal(visited.day),
        by=visited.by,
        purpose=visited.purpose,
        outcome=visited.outcome,
        cause=visited.cause,
        responsible=visited.responsible,
        order=order,
    )


def _tell_noted(_story: Story, _fact: Noted, _order: int) -> None:
    return


def _tell_opened(story: Story, fact: Opened, _: int) -> None:
    story.opened = fact


def _tell_visited(story: Story, fact: Visited, order: int) -> None:
    story.visits[fact.visit] = (order, fact)


def _tell_voided(story: Story, fact: Voided, _: int) -> None:
    story.visits.pop(fact.visit, None)


def _tell_completed(story: Story, fact: Completed, _: int) -> None:
    story.completed = fact


def _tell_submitted(story: Story, fact: Submitted, _: int) -> None:
    story.case(fact.case).submitted = fact


def _tell_noticed(story: Story, fact: Noticed, _: int) -> None:
    story.case(fact.case).notices.append(fact)


def _tell_off_list(story: Story, fact: OffList, _: int) -> None:
    story.case(fact.case).off_list.append(fact)


def _tell_ended(story: Story, fact: Ended, _: int) -> None:
    story.case(fact.case).ended = fact


def _tell_accepted(story: Story, fact: Accepted, _: int) -> None:
    story.case(fact.case).accepted = fact


def _tell_offered(story: Story, fact: Offered, _: int) -> None:
    story.case(fact.case).offers[fact.handover] = fact


def _tell_offer_ended(story: Story, fact: OfferEnded, _: int) -> None:
    story.case(fact.case).offer_ends[fact.handover] = fact


def _tell_delivered(story: Story, fact: Delivered, _: int) -> None:
    story.case(fact.case).delivered = fact


def _tell_taken(story: Story, fact: Taken, _: int) -> None:
    story.case(fact.case).taken = fact


def _tell_decided(story: Story, fact: Decided, _: int) -> None:
    story.case(fact.case).decided = fact


def _tell_carded(story: Story, fact: Carded, _: int) -> None:
    story.case(fact.case).cards.append(fact)


_TELLERS: dict[type[Fact], Callable[[Story, Any, int], None]] = {
    Noted: _tell_noted,
    Opened: _tell_opened,
    Visited: _tell_visited,
    Voided: _tell_voided,
    Completed: _tell_completed,
    Submitted: _tell_submitted,
    Noticed: _tell_noticed,
    OffList: _tell_off_list,
    Ended: _tell_ended,
    Accepted: _tell_accepted,
    Offered: _tell_offered,
    OfferEnded: _tell_offer_ended,
    Delivered: _tell_delivered,
    Taken: _tell_taken,
    Decided: _tell_decided,
    Carded: _tell_carded,
}
