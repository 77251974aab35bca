"""From a journey to its events and their stored bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from services.metrics.cells import Snapshot
from services.metrics.contributions import GROUPS, Cell, contributions
from services.metrics.evidence import situation
from services.metrics.facts import instant_of_ms
from services.metrics.journey import SOURCES, Row, load
from services.metrics.story import Story, runs_of, tell
from services.metrics.view import read
from shared.contracts.base import wire_time
from shared.contracts.topics import APPROVAL_EVENTS, INTAKE_EVENTS, NOTIFY_EVENTS
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.records import Place
from shared.kafka.fetch import Stored, StoredRecord, fetch_stored

TOPIC_OF = {"intake": INTAKE_EVENTS, "approval": APPROVAL_EVENTS, "notify": NOTIFY_EVENTS}

SHOWN_WITHIN_S = 4.0
"""Whoever shows the bytes of a row holds its snapshot, whose session ends after eight seconds without a statement."""


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


async def journey(snap: Snapshot, bootstrap: str, journey_id: str, known_at: date | None = None) -> dict[str, Any] | None:
    """Everything about one journey, down to the stored bytes; None if no row has that id.

    As known on a day it counts what it counted then; its events are told whole, each with the day on which it was known.
    """
    found = await snap.tx.fetchrow(f"SELECT partition, body FROM {snap.room}.journey WHERE journey = $1", journey_id)
    if found is None:
        return None
    row = load(journey_id, found["body"])
    story = tell(row, None if known_at is None else known_at.toordinal())
    places = standings(row, found["partition"])
    stored, reachable = await stored_at(bootstrap, [(standing.place, standing.offset) for standing in places])
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
        "events": list(chained(places, stored)),
        "record_reachable": reachable,
    }


async def stored_at(bootstrap: str, places: Sequence[tuple[Place, int]]) -> tuple[Stored, bool]:
    """The stored bytes at these places, and whether the record could be read at all; never long, see `SHOWN_WITHIN_S`."""
    if not places:
        return {}, True
    try:
        return await fetch_stored(bootstrap, sorted(set(places)), SHOWN_WITHIN_S), True
    except UnavailableError:
        return {}, False


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


def id_of(body: bytes) -> str | None:
    """The identity of a stored event."""
    found = orjson.loads(body).get("id")
    return found if isinstance(found, str) else None


def chained(places: Sequence[Standing], stored: Stored) -> Iterator[dict[str, Any]]:
    """The events with their bytes; each stream's checksums are chained again, link by link."""
    chain: dict[str, bytes] = {}
    for standing in places:
        found = stored.get((standing.place, standing.offset))
        if found is not None:
            chain[standing.source] = sha256(chain.get(standing.source, b"") + found.body).digest()
        yield _event(standing, found, chain.get(standing.source))


def _event(standing: Standing, found: StoredRecord | None, link: bytes | None) -> dict[str, Any]:
    told = {
        "source": standing.source,
        "sequence": standing.sequence,
        "time": wire_time(instant_of_ms(standing.at)),
        "known_on": date.fromordinal(standing.known).isoformat(),
        "topic": standing.place.topic,
        "partition": standing.place.partition,
        "offset": standing.offset,
    }
    if found is None or link is None:
        return {**told, "id": None, "type": None, "sha256": None, "chain": None, "chain_holds": None, "body": None}
    return {
        **told,
        "id": id_of(found.body),
        "type": read(found.body)["type"],
        "sha256": sha256(found.body).hexdigest(),
        "chain": found.chain,
        "chain_holds": None if found.chain is None else found.chain == link.hex(),
        "body": found.body.decode("utf-8", "replace"),
    }
