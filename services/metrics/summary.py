"""What a row shows outside its facts: the columns for live figures and evidence, and one line for each hand-over."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from services.metrics.contributions import Cell, Group, Layer, Parts, layer_of
from services.metrics.facts import day_of_ms, instant_of_ms
from services.metrics.slices import city, pair_of
from services.metrics.story import UNKNOWN, CaseStory, Story

_PLACES_MAX = 50_000


class Summary(NamedTuple):
    """The columns of a journey row, in the order of its table from `opened_on` on.

    `touches` is a superset of what the row adds to, one word a line: it lets evidence skip rows without reading them.
    """

    opened_on: date | None
    open: bool
    anonymous: bool
    holder: str | None
    holder_region: str | None
    last_visit_at: datetime | None
    first_day: date | None
    last_day: date | None
    touches: str


class Wait(NamedTuple):
    """One offer of custody and how it ended, in the order of its table."""

    journey: str
    case_no: str
    handover_no: str
    partition: int
    from_region: str
    to_region: str
    item: str
    basic: str
    channel: str
    layer: Layer
    offered_on: date
    offered_at: datetime
    offered_known: date
    due: date
    how: str | None
    ended_at: datetime | None
    ended_known: date | None


def summary(story: Story, parts: Parts) -> Summary:
    """The columns of the journey."""
    held = next((case for case in story.cases.values() if case.ended is None and case.delivered is None), None)
    holder, region = (None, None) if held is None or story.completed is not None else _holder(held)
    visits = [visited.at for _, visited in story.visits.values()]
    days: set[int] = set()
    words: set[str] = set()
    for part in parts:
        for group, where, other, item, _, _, tag, day in part:
            days.add(day)
            words.update(_words(group, where, other, item, tag))
    return Summary(
        opened_on=None if story.begun_on is None else date.fromordinal(story.begun_on),
        open=story.is_open,
        anonymous=story.is_anonymous,
        holder=holder,
        holder_region=region,
        last_visit_at=instant_of_ms(max(visits)) if visits else None,
        first_day=date.fromordinal(min(days)) if days else None,
        last_day=date.fromordinal(max(days)) if days else None,
        touches="\n".join(["", *sorted(words), ""]),
    )


@lru_cache(_PLACES_MAX)
def _words(group: Group, region: str, other: str, item: str, tag: str) -> tuple[str, ...]:
    """The words under which evidence finds a row that adds to such a cell. The same few thousand cells come every day."""
    words = [f"{group}:{city(region)}", f"item:{item}"]
    if group in ("extra", "visit"):
        words.append(f"{group}:{tag}")
    if other:
        words.append(f"{group}:{pair_of(Cell(group, region, other, item, '', '', tag, 0))}")
    return tuple(words)


def _holder(case: CaseStory) -> tuple[str | None, str | None]:
    """Custody changes on acceptance only; once the case is accepted, the accepting body holds it."""
    if case.accepted is not None:
        return case.accepted.body, case.accepted.region
    taken = [offer for offer in case.offers.values() if _ended(case, offer.handover) == "accepted"]
    if taken:
        return taken[-1].body, taken[-1].to_region
    if case.submitted is not None:
        return case.submitted.body, case.submitted.receiving_region
    return None, None


def _ended(case: CaseStory, handover: str) -> str | None:
    end = case.offer_ends.get(handover)
    return None if end is None else end.how


def waits(story: Story, partition: int) -> list[Wait]:
    """The hand-overs of the journey."""
    made: list[Wait] = []
    for case_no, case in story.cases.items():
        terms = case.submitted
        for offer in case.offers.values():
            end = case.offer_ends.get(offer.handover)
            made.append(
                Wait(
                    journey=story.journey,
                    case_no=case_no,
                    handover_no=offer.handover,
                    partition=partition,
                    from_region=offer.from_region,
                    to_region=offer.to_region,
                    item=UNKNOWN if terms is None else terms.item,
                    basic=UNKNOWN if terms is None else terms.basic,
                    channel=UNKNOWN if terms is None else terms.channel,
                    layer=layer_of(terms),
                    offered_on=date.fromordinal(day_of_ms(offer.at)),
                    offered_at=instant_of_ms(offer.at),
                    offered_known=date.fromordinal(offer.known),
                    due=date.fromordinal(offer.due),
                    how=None if end is None else end.how,
                    ended_at=None if end is None else instant_of_ms(end.at),
                    ended_known=None if end is None else date.fromordinal(end.known),
                )
            )
    return made
