"""What approval refuses, in words for the person who asked."""

from __future__ import annotations

from shared.eventsourcing.errors import Rule

UNKNOWN_CASE = Rule(
    "case-unknown",
    "unknown",
    "审批环节没有这个办件；受理后才能办理，请核对编号。",
    "Approval holds no such case; it comes here with its acceptance. Check the number.",
)
UNKNOWN_PARTNER = Rule(
    "partner-unknown", "forbidden", "该主题未登记为部门伙伴。", "This topic belongs to no registered department."
)
ALREADY_DECIDED = Rule(
    "already-decided",
    "conflict",
    "此件已由他人作出决定；请查看该决定。",
    "The case has been decided already; look at that decision.",
)
ALREADY_WITHDRAWN = Rule("already-withdrawn", "conflict", "申请人已撤回此件。", "The applicant has withdrawn this case.")
SUSPENDED = Rule(
    "suspended",
    "conflict",
    "特别程序进行中，时限已中止；请先结束特别程序。",
    "A special procedure stops the clock; end it before going on.",
)
NOT_SUSPENDED = Rule("not-suspended", "conflict", "没有进行中的特别程序。", "There is no special procedure to end.")
REFUSAL_INCOMPLETE = Rule(
    "refusal-without-reasons",
    "invalid",
    "不予许可须说明理由并告知救济途径。",
    "A refusal names its reasons and the remedies.",
)
EXTENDED_BEFORE = Rule("extended-before", "conflict", "时限只能延长一次。", "The time limit can be extended only once.")
