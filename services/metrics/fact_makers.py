"""From an event to the fact that its journey's row keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.metrics.facts import (
    Accepted,
    Carded,
    Completed,
    Decided,
    Delivered,
    Ended,
    Fact,
    Noted,
    Noticed,
    Offered,
    OfferEnded,
    OffList,
    Opened,
    Submitted,
    Taken,
    Visited,
    Voided,
    day_of,
    day_of_ms,
    ms_of,
)
from services.metrics.view import Unknown, View

_INTAKE = "gov.intake."
_APPROVAL = "gov.approval."

_Start = tuple[int, int, int]
_Maker = Callable[[_Start, Any, str], Any]


def _opened(start: _Start, data: Any, _: str) -> Opened:
    get = data.get
    return Opened(
        *start,
        get("subject_ref"),
        data["item_code"],
        data["basic_code"],
        get("applicant_region"),
        data["declared_visits"],
        ms_of(data["first_contact"]),
    )


def _visited(start: _Start, data: Any, _: str) -> Visited:
    get = data.get
    return Visited(
        *start,
        data["visit_id"],
        get("subject_ref"),
        data["venue_id"],
        data["venue_region"],
        data["venue_kind"],
        data["local_date"].toordinal(),
        data["by"],
        get("person_ref"),
        data["purpose"],
        data["outcome"],
        data["cause"],
        data["responsible"],
        data["item_code"],
    )


def _submitted(start: _Start, data: Any, _: str) -> Submitted:
    return Submitted(
        *start,
        data["case_no"],
        data["item_code"],
        data["basic_code"],
        data["declared_visits"],
        data["statutory_wd"],
        data["channel"],
        data["virtual"],
        data["applicant_region"],
        data["receiving_body"],
        data["receiving_region"],
        data["handling_region"],
        data["handling_level"],
    )


def _offered(start: _Start, data: Any, _: str) -> Offered:
    return Offered(
        *start,
        data["case_no"],
        data["handover_no"],
        data["from_region"],
        data["to_body"],
        data["to_region"],
        data["due"].toordinal(),
    )


def _decided(start: _Start, data: Any, _: str) -> Decided:
    return Decided(
        *start,
        data["case_no"],
        data["outcome"],
        day_of(data["decided_at"]),
        data["net_wd_used"],
        data["on_time"],
        data["statutory_met"],
    )


def _accepted(start: _Start, data: Any, _: str) -> Accepted:
    return Accepted(*start, data["case_no"], data["accepted_body"], data["accepted_region"], day_of(data["accepted_at"]))


def _voided(start: _Start, data: Any, _: str) -> Voided:
    return Voided(*start, data["visit_id"])


def _completed(start: _Start, data: Any, _: str) -> Completed:
    return Completed(*start, data["outcome"], day_of(data["completed_at"]))


def _noticed(start: _Start, data: Any, _: str) -> Noticed:
    return Noticed(*start, data["case_no"], data["ordinal"])


def _off_list(start: _Start, data: Any, _: str) -> OffList:
    return OffList(*start, data["case_no"])


def _ended(start: _Start, data: Any, name: str) -> Ended:
    return Ended(*start, data["case_no"], name)


def _delivered(start: _Start, data: Any, _: str) -> Delivered:
    return Delivered(*start, data["case_no"], day_of(data["delivered_at"]))


def _taken(start: _Start, data: Any, _: str) -> Taken:
    return Taken(*start, data["case_no"], data["statutory_wd"])


def _offer_ended(how: str) -> _Maker:
    return lambda start, data, _: OfferEnded(*start, data["case_no"], data["handover_no"], how)


def _carded(colour: str) -> _Maker:
    return lambda start, data, _: Carded(*start, data["case_no"], colour)


_FACT_MAKERS: dict[str, _Maker] = {
    _INTAKE + "journey-opened.v1": _opened,
    _INTAKE + "visit-recorded.v1": _visited,
    _INTAKE + "visit-voided.v1": _voided,
    _INTAKE + "journey-completed.v1": _completed,
    _INTAKE + "application-submitted.v1": _submitted,
    _INTAKE + "correction-notice-issued.v1": _noticed,
    _INTAKE + "off-list-demand-refused.v1": _off_list,
    _INTAKE + "application-not-accepted.v1": _ended,
    _INTAKE + "application-withdrawn.v1": _ended,
    _INTAKE + "withdrawal-noted.v1": _ended,
    _INTAKE + "application-accepted.v1": _accepted,
    _INTAKE + "custody-offered.v1": _offered,
    _INTAKE + "custody-accepted.v1": _offer_ended("accepted"),
    _INTAKE + "custody-returned.v1": _offer_ended("returned"),
    _INTAKE + "custody-offer-withdrawn.v1": _offer_ended("withdrawn"),
    _INTAKE + "result-delivered.v1": _delivered,
    _APPROVAL + "case-taken.v1": _taken,
    _APPROVAL + "decision-made.v1": _decided,
    _APPROVAL + "yellow-card-issued.v1": _carded("yellow"),
    _APPROVAL + "red-card-issued.v1": _carded("red"),
}


def fact_of(view: View | Unknown, offset: int) -> Fact:
    """The fact that an event of a journey leaves in its row."""
    known, time = view["knowntime"], view["time"]
    at = ms_of(time)
    start = (day_of_ms(at) if known == time else day_of(known), offset, at)
    name = view["type"]
    make = _FACT_MAKERS.get(name)
    if make is None:
        return Noted(*start, name)
    made: Fact = make(start, view["data"], name)  # type: ignore[typeddict-item]
    return made
