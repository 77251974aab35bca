"""Finding each draft its journey, in bulk and race-free, before any stream is locked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never
from uuid import UUID

from services.intake import journeys
from services.intake.commands import RecordVisit, SubmitApplication
from services.intake.journeys import Fresh, Open, Wanted
from services.intake.resolution import Alone, Draft, Joins, OnCase, OnVisit
from shared.contracts.base import Fact
from shared.contracts.envelope import Envelope
from shared.contracts.ids import journey_of_command
from shared.postgres.event_log import Tx


@dataclass(slots=True)
class Placement:
    """Where cases and visits are known to be, and what this transaction claimed so far."""

    cases: dict[str, UUID]
    visits: dict[UUID, UUID]
    _claimed: set[UUID] = field(default_factory=set)
    _entered: set[UUID] = field(default_factory=set)

    async def place(self, tx: Tx, drafts: Sequence[Draft]) -> list[UUID | None]:
        """The journey of each draft; None for a visit or case that is not known.

        Only as many as can be placed together: what comes too late for the journey that those before it join, and whatever
        follows, is placed once they have taken effect.
        """
        joined = await self.join(tx, drafts)
        placed: list[UUID | None] = []
        for draft in drafts:
            if isinstance(draft.target, Joins) and not joined[draft.target.wanted].takes(draft.target.contact):
                break
            journey = self._journey(draft, joined)
            if journey is not None and isinstance(draft.command, SubmitApplication):
                self.cases[draft.command.case_no] = journey
            if journey is not None and isinstance(draft.command, RecordVisit):
                self.visits.setdefault(draft.command.visit_id, journey)
            placed.append(journey)
        return await self._enter_visits(tx, drafts[: len(placed)], placed)

    def _journey(self, draft: Draft, joined: dict[Wanted, Open]) -> UUID | None:
        match draft.target:
            case Joins(wanted=wanted):
                return joined[wanted].journey
            case Alone():
                return journey_of_command(draft.asked.command_id)
            case OnCase(case_no=case_no):
                return self.cases.get(case_no)
            case OnVisit(visit_id=visit_id):
                return self.visits.get(visit_id)
            case _:
                assert_never(draft.target)

    async def join(self, tx: Tx, drafts: Sequence[Draft]) -> dict[Wanted, Open]:
        """The open journey of each person and item that the drafts name, claimed where there was none."""
        contacts: dict[Wanted, datetime] = {}
        fresh: dict[Wanted, Fresh] = {}
        alone: list[Fresh] = []
        for draft in drafts:
            own = journey_of_command(draft.asked.command_id)
            match draft.target:
                case Joins(wanted=wanted, contact=contact) if wanted not in contacts:
                    contacts[wanted] = contact
                    fresh[wanted] = Fresh(own, *wanted, contact)
                case Alone(opening=opening):
                    alone.append(Fresh(own, None, opening.item_code, opening.first_contact))
                case _:
                    pass
        joined = await journeys.open_for(tx, contacts)
        wanting = [new for wanted, new in fresh.items() if wanted not in joined]
        ours = await journeys.claim(tx, [*wanting, *alone])
        self._claimed |= ours
        lost = {wanted: contacts[wanted] for wanted, new in fresh.items() if wanted not in joined and new.journey not in ours}
        joined |= await journeys.open_for(tx, lost)
        # A claim that is neither ours nor open belongs to this very command, which was answered before.
        return {wanted: joined.get(wanted, Open(new.journey, new.first_contact)) for wanted, new in fresh.items()}

    async def _enter_visits(self, tx: Tx, drafts: Sequence[Draft], placed: list[UUID | None]) -> list[UUID | None]:
        new = {
            draft.command.visit_id: journey
            for draft, journey in zip(drafts, placed, strict=True)
            if isinstance(draft.command, RecordVisit) and not isinstance(draft.target, OnVisit) and journey is not None
        }
        counted = await journeys.claim_visits(tx, new)
        self._entered |= {visit_id for visit_id, journey in counted.items() if new[visit_id] == journey}
        self.visits |= counted
        return [
            counted.get(draft.command.visit_id, journey) if isinstance(draft.command, RecordVisit) else journey
            for draft, journey in zip(drafts, placed, strict=True)
        ]

    async def settle(self, tx: Tx, events: Sequence[Envelope[Fact]]) -> None:
        """Take back what was claimed for commands that came to nothing."""
        idle = self._claimed - journeys.opened_in(events)
        await journeys.release(tx, idle)
        await journeys.release_visits(tx, self._entered - journeys.visits_in(events))
        self._claimed.clear()
        self._entered.clear()
