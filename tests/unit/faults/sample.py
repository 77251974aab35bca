"""A small history that keeps every law, and the evidence that belongs to it: one case, told once, to be tampered with."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from tests.faults.evidence import Evidence, Reading, Seen
from tests.faults.history import Call, Door, Heard
from tests.faults.own_counts import READINGS, count

CASE, JOURNEY, STREAM = "case-1", "j-1", "journey-j-1"
HALL, BUREAU, FAR = "hall", "bureau", "bureau-far-away"
DAY = "2026-03-09"
_TOPIC = {"intake": "gov.intake.events.v1", "approval": "gov.approval.events.v1", "notify": "gov.notify.events.v1"}
_SUBMITTED = {
    "case_no": CASE,
    "receiving_body": HALL,
    "receiving_region": "330100",
    "handling_body": BUREAU,
    "handling_region": "330200",
    "declared_visits": 1,
}
_VISIT = {
    "visit_id": "v-1",
    "subject_ref": "s-1",
    "venue_id": "hall-1",
    "local_date": DAY,
    "by": "applicant",
    "purpose": "consult",
    "outcome": "missing_material",
    "cause": "not_informed",
    "responsible": "government",
}
_DECIDED = {"case_no": CASE, "document_no": "D-o-1", "outcome": "granted", "on_time": True}
INTAKE: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("journey-opened", "c-1", {"subject_ref": "s-1"}),
    ("visit-recorded", "c-1", _VISIT),
    ("application-submitted", "c-2", _SUBMITTED),
    ("application-received", "c-3", {"case_no": CASE}),
    ("custody-offered", "c-4", {"case_no": CASE, "handover_no": "H1", "from_body": HALL, "to_body": BUREAU}),
    ("custody-accepted", "c-5", {"case_no": CASE, "handover_no": "H1"}),
    ("application-accepted", "c-6", {"case_no": CASE}),
    ("decision-noted", "intake", {"case_no": CASE}),
    ("result-delivered", "c-7", {"case_no": CASE, "delivered_at": f"{DAY}T09:00:00+08:00"}),
    ("journey-completed", "c-7", {"outcome": "granted"}),
)
"""What the one case did to the record: event, who did it, and its data."""
_COMMANDS = {
    "c-1": "record-visit", "c-2": "submit-application", "c-3": "receive", "c-4": "offer-custody", "c-5": "accept-custody",
    "c-6": "accept", "c-7": "deliver",
}  # fmt: skip


@dataclass
class Told:
    """A history and its evidence, before or after somebody tampered with them."""

    calls: list[Call] = field(default_factory=list)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"intake": [], "approval": [], "notify": []})
    seen: list[Seen] = field(default_factory=list)
    persons: dict[str, str] = field(default_factory=dict)

    def record(self, service: str, name: str, by: str, data: dict[str, Any]) -> dict[str, Any]:
        """Append an event to the journey's stream of a service."""
        number = len(self.events[service]) + 1
        event = {
            "id": f"{service}-{number}",
            "type": f"gov.{service}.{name}.v1",
            "subject": STREAM,
            "sequence": number,
            "journey": JOURNEY,
            "actorid": by,
            "correlationid": f"wish-of-{by}",
            "data": data,
        }
        self.events[service].append(event)
        return event

    def publish(self) -> None:
        """Put everything that is recorded on its topic, in order."""
        self.seen = []
        for service, lines in self.lines().items():
            head = b""
            for offset, line in enumerate(lines):
                head = sha256(head + line).digest()
                self.seen.append(Seen(_TOPIC[service], 0, offset, JOURNEY, line, head.hex()))

    def lines(self) -> dict[str, list[bytes]]:
        """The stored bytes."""
        return {service: [json.dumps(event).encode() for event in events] for service, events in self.events.items()}

    def call(self, command: str, by: str, data: dict[str, Any], *answers: Heard, door: Door = "intake") -> Call:
        """Somebody wished something, and heard `answers`."""
        made = Call(len(self.calls) + 1, 0.0, door, command, by, by, data, asked=max(len(answers), 1), heard=list(answers))
        self.calls.append(made)
        return made

    def evidence(self) -> Evidence:
        """What the doors tell. The board is as right as the record, and everything was consumed once."""
        own = count(self.lines())
        board = {name: Reading(own[name], None) for name in READINGS}
        written = {
            service: [_written(_TOPIC[service], len({json.loads(s.value)["id"] for s in self.seen if s.topic == _TOPIC[service]}))]
            for service in self.events
        }
        consumed = [_consumed(topic, [s for s in self.seen if s.topic == topic]) for topic in _TOPIC.values()]
        told: dict[str, Any] = {service: {"written": rows, "consumed": []} for service, rows in written.items()}
        told["metrics"] = {"written": [], "consumed": consumed}
        letters = sorted({e["data"]["intent_id"] for e in self.events["notify"] if ".notification-sent." in e["type"]})
        return Evidence(self.lines(), list(self.seen), told, board, dict(board), [], 1, letters, self.persons)


def _written(topic: str, events: int) -> dict[str, Any]:
    return {"topic": topic, "partition": 0, "appended": events, "published": events, "waiting": 0}


def _consumed(topic: str, seen: list[Seen]) -> dict[str, Any]:
    once = len({json.loads(record.value)["id"] for record in seen})
    return {
        "group": "metrics-p1",
        "topic": topic,
        "partition": 0,
        "next_offset": len(seen),
        "consumed": len(seen),
        "applied": once,
        "duplicate": len(seen) - once,
        "ignored": 0,
        "parked": 0,
        "dead_lettered": 0,
    }


def yes(*events: str, **more: Any) -> Heard:
    """A granted answer."""
    return Heard(1.0, 201, {"status": "applied", "events": list(events), **more}, 0.5)


def no(rule: str, status: int = 409, since: float = 0.5, **more: Any) -> Heard:
    """A refusal of what was asked at `since`."""
    return Heard(3.0, status, {"rule": rule, **more}, since)


def receipt(status: str, *events: str, **more: Any) -> Heard:
    """An answer in a batch or on a topic."""
    return Heard(1.0, 200, {"status": status, "events": list(events), **more})


def told() -> Told:
    """The history as it should be."""
    made = Told()
    events: dict[str, list[str]] = {by: [] for by in _COMMANDS}
    for name, by, data in INTAKE:
        event = made.record("intake", name, by, data)
        if by in events:
            events[by].append(event["id"])
        template = {"application-received": "receipt", "application-accepted": "acceptance", "result-delivered": "result"}.get(name)
        if template is not None:
            _message(made, event["id"], template)
    for by, ids in events.items():
        made.call(_COMMANDS[by], by, {"case_no": CASE}, yes(*ids, case_no=CASE))
    decision = made.record("approval", "decision-made", "o-1", _DECIDED)
    made.call("decide", "o-1", {"case_no": CASE, "document_no": "D-o-1"}, yes(decision["id"], case_no=CASE))
    made.call("decide", "o-2", {"case_no": CASE, "document_no": "D-o-2"}, no("already-decided", state="granted"))
    made.publish()
    return made


def _message(made: Told, cause: str, template: str) -> None:
    intent = f"intent-{cause}"
    owed = {"intent_id": intent, "cause_event": cause, "template": template, "recipient_role": "applicant", "channel": "email"}
    made.record("notify", "notification-requested", "notify", owed)
    made.record("notify", "notification-sent", "notify", {"intent_id": intent})
