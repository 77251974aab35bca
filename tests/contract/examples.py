"""One realistic event of every type: the source of the golden corpus, and of tests that need an example."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from shared.contracts import approval, catalogue, intake, notify
from shared.contracts.base import Fact
from shared.contracts.envelope import Actor, Envelope

AT = datetime(2026, 3, 9, 1, 30, tzinfo=UTC)
CASE, ITEM, BODY, REF = "hz-transfer20260309ABCDEFGHIJ", "hz-transfer", "11330100MB0000001A", "0123456789abcdef" * 2
VISIT = UUID("5c1c2a52-8a3f-5b0c-9a39-2f2f6d0f7a61")
JOURNEY = "0b8f5f0e-3c55-5b0c-9a39-2f2f6d0f7a61"
DUES: dict[str, Any] = {"promised_due": date(2026, 3, 16), "statutory_due": date(2026, 4, 7)}
LIMITS: dict[str, Any] = {"promised_wd": 5, "statutory_wd": 20}
CARD: dict[str, Any] = {"case_no": CASE, "rule_no": "promised-time.red.1", "due": date(2026, 3, 16), "used_wd": 5, "body": BODY}

FACTS: tuple[Fact, ...] = (
    catalogue.ServiceItemPublished(
        item_code=ITEM,
        version=1,
        basic_code="transfer",
        name_zh="不动产转移登记",
        name_en="Real-estate transfer",
        item_type="07",
        main_item=True,
        level=3,
        body_uscc=BODY,
        body_region="330100",
        case_type="promised",
        **LIMITS,
        declared_visits=1,
        presence_reason="identity",
        materials=(catalogue.Material(code="id-card", name_zh="身份证", required=True),),
        roam_eligible=True,
        power_source=1,
        effective_from=date(2026, 1, 1),
    ),
    catalogue.ServiceItemRetired(item_code=ITEM, reason_code="merged", effective_from=date(2026, 6, 1)),
    catalogue.BodyRegistered(body_uscc=BODY, name_zh="杭州市规划和自然资源局", name_en="Planning bureau", region="330100", level=3),
    catalogue.VenueRegistered(
        venue_id="hall-330300",
        kind="hall",
        name_zh="温州市政务服务中心",
        name_en="Wenzhou hall",
        address="温州市",
        hours="09:00-17:00",
        region="330300",
        level=3,
        item_codes=(ITEM,),
        mandates=(BODY,),
    ),
    catalogue.WorkingCalendarPublished(year=2026, version=1, days_off=(date(2026, 1, 1),), makeup_workdays=(date(2026, 1, 4),)),
    catalogue.PartnerRegistered(partner="hangzhou-planning", kind="department", body_uscc=BODY, region="330100"),
    intake.JourneyOpened(
        subject_ref=REF,
        item_code=ITEM,
        basic_code="transfer",
        applicant_region="330300",
        declared_visits=1,
        first_contact=AT,
    ),
    intake.VisitRecorded(
        visit_id=VISIT,
        subject_ref=REF,
        venue_id="hall-330300",
        venue_region="330300",
        venue_kind="hall",
        local_date=date(2026, 3, 9),
        by="applicant",
        purpose="apply",
        outcome="wrong_place",
        cause="wrong_place",
        responsible="applicant",
        source="window",
        item_code=ITEM,
    ),
    intake.VisitVoided(visit_id=VISIT, reason_code="mistake"),
    intake.JourneyCompleted(outcome="granted", completed_at=AT),
    intake.ApplicationSubmitted(
        case_no=CASE,
        item_code=ITEM,
        basic_code="transfer",
        item_version=1,
        declared_visits=1,
        **LIMITS,
        channel="window",
        virtual=False,
        subject_ref=REF,
        applicant_region="330300",
        receiving_body=BODY,
        receiving_region="330300",
        handling_body=BODY,
        handling_region="330100",
        handling_level=3,
        materials=(intake.SubmittedMaterial(code="id-card", form="original"),),
    ),
    intake.ApplicationReceived(
        case_no=CASE,
        receipt_no="SABCDEFGHIJKL",
        window_id="hall-330300",
        received_at=AT,
        form_check="passed",
        identity_check="passed",
    ),
    intake.CorrectionNoticeIssued(
        case_no=CASE,
        notice_no="N1",
        ordinal=1,
        missing=(intake.MissingMaterial(code="id-card", reason_code="absent"),),
        due=date(2026, 3, 30),
    ),
    intake.CorrectionSubmitted(case_no=CASE, notice_no="N1", complete=True),
    intake.CorrectionExpired(case_no=CASE, notice_no="N1"),
    intake.OffListDemandRefused(case_no=CASE, code="marriage-certificate", item_version=1),
    intake.ApplicationAccepted(
        case_no=CASE,
        accepted_at=AT,
        mode="normal",
        accepted_body=BODY,
        accepted_region="330100",
        item_code=ITEM,
        **LIMITS,
        **DUES,
        calendar_version="2026.1",
    ),
    intake.ApplicationNotAccepted(case_no=CASE, reason_code="not-competent", competent_body=BODY, remedies=("reconsideration",)),
    intake.CustodyOffered(
        case_no=CASE,
        handover_no="H1",
        from_body=BODY,
        from_region="330300",
        to_body=BODY,
        to_region="330100",
        medium="electronic",
        due=date(2026, 3, 10),
    ),
    intake.CustodyAccepted(case_no=CASE, handover_no="H1"),
    intake.CustodyReturned(case_no=CASE, handover_no="H1", reason_code="not-competent"),
    intake.CustodyOfferWithdrawn(case_no=CASE, handover_no="H1"),
    intake.ResultDelivered(case_no=CASE, method="e_certificate", delivered_at=AT),
    intake.ApplicationWithdrawn(case_no=CASE, reason_code="changed-mind"),
    intake.DecisionNoted(case_no=CASE, outcome="granted", decision_event=VISIT),
    intake.WithdrawalNoted(case_no=CASE, withdrawal_event=VISIT),
    intake.HistoryReported(
        origin="some-log",
        file="events.csv.gz",
        row=7,
        rule="submitted",
        phase="submitted",
        case_ref="case-7",
        region="M1",
        zone="Europe/Amsterdam",
        change=intake.FieldChange(op="update", field="status", old="open", new="closed"),
        irregular=("occurred-after-known",),
    ),
    approval.CaseTaken(case_no=CASE, body=BODY, item_code=ITEM, accepted_at=AT, **LIMITS, **DUES, calendar_version="2026.1"),
    approval.SpecialProcedureStarted(case_no=CASE, kind="expert_review", basis="licensing-law-45", expected_wd=7),
    approval.SpecialProcedureEnded(case_no=CASE, result="completed", **DUES),
    approval.TimeLimitExtended(case_no=CASE, days=10, approver=REF, reason_code="complex", **DUES),
    approval.DeadlineRecomputed(case_no=CASE, cause="calendar-2026.2", **DUES),
    approval.CaseWithdrawn(case_no=CASE, reason_code="changed-mind"),
    approval.DecisionMade(
        case_no=CASE,
        body=BODY,
        officer_ref=REF,
        outcome="refused",
        document_no="doc-1",
        reason_codes=("not-eligible",),
        remedies=("reconsideration", "litigation"),
        decided_at=AT,
        net_wd_used=3,
        on_time=True,
        statutory_met=True,
    ),
    approval.DeadlineReminderRaised(**{**CARD, "rule_no": "promised-time.reminder.1"}),
    approval.YellowCardIssued(**{**CARD, "rule_no": "promised-time.yellow.1"}),
    approval.RedCardIssued(**CARD),
    notify.NotificationRequested(
        intent_id=VISIT, cause_event=VISIT, template="result", recipient_role="applicant", channel="email", suppressed=False
    ),
    notify.NotificationSent(intent_id=VISIT, attempt=1, provider_ref="ref-1", repeated=False),
    notify.NotificationFailed(intent_id=VISIT, attempt=1, reason_code="away", final=False),
)


def envelope(fact: Fact) -> Envelope[Fact]:
    """`fact` as the third event of a stream."""
    name = str(fact.type)  # type: ignore[attr-defined]
    source = {"catalogue": "intake"}.get(name.split(".")[1], name.split(".")[1])
    stream = "item-hz-transfer" if ".catalogue." in name else f"journey-{JOURNEY}"
    key = stream.partition("-")[2]
    actor = Actor("clerk", "desk-7", BODY, "330300")
    return Envelope(VISIT, source, name, stream, 3, AT, AT, AT, key, VISIT, VISIT, actor, fact)
