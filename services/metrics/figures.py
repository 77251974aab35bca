"""The figures as data: what each is called, what is divided by what, by which rule, and where it belongs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from services.metrics.contributions import GROUPS, Group
from services.metrics.slices import By
from shared.reference.runs import RUN_RULE

Unit = Literal["ratio", "mean", "count", "per_1000", "seconds"]
FEW = 30
"""A ratio over fewer than this many is shown and marked."""
_SCALE = {"ratio": 1, "mean": 1, "per_1000": 1000}


@dataclass(frozen=True, slots=True)
class Text:
    """A text in both languages."""

    zh: str
    en: str


Sum = Mapping[str, int]
"""`group.measure` → how often it counts."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One number of a figure; without a denominator it is a count.

    `of` tells of how many it is, where its denominator counts something else; `from_waits` are read from the single waits and
    not from sums.
    """

    code: str
    name: Text
    unit: Unit
    numerator: Sum
    denominator: Sum | None = None
    of: Sum | None = None
    from_waits: bool = False

    @property
    def measures(self) -> frozenset[str]:
        """Every measure that it names."""
        return frozenset((*self.numerator, *(self.denominator or {}), *(self.of or {})))


@dataclass(frozen=True, slots=True)
class Figure:
    """One question with its readings, its rule, and whose region and day it is counted under."""

    code: str
    name: Text
    question: Text
    region_means: str
    day_means: Text
    readings: tuple[Reading, ...]
    source: Text
    rule: str = RUN_RULE
    by: tuple[By, ...] = field(default=("city", "county", "item", "basic", "channel", "day", "week", "month"))

    @property
    def measures(self) -> frozenset[str]:
        """Every measure that a reading names."""
        return frozenset().union(*(reading.measures for reading in self.readings))

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups of cells that the figure rests on."""
        named = {measure.partition(".")[0] for measure in self.measures}
        return tuple(group for group in GROUPS if group in named)

    def reading(self, code: str) -> Reading | None:
        """The reading of that code."""
        return next((reading for reading in self.readings if reading.code == code), None)


class Value(NamedTuple):
    """A number with what it was made of. `value` is None where nothing is known, never 0."""

    value: float | int | None
    numerator: int
    denominator: int | None
    few: bool


def total(wanted: Sum, sums: Sum) -> int:
    """The measures of `wanted` summed up, each as often as it counts."""
    return sum(weight * sums.get(measure, 0) for measure, weight in wanted.items())


def value_of(reading: Reading, sums: Sum) -> Value:
    """The reading over summed measures."""
    numerator = total(reading.numerator, sums)
    if reading.denominator is None:
        return Value(numerator, numerator, None, few=False)
    denominator = total(reading.denominator, sums)
    value = _SCALE[reading.unit] * numerator / denominator if denominator else None
    of = denominator if reading.of is None else total(reading.of, sums)
    return Value(value, numerator, denominator, few=of < FEW)


def evaluate(figure: Figure, sums: Sum) -> dict[str, Value]:
    """Every reading of the figure that is a sum over cells, by its code."""
    return {reading.code: value_of(reading, sums) for reading in figure.readings if not reading.from_waits}


def _ratio(code: str, zh: str, en: str, numerator: Sum, denominator: Sum, unit: Unit = "ratio") -> Reading:
    return Reading(code, Text(zh, en), unit, numerator, denominator)


def _count(code: str, zh: str, en: str, numerator: Sum) -> Reading:
    return Reading(code, Text(zh, en), "count", numerator)


_DELIVERED: Sum = {"delivered.journeys": 1}
_ACCEPTED: Sum = {"accepted.cases": 1}
_DELIVERY_DAY = Text("送达日", "day of delivery")
_PROVISIONS = Text(
    "《浙江省保障“最多跑一次”改革规定》第二条",
    "Zhejiang Provisions on safeguarding the run-once reform, Art. 2",
)
_LICENSING = Text("《行政许可法》第三十二、四十二、四十四、四十五条", "Administrative Licensing Law, Arts. 32, 42, 44, 45")
_DIVISION = Text("GB/T 2260 区划与收件地、办理地", "GB/T 2260 divisions of receiving and handling bodies")
_SUPERVISION = Text("电子监察时限规则", "time limits of electronic supervision")


def _duty(code: str, measure: str, zh: str, en: str) -> tuple[Reading, Reading]:
    return (
        _ratio(code, f"每千件受理的{zh}", f"{en} per 1,000 accepted", {f"duty.{measure}": 1}, _ACCEPTED, "per_1000"),
        _count(f"{code}_n", zh, en, {f"duty.{measure}": 1}),
    )


