"""Who does what in a story that is played live: clerks at their windows, officers of the body, a portal, a department.

Each acts only where the services let it: a clerk in the region of the window, an officer for the body, a partner on its own
topic. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from deploy.local.population import PORTAL, Body, Department, Province
from deploy.local.story import DOOR_OF, Step, Story, command_data
from shared.contracts.topics import decisions, submissions
from shared.runtime.auth import Caller

_AT_HOME = frozenset({"web", "app", "courier"})
_DEPARTMENT = frozenset(
    {
        "accept",
        "not-accept",
        "accept-custody",
        "return-custody",
        "start-special-procedure",
        "end-special-procedure",
        "extend",
        "decide",
    }
)


@dataclass(frozen=True, slots=True)
class Desk:
    """An HTTP door and who stands before it."""

    service: str
    caller: Caller


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner's ingress topic."""

    topic: str
    name: str


@dataclass(frozen=True, slots=True)
class Outside:
    """Somebody else's program: it acts by itself, and the record of `service` shows what it did as an event of that name."""

    service: str
    event: str
    journey: str


Part = Desk | Partner | Outside


class Cast:
    """The parts of one story. `by_kafka` lets portal and department act on their topics where they have one."""

    def __init__(self, province: Province, story: Story, *, by_kafka: bool) -> None:
        self._province = province
        self._by_kafka = by_kafka
        self._visits = {s.data["visit_id"]: s.data["venue_id"] for s in story.steps if s.command == "record-visit"}
        submitted = next((s.data for s in story.steps if s.command == "submit-application"), None)
        self._virtual = submitted is not None and submitted["channel"] in _AT_HOME
        self._online = submitted is not None and submitted["channel"] in ("web", "app")
        self._body = None if submitted is None else _body_of(province, submitted["item_code"])
        self._department: Department | None = None if self._body is None else province.department_of(self._body)
        self._received_in = None if submitted is None else submitted.get("receiving_region")
        self._changes_hands = any(s.command == "offer-custody" for s in story.steps)

    def part(self, step: Step) -> Part:
        """Who does this step."""
        service = DOOR_OF[step.act]
        if self._by_kafka and self._department is not None and step.command in _DEPARTMENT and step.refused is None:
            return Partner(decisions(self._department.partner), self._department.partner)
        match step.command:
            case "record-visit" | "void-visit" | "attribute-visit":
                return Desk(service, self._clerk_at(self._visits[step.data["visit_id"]]))
            case "submit-application" | "withdraw" | "submit-correction":
                return self._applicant()
            case "receive" if step.refused is None and not self._virtual:
                return Desk(service, self._clerk_at(step.data["window_id"]))
            case "accept" if "window_id" in step.data:
                return Desk(service, self._clerk_at(step.data["window_id"]))
            case "issue-correction" if not self._virtual and not self._changes_hands:
                return Desk(service, self._receiver())
            case "offer-custody" | "withdraw-custody-offer":
                return Desk(service, self._receiver())
            case "receive" if not self._virtual:
                return Desk(service, self._receiver())
            case "extend":
                return Desk(service, self._officer("head"))
            case _:
                return Desk(service, self._officer())

    def data(self, step: Step, case_no: str) -> dict[str, Any]:
        """The step's command in the mouth of whoever does it: no officer says who decides or approves, the token does."""
        part, data = self.part(step), command_data(step, case_no)
        if isinstance(part, Desk) and part.caller.role == "officer":
            data.pop("officer_ref", None)
            data.pop("approver_no", None)
        return data

    def _applicant(self) -> Part:
        if not self._virtual:
            return Desk("intake", self._receiver())
        if self._by_kafka and self._online:
            return Partner(submissions(PORTAL), PORTAL)
        return Desk("intake", Caller("portal", PORTAL))

    def _receiver(self) -> Caller:
        assert self._received_in is not None
        return self._clerk(self._received_in)

    def _clerk_at(self, venue_id: str) -> Caller:
        return self._clerk(self._province.venues[venue_id].region)

    def _clerk(self, region: str) -> Caller:
        return Caller("clerk", f"demo-clerk-{region}", self._province.service_bodies[region].uscc, region)

    def _officer(self, post: Literal["officer", "head"] = "officer") -> Caller:
        body = self._body
        assert body is not None
        return Caller("officer", f"demo-{post}-{body.region}-{body.bureau}", body.uscc, body.region, post == "head")


def _body_of(province: Province, item_code: str) -> Body:
    region, _, basic = item_code.partition("-")
    return province.items[region, basic].body
