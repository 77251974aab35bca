"""What one journey adds to the figures: the only place where facts about a person's thing turn into numbers.

A cell is one slice of one group of measures; its amounts are integers that add up over journeys. A figure is a sum over
cells, so it can always name the journeys behind it, and a journey folded twice is counted once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

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
from services.metrics.story import NO_CHANNEL, UNKNOWN, CaseStory, Story, runs_of
from shared.reference.divisions import PROVINCE
from shared.reference.regions import city_of, cross_scope
from shared.reference.runs import Run

Group = Literal["delivered", "extra", "visit", "accepted", "custody", "decided", "duty", "ended"]
Layer = Literal["physical", "virtual"]

GROUPS: dict[Group, tuple[str, ...]] = {
    "delivered": (
        "journeys",
        "statutory_zero",
        "statutory_once",
        "statutory_runs",
        "experienced_zero",
        "experienced_once",
        "experienced_two",
        "experienced_more",
        "experienced_runs",
        "kept",
        "declared",
        "proxy_runs",
    ),
    "extra": ("runs",),
    "visit": ("visits", "unattributed", "runs", "away", "region_unknown", "failed", "proxy", "nearby"),
    "accepted": ("cases", "local_cases", "cross_city"),
    "custody": ("offered", "accepted", "returned", "withdrawn"),
    "decided": ("cases", "on_time", "statutory_breach", "net_wd_used", "statutory_wd", "granted"),
    "duty": ("second_notices", "off_list", "yellow", "red"),
    "ended": ("withdrawn", "lapsed", "not_accepted"),
}
"""Every group with its measures, in the order in which cells hold them.