COVERAGE = Figure(
    "F1",
    Text("承诺最多跑一次的事项", "Items that promise at most one visit"),
    Text("有多少事项承诺到场不超过一次？", "How many items promise at most one visit?"),
    "item",
    Text("当日有效的版本", "version in force on the day"),
    (
        Reading("once", Text("到场不超过一次", "at most one visit"), "ratio", {}),
        Reading("once_less_exceptions", Text("不含例外清单", "at most one, less exceptions"), "ratio", {}),
        Reading("zero", Text("不用到场", "no visit"), "ratio", {}),
    ),
    _PROVISIONS,
    rule="coverage/1",
    by=(),
)
"""Rests on the catalogue's items and not on journeys: no cell holds it, so its readings name no measures."""

FIGURES: tuple[Figure, ...] = (
    Figure(
        "F0",
        Text("每件事的去向", "What became of journeys"),
        Text("已送达、撤回、逾期终止和不予受理各有多少？", "How many were delivered, withdrawn, lapsed or not accepted?"),
        "handling",
        Text("结束日", "day of the end"),
        (
            _count("delivered", "已送达", "delivered", _DELIVERED),
            _count("withdrawn", "已撤回", "withdrawn", {"ended.withdrawn": 1}),
            _count("lapsed", "逾期终止", "lapsed", {"ended.lapsed": 1}),
            _count("not_accepted", "不予受理", "not accepted", {"ended.not_accepted": 1}),
        ),
        _PROVISIONS,
    ),
    Figure(
        "F2",
        Text("法定跑一次", "Statutory run-once"),
        Text("按规定口径，是否最多跑一次？", "By the letter of the promise: at most one visit?"),
        "handling",
        _DELIVERY_DAY,
        (
            _ratio("once", "法定次数不超过一次", "at most one statutory run", {"delivered.statutory_once": 1}, _DELIVERED),
            _ratio("zero", "法定次数为零", "no statutory run", {"delivered.statutory_zero": 1}, _DELIVERED),
        ),
        _PROVISIONS,
    ),
    Figure(
        "F3",
        Text("体验跑一次", "Experienced run-once"),
        Text("群众实际跑了几次？", "How often did people really come?"),
        "handling",
        _DELIVERY_DAY,
        (
            _ratio("once", "体验次数不超过一次", "at most one experienced run", {"delivered.experienced_once": 1}, _DELIVERED),
            _ratio("zero", "体验次数为零", "no experienced run", {"delivered.experienced_zero": 1}, _DELIVERED),
            _ratio("mean", "平均体验次数", "mean experienced runs", {"delivered.experienced_runs": 1}, _DELIVERED, "mean"),
            _ratio("none_runs", "零次", "none", {"delivered.experienced_zero": 1}, _DELIVERED),
            _ratio("one_run", "一次", "one", {"delivered.experienced_once": 1, "delivered.experienced_zero": -1}, _DELIVERED),
            _ratio("two_runs", "两次", "two", {"delivered.experienced_two": 1}, _DELIVERED),
            _ratio("more_runs", "三次及以上", "three or more", {"delivered.experienced_more": 1}, _DELIVERED),
        ),
        _PROVISIONS,
    ),
    Figure(
        "F4",
        Text("承诺兑现", "Promise kept"),
        Text("实际次数是否不超过承诺次数？", "Did people come no more often than promised?"),
        "handling",
        _DELIVERY_DAY,
        (
            _ratio("kept", "承诺兑现率", "promise kept", {"delivered.kept": 1}, _DELIVERED),
            _ratio(
                "gap",
                "体验次数与承诺次数之差",
                "experienced minus declared runs",
                {"delivered.experienced_runs": 1, "delivered.declared": -1},
                _DELIVERED,
                "mean",
            ),
        ),
        _PROVISIONS,
    ),
    Figure(
        "F5",
        Text("多跑原因", "Why people came again"),
        Text("为什么多跑，责任在谁？", "Why did people come again, and who answers for it?"),
        "handling",
        _DELIVERY_DAY,
        (
            _count("extra", "多跑次数", "extra runs", {"extra.runs": 1}),
            _ratio("share", "占体验次数", "of experienced runs", {"extra.runs": 1}, {"delivered.experienced_runs": 1}),
            _ratio("per_journey", "每件多跑次数", "extra runs per journey", {"extra.runs": 1}, _DELIVERED, "mean"),
        ),
        _PROVISIONS,
        by=("city", "county", "item", "basic", "channel", "day", "week", "month", "cause"),
    ),
    Figure(
        "F6",
        Text("城市间办理矩阵", "City × city matrix"),
        Text("谁在替谁的群众办事？", "Who handles whose people?"),
        "handling",
        Text("受理日", "day of acceptance"),
        (
            _count("accepted", "受理件", "cases accepted", _ACCEPTED),
            _ratio("cross_city", "跨市占比", "cross-city share", {"accepted.cross_city": 1}, {"accepted.local_cases": 1}),
            _count("cross_city_cases", "跨市件", "cross-city cases", {"accepted.cross_city": 1}),
        ),
        _DIVISION,
        rule="cross-scope/1",
        by=("city", "county", "item", "basic", "channel", "day", "week", "month", "pair", "scope"),
    ),
    Figure(
        "F7",
        Text("被迫出城", "Forced travel"),
        Text("有多少次要跑出自己的城市？", "How many trips led out of one's own city?"),
        "venue",
        Text("到场日", "day of the visit"),
        (
            _ratio("away", "出城占比", "outside one's city", {"visit.away": 1}, {"visit.runs": 1, "visit.region_unknown": -1}),
            _count("runs", "体验次数", "experienced runs", {"visit.runs": 1}),
            _count("unknown", "居住地不详", "home unknown", {"visit.region_unknown": 1}),
        ),
        _DIVISION,
        by=("city", "county", "home", "item", "basic", "channel", "day", "week", "month", "cause", "pair"),
    ),
    Figure(
        "F8",
        Text("移交", "Custody"),
        Text("移交后等多久才有人接？", "How long does a hand-over wait to be taken?"),
        "from",
        Text("移交日", "day of the offer"),
        (
            _count("offered", "移交", "offered", {"custody.offered": 1}),
            _ratio("accepted", "接收率", "accepted", {"custody.accepted": 1}, {"custody.offered": 1}),
            _ratio("returned", "退回率", "returned", {"custody.returned": 1}, {"custody.offered": 1}),
            _ratio("withdrawn", "撤回率", "withdrawn", {"custody.withdrawn": 1}, {"custody.offered": 1}),
            _count(
                "open",
                "待接收",
                "open",
                {"custody.offered": 1, "custody.accepted": -1, "custody.returned": -1, "custody.withdrawn": -1},
            ),
            Reading("overdue", Text("逾期待接收", "open past due"), "count", {}, from_waits=True),
            Reading("wait_p50", Text("等待中位数", "median wait"), "seconds", {}, from_waits=True),
            Reading("wait_p90", Text("等待第九十百分位", "90th percentile of waits"), "seconds", {}, from_waits=True),
        ),
        _DIVISION,
        rule="custody/1",
        by=("city", "county", "item", "basic", "channel", "day", "week", "month", "pair"),
    ),
    Figure(
        "F9",
        Text("按时办结", "On time"),
        Text("是否在承诺时限内办结？", "Was it decided within the promised time?"),
        "handling",
        Text("办结日", "day of the decision"),
        (
            _ratio("on_time", "按时办结率", "decided on time", {"decided.on_time": 1}, {"decided.cases": 1}),
            _ratio(
                "statutory_breach", "超法定时限", "statutory limit broken", {"decided.statutory_breach": 1}, {"decided.cases": 1}
            ),
            _count("statutory_breaches", "超法定时限件", "statutory breaches", {"decided.statutory_breach": 1}),
            Reading(
                "speed_up",
                Text("提速率", "speed-up"),
                "ratio",
                {"decided.statutory_wd": 1, "decided.net_wd_used": -1},
                {"decided.statutory_wd": 1},
                of={"decided.cases": 1},
            ),
            _count("decided", "办结件", "decided", {"decided.cases": 1}),
        ),
        _LICENSING,
        rule="promised-time/1",
    ),
    Figure(
        "F10",
        Text("未归属到场", "Unattributed visits"),
        Text("以上数字有多可信？", "How far can these figures be trusted?"),
        "venue",
        Text("到场日", "day of the visit"),
        (
            _ratio("unattributed", "未归属占比", "unattributed", {"visit.unattributed": 1}, {"visit.visits": 1}),
            _count("visits", "到场", "visits", {"visit.visits": 1}),
        ),
        _PROVISIONS,
        by=("city", "county", "item", "basic", "channel", "day", "week", "month", "cause"),
    ),
    Figure(
        "F12",
        Text("违反义务", "Departures from duty"),
        Text("哪些法定义务没有做到？", "Which duties were not met?"),
        "handling",
        Text("发生日", "day on which it happened"),
        (
            *_duty("second_notices", "second_notices", "二次补正", "second notices"),
            *_duty("off_list", "off_list", "清单外要求", "off-list demands"),
            *_duty("yellow", "yellow", "黄牌", "yellow cards"),
            *_duty("red", "red", "红牌", "red cards"),
        ),
        _SUPERVISION,
        rule="promised-time/1",
    ),
    Figure(
        "F13",
        Text("白跑", "Trips in vain"),
        Text("有多少次到场没有办成？为什么？", "How many trips came to nothing, and why?"),
        "venue",
        Text("到场日", "day of the visit"),
        (
            _count("failed", "没有办成的到场", "trips that came to nothing", {"visit.failed": 1}),
            _ratio("share", "占同一范围的到场", "of the trips in the slice", {"visit.failed": 1}, {"visit.visits": 1}),
        ),
        _PROVISIONS,
        by=("city", "county", "item", "basic", "channel", "day", "week", "month", "cause"),
    ),
)
"""The figures whose sums are over journeys. F1 speaks of items (`catalogue.py`), F11 of records (`trust.py`)."""
BY_CODE: dict[str, Figure] = {figure.code: figure for figure in FIGURES}
