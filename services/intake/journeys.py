"""Journeys as rows: which open journey somebody's next visit or application belongs to, and where a visit counts.

A journey is claimed here before its stream is locked. The unique index lets one of two racers in and sends the other to
the winner's journey, so nobody has two open journeys about one item.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.intake.decider import LAPSE_AFTER
from shared.contracts.base import Fact
from shared.contracts.envelope import Envelope
from shared.contracts.ids import journey_stream
from shared.contracts.intake import JourneyCompleted, JourneyOpened, VisitRecorded
from shared.contracts.wire import decode
from shared.postgres.event_log import Tx

_EVENTS = "SELECT body FROM event WHERE stream = $1 ORDER BY version"
Wanted = tuple[str, str]
"""A person's pseudonym and an item: of these there is at most one journey that takes more."""


async def events_of(tx: Tx, journey: UUID) -> list[Envelope[Any]]:
    """The events of a journey, in order."""
    return [decode(row["body"]) for row in await tx.fetch(_EVENTS, journey_stream(journey))]


@dataclass(frozen=True, slots=True)
class Fresh:
    """A journey that a command would open: its id, whose it is and when it begins. Without a subject nothing joins it."""

    journey: UUID
    subject_ref: str | None
    item_code: str
    first_contact: datetime


@dataclass(frozen=True, slots=True)
class Open:
    """A journey that takes what comes within ninety days of its first contact."""

    journey: UUID
    first_contact: datetime

    def takes(self, contact: datetime) -> bool:
        """Whether somebody who comes then still belongs to it."""
        return contact < self.first_contact + LAPSE_AFTER


async def open_for(tx: Tx, contacts: Mapping[Wanted, datetime]) -> dict[Wanted, Open]:
    """The open journey of each person and item, if it began less than ninety days before the contact.

    One that is older takes nothing more: it is closed to newcomers here, and ends when its own time comes.
    """
    if not contacts:
        return {}
    wanted = sorted(contacts)
    rows = await tx.fetch(
        "SELECT journey, subject_ref, item_code, first_contact FROM journey_index "
        "JOIN unnest($1::text[], $2::text[]) AS w(subject_ref, item_code) USING (subject_ref, item_code) WHERE attachable",
        [subject for subject, _ in wanted],
        [item for _, item in wanted],
    )
    found, stale = {}, []
    for row in rows:
        key, known = (row["subject_ref"], row["item_code"]), Open(row["journey"], row["first_contact"])
        if known.takes(contacts[key]):
            found[key] = known
        else:
            stale.append(known.journey)
    if stale:
        await tx.execute("UPDATE journey_index SET attachable = false WHERE journey = ANY($1)", sorted(stale))
    return found


_CLAIM = """
INSERT INTO journey_index (journey, subject_ref, item_code, first_contact, attachable)
SELECT journey, subject_ref, item_code, first_contact, subject_ref IS NOT NULL
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) AS f(journey, subject_ref, item_code, first_contact)
ON CONFLICT DO NOTHING RETURNING journey
"""


async def claim(tx: Tx, fresh: Sequence[Fresh]) -> set[UUID]:
    """Enter these journeys as open, and return those that are ours. The others somebody else opened first."""
    if not fresh:
        return set()
    rows = sorted(fresh, key=lambda f: (f.subject_ref or "", f.item_code, f.journey))
    taken = await tx.fetch(
        _CLAIM,
        [f.journey for f in rows],
        [f.subject_ref for f in rows],
        [f.item_code for f in rows],
        [f.first_contact for f in rows],
    )
    return {row["journey"] for row in taken}


async def release(tx: Tx, claimed: Collection[UUID]) -> None:
    """Take back claims of which nothing came."""
    if claimed:
        await tx.execute("DELETE FROM journey_index WHERE journey = ANY($1)", sorted(claimed))


async def of_visits(tx: Tx, visit_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """On which journey each of these visits counts."""
    if not visit_ids:
        return {}
    rows = await tx.fetch("SELECT visit_id, journey FROM visit_index WHERE visit_id = ANY($1)", list(visit_ids))
    return {row["visit_id"]: row["journey"] for row in rows}


async def claim_visits(tx: Tx, visits: Mapping[UUID, UUID]) -> dict[UUID, UUID]:
    """Enter these visits, and return on which journey each one counts: ours, or that of whoever was first."""
    if not visits:
        return {}
    ids = sorted(visits)
    taken = await tx.fetch(
        "INSERT INTO visit_index (visit_id, journey) SELECT * FROM unnest($1::uuid[], $2::uuid[]) "
        "ON CONFLICT DO NOTHING RETURNING visit_id",
        ids,
        [visits[visit_id] for visit_id in ids],
    )
    ours = {row["visit_id"] for row in taken}
    others = await of_visits(tx, [visit_id for visit_id in ids if visit_id not in ours])
    return {visit_id: others.get(visit_id, visits[visit_id]) for visit_id in ids}


async def release_visits(tx: Tx, visit_ids: Collection[UUID]) -> None:
    """Take back entries of visits that were not recorded."""
    if visit_ids:
        await tx.execute("DELETE FROM visit_index WHERE visit_id = ANY($1)", sorted(visit_ids))


async def move_visit(tx: Tx, visit_id: UUID, journey: UUID) -> None:
    """Let a visit count on another journey."""
    await tx.execute("UPDATE visit_index SET journey = $2 WHERE visit_id = $1", visit_id, journey)


async def subject_of(tx: Tx, journey: UUID) -> str | None:
    """Whose journey it is; None while it is nobody's."""
    found: str | None = await tx.fetchval("SELECT subject_ref FROM journey_index WHERE journey = $1", journey)
    return found


async def keep(tx: Tx, events: Iterable[Envelope[Fact]]) -> None:
    """Close the journeys that were just completed."""
    over = {UUID(e.key): e.data.outcome for e in events if isinstance(e.data, JourneyCompleted)}
    if over:
        ids = sorted(over)
        await tx.execute(
            "UPDATE journey_index j SET outcome = o.outcome, attachable = false "
            "FROM unnest($1::uuid[], $2::text[]) AS o(journey, outcome) WHERE j.journey = o.journey",
            ids,
            [over[journey] for journey in ids],
        )


def opened_in(events: Iterable[Envelope[Fact]]) -> set[UUID]:
    """The journeys that these events opened."""
    return {UUID(event.key) for event in events if isinstance(event.data, JourneyOpened)}


def visits_in(events: Iterable[Envelope[Fact]]) -> set[UUID]:
    """The visits that these events recorded."""
    return {event.data.visit_id for event in events if isinstance(event.data, VisitRecorded)}
