"""No figure is cut by half: a filter is known to every number of what is asked for, or is refused by its name."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from services.metrics.asking import UNFIT_FILTER, asked_of, figure_over
from services.metrics.contributions import Cell, Group
from services.metrics.figure_doors import definition
from services.metrics.figures import FIGURES, Figure
from services.metrics.ledger import Entry
from services.metrics.slices import KNOWN_BY, Filter, Slice, covers
from shared.eventsourcing.errors import RefusedError

CHARTS = Path(__file__).parents[3] / "services" / "metrics" / "web" / "charts.js"
CUTS: dict[str, Slice] = {
    "layer": Slice(layer="virtual"),
    "pair": Slice(pair="330200>330400"),
    "cause": Slice(cause="wrong_place|applicant"),
    "home": Slice(home="330200"),
}
TAGS: dict[Group, str] = {
    "accepted": "cross-city|physical",
    "custody": "physical",
    "extra": "gap_fill|applicant",
    "visit": "normal|unknown",
}
every_cut = pytest.mark.parametrize("name", CUTS)
every_figure = pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.code)


def is_cut(group: str, asked: Slice) -> bool:
    """Whether the slice leaves out a cell of the group that is none of what it names."""
    known: Any = group
    cell = Cell(known, "330106", "330302", "item-1", "basic-1", "window", TAGS.get(known, ""), 1)
    assert covers(Slice(), Entry(cell, 1))
    return not covers(asked, Entry(cell, 1))


@every_figure
@every_cut
def test_a_figure_is_cut_whole_or_not_at_all(figure: Figure, name: str) -> None:
    asked = CUTS[name]

    if all(is_cut(group, asked) for group in figure.groups):
        assert figure_over(figure.code, asked) is figure
    else:
        with pytest.raises(RefusedError) as refused:
            figure_over(figure.code, asked)
        assert (refused.value.rule, refused.value.field) == (UNFIT_FILTER, name)


@every_figure
@every_cut
def test_the_evidence_of_a_reading_is_cut_as_the_reading_is(figure: Figure, name: str) -> None:
    asked = CUTS[name]

    for told in definition(figure)["readings"]:
        groups = asked_of(figure.code, told["code"], Slice()).groups
        assert (name in told["filters"]) == all(is_cut(group, asked) for group in groups)
        if name in told["filters"]:
            assert asked_of(figure.code, told["code"], asked).slice == asked
        else:
            with pytest.raises(RefusedError) as refused:
                asked_of(figure.code, told["code"], asked)
            assert (refused.value.rule, refused.value.field) == (UNFIT_FILTER, name)


def test_what_every_cell_knows_cuts_every_figure() -> None:
    asked = Slice(region="330106", item="item-1", basic="basic-1", channel="window")

    assert [figure_over(figure.code, asked) for figure in FIGURES] == list(FIGURES)


def test_the_links_of_the_board_are_never_refused() -> None:
    assert asked_of("F5", "extra", CUTS["cause"])
    assert asked_of("F6", "accepted", Slice(pair="330200>330400", layer="physical"))
    assert asked_of("F7", "away", CUTS["home"])
    assert asked_of("F8", "offered", Slice(pair="330200>330400", layer="physical"))
    assert asked_of("F13", "failed", CUTS["cause"])


def test_pages_think_the_same_filters_partial() -> None:
    told = re.search(r"^const PARTIAL = (\[.*\]);$", CHARTS.read_text(encoding="utf-8"), re.MULTILINE)

    assert told is not None
    assert json.loads(told[1]) == list(KNOWN_BY) == list(get_args(Filter))
