"""The rules of intake that can say no, each with its sentence: what happened, why, and what to do next."""

from __future__ import annotations

from shared.eventsourcing.errors import Rule

# Who may.

ROLE_MAY_NOT = Rule(
    "role-may-not", "forbidden",
    "您的身份不能执行此操作。请由有权限的人员办理。",
    "Your role may not do this. Ask somebody whose role may.",
)  # fmt: skip
NOT_YOURS = Rule(
    "not-yours", "forbidden",
    "该办件不由您的单位或区域持有。请联系持有单位办理，或先完成移交。",
    "This case is not held by your body or region. Ask the body that holds it, or have it handed over first.",
)  # fmt: skip
NOT_YOUR_SUBMISSION = Rule(
    "not-your-submission", "forbidden",
    "该办件不是由您的门户提交的，不能由您办理。请由申请人在提交的渠道或到窗口办理。",
    "You did not submit this case, so it is not yours to act on. Have the applicant use the portal that did, or a window.",
)  # fmt: skip
NOT_YOUR_VENUE = Rule(
    "not-your-venue", "forbidden",
    "该办事场所不在您的区域内。请由场所所在区域的人员登记。",
    "This venue lies outside your region. Have it entered by staff of that region.",
)  # fmt: skip
# What is not there.

UNKNOWN_CASE = Rule(
    "unknown-case", "unknown",
    "没有这个办件编号。请核对编号后重试。",
    "There is no case with this number. Check the number and try again.",
)  # fmt: skip
UNKNOWN_JOURNEY = Rule(
    "unknown-journey", "unknown",
    "没有这件事。请核对编号后重试。",
    "There is no such journey. Check its id and try again.",
)  # fmt: skip
UNKNOWN_VISIT = Rule(
    "unknown-visit", "unknown",
    "没有这条到场记录。请核对编号后重试。",
    "There is no such visit. Check its id and try again.",
)  # fmt: skip
UNKNOWN_NOTICE = Rule(
    "unknown-notice", "unknown",
    "该办件没有这份补正通知。请核对通知编号。",
    "This case has no correction notice of that number. Check the number.",
)  # fmt: skip
UNKNOWN_HANDOVER = Rule(
    "unknown-handover", "unknown",
    "该办件没有这次移交。请核对移交编号。",
    "This case has no hand-over of that number. Check the number.",
)  # fmt: skip
UNKNOWN_STATUS = Rule(
    "unknown-status", "unknown",
    "回执编号与查询码不匹配。请核对回执后重试。",
    "No case matches this receipt number and code. Check your receipt and try again.",
)  # fmt: skip
TOO_MANY_GUESSES = Rule(
    "too-many-guesses", "forbidden",
    "您所在的网络对此回执输错查询码次数太多。请一小时后再试，或换一个网络；急用请带证件到窗口查询。",
    "Too many wrong codes for this receipt came from your network. Try again in an hour or from another network, "
    "or ask at a window with your ID card.",
)  # fmt: skip
UNKNOWN_CONTACT = Rule(
    "unknown-contact", "unknown",
    "没有这件事的联系方式。",
    "No contact is known for this journey.",
)  # fmt: skip
UNKNOWN_ITEM_PAGE = Rule(
    "unknown-item-code", "unknown",
    "目录中没有这个事项。请核对事项编码。",
    "The catalogue has no such item. Check the item code.",
)  # fmt: skip
COUNTY_TO_CHOOSE = Rule(
    "county-to-choose", "invalid",
    "这件事由县（市、区）办理。请选择您住的县（市、区）。",
    "The counties and districts handle this. Choose the one where you live.",
)  # fmt: skip
UNKNOWN_ITEM = Rule(
    "unknown-item", "invalid",
    "目录中没有这个事项。请先在事项目录中查询。",
    "The catalogue has no such item. Look it up in the catalogue first.",
)  # fmt: skip
UNKNOWN_ITEM_VERSION = Rule(
    "unknown-item-version", "invalid",
    "该事项没有这个版本。请使用目录中的现行版本，或不填版本。",
    "The item has no such version. Use one of the catalogue, or name none.",
)  # fmt: skip
ITEM_CODE_OUTGROWN = Rule(
    "item-code-outgrown", "invalid",
    "该事项编码超过三十二个字符，无法编出办件编号。请联系实施主体以较短的编码重新发布该事项。",
    "This item's code has more than 32 characters, so no case can be numbered. Ask its body to publish it under a shorter one.",
)  # fmt: skip
UNKNOWN_VENUE = Rule(
    "unknown-venue", "invalid",
    "没有登记这个办事场所。请先登记场所。",
    "No such venue is registered. Register the venue first.",
)  # fmt: skip
UNKNOWN_BODY = Rule(
    "unknown-body", "invalid",
    "没有登记这个实施主体。请先登记主体。",
    "No such body is registered. Register the body first.",
)  # fmt: skip
UNKNOWN_REGION = Rule(
    "unknown-region", "invalid",
    "当日不存在这个行政区划。请核对区划代码。",
    "This division did not exist on that day. Check the division code.",
)  # fmt: skip
NO_RECEIVING_BODY = Rule(
    "no-receiving-body", "invalid",
    "窗口收件须写明收件单位及其区划。请补充后重试。",
    "A submission at a window must name the receiving body and its region. Add them and try again.",
)  # fmt: skip
RECEIVED_ELSEWHERE = Rule(
    "received-elsewhere", "invalid",
    "收件单位不在该地收件。窗口收件须在收件单位所在区划；网上和邮寄须由承办单位或申请人所在地的单位收件。",
    "The receiving body does not take in applications there. A window lies in the division of its body; what is sent is "
    "taken in by the body that decides or by one where the applicant lives.",
)  # fmt: skip
CASE_NUMBER_TAKEN = Rule(
    "case-number-taken", "conflict",
    "按本次请求生成的办件编号已属于另一位申请人。请更换请求编号后重新提交。",
    "The case number that this request would get belongs to somebody else's case. Submit it again under a new key or id.",
)  # fmt: skip

