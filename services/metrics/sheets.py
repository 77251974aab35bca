"""Tables for spreadsheets: CSV that Excel opens in Chinese and that no cell of can become a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BOM = "\ufeff"
"""Without it Excel reads UTF-8 as something else."""
Names = Mapping[str, tuple[str, str]]
"""A code's names, in Chinese and in English."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def spelled(value: Any) -> Any:
    """A value as a cell: what is unknown is empty, and a text that a spreadsheet would execute is quoted."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value.lstrip().startswith(_FORMULA):
        return "'" + value
    return value


def sheet(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """The table as bytes, with a byte order mark and the line ends that the format asks for."""
    return BOM.encode() + lines([head]) + lines(rows)


def lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """Further lines of a table."""
    into = io.StringIO(newline="")
    csv.writer(into).writerows([[spelled(value) for value in row] for row in rows])
    return into.getvalue().encode()


def figure_rows(answered: Mapping[str, Any], names: Names) -> Iterable[list[Any]]:
    """One line for each group and reading of a figure's answer; the whole comes first, under no key."""
    for key, readings in [("", answered["readings"]), *((group["key"], group["readings"]) for group in answered["groups"])]:
        for code, value in readings.items():
            zh, en = names.get(key, ("", ""))
            yield [answered["figure"], code, key, zh, en, value["value"], value["numerator"], value["denominator"], value["few"]]


FIGURE_HEAD = ("figure", "reading", "key", "name_zh", "name_en", "value", "numerator", "denominator", "few")


def week_rows(told: Mapping[str, Any]) -> Iterable[list[Any]]:
    """One line for each week, and beside its ratios how many journeys they are of."""
    for week in told["weeks"]:
        values = [week[name]["value"] for name in _WEEKLY]
        yield [week["week"], *values, week["kept"]["denominator"], week["kept"]["few"]]


_WEEKLY = ("once", "experienced_once", "kept")
WEEK_HEAD = ("week", "statutory_once", "experienced_once", "promise_kept", "journeys", "few")


def gap_rows(gap: Mapping[str, Any], items: Names, places: Names) -> Iterable[list[Any]]:
    """One line for each basic item and city of the gap table."""
    for item in gap["items"]:
        for city in gap["cities"]:
            found = gap["cells"][item].get(city)
            if found is not None:
                reading = found["gap"]
                amounts = [reading[name] for name in ("value", "numerator", "denominator", "few")]
                named = [item, *items.get(item, ("", "")), city, *places.get(city, ("", ""))]
                yield [*named, *amounts, found["kept"]["value"]]


GAP_HEAD = ("basic", "item_zh", "item_en", "city", "city_zh", "city_en", "gap", "extra_runs", "journeys", "few", "promise_kept")


def matrix_rows(matrix: Mapping[str, Any], places: Names) -> Iterable[list[Any]]:
    """One line for each layer and pair of cities."""
    for layer, counts in matrix["layers"].items():
        for row, there in enumerate(matrix["codes"]):
            for column, here in enumerate(matrix["codes"]):
                yield [layer, there, *places.get(there, ("", "")), here, *places.get(here, ("", "")), counts[row][column]]


MATRIX_HEAD = ("layer", "received_in", "received_zh", "received_en", "handled_in", "handled_zh", "handled_en", "cases")


def cause_rows(causes: Mapping[str, Any], names: Names) -> Iterable[list[Any]]:
    """One line for each cause with who answers for it."""
    for bar in causes["causes"]:
        cause = bar["cause"]
        yield [cause, *names.get(cause, ("", "")), bar["government"], bar["applicant"], bar["unknown"], bar["total"]]


CAUSE_HEAD = ("cause", "cause_zh", "cause_en", "government", "applicant", "unknown", "total")


def mover_rows(told: Mapping[str, Any], items: Names, places: Names) -> Iterable[list[Any]]:
    """One line for each basic item and city whose gap grew most, worst first; none where no earlier days are asked for."""
    for mover in told["movers"] or []:
        item, place = mover["basic"], mover["city"]
        sides = [mover[side][name] for side in ("before", "gap") for name in ("value", "numerator", "denominator")]
        yield [item, *items.get(item, ("", "")), place, *places.get(place, ("", "")), mover["change"], *sides]


_SIDE = ("gap", "extra_runs", "journeys")
MOVER_HEAD = (*GAP_HEAD[:6], "change", *[f"{name}_before" for name in _SIDE], *_SIDE)


