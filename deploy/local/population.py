"""The synthetic province: its bodies, items, venues, partners and calendars. Pure; every name says that it is made up."""

from __future__ import annotations

import calendar as months
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

from chinese_calendar import constants as china

from deploy.local.codes import uscc
from shared.reference.divisions import CITY_CODES, DIVISIONS, POPULATION_2020, counties

IN_FORCE_FROM = date(2024, 1, 1)
PORTAL = "zlb"
WIRED_BUREAU = "realestate"
"""The bureau whose offices have systems of their own, one a city."""
_CITY_LEVEL, _COUNTY_LEVEL = 3, 4
_TERMINAL_EVERY, _POINT_EVERY = 2, 3
_SATURDAY = 5


class Material(NamedTuple):
    """What one has to bring."""

    code: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the four things that people come for. The limits are illustrative, the statutory ones not exceeded."""

    basic_code: str
    name_zh: str
    name_en: str
    bureau: str
    bureau_zh: str
    bureau_en: str
    item_type: str
    declared_visits: int
    promised_wd: int
    statutory_wd: int
    materials: tuple[Material, ...]
    county_level: bool
    weight: float


_ID_CARD = Material("id-card", "身份证明", "Proof of identity")
_CONTRACT = Material("contract", "转让合同", "Contract of sale")
_DEED = Material("deed", "不动产权证书", "Title deed")
_TAX_RECEIPT = Material("tax-receipt", "完税凭证", "Tax receipt")
_CHARTER = Material("charter", "章程", "Articles of association")
_PREMISES = Material("premises", "住所证明", "Proof of premises")
_INVOICE = Material("invoice", "医疗费用发票", "Medical invoices")
_DISCHARGE = Material("discharge", "出院小结", "Discharge summary")
_BANK_CARD = Material("bank-card", "银行卡", "Bank card")
_LEASE = Material("lease", "居住证明", "Proof of residence")
_PHOTO = Material("photo", "照片", "Photograph")

KINDS: tuple[Kind, ...] = (
    Kind(
        "estate-transfer", "不动产转移登记", "Real-estate transfer",
        "realestate", "规划和自然资源局", "Natural Resources Bureau", "07", 1, 5, 30,
        (_CONTRACT, _DEED, _TAX_RECEIPT, _ID_CARD),
        False, 0.22,
    ),
    Kind(
        "business-licence", "营业执照设立", "Business licence",
        "market", "市场监督管理局", "Market Supervision Bureau", "01", 0, 1, 15,
        (_CHARTER, _PREMISES, _ID_CARD),
        True, 0.20,
    ),
    Kind(
        "medical-elsewhere", "异地医疗费用报销", "Medical reimbursement from another city",
        "medical", "医疗保障局", "Healthcare Security Bureau", "20", 1, 15, 30,
        (_INVOICE, _DISCHARGE, _BANK_CARD, _ID_CARD),
        False, 0.24,
    ),
    Kind(
        "residence-permit", "居住证申领", "Residence permit",
        "security", "公安局", "Public Security Bureau", "07", 1, 10, 15,
        (_LEASE, _PHOTO, _ID_CARD),
        True, 0.34,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Body:
    """A made-up organ. `bureau` is `service` for the one that runs the hall."""

    uscc: str
    region: str
    level: int
    bureau: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Item:
    """One kind as one body handles it."""

    code: str
    kind: Kind
    body: Body


@dataclass(frozen=True, slots=True)
class Venue:
    """A place to come to."""

    venue_id: str
    kind: str
    region: str
    level: int
    name_zh: str
    name_en: str
    items: tuple[str, ...]
    mandates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Department:
    """A body's own system, which answers on a Kafka topic."""

    partner: str
    body: Body


@dataclass(frozen=True, slots=True)
class YearOff:
    """One year's published calendar."""

    year: int
    days_off: tuple[date, ...]
    makeup_workdays: tuple[date, ...]


@dataclass(frozen=True)
class Province:
    """Everything that the generator may refer to."""

    bodies: tuple[Body, ...]
    items: dict[tuple[str, str], Item]
    venues: dict[str, Venue]
    departments: tuple[Department, ...]
    calendars: tuple[YearOff, ...]
    counties: dict[str, tuple[str, ...]]
    service_bodies: dict[str, Body]

    def hall(self, region: str) -> Venue:
        """The service hall of a city or county."""
        return self.venues[f"{region}-hall"]

    def department_of(self, body: Body) -> Department | None:
        """The department that speaks for `body`, if it has a system of its own."""
        return next((d for d in self.departments if d.body.uscc == body.uscc), None)


