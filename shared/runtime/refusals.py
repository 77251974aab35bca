"""Refusals that every door shares."""

from __future__ import annotations

from shared.eventsourcing.errors import Rule

NOT_YOUR_ROLE = Rule(
    "not-your-role", "forbidden", "您的身份不能办理此事；请使用有权限的身份。", "Your role may not do this; use one that may."
)
NOT_YOUR_BODY = Rule(
    "not-your-body",
    "forbidden",
    "该办件不属于您所在的单位；请由持有单位办理。",
    "This case is not with your body; the body that holds it has to act.",
)
UNAUTHENTICATED = Rule(
    "unauthenticated",
    "forbidden",
    "没有登录，或登录已过期（没有有效令牌）；请重新登录后再试。",
    "Nobody is signed in, or the sign-in is over (there is no valid token); sign in again and retry.",
)
KEY_MISSING = Rule(
    "idempotency-key-missing",
    "malformed",
    "缺少 Idempotency-Key；请为每个请求提供一个键，重试时沿用。",
    "The Idempotency-Key header is missing; give each request a key and keep it when you retry.",
)
KEY_MALFORMED = Rule(
    "idempotency-key-malformed",
    "malformed",
    "Idempotency-Key 须为 1 至 255 个可见 ASCII 字符。",
    "The Idempotency-Key must be 1 to 255 visible ASCII characters.",
)
KEY_REUSED = Rule(
    "idempotency-key-reused",
    "invalid",
    "该键已用于另一请求；新请求请换新键。",
    "This key belongs to another request; use a new key for a new request.",
)
KEY_BUSY = Rule(
    "idempotency-key-busy",
    "conflict",
    "同一键的请求正在办理；请稍后以同一键重试。",
    "A request with this key is still running; retry with the same key in a moment.",
)
TOO_LARGE = Rule("too-large", "invalid", "请求内容过大；请缩小后重试。", "The request is too large; make it smaller and try again.")
TOO_SLOW = Rule(
    "too-slow",
    "invalid",
    "请求内容传送过慢；请检查网络后以同一键重试。",
    "The request came too slowly; check the connection and retry with the same key.",
)
UNAVAILABLE = Rule(
    "unavailable",
    "conflict",
    "系统暂时无法确认结果；请以同一键重试。",
    "The result cannot be confirmed just now; retry with the same key.",
)
RACED = Rule(
    "raced",
    "conflict",
    "有人同时办理了此件；请查看当前状态后再试。",
    "Somebody acted on this at the same time; look at its state and try again.",
)
BROKEN_CONTRACT = (
    "填写的内容不符合要求；请核对后重试。",
    "Something entered is not as required; check it and try again.",
)
"""Said to people; programs go by the rule and the field beside it."""
BROKEN_INSIDE = (
    "系统内部出错，已记录。请稍后再试；仍不行时，请告知运维人员。",
    "Something failed inside; it has been logged. Try again later; if it still fails, tell the operators.",
)
FUTURE_TIME = Rule(
    "time-in-the-future", "invalid", "发生时间不能晚于现在；请改正。", "It cannot have happened in the future; mend the time."
)
TIMES_ARE_IMPORTERS = Rule(
    "times-are-the-importers",
    "forbidden",
    "只有导入身份可以指定过去的时间；请去掉时间。",
    "Only the importer may give past times; leave them out.",
)
UNKNOWN_THING = Rule("unknown", "unknown", "没有找到；请核对编号。", "There is no such thing; check the number.")
FOREIGN_PAGE = Rule(
    "foreign-page",
    "forbidden",
    "请求不是从本系统页面发出的；请刷新页面后重试。",
    "The request did not come from a page of this system; reload the page and try again.",
)
NO_SUCH_BODY = Rule(
    "no-such-body", "invalid", "没有登记这个单位；请从列表中选择。", "No such body is registered; choose one of the list."
)