`*_zero` and `*_once` count journeys with no and with at most one run; `local_cases` are those handled at city or county level.
"""
MEASURES_MAX = max(len(measures) for measures in GROUPS.values())
_ACROSS = frozenset({"cross-city", "cross-province"})
_LOCAL_FROM_LEVEL = 3
_ENDINGS = ("withdrawn", "lapsed", "not_accepted")


class Cell(NamedTuple):
    """One slice of one group. `day` is the figure's own day as an ordinal; `other` and `tag` mean what the group says.

    delivered, extra, decided, duty, ended: region = handling, other empty; extra's tag = cause|responsible.
    visit: region = venue's, other = applicant's, tag = cause|responsible. accepted: region = handling, other = receiving,
    tag = scope|layer. custody: region = from, other = to, tag = layer.
    """

    group: Group
    region: str
    other: str
    item: str
    basic: str
    channel: str
    tag: str
    day: int


Amounts = tuple[int, ...]
Cells = dict[Cell, Amounts]


def plus(left: Amounts, right: Amounts) -> Amounts:
    """Amounts added measure by measure."""
    return tuple([a + b for a, b in zip(left, right, strict=True)])


def minus(after: Mapping[Cell, Amounts], before: Mapping[Cell, Amounts]) -> Cells:
    """What `after` has more than `before`, without cells that stayed as they were."""
    moved: Cells = {}
    for cell, amounts in after.items():
        old = before.get(cell)
        if old is None:
            moved[cell] = amounts
        elif old != amounts:
            moved[cell] = tuple([a - b for a, b in zip(amounts, old, strict=True)])
    for cell, amounts in before.items():
        if cell not in after:
            moved[cell] = tuple([-a for a in amounts])
    return moved


class Parts(NamedTuple):
    """What a journey adds, by what it rests on. No two parts share a cell: each has groups of its own."""

    visits: Cells
    cases: Cells
    ending: Cells

    def together(self) -> Cells:
        """All parts."""
        return self.visits | self.cases | self.ending


def contributions(story: Story) -> Cells:
    """Everything the journey adds, by the facts of `story`."""
    return parts(story).together()


def parts(story: Story) -> Parts:
    """The same by parts."""
    return Parts(*(part(story) for part in _PARTS))


def parts_after(before: Parts, story: Story, facts: Iterable[type[Fact]]) -> Parts:
    """The parts of `story` if those before facts of these types were `before`: only what can have changed is counted anew."""
    stale = {name for kind in facts for name in _RESTS_ON[kind]}
    return Parts(*(part(story) if name in stale else old for name, part, old in zip(Parts._fields, _PARTS, before, strict=True)))


def _visit_part(story: Story) -> Cells:
    cells: Cells = {}
    _add(cells, _visits(story))
    return cells


def _case_part(story: Story) -> Cells:
    cells: Cells = {}
    for case in story.cases.values():
        _add(cells, _case(case))
    return cells


def _ending_part(story: Story) -> Cells:
    return dict(_ending(story))


def _add(cells: Cells, more: Iterable[tuple[Cell, Amounts]]) -> None:
    for cell, amounts in more:
        known = cells.get(cell)
        cells[cell] = amounts if known is None else plus(known, amounts)


def _visits(story: Story) -> Iterable[tuple[Cell, Amounts]]:
    if not story.visits:
        if story.completed is not None:
            yield from _delivered(story, ())
        return
    runs = runs_of(story).runs
    home = _home(story)
    first = story.first
    channel = NO_CHANNEL if first is None else first.channel
    basic = first.basic if first is not None else story.opened.basic if story.opened is not None else UNKNOWN
    nobody = int(story.is_anonymous)
    for _, visit in story.visits.values():
        cell = Cell("visit", visit.region, home, visit.item, basic, channel, f"{visit.cause}|{visit.responsible}", visit.day)
        yield cell, (1, nobody, 0, 0, 0, int(visit.outcome != "done"), 0, 0)
    regions = {visit.visit: (visit.region, visit.item) for _, visit in story.visits.values()}
    for run in runs:
        region, item = regions[run.visit_ids[0]]
        day = run.local_date.toordinal()
        cell = Cell("visit", region, home, item, basic, channel, f"{run.cause}|{run.responsible}", day)
        yield cell, _run_amounts(run, region, home, nobody)
    yield from _delivered(story, runs)


def _home(story: Story) -> str:
    """Where the applicant lives, to a city; our whole province names none of its cities."""
    said = story.applicant_region
    return UNKNOWN if said == PROVINCE else said


def _run_amounts(run: Run, region: str, home: str, nobody: int) -> Amounts:
    if run.kind == "proxy":
        return (0, 0, 0, 0, 0, 0, 1, int(run.nearby))
    counted = int(not nobody)
    nowhere = home == UNKNOWN or region == UNKNOWN
    away = counted and not nowhere and city_of(home) != city_of(region)
    return (0, 0, counted, int(away), int(counted and nowhere), 0, 0, int(run.nearby))


def _delivered(story: Story, runs: tuple[Run, ...]) -> Iterable[tuple[Cell, Amounts]]:
    day = story.delivered_day
    terms = _principal(story)
    if day is None or terms is None:
        return
    experienced = [run for run in runs if run.kind == "experienced"]
    lived = len(experienced)
    statutory = sum(run.statutory for run in runs)
    declared = _declared(story)
    cell = Cell("delivered", terms.handling_region, "", terms.item, terms.basic, terms.channel, "", day)
    yield (
        cell,
        (
            1,
            int(statutory == 0),
            int(statutory <= 1),
            statutory,
            int(lived == 0),
            int(lived <= 1),
            int(lived == 2),
            int(lived >= 3),
            lived,
            int(lived <= declared),
            declared,
            sum(run.kind == "proxy" for run in runs),
        ),
    )
    for run in experienced:
        if run.cause != "normal":
            yield cell._replace(group="extra", tag=f"{run.cause}|{run.responsible}"), (1,)


def _principal(story: Story) -> Submitted | None:
    """The application under whose item and region the journey is counted: the first whose result was handed over."""
    return next((case.submitted for case, _ in story.deliveries if case.submitted is not None), story.first)


def _declared(story: Story) -> int:
    """What was promised for the whole thing: the most that any of its handed-over cases promised."""
    promises = [case.submitted.declared for case, _ in story.deliveries if case.submitted is not None]
    if promises:
        return max(promises)
    return story.first.declared if story.first is not None else 0


def layer_of(terms: Submitted | None) -> Layer:
    """Online and courier applications are a layer of their own: nobody handed anything in anywhere."""
    return "virtual" if terms is not None and terms.virtual else "physical"


def _case(case: CaseStory) -> Iterable[tuple[Cell, Amounts]]:
    terms = case.submitted
    handling = UNKNOWN if terms is None else terms.handling_region
    item, basic = (UNKNOWN, UNKNOWN) if terms is None else (terms.item, terms.basic)
    channel = UNKNOWN if terms is None else terms.channel
    if case.accepted is not None:
        yield _acceptance(case.accepted.day, terms, handling, item, basic, channel)
    if case.decided is not None:
        decided = case.decided
        limit = _statutory_limit(case)
        cell = Cell("decided", handling, "", item, basic, channel, "", decided.day)
        used = decided.net_wd_used if limit else 0
        yield cell, (1, int(decided.on_time), int(not decided.statutory_met), used, limit, int(decided.outcome == "granted"))
    for offer in case.offers.values():
        cell = Cell("custody", offer.from_region, offer.to_region, item, basic, channel, layer_of(terms), day_of_ms(offer.at))
        yield cell, _offer_amounts(case, offer)
    duty = Cell("duty", handling, "", item, basic, channel, "", 0)
    for notice in case.notices:
        if notice.ordinal > 1:
            yield duty._replace(day=day_of_ms(notice.at)), (1, 0, 0, 0)
    for demand in case.off_list:
        yield duty._replace(day=day_of_ms(demand.at)), (0, 1, 0, 0)
    for card in case.cards:
        yield duty._replace(day=day_of_ms(card.at)), (0, 0, int(card.colour == "yellow"), int(card.colour == "red"))


def _acceptance(day: int, terms: Submitted | None, handling: str, item: str, basic: str, channel: str) -> tuple[Cell, Amounts]:
    if terms is None:
        return Cell("accepted", handling, UNKNOWN, item, basic, channel, f"{UNKNOWN}|physical", day), (1, 0, 0)
    scope = cross_scope(terms.receiving_region, handling, terms.handling_level)
    cell = Cell("accepted", handling, terms.receiving_region, item, basic, channel, f"{scope}|{layer_of(terms)}", day)
    local = terms.handling_level >= _LOCAL_FROM_LEVEL
    return cell, (1, int(local), int(local and scope in _ACROSS))


def _statutory_limit(case: CaseStory) -> int:
    """The legal limit in working days; 0 if the item has none or no fact names it yet, and then its days do not count."""
    if case.taken is not None:
        return case.taken.statutory_wd
    return case.submitted.statutory_wd if case.submitted is not None else 0


def _offer_amounts(case: CaseStory, offer: Offered) -> Amounts:
    end = case.offer_ends.get(offer.handover)
    how = "" if end is None else end.how
    return (1, int(how == "accepted"), int(how == "returned"), int(how == "withdrawn"))


def _ending(story: Story) -> Iterable[tuple[Cell, Amounts]]:
    completed = story.completed
    if completed is None or completed.outcome not in _ENDINGS:
        return
    if completed.outcome == "lapsed" and story.is_emptied:
        # What a correction left nothing of was given up by nobody.
        return
    first = story.first
    opened = story.opened
    if first is not None:
        cell = Cell("ended", first.handling_region, "", first.item, first.basic, first.channel, "", completed.day)
    else:
        item, basic = (UNKNOWN, UNKNOWN) if opened is None else (opened.item, opened.basic)
        cell = Cell("ended", UNKNOWN, "", item, basic, NO_CHANNEL, "", completed.day)
    yield cell, tuple([int(completed.outcome == ending) for ending in _ENDINGS])


_PARTS = (_visit_part, _case_part, _ending_part)
_RESTS_ON: dict[type[Fact], tuple[str, ...]] = {
    Noted: (),
    Opened: ("visits", "ending"),
    Visited: ("visits", "ending"),
    Voided: ("visits", "ending"),
    Completed: ("visits", "ending"),
    Submitted: ("visits", "cases", "ending"),
    Noticed: ("cases",),
    OffList: ("cases",),
    Ended: (),
    Accepted: ("cases",),
    Offered: ("cases",),
    OfferEnded: ("cases",),
    Delivered: ("visits",),
    Taken: ("cases",),
    Decided: ("cases",),
    Carded: ("cases",),
}
"""Which parts a fact of each type can change."""
