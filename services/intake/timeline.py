"""What happened to a journey, in order, as pages tell it: codes and days, no person and no free text. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.intake.promise import Promise
from shared.contracts.envelope import Envelope
from shared.contracts.intake import (
    ApplicationAccepted,
    ApplicationNotAccepted,
    ApplicationReceived,
    ApplicationSubmitted,
    CorrectionNoticeIssued,
    CorrectionSubmitted,
    CustodyOffered,
    CustodyReturned,
    DecisionNoted,
    JourneyCompleted,
    OffListDemandRefused,
    ResultDelivered,
    VisitRecorded,
    VisitVoided,
)

_TOLD: Mapping[type[Any], tuple[str, ...]] = {
    VisitRecorded: ("visit_id", "venue_id", "local_date", "by", "purpose", "outcome", "cause", "responsible"),
    VisitVoided: ("visit_id", "reason_code"),
    ApplicationSubmitted: ("channel", "receiving_body", "handling_body"),
    ApplicationReceived: ("window_id",),
    CorrectionNoticeIssued: ("missing", "due"),
    CorrectionSubmitted: ("complete",),
    OffListDemandRefused: ("code",),
    ApplicationAccepted: ("mode", "accepted_body", "promised_due"),
    ApplicationNotAccepted: ("reason_code", "competent_body", "remedies"),
    CustodyOffered: ("from_body", "to_body", "medium", "due"),
    CustodyReturned: ("reason_code",),
    DecisionNoted: ("outcome",),
    ResultDelivered: ("method",),
    JourneyCompleted: ("outcome",),
}


def timeline_of(events: Sequence[Envelope[Any]]) -> list[dict[str, Any]]:
    """One entry for each event: when it occurred, its name, and what the page shows of it."""
    told = []
    for event in events:
        spelled = event.data.model_dump(mode="json")
        shown = {name: spelled[name] for name in _TOLD.get(type(event.data), ()) if spelled.get(name) is not None}
        case_no = getattr(event.data, "case_no", None)
        told.append({"at": event.time, "fact": event.type.split(".")[2], "case_no": case_no} | shown)
    return told


def promise_told(promise: Promise) -> dict[str, Any]:
    """The promise beside what happened."""
    return {
        "declared": promise.declared,
        "experienced": promise.runs.experienced,
        "statutory": promise.runs.statutory,
        "kept": promise.kept,
        "this_run": promise.this_run,
        "runs": [
            {"local_date": run.local_date, "venue_id": run.venue_id, "cause": run.cause, "responsible": run.responsible}
            for run in sorted(promise.runs.runs, key=lambda run: run.local_date)
            if run.kind == "experienced"
        ],
    }
