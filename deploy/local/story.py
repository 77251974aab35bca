"""One made-up journey as a script: which command is sent when, through which door, and what it is expected to answer.

A story is complete before anything is sent. Its identities (case number, journey) are functions of its document ids, so
later steps can name the case before the answer to the first one has arrived.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any, Literal
from uuid import UUID

from shared.contracts import ids
from shared.contracts.base import wire_time

Door = Literal["intake", "approval"]
Act = Literal["before", "decision", "after"]
"""Intake up to the decision, approval, intake after it: each act waits until the one before has crossed over Kafka."""
DOOR_OF: dict[Act, Door] = {"before": "intake", "decision": "approval", "after": "intake"}
CASE = "$case"
"""Stands in a step's data for the number of the story's own case."""
SOURCE = "urn:runonce:demo"
LOCAL = timezone(timedelta(hours=8))
"""China's one time zone."""


@dataclass(frozen=True, slots=True)
class Step:
    """One command. `refused` names the rule that it is meant to break; None if it is meant to take effect.

    What was played live happened at `at` or later, and at `by` at the latest.
    """

    command: str
    at: datetime
    known: datetime
    act: Act
    data: Mapping[str, Any]
    refused: str | None = None
    by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """All steps of one journey in the order of their time. `name` is unique; `caller` is who sends it."""

    name: str
    caller: str
    steps: tuple[Step, ...] = field(default=())

    def document_id(self, number: int) -> str:
        """The id under which step `number` is sent, and sent again."""
        return f"{self.name}-{number}"

    def command_id(self, number: int) -> UUID:
        """The identity of step `number` inside the services."""
        return ids.ingress_id(self.caller, self.document_id(number))

    @property
    def case_no(self) -> str | None:
        """The number of the story's case; None if nobody applies."""
        for number, step in enumerate(self.steps):
            if step.command == "submit-application":
                day = step.at.astimezone(LOCAL).date()
                return ids.case_no(step.data["item_code"], day, self.command_id(number))
        return None

    @property
    def journeys(self) -> tuple[UUID, ...]:
        """The journeys that the story opens: its own, and one for each visit of nobody."""
        opened: list[UUID] = []
        own = False
        for number, step in enumerate(self.steps):
            named = step.data.get("applicant") is not None
            if step.command not in ("record-visit", "submit-application") or (named and own) or step.refused is not None:
                continue
            own = own or named
            opened.append(ids.journey_of_command(self.command_id(number)))
        return tuple(opened)

    def documents(self, act: Act) -> Iterator[tuple[int, dict[str, Any]]]:
        """The ingress documents of one act with their step numbers."""
        case_no = self.case_no
        for number, step in enumerate(self.steps):
            if step.act == act:
                yield number, document(self.document_id(number), step, case_no or self.name)

    def until(self, moment: datetime) -> Story:
        """The part of the story that has happened by `moment`."""
        happened = tuple(replace(s, known=min(s.known, moment)) for s in self.steps if s.at <= moment)
        return replace(self, steps=happened)


def document(client_id: str, step: Step, subject: str) -> dict[str, Any]:
    """The step as an importer's ingress document."""
    return {
        "specversion": "1.0",
        "id": client_id,
        "source": SOURCE,
        "type": f"gov.command.{step.command}.v1",
        "subject": subject,
        "time": wire_time(step.at),
        "knowntime": wire_time(step.known),
        "data": command_data(step, subject),
    }


def command_data(step: Step, case_no: str) -> dict[str, Any]:
    """The step's command with the case number filled in."""
    return {name: case_no if value == CASE else value for name, value in step.data.items()}


def to_json(story: Story) -> dict[str, Any]:
    """The story as plain values; `from_json` reads it back."""
    steps = [[s.command, s.at.isoformat(), s.known.isoformat(), s.act, s.data, s.refused] for s in story.steps]
    return {"name": story.name, "caller": story.caller, "steps": steps}


def from_json(stored: Mapping[str, Any]) -> Story:
    """The story as it was written by `to_json`."""
    steps = tuple(
        Step(command, datetime.fromisoformat(at), datetime.fromisoformat(known), act, data, refused)
        for command, at, known, act, data, refused in stored["steps"]
    )
    return Story(stored["name"], stored["caller"], steps)
