"""From a journey to its events and their stored bytes, and from the bytes back to the figure."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from time import perf_counter
from typing import Any, NamedTuple

from services.metrics.cells import Snapshot
from services.metrics.contributions import GROUPS, Cell, contributions
from services.metrics.evidence import Asked, Share, entries_of, measured, projected, shares, situation, valued
from services.metrics.facts import instant_of_ms
from services.metrics.figures import total
from services.metrics.journey import SOURCES, Row, fold, load
from services.metrics.story import Story, runs_of, tell
from services.metrics.view import read
from shared.contracts.base import wire_time
from shared.contracts.topics import APPROVAL_EVENTS, INTAKE_EVENTS, NOTIFY_EVENTS
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.records import Place
from shared.kafka.fetch import fetch_records

TOPIC_OF = {"intake": INTAKE_EVENTS, "approval": APPROVAL_EVENTS, "notify": NOTIFY_EVENTS}
GIVE_WAY_EVERY = 200


class Standing(NamedTuple):
    """Where one event of a journey stands."""

    source: str
    sequence: int
    place: Place
    offset: int
    at: int
    known: int


def standings(row: Row, partition: int) -> list[Standing]:
    """Where every event of the row stands, by service and sequence."""
    return [
        Standing(source, sequence, Place(TOPIC_OF[source], partition), fact.offset, fact.at, fact.known)
        for source, facts in zip(SOURCES, (row.intake, row.approval, row.notify), strict=True)
        for sequence, fact in enumerate(facts, 1)
    ]


async def journey(snap: Snapshot, bootstrap: str, journey_id: str) -> dict[str, Any] | None:
    """Everything about one journey, down to the stored bytes; None if no row has that id."""
    found = await snap.tx.fetchrow(f"SELECT partition, body FROM {snap.room}.journey WHERE journey = $1", journey_id)
    if found is None:
        return None
    row = load(journey_id, found["body"])
    story = tell(row)
    places = standings(row, found["partition"])
    bodies: dict[tuple[Place, int], bytes] = {}
    reachable = True
    try:
        bodies = await fetch_records(bootstrap, [(standing.place, standing.offset) for standing in places])
    except UnavailableError:
        reachable = False
    counted = runs_of(story)
    return {
        "journey": journey_id,
        "situation": situation(story),
        "counts": {
            "statutory": counted.statutory,
            "experienced": counted.experienced,
            "proxy": counted.proxy,
            "declared": situation(story)["declared"],
        },
        "runs": _runs(story),
        "cells": [_cell(cell, amounts) for cell, amounts in contributions(story).items()],
        "events": [_event(standing, bodies.get((standing.place, standing.offset))) for standing in places],
        "record_reachable": reachable,
    }


def _runs(story: Story) -> list[dict[str, Any]]:
    regions = {visited.visit: visited.region for _, visited in story.visits.values()}
    return [
        {
            "date": run.local_date.isoformat(),
            "venue": run.venue_id,
            "region": regions[run.visit_ids[0]],
            "kind": run.kind,
            "statutory": run.statutory,
            "nearby": run.nearby,
            "cause": run.cause,
            "responsible": run.responsible,
            "visits": list(run.visit_ids),
        }
        for run in sorted(runs_of(story).runs, key=lambda run: (run.local_date, run.venue_id))
    ]


def _cell(cell: Cell, amounts: Sequence[int]) -> dict[str, Any]:
    measures = dict(zip(GROUPS[cell.group], amounts, strict=True))
    return {**cell._asdict(), "day": date.fromordinal(cell.day).isoformat(), "amounts": {m: n for m, n in measures.items() if n}}


def _event(standing: Standing, body: bytes | None) -> dict[str, Any]:
    return {
        "source": standing.source,
        "sequence": standing.sequence,
        "type": None if body is None else read(body)["type"],
        "time": wire_time(instant_of_ms(standing.at)),
        "known_on": date.fromordinal(standing.known).isoformat(),
        "topic": standing.place.topic,
        "partition": standing.place.partition,
        "offset": standing.offset,
        "sha256": None if body is None else sha256(body).hexdigest(),
        "body": None if body is None else body.decode("utf-8", "replace"),
    }


async def recount(snap: Snapshot, bootstrap: str, asked: Asked) -> dict[str, Any]:
    """The reading from its stored bytes, beside what the projection says. Raises `UnavailableError` without Kafka."""
    started = perf_counter()
    said = await projected(snap, asked)
    behind = [share async for share in shares(snap, asked)]
    wanted = [(s.place, s.offset) for share in behind for s in standings(share.row, share.partition)]
    bodies = await fetch_records(bootstrap, wanted) if wanted else {}
    numerator = denominator = 0
    for number, share in enumerate(behind):
        if number % GIVE_WAY_EVERY == GIVE_WAY_EVERY - 1:
            await asyncio.sleep(0)
        again = _refolded(share, bodies)
        found = measured(entries_of(again, asked.slice).items(), asked.slice)
        numerator += total(asked.numerator, found)
        denominator += total(asked.reading.denominator or {}, found)
    counted = valued(asked, numerator, denominator)
    return {
        "figure": asked.figure.code,
        "reading": asked.reading.code,
        "projected": said._asdict(),
        "recounted": counted._asdict(),
        "equal": said == counted,
        "journeys": len(behind),
        "events": len(wanted),
        "took_ms": round((perf_counter() - started) * 1000),
    }


def _refolded(share: Share, bodies: dict[tuple[Place, int], bytes]) -> Row:
    again = Row(share.row.journey)
    for standing in standings(share.row, share.partition):
        again = fold(again, read(bodies[standing.place, standing.offset]), standing.offset)
    return again