# When it cannot be.

DATE_IN_FUTURE = Rule(
    "date-in-future", "invalid",
    "日期在未来。请填写已经发生的日期。",
    "The date lies in the future. Give a date that has come.",
)  # fmt: skip
DATE_TOO_EARLY = Rule(
    "date-too-early", "invalid",
    "日期早于本系统可受理的范围。请核对日期。",
    "The date is earlier than this system can hold. Check the date.",
)  # fmt: skip
ITEM_NOT_IN_FORCE = Rule(
    "item-not-in-force", "invalid",
    "该事项当日未生效或已取消。请选择有效事项。",
    "The item was not in force on that day. Choose one that is.",
)  # fmt: skip

# What the situation forbids.

NOT_RECEIVED = Rule(
    "not-received", "conflict",
    "该办件尚未收件，不能进行此操作。请先收件。",
    "This case has not been received yet. Receive it first.",
)  # fmt: skip
ALREADY_RECEIVED = Rule(
    "already-received", "conflict",
    "该办件已由另一窗口收件。无需再次收件。",
    "This case was already received at another window. There is nothing left to receive.",
)  # fmt: skip
CORRECTION_OPEN = Rule(
    "correction-open", "conflict",
    "补正材料尚未交齐，不能受理。请等待补正，或作出不予受理决定。",
    "Corrections are still open. Wait for them, or turn the application away.",
)  # fmt: skip
NOTICE_SUPERSEDED = Rule(
    "notice-superseded", "conflict",
    "已发出更新的补正通知。请按最新通知补正。",
    "A later correction notice is open. Answer that one.",
)  # fmt: skip
SECOND_NOTICE_NEEDS_REASON = Rule(
    "second-notice-needs-reason", "invalid",
    "补正应当一次性告知。再次通知须填写理由代码。",
    "Everything missing must be told at once. A second notice needs a reason code.",
)  # fmt: skip
TOO_MANY_NOTICES = Rule(
    "too-many-notices", "conflict",
    "该办件的补正通知已达上限。请受理或不予受理。",
    "This case has had as many correction notices as it may. Accept it or turn it away.",
)  # fmt: skip
ALREADY_ACCEPTED = Rule(
    "already-accepted", "conflict",
    "该办件已经受理。受理后的事项由审批环节办理。",
    "This case is already accepted. What follows acceptance belongs to approval.",
)  # fmt: skip
NOT_COMPETENT = Rule(
    "not-competent", "conflict",
    "只有持有办件的承办单位或其授权的窗口可以受理。请先移交，或在授权窗口受理。",
    "Only the item's body while it holds the case, or a window it mandated, may accept. Hand the case over first.",
)  # fmt: skip
WITHDRAWAL_IS_APPROVALS = Rule(
    "withdrawal-is-approvals", "conflict",
    "该办件已经受理，撤回由承办单位在审批环节登记。请向承办单位提出撤回。",
    "This case is already accepted, so the body that handles it enters its withdrawal at approval. Ask that body.",
)  # fmt: skip
ALREADY_DECIDED = Rule(
    "already-decided", "conflict",
    "该办件已经作出决定，不能再撤回。",
    "This case is already decided and can no longer be withdrawn.",
)  # fmt: skip
CASE_ENDED = Rule(
    "case-ended", "conflict",
    "该办件已经结束。如需办理请重新申请。",
    "This case has ended. Apply again if it is still wanted.",
)  # fmt: skip
NOT_DECIDED = Rule(
    "not-decided", "conflict",
    "该办件尚未作出决定，不能送达。请等待决定。",
    "This case is not decided yet, so there is no result to deliver. Wait for the decision.",
)  # fmt: skip
ALREADY_DELIVERED = Rule(
    "already-delivered", "conflict",
    "结果已经以另一种方式送达。无需再次送达。",
    "The result was already delivered in another way. There is nothing left to deliver.",
)  # fmt: skip
JOURNEY_OVER = Rule(
    "journey-over", "conflict",
    "这件事已经结束。请重试，按新的一件事办理。",
    "This journey is over. Try again to begin a new one.",
)  # fmt: skip

