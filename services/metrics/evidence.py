"""From a figure to the journeys behind it.

Evidence is read from the rows, never from the cells; that both say the same is what a recount shows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.metrics.cells import Snapshot, sums
from services.metrics.contributions import GROUPS, Amounts, contributions
from services.metrics.facts import day_of_ms
from services.metrics.figures import Figure, Reading, Value, total, value_of
from services.metrics.journey import Row, load
from services.metrics.ledger import Entry, Ledger, ledger
from services.metrics.slices import CAUSED, PAIRED, Slice, covers, prefix_of
from services.metrics.story import Story, tell

SCAN_PAGE = 500
GIVE_WAY_EVERY = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """Evidence is asked for one reading of one figure over one slice."""

    figure: Figure
    reading: Reading
    slice: Slice

    @property
    def numerator(self) -> dict[str, int]:
        """What a journey counts by; a reading of single waits rests on the hand-overs themselves."""
        return {"custody.offered": 1} if self.reading.from_waits else dict(self.reading.numerator)

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of cells that the reading rests on."""
        return tuple(sorted({m.partition(".")[0] for m in (*self.numerator, *(self.reading.denominator or {}))}))


@dataclass(frozen=True, slots=True)
class Share:
    """What one journey adds to a reading."""

    row: Row
    partition: int
    numerator: int
    denominator: int


def measured(entries: Iterable[tuple[Entry, Amounts]], asked: Slice) -> dict[str, int]:
    """The measures of those entries that the slice covers."""
    made: dict[str, int] = {}
    for entry, amounts in entries:
        if covers(asked, entry):
            group = entry.cell.group
            for measure, amount in zip(GROUPS[group], amounts, strict=True):
                name = f"{group}.{measure}"
                made[name] = made.get(name, 0) + amount
    return made


def entries_of(row: Row, asked: Slice) -> Ledger:
    """What `row` adds, with known days only where the question is about them."""
    if asked.known_at is not None or asked.axis == "known":
        return ledger(row)
    return {Entry(cell, 0): amounts for cell, amounts in contributions(tell(row)).items()}


def share_of(row: Row, partition: int, asked: Asked) -> Share:
    """What `row` adds to the reading."""
    found = measured(entries_of(row, asked.slice).items(), asked.slice)
    return Share(row, partition, total(asked.numerator, found), total(asked.reading.denominator or {}, found))


def _candidates(snap: Snapshot, asked: Asked, after: str) -> tuple[str, list[Any]]:
    """Rows that may add to the reading: a superset, found without reading them."""
    words, args = ["journey > $1"], [after]

    def put(condition: str, value: Any) -> None:
        args.append(value)
        words.append(condition.format(f"${len(args)}"))

    wanted = asked.slice
    if wanted.axis == "occurred":
        if wanted.from_day is not None:
            put("last_day >= {}", wanted.from_day)
        if wanted.to_day is not None:
            put("first_day <= {}", wanted.to_day)
    any_of = [f"strpos(touches, ${len(args) + n}) > 0" for n in range(1, len(asked.groups) + 1)]
    args += [_touch(group, wanted) for group in asked.groups]
    words.append(f"({' OR '.join(any_of)})")
    if wanted.item is not None:
        put("strpos(touches, {}) > 0", f"\nitem:{wanted.item}\n")
    sql = f"SELECT journey, partition, body FROM {snap.room}.journey WHERE {' AND '.join(words)} ORDER BY journey LIMIT {SCAN_PAGE}"
    return sql, args


def _touch(group: str, wanted: Slice) -> str:
    if wanted.pair is not None and group in PAIRED:
        return f"\n{group}:{wanted.pair}\n"
    if wanted.cause is not None and group in CAUSED:
        return f"\n{group}:{wanted.cause}\n"
    if wanted.region is not None and len(prefix_of(wanted.region)) >= 4:
        return f"\n{group}:{wanted.region[:4]}"
    return f"\n{group}:"


async def shares(snap: Snapshot, asked: Asked, after: str = "") -> AsyncIterator[Share]:
    """Every journey that adds to the reading, in order of its id."""
    while True:
        sql, args = _candidates(snap, asked, after)
        rows = await snap.tx.fetch(sql, *args)
        for number, row in enumerate(rows):
            if number % GIVE_WAY_EVERY == GIVE_WAY_EVERY - 1:
                await asyncio.sleep(0)
            share = share_of(load(row["journey"], row["body"]), row["partition"], asked)
            if share.numerator or share.denominator:
                yield share
        if len(rows) < SCAN_PAGE:
            return
        after = rows[-1]["journey"]


async def projected(snap: Snapshot, asked: Asked) -> Value:
    """The reading as the cells have it."""
    found = (await sums(snap, asked.figure.groups, asked.slice)).get(None, {})
    return valued(asked, total(asked.numerator, found), total(asked.reading.denominator or {}, found))


def valued(asked: Asked, numerator: int, denominator: int) -> Value:
    """The reading from its two sums."""
    if asked.reading.from_waits or asked.reading.denominator is None:
        return Value(numerator, numerator, None, few=False)
    whole = Reading("", asked.reading.name, asked.reading.unit, {"n": 1}, {"d": 1})
    return value_of(whole, {"n": numerator, "d": denominator})


async def page(snap: Snapshot, asked: Asked, after: str, limit: int) -> dict[str, Any]:
    """One page of the journeys behind a reading; over all pages they add up to it."""
    found: list[Share] = []
    more = False
    async for share in shares(snap, asked, after):
        if len(found) == limit:
            more = True
            break
        found.append(share)
    return {
        "figure": asked.figure.code,
        "reading": asked.reading.code,
        "total": (await projected(snap, asked))._asdict(),
        "rows": [_shown(share) for share in found],
        "next": found[-1].row.journey if more else None,
    }


def _shown(share: Share) -> dict[str, Any]:
    story = tell(share.row)
    return {
        "journey": share.row.journey,
        **situation(story),
        "numerator": share.numerator,
        "denominator": share.denominator,
    }


def situation(story: Story) -> dict[str, Any]:
    """Where a journey stands, in dates and codes."""
    first, opened = story.first, story.opened
    delivered = story.delivered_day
    return {
        "item": first.item if first is not None else opened.item if opened is not None else None,
        "basic": first.basic if first is not None else opened.basic if opened is not None else None,
        "channel": None if first is None else first.channel,
        "applicant_region": story.applicant_region,
        "receiving_region": None if first is None else first.receiving_region,
        "handling_region": None if first is None else first.handling_region,
        "declared": None if first is None else first.declared,
        "anonymous": story.is_anonymous,
        "open": story.completed is None,
        "outcome": None if story.completed is None else story.completed.outcome,
        "opened_on": None if opened is None else date.fromordinal(day_of_ms(opened.at)).isoformat(),
        "delivered_on": None if delivered is None else date.fromordinal(delivered).isoformat(),
    }
