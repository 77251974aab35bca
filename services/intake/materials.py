"""Materials: taking them in, telling once what is missing, and the answer to that (Licensing Law Art. 32)."""

from __future__ import annotations

from services.intake.authority import require_handler, require_party, require_receiver
from services.intake.commands import IssueCorrection, Receive, SubmitCorrection
from services.intake.custody import situation
from services.intake.refusals import (
    ALREADY_ACCEPTED,
    ALREADY_RECEIVED,
    CASE_ENDED,
    NOT_RECEIVED,
    NOTICE_SUPERSEDED,
    SECOND_NOTICE_NEEDS_REASON,
    TOO_MANY_NOTICES,
    UNKNOWN_NOTICE,
    UNKNOWN_VENUE,
)
from services.intake.state import (
    Accepted,
    Case,
    Decided,
    Delivered,
    InCorrection,
    NotAccepted,
    Notice,
    Received,
    Submitted,
    Withdrawn,
)
from shared.contracts.ids import receipt_no
from shared.contracts.intake import (
    ApplicationReceived,
    CorrectionNoticeIssued,
    CorrectionSubmitted,
    IntakeEvent,
    MissingMaterial,
    OffListDemandRefused,
)
from shared.eventsourcing.errors import RefusedError
from shared.reference.deadlines import CORRECTION_ANSWER_WD, local_date

NOTICES_MAX = 20


def receive(command: Receive, case: Case) -> list[IntakeEvent]:
    """Take the materials in, once. What was sent without a visit may be received at an electronic counter."""
    require_receiver(command.by, case.file, command.window)
    known = case.file.receipt
    if known is not None:
        if known.window_id == command.window_id:
            return []
        raise RefusedError(ALREADY_RECEIVED, state=situation(case))
    if not isinstance(case, Submitted):
        raise RefusedError(CASE_ENDED, state=situation(case))
    if command.window is None and not case.file.terms.virtual:
        raise RefusedError(UNKNOWN_VENUE, field="window_id")
    return [
        ApplicationReceived(
            case_no=command.case_no,
            receipt_no=receipt_no(command.case_no),
            window_id=command.window_id,
            received_at=command.now,
            form_check=command.form_check,
            identity_check=command.identity_check,
        )
    ]


def issue_correction(command: IssueCorrection, case: Case) -> list[IntakeEvent]:
    """Tell what is missing. A demand outside the item's list is refused and recorded; the rest goes out."""
    require_handler(command.by, case.file)
    _require_open(case)
    demands = {entry.code: entry for entry in reversed(command.missing)}
    off_list = [code for code in sorted(demands) if code not in command.listed]
    facts: list[IntakeEvent] = [
        OffListDemandRefused(case_no=command.case_no, code=code, item_version=case.file.terms.item_version)
        for code in off_list
        if code not in case.file.off_list
    ]
    missing = tuple(demands[code] for code in sorted(demands) if code in command.listed)
    return facts + _notice(command, missing, case) if missing else facts


def _require_open(case: Case) -> None:
    match case:
        case Submitted():
            raise RefusedError(NOT_RECEIVED, state=situation(case))
        case Received() | InCorrection():
            return
        case Accepted() | Decided() | Delivered():
            raise RefusedError(ALREADY_ACCEPTED, state=situation(case))
        case NotAccepted() | Withdrawn():
            raise RefusedError(CASE_ENDED, state=situation(case))


def _notice(command: IssueCorrection, missing: tuple[MissingMaterial, ...], case: Case) -> list[IntakeEvent]:
    notices = case.file.notices
    told = frozenset((entry.code, entry.reason_code) for entry in missing)
    if isinstance(case, InCorrection) and notices[-1].missing == told:
        return []
    if notices and command.reason_code is None:
        raise RefusedError(SECOND_NOTICE_NEEDS_REASON, field="reason_code", state=situation(case))
    ordinal = len(notices) + 1
    if ordinal > NOTICES_MAX:
        raise RefusedError(TOO_MANY_NOTICES, state=situation(case))
    return [
        CorrectionNoticeIssued(
            case_no=command.case_no,
            notice_no=f"N{ordinal}",
            ordinal=ordinal,
            missing=missing,
            due=command.calendars.add_working_days(local_date(command.now), CORRECTION_ANSWER_WD),
            reason_code=command.reason_code,
        )
    ]


def submit_correction(command: SubmitCorrection, case: Case) -> list[IntakeEvent]:
    """Answer the open notice, late or not. A second incomplete answer says nothing that is not known."""
    require_party(command.by, case.file)
    notice = _asked(command, case)
    if notice.answered or (notice.partly and not command.complete):
        return []
    _require_open(case)
    if notice is not case.file.notices[-1]:
        raise RefusedError(NOTICE_SUPERSEDED, field="notice_no", state=situation(case))
    return [CorrectionSubmitted(case_no=command.case_no, notice_no=notice.notice_no, complete=command.complete)]


def _asked(command: SubmitCorrection, case: Case) -> Notice:
    for notice in case.file.notices:
        if notice.notice_no == command.notice_no:
            return notice
    raise RefusedError(UNKNOWN_NOTICE, field="notice_no")