@cache
def province(day: date) -> Province:
    """The province as it is divided on `day`, with the calendars that are published for the years around it."""
    by_city = {city: tuple(c.code for c in counties(city, day)) for city in CITY_CODES}
    bodies = tuple(body for city in CITY_CODES for body in _bodies_of(city, by_city[city]))
    items = _items(bodies)
    service = {body.region: body for body in bodies if body.bureau == "service"}
    venues = {v.venue_id: v for city in CITY_CODES for v in _venues_of(city, by_city[city], bodies)}
    departments = tuple(_department(body) for body in bodies if body.bureau == WIRED_BUREAU)
    years = tuple(y for y in (_year(n) for n in range(day.year - 1, day.year + 2)) if y is not None)
    return Province(bodies, items, venues, departments, years, by_city, service)


def _department(body: Body) -> Department:
    place = "".join(letter for letter in DIVISIONS[body.region].name_en.lower() if letter.isalnum())
    return Department(f"{place}-{body.bureau}", body)


def _bodies_of(city: str, in_city: tuple[str, ...]) -> list[Body]:
    made = [_body(city, _CITY_LEVEL, 0, "service", "政务服务管理办公室", "Government Service Office")]
    made += [_body(city, _CITY_LEVEL, n, k.bureau, k.bureau_zh, k.bureau_en) for n, k in enumerate(KINDS, 1)]
    for county in in_city:
        made.append(_body(county, _COUNTY_LEVEL, 0, "service", "政务服务管理办公室", "Government Service Office"))
        made += [
            _body(county, _COUNTY_LEVEL, n, k.bureau, k.bureau_zh, k.bureau_en) for n, k in enumerate(KINDS, 1) if k.county_level
        ]
    return made


def _body(region: str, level: int, serial: int, bureau: str, zh: str, en: str) -> Body:
    place = DIVISIONS[region]
    return Body(uscc(region, serial), region, level, bureau, f"{place.name_zh}{zh}（演示）", f"{place.name_en} {en} (demo)")


def _items(bodies: tuple[Body, ...]) -> dict[tuple[str, str], Item]:
    kinds = {kind.bureau: kind for kind in KINDS}
    handling = [(body, kinds[body.bureau]) for body in bodies if body.bureau in kinds]
    return {(body.region, kind.basic_code): Item(f"{body.region}-{kind.basic_code}", kind, body) for body, kind in handling}


def _venues_of(city: str, in_city: tuple[str, ...], bodies: tuple[Body, ...]) -> list[Venue]:
    of_city = [b for b in bodies if b.region == city]
    made = [_venue(city, "hall", 0, of_city)]
    for index, county in enumerate(in_city):
        served = [*of_city, *(b for b in bodies if b.region == county)]
        made.append(_venue(county, "hall", 0, served))
        if index % _TERMINAL_EVERY == 0:
            made.append(_venue(county, "terminal", 1, served))
        if index % _POINT_EVERY == 0:
            made.append(_venue(county, "township_point", 1, served))
    return made


_VENUE_NAMES = {
    "hall": ("政务服务中心", "Service Hall"),
    "terminal": ("自助服务点", "Self-service Terminal"),
    "township_point": ("乡镇便民服务中心", "Township Service Point"),
}


def _venue(region: str, kind: str, number: int, served: list[Body]) -> Venue:
    place = DIVISIONS[region]
    zh, en = _VENUE_NAMES[kind]
    handling = [body for body in served if body.bureau != "service"]
    kinds = {k.bureau: k.basic_code for k in KINDS}
    return Venue(
        venue_id=f"{region}-hall" if kind == "hall" else f"{region}-{kind.replace('_', '-')}-{number}",
        kind=kind,
        region=region,
        level=_CITY_LEVEL if region.endswith("00") else _COUNTY_LEVEL,
        name_zh=f"{place.name_zh}{zh}（演示）",
        name_en=f"{place.name_en} {en} (demo)",
        items=tuple(f"{body.region}-{kinds[body.bureau]}" for body in handling),
        mandates=tuple(body.uscc for body in handling),
    )


def _year(year: int) -> YearOff | None:
    """The State Council's calendar of `year`, or None while it is not published."""
    holidays = sorted(day for day in china.holidays if day.year == year)
    if not holidays:
        return None
    workdays = tuple(sorted(day for day in china.workdays if day.year == year))
    return YearOff(year, tuple(day for day in holidays if day.weekday() < _SATURDAY), workdays)


@cache
def working_days(day: date) -> frozenset[date]:
    """The days on which offices work in the years around `day`, as far as it is published; else Monday to Friday."""
    known = {year.year: year for year in province(day).calendars}
    found: set[date] = set()
    for year in range(day.year - 1, day.year + 2):
        span = 366 if months.isleap(year) else 365
        off = known.get(year, YearOff(year, (), ()))
        everything = [date(year, 1, 1) + timedelta(days=n) for n in range(span)]
        found |= {d for d in everything if (d.weekday() < _SATURDAY and d not in off.days_off) or d in off.makeup_workdays}
    return frozenset(found)


@cache
def city_weights() -> tuple[tuple[str, ...], tuple[float, ...]]:
    """The cities and their share of the population."""
    total = sum(POPULATION_2020.values())
    return CITY_CODES, tuple(POPULATION_2020[city] / total for city in CITY_CODES)
