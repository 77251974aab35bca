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
WITHDRAWN_AT_THE_BODY = Rule(
    "withdrawn-at-the-body",
    "forbidden",
    "已受理的办件不能在此自行撤回；请向承办单位提出，由其登记撤回。",
    "An accepted case cannot be withdrawn here by its applicant; ask the body that handles it, which enters the withdrawal.",
)
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
    "不予批准须说明理由并告知救济途径。",
    "A refusal names its reasons and the remedies.",
)
DECIDED_BY_ANOTHER = Rule(
    "decided-by-another",
    "invalid",
    "决定由登录的本人作出，不能记在他人名下；请不要填写决定人。",
    "Whoever is signed in decides, and nobody decides in another's name; leave the officer out.",
)
OFFICER_MISSING = Rule(
    "officer-missing",
    "invalid",
    "部门系统须写明由谁作出决定；请填写决定人的代称。",
    "A department's program says who decided; give that officer's pseudonym.",
)
APPROVER_MISSING = Rule(
    "approver-missing",
    "invalid",
    "延长时限须经本机关负责人批准；请填写批准人的工号。",
    "The head of the body has to approve more time; give the staff number of whoever approved.",
)
APPROVED_BY_SELF = Rule(
    "approved-by-self",
    "invalid",
    "不能由本人批准本人的延长申请；请填写批准的负责人的工号。",
    "Nobody approves more time for themselves; give the staff number of the head who approved.",
)
ONLY_THE_HEAD = Rule(
    "only-the-head",
    "forbidden",
    "延长时限须经本机关负责人批准；请由负责人本人登录后延长。",
    "The head of the body has to approve more time; the head has to sign in and extend it.",
)
APPROVED_BY_ANOTHER = Rule(
    "approved-by-another",
    "invalid",
    "批准由登录的负责人本人作出，不能记在他人名下；请不要填写批准人。",
    "The head who is signed in approves, and nobody in another's name; leave the approver out.",
)
EXTENSION_TOO_LONG = Rule(
    "extension-too-long",
    "invalid",
    "依据《行政许可法》第四十二条，最多延长十个工作日；请改正天数。",
    "Article 42 of the Licensing Law allows ten more working days at most; give fewer days.",
)
EXTENDED_TOO_LATE = Rule(
    "extended-too-late",
    "conflict",
    "办理时限已过，不能再延长；请尽快作出决定。",
    "The time limit is over and cannot be extended any more; decide as soon as you can.",
)
EXTENDED_BEFORE = Rule("extended-before", "conflict", "时限只能延长一次。", "The time limit can be extended only once.")