# Custody.

MOVES_BEFORE_ACCEPTANCE = Rule(
    "moves-before-acceptance", "conflict",
    "办件受理后由受理单位持有，不能再移交。",
    "An accepted case stays with the body that accepted it. Custody moves before acceptance only.",
)  # fmt: skip
OFFER_OPEN = Rule(
    "offer-open", "conflict",
    "该办件有一次尚未答复的移交。请等对方接收或退回，或先撤回移交。",
    "A hand-over of this case is still open. Wait for its answer or take the offer back.",
)  # fmt: skip
OFFER_CLOSED = Rule(
    "offer-closed", "conflict",
    "这次移交已经结束。如需移交请重新提出。",
    "This hand-over has already ended. Offer the case again if it is still wanted.",
)  # fmt: skip
OFFER_TO_HOLDER = Rule(
    "offer-to-holder", "invalid",
    "不能把办件移交给当前持有单位。请选择其他单位。",
    "The case cannot be offered to the body that holds it. Choose another body.",
)  # fmt: skip

# Visits.

VISIT_DIFFERS = Rule(
    "visit-differs", "conflict",
    "同一编号的到场记录内容不同。请使用新的编号，或先撤销原记录。",
    "A visit with this id but other facts is already recorded. Use a new id, or void the first one.",
)  # fmt: skip
VISIT_HAS_OWNER = Rule(
    "visit-has-owner", "conflict",
    "该到场记录已属于某位申请人。如有错误请先撤销。",
    "This visit already belongs to somebody. Void it first if that is wrong.",
)  # fmt: skip
VISIT_VOIDED = Rule(
    "visit-voided", "conflict",
    "该到场记录已撤销，不能归属。请重新登记。",
    "This visit was voided and cannot be attributed. Record it anew.",
)  # fmt: skip
APPLICANT_DIFFERS = Rule(
    "applicant-differs", "invalid",
    "该办件的申请人不是此人。请核对办件编号或申请人。",
    "This case is somebody else's. Check the case number or the applicant.",
)  # fmt: skip
SELF_REPORTS_ONLY = Rule(
    "self-reports-only", "forbidden",
    "门户只能登记申请人自报的到场。请将来源填为自报。",
    "A portal may enter only what applicants report themselves. Give the source as a self-report.",
)  # fmt: skip
VISITS_ARE_THE_DESKS = Rule(
    "visits-are-the-desks", "forbidden",
    "门户不能代窗口或自助终端提交。请以网上、移动端或邮寄渠道提交。",
    "A portal hands in nothing at a window or terminal. Give the channel by which it was sent: web, app or courier.",
)  # fmt: skip
FAILURE_NEEDS_CAUSE = Rule(
    "failure-needs-cause", "invalid",
    "没有办成的到场须写明原因。请选择原因；确实不清楚的选“说不清”。",
    "A visit that came to nothing must say why. Give its cause; if nobody can tell, it is unknown.",
)  # fmt: skip
ATTRIBUTED_BY_ATTRIBUTION = Rule(
    "attributed-by-attribution", "invalid",
    "归属到场记录请使用归属操作，不要使用撤销。",
    "To move a visit to a person, attribute it; this reason is not for voiding.",
)  # fmt: skip