def live_rows(told: Mapping[str, Any], causes: Names, places: Names) -> Iterable[list[Any]]:
    """One line for each bar of what is going on: open journeys by age and by who holds them, failures and visits of late."""
    for age in told["by_age"]:
        yield ["open_by_days", age["days"], "", "", age["open"], None]
    for holder in told["by_holder"]:
        place = holder["region"]
        yield ["open_by_holder", place, *places.get(place, ("", "")), holder["open"], holder["anonymous"]]
    for failed in told["failed_today"]:
        yield ["failed_today", failed["cause"], *causes.get(failed["cause"], ("", "")), failed["attempts"], None]
    for minute in told["visited_per_minute"]:
        yield ["visited_in_minute", minute["minute"].isoformat(), "", "", minute["journeys"], None]


LIVE_HEAD = ("table", "key", "name_zh", "name_en", "count", "anonymous")


def log_rows(told: Mapping[str, Any]) -> Iterable[list[Any]]:
    """One line for each number of somebody else's log; `group` is its region, or the kind of answer."""
    whose = [told["origin"], *(told[name].isoformat() if told[name] else None for name in ("as_of", "known_at"))]
    for table, groups in told["figures"].items():
        for group, values in groups.items():
            yield from ([table, group, key, value, *whose] for key, value in values.items())


LOG_HEAD = ("table", "group", "key", "value", "origin", "as_of", "known_at")


@dataclass(frozen=True, slots=True)
class Bulletin:
    """The table of a bulletin: a line for each fact, and last ones that add it up."""

    facts: tuple[str, ...]
    """What a fact's line says, before what every line says."""
    told: Callable[[Mapping[str, Any], Names], list[Any]]
    """A fact as its line."""
    sides: tuple[str, ...]
    """What is said of each of the two sides."""

    @property
    def head(self) -> tuple[str, ...]:
        """The names of the columns."""
        sides = [name if key == "known_at" else f"{key}_{name}" for key in self.sides for name in _SIDES]
        return ("line", *self.facts, "figure", "reading", "rule", *sides, "as_of", "demo")

    def rows(self, page: Mapping[str, Any], items: Names) -> Iterable[list[Any]]:
        """One line for each fact of a bulletin's page."""
        for fact in page["facts"]:
            yield ["fact", *self.told(fact, items), *self._said(page)]

    def end(self, kind: str, page: Mapping[str, Any], numerator: int | None, denominator: int | None) -> list[Any]:
        """One of the last lines of a bulletin: what its facts add up to, and what they have to."""
        sums = {"numerator": numerator, "denominator": denominator}
        return [kind, *[sums.get(name) for name in self.facts], *self._said(page)]

    def _said(self, page: Mapping[str, Any]) -> list[Any]:
        if not page:
            return [None] * (len(self.head) - len(self.facts) - 1)
        sides = [page[name][key] for key in self.sides for name in _SIDES]
        return [page["figure"], page["reading"], page["rule"], *sides, page["as_of"], page["demo"]]


_SIDES = ("then", "now")
_STANDS = ("source", "sequence", "topic", "partition", "offset", "event")
_WHAT = ("why", "fact", "occurred", "known_on", "numerator", "denominator")
_THING = ("item", "item_zh", "item_en")


def _what(fact: Mapping[str, Any]) -> list[Any]:
    named = [fact["why"], fact["type"] or fact["kind"], fact["time"], fact["known_on"]]
    return [*named, fact["numerator"], fact["denominator"]]


def _thing(fact: Mapping[str, Any], items: Names) -> list[Any]:
    return [fact["item"], *items.get(fact["item"], ("", ""))]


def _of_journey(fact: Mapping[str, Any], items: Names) -> list[Any]:
    return [*_what(fact), fact["journey"], *_thing(fact, items), *[fact[name] for name in _STANDS]]


def _of_item(fact: Mapping[str, Any], items: Names) -> list[Any]:
    versions = [(fact[side] or {}).get(name) for name in _VERSION for side in ("before", "after")]
    return [*_what(fact), *_thing(fact, items), fact["effective_from"], *versions, *[fact[name] for name in _STANDS]]


_VERSION = ("version", "declared", "exception")
BULLETIN = Bulletin((*_WHAT, "journey", *_THING, *_STANDS), _of_journey, ("known_at",))
ITEM_BULLETIN = Bulletin(
    (*_WHAT, *_THING, "effective_from", *[f"{name}_{side}" for name in _VERSION for side in ("before", "after")], *_STANDS),
    _of_item,
    ("known_at", "day"),
)
