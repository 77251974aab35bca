"""From a figure to the journeys behind it.

Evidence is read from the rows, never from the cells; that both say the same is what a recount shows. One answer looks
through so many rows at most, and says where the next one goes on. What lies behind a reading of single waits is shown by
`handovers.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any, NamedTuple

from services.metrics.cells import Snapshot, sums
from services.metrics.figures import Value, value_of
from services.metrics.journey import Row, load
from services.metrics.shares import Asked, Share, share_of
from services.metrics.slices import CAUSED, HOMED, PAIRED, Slice, prefix_of
from services.metrics.story import Story, tell

SCAN_PAGE = 500
GIVE_WAY_EVERY = 100
LOOK_S = 1.5
"""How long one answer looks through rows before it says how far it came."""


class Looked(NamedTuple):
    """A row that was looked at, with the partition of its journey."""

    row: Row
    partition: int


def _candidates(snap: Snapshot, asked: Asked) -> tuple[str, list[Any]]:
    """Rows that may add to the reading: a superset, found without reading them."""
    words, args = list[str](), list[Any]()

    def put(condition: str, value: Any) -> None:
        args.append(value)
        words.append(condition.format(f"${len(args)}"))

    wanted = asked.slice
    if wanted.known_at is not None or wanted.axis == "known":
        # The columns tell what a row adds today; what it added before something was corrected, only its facts do.
        return f"{snap.room}.journey", args
    if wanted.from_day is not None:
        put("last_day >= {}", wanted.from_day)
    if wanted.to_day is not None:
        put("first_day <= {}", wanted.to_day)
    any_of = [f"strpos(touches, ${len(args) + n}) > 0" for n in range(1, len(asked.groups) + 1)]
    args += [_touch(group, wanted) for group in asked.groups]
    words.append(f"({' OR '.join(any_of)})")
    if wanted.item is not None:
        put("strpos(touches, {}) > 0", f"\nitem:{wanted.item}\n")
    return f"{snap.room}.journey WHERE {' AND '.join(words)}", args


def _touch(group: str, wanted: Slice) -> str:
    if wanted.pair is not None and group in PAIRED:
        return f"\n{group}:{wanted.pair}\n"
    if wanted.home is not None and group in HOMED:
        return f"\n{group}:{wanted.home}>"
    if wanted.cause is not None and group in CAUSED:
        return f"\n{group}:{wanted.cause}" + ("\n" if "|" in wanted.cause else "|")
    if wanted.region is not None and len(prefix_of(wanted.region)) >= 4:
        return f"\n{group}:{wanted.region[:4]}"
    return f"\n{group}:"


async def how_many(snap: Snapshot, asked: Asked) -> int:
    """How many rows have to be looked through."""
    source, args = _candidates(snap, asked)
    found: int = await snap.tx.fetchval(f"SELECT count(*) FROM {source}", *args)
    return found


async def rows(snap: Snapshot, asked: Asked, after: str = "") -> AsyncIterator[Looked]:
    """Every row that may add to the reading, in order of its journey."""
    source, args = _candidates(snap, asked)
    joined = "AND" if " WHERE " in source else "WHERE"
    sql = f"SELECT journey, partition, body FROM {source} {joined} journey > ${len(args) + 1} ORDER BY journey LIMIT {SCAN_PAGE}"
    while True:
        found = await snap.tx.fetch(sql, *args, after)
        for number, row in enumerate(found):
            if number % GIVE_WAY_EVERY == GIVE_WAY_EVERY - 1:
                await asyncio.sleep(0)
            yield Looked(load(row["journey"], row["body"]), row["partition"])
        if len(found) < SCAN_PAGE:
            return
        after = found[-1]["journey"]


async def shares(snap: Snapshot, asked: Asked, after: str = "") -> AsyncIterator[Share]:
    """Every journey that adds to the reading, in order of its id."""
    async for looked in rows(snap, asked, after):
        share = share_of(looked.row, looked.partition, asked)
        if share.numerator or share.denominator:
            yield share


async def projected(snap: Snapshot, asked: Asked) -> Value:
    """The reading as the cells have it."""
    found = (await sums(snap, asked.figure.groups, asked.slice)).get(None, {})
    return value_of(asked.reading, found)


class Leaf(NamedTuple):
    """What was found of one stretch of rows, how many were looked at, and after which journey to go on; None at the end."""

    found: list[Any]
    looked_at: int
    next: str | None


async def leaf(snap: Snapshot, asked: Asked, after: str, limit: int, find: Callable[[Looked], list[Any]]) -> Leaf:
    """Look through rows until `limit` things are found or the time is over; a row's things stay together.

    It always gets on: at least one row is looked at, if there is one.
    """
    found: list[Any] = []
    looked_at = 0
    clock, ends = asyncio.get_running_loop().time, 0.0
    async for looked in rows(snap, asked, after):
        if not looked_at:
            # Finding the first rows may take long by itself; an answer that looked at none would be asked for again for ever.
            ends = clock() + LOOK_S
        elif len(found) >= limit or clock() > ends:
            return Leaf(found, looked_at, after)
        found += find(looked)
        looked_at += 1
        after = looked.row.journey
    return Leaf(found, looked_at, None)


async def page(snap: Snapshot, asked: Asked, after: str, limit: int) -> dict[str, Any]:
    """One page of the journeys behind a reading; over all pages they add up to it."""

    def find(looked: Looked) -> list[dict[str, Any]]:
        share = share_of(looked.row, looked.partition, asked)
        return [_shown(share, asked.slice)] if share.numerator or share.denominator else []

    return told(asked, await projected(snap, asked), await leaf(snap, asked, after, limit, find))


def told(asked: Asked, said: Value, turned: Leaf) -> dict[str, Any]:
    """A page of evidence: what the board says, and what of it was found behind."""
    return {
        "figure": asked.figure.code,
        "reading": asked.reading.code,
        "total": said._asdict(),
        "rows": turned.found,
        "looked_at": turned.looked_at,
        "next": turned.next,
    }


def _shown(share: Share, wanted: Slice) -> dict[str, Any]:
    story = tell(share.row, None if wanted.known_at is None else wanted.known_at.toordinal())
    return {
        "journey": share.row.journey,
        **situation(story),
        "numerator": share.numerator,
        "denominator": share.denominator,
    }


def situation(story: Story) -> dict[str, Any]:
    """Where a journey stands, in dates and codes."""
    first, opened = story.first, story.opened
    begun, delivered = story.begun_on, story.delivered_day
    return {
        "item": first.item if first is not None else opened.item if opened is not None else None,
        "basic": first.basic if first is not None else opened.basic if opened is not None else None,
        "channel": None if first is None else first.channel,
        "applicant_region": story.applicant_region,
        "receiving_region": None if first is None else first.receiving_region,
        "handling_region": None if first is None else first.handling_region,
        "declared": None if first is None else first.declared,
        "anonymous": story.is_anonymous,
        "open": story.is_open,
        "outcome": None if story.completed is None else story.completed.outcome,
        "opened_on": None if begun is None else date.fromordinal(begun).isoformat(),
        "delivered_on": None if delivered is None else date.fromordinal(delivered).isoformat(),
    }