# Catalogue.

PRESENCE_REASON_MISSING = Rule(
    "presence-reason-missing", "invalid",
    "到现场次数不为零的事项须填写理由。请补充到场原因代码。",
    "An item that makes people come must say why. Add the reason for presence.",
)  # fmt: skip
PRESENCE_REASON_FORBIDDEN = Rule(
    "presence-reason-forbidden", "invalid",
    "到现场次数为零的事项不应填写到场原因。请去掉该字段。",
    "An item without visits has no reason for presence. Leave the field out.",
)  # fmt: skip
ON_THE_SPOT_MEANS_ZERO = Rule(
    "on-the-spot-means-zero", "invalid",
    "即办件的承诺时限须为零，承诺时限为零的须为即办件。请核对办件类型与时限。",
    "On-the-spot items promise zero days, and only they do. Check case type and promise.",
)  # fmt: skip
ITEM_CODE_TOO_LONG = Rule(
    "item-code-too-long", "invalid",
    "事项编码最多三十二个字符，否则办件编号超过国家标准的五十个字符。请缩短编码。",
    "An item code has at most 32 characters, or its case numbers exceed the 50 of the standard. Shorten the code.",
)  # fmt: skip
MATERIAL_TWICE = Rule(
    "material-twice", "invalid",
    "材料清单中有重复的代码。请去掉重复项。",
    "A material code appears twice in the list. Remove the repetition.",
)  # fmt: skip
BODY_MOVED = Rule(
    "body-moved", "conflict",
    "实施主体的区划与层级不能更改。请登记新的主体。",
    "A body's region and level cannot change. Register a new body.",
)  # fmt: skip
CALENDAR_SUPERSEDED = Rule(
    "calendar-superseded", "conflict",
    "该年度已有相同或更高版本的日历。请使用更高的版本号。",
    "This year already has a calendar of the same or a higher version. Use a higher one.",
)  # fmt: skip
CALENDAR_OTHER_YEAR = Rule(
    "calendar-other-year", "invalid",
    "日历中的日期不属于该年度。请核对日期。",
    "A date of the calendar lies outside its year. Check the dates.",
)  # fmt: skip
CALENDAR_CONTRADICTS = Rule(
    "calendar-contradicts", "invalid",
    "同一天既是休息日又是调休上班日。请核对日期。",
    "A day is both off and worked. Check the dates.",
)  # fmt: skip
DEPARTMENT_NEEDS_BODY = Rule(
    "department-needs-body", "invalid",
    "部门须写明其代表的实施主体。请补充主体代码。",
    "A department must name the body it speaks for. Add the body's code.",
)  # fmt: skip
PORTAL_HAS_NO_BODY = Rule(
    "portal-has-no-body", "invalid",
    "门户不代表实施主体。请去掉主体代码。",
    "A portal speaks for no body. Leave the body out.",
)  # fmt: skip
PARTNER_TAKEN = Rule(
    "partner-taken", "conflict",
    "该名称已由其他伙伴使用。请换一个名称。",
    "This name belongs to another partner. Choose another name.",
)  # fmt: skip
PSEUDONYM_IS_THE_DESKS = Rule(
    "pseudonym-is-the-desks", "invalid",
    "代称只供窗口登记已查到的申请人，不能与申请人信息同时填写。",
    "A pseudonym is for a desk that found the person, and stands instead of the applicant. Give one of the two.",
)  # fmt: skip
NOTHING_FOUND = Rule(
    "nothing-found", "unknown",
    "没有查到。请核对证件号、回执编号、办件编号或代称。",
    "Nothing was found. Check the ID number, receipt number, case number or pseudonym.",
)  # fmt: skip
