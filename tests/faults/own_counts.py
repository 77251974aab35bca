"""The figures once more, from stored events alone and without a line of the services: what everybody can count by hand.

It knows what the load of a history does: items of city level within one province, and visits that are never attributed later.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any

_CHINA = timezone(timedelta(hours=8))
READINGS = (
    "F0.delivered", "F0.withdrawn", "F2.once", "F2.zero", "F3.once", "F3.zero", "F3.mean", "F4.kept", "F4.gap", "F5.extra",
    "F6.accepted", "F6.cross_city_cases", "F8.offered", "F8.accepted", "F8.returned", "F8.withdrawn", "F8.open", "F9.decided",
    "F9.on_time", "F10.visits", "F10.unattributed",
)  # fmt: skip
"""What is counted here, and compared with the board and with its recount."""
Event = Mapping[str, Any]


@dataclass
class _Journey:
    subject: str | None = None
    submitted: list[Event] = field(default_factory=list)
    visits: dict[str, Event] = field(default_factory=dict)
    handed: list[Event] = field(default_factory=list)
    completed: str | None = None


def name_of(event: Event) -> str:
    """`gov.intake.visit-recorded.v1` → `visit-recorded`."""
    name: str = event["type"].split(".")[2]
    return name


def count(record: Mapping[str, Iterable[bytes]]) -> dict[str, int]:
    """The numerator of every reading of `READINGS`."""
    found: Counter[str] = Counter(dict.fromkeys(READINGS, 0))
    journeys: dict[str, _Journey] = defaultdict(_Journey)
    terms: dict[str, Event] = {}
    for line in record["intake"]:
        event = json.loads(line)
        _keep(journeys[event["journey"]], event["data"], name_of(event), terms)
        _count_case(found, event["data"], name_of(event), terms)
    for line in record["approval"]:
        event = json.loads(line)
        if name_of(event) == "decision-made":
            found["F9.decided"] += 1
            found["F9.on_time"] += event["data"]["on_time"]
    for journey in journeys.values():
        _count_journey(found, journey)
    found["F8.open"] = found["F8.offered"] - found["F8.accepted"] - found["F8.returned"] - found["F8.withdrawn"]
    return dict(found)


def _keep(journey: _Journey, data: Event, name: str, terms: dict[str, Event]) -> None:
    match name:
        case "journey-opened":
            journey.subject = data.get("subject_ref")
        case "application-submitted":
            journey.submitted.append(data)
            terms[data["case_no"]] = data
        case "visit-recorded":
            journey.visits[data["visit_id"]] = data
        case "visit-voided":
            journey.visits.pop(data["visit_id"], None)
        case "result-delivered":
            journey.handed.append(data)
        case "journey-completed":
            journey.completed = data["outcome"]
        case _:
            pass


def _count_case(found: Counter[str], data: Event, name: str, terms: Mapping[str, Event]) -> None:
    match name:
        case "application-accepted":
            case = terms[data["case_no"]]
            found["F6.accepted"] += 1
            found["F6.cross_city_cases"] += case["receiving_region"][:4] != case["handling_region"][:4]
        case "custody-offered":
            found["F8.offered"] += 1
        case "custody-accepted":
            found["F8.accepted"] += 1
        case "custody-returned":
            found["F8.returned"] += 1
        case "custody-offer-withdrawn":
            found["F8.withdrawn"] += 1
        case _:
            pass


def _count_journey(found: Counter[str], journey: _Journey) -> None:
    found["F10.visits"] += len(journey.visits)
    if journey.subject is None and not journey.submitted:
        found["F10.unattributed"] += len(journey.visits)
    found["F0.withdrawn"] += journey.completed == "withdrawn"
    if journey.completed not in ("granted", "refused"):
        return
    last = max(_day(handed["delivered_at"]) for handed in journey.handed)
    trips = _trips(journey, last)
    own = [trip for trip in trips if trip[0]["by"] == "applicant"]
    statutory = sum(any(_is_statutory(visit) for visit in trip) for trip in own)
    declared = max(case["declared_visits"] for case in journey.submitted)
    found["F0.delivered"] += 1
    found["F2.once"] += statutory <= 1
    found["F2.zero"] += statutory == 0
    found["F3.once"] += len(own) <= 1
    found["F3.zero"] += not own
    found["F3.mean"] += len(own)
    found["F4.kept"] += len(own) <= declared
    found["F4.gap"] += len(own) - declared
    found["F5.extra"] += sum(any(visit["cause"] != "normal" for visit in trip) for trip in own)


def _trips(journey: _Journey, last: date) -> list[list[Event]]:
    """What one person did at one place on one day is one trip."""
    together: dict[tuple[str, ...], list[Event]] = defaultdict(list)
    for visit in journey.visits.values():
        if date.fromisoformat(visit["local_date"]) <= last:
            person = visit.get("subject_ref") if visit["by"] == "applicant" else visit.get("person_ref")
            key = (visit["local_date"], visit["venue_id"], person or visit["visit_id"], str(visit["by"] == "applicant"))
            together[key].append(visit)
    return list(together.values())


def _is_statutory(visit: Event) -> bool:
    """Every journey of a history is applied for on the day of its visits, so no visit comes before the promise begins."""
    counted = visit["outcome"] == "done" and visit["purpose"] in ("apply", "presence", "collect")
    return counted or visit["responsible"] == "government"


def _day(moment: str) -> date:
    return datetime.fromisoformat(moment).astimezone(_CHINA).date()
